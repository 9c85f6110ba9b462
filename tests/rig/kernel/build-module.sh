#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build a module for the kernel of a rig, in a copy of its sources, so that the
# objects of this kernel and of the machine's own do not mix.
#
#   build-module.sh -r uml|debug [options] [SRCDIR]   SRCDIR defaults to kernel/
#     -p PROFILE  another configuration than the rig's first
#     -g          count executed lines (gcov)
#     -c          report coverage to a fuzzer (kcov)
#
# The copy is build/RIG/<name of SRCDIR>[-PROFILE][-gcov][-kcov]/; the last line
# printed names the .ko.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
rig='' profile='' suffix='' instrument=()
while getopts r:p:gc option; do
	case $option in
	r) rig=$OPTARG ;;
	p) profile=$OPTARG ;;
	g) instrument+=(GCOV_PROFILE=y) suffix+=-gcov ;;
	c) instrument+=(KCOV_INSTRUMENT=y) suffix+=-kcov ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
case $rig in
uml) arch=um default_profile=debug ;;
debug) arch=x86 default_profile=kasan ;;
*) echo "build-module.sh: -r uml or -r debug" >&2; exit 2 ;;
esac
profile=${profile:-$default_profile}
if [[ $profile == debug ]]; then
	# UML cannot instrument the whole kernel with UBSAN; one module it can.
	instrument+=(UBSAN_SANITIZE=y)
fi
[[ $profile == "$default_profile" ]] || suffix=-$profile$suffix

source=$(realpath "${1:-$top/kernel}")
work=$top/build/$rig/$(basename "$source")$suffix
tree=$("$here/../$rig/build.sh" "$profile")

mkdir -p "$work"
exec 8>"$work/.lock"
flock 8
# Excluded names survive --delete: objects stay, removed sources go. Not with their times: what
# was edited during a build would be older than its object.
rsync -rlpc --delete --exclude='*.o' --exclude='*.ko' --exclude='*.mod' \
	--exclude='*.mod.c' --exclude='.*.cmd' --exclude='*.gcno' \
	--exclude='.*.d' --exclude=Module.symvers --exclude=modules.order \
	--exclude=.tree --exclude=.lock "$source/" "$work/"
# Objects of another kernel tree are not what make takes them for.
if [[ -e $work/.tree && $(<"$work/.tree") != "$tree" ]]; then
	make -s -C "$tree/obj" ARCH=$arch M="$work" clean
fi
echo "$tree" >"$work/.tree"
nice -n 10 make -s -C "$tree/obj" ARCH=$arch M="$work" -j"$(nproc)" KCFLAGS=-g \
	"${instrument[@]}" modules >&2
ls "$work"/*.ko
