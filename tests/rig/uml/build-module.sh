#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build a module for the UML kernel, in a copy of its sources, so that the
# objects of this kernel and of the machine's own do not mix.
#
#   build-module.sh [options] [SRCDIR]   SRCDIR defaults to kernel/
#     -p PROFILE  debug (default) or fast
#     -g          count executed lines (gcov)
#     -c          report coverage to a fuzzer (kcov)
#
# The copy is build/uml/<name of SRCDIR>[-fast][-gcov][-kcov]/; the last line
# printed names the .ko.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
profile=debug suffix='' instrument=()
while getopts p:gc option; do
	case $option in
	p) profile=$OPTARG ;;
	g) instrument+=(GCOV_PROFILE=y) suffix+=-gcov ;;
	c) instrument+=(KCOV_INSTRUMENT=y) suffix+=-kcov ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [[ $profile == debug ]]; then
	# UML cannot instrument the whole kernel with UBSAN; one module it can.
	instrument+=(UBSAN_SANITIZE=y)
else
	suffix=-$profile$suffix
fi

source=$(realpath "${1:-$top/kernel}")
work=$top/build/uml/$(basename "$source")$suffix
tree=$("$here/build.sh" "$profile")

mkdir -p "$work"
exec 8>"$work/.lock"
flock 8
# Excluded names survive --delete: objects stay, removed sources go.
rsync -a --delete --exclude='*.o' --exclude='*.ko' --exclude='*.mod' \
	--exclude='*.mod.c' --exclude='.*.cmd' --exclude='*.gcno' \
	--exclude='.*.d' --exclude=Module.symvers --exclude=modules.order \
	--exclude=.tree --exclude=.lock "$source/" "$work/"
# Objects of another kernel tree are not what make takes them for.
if [[ -e $work/.tree && $(<"$work/.tree") != "$tree" ]]; then
	make -s -C "$tree/obj" ARCH=um M="$work" clean
fi
echo "$tree" >"$work/.tree"
nice -n 10 make -s -C "$tree/obj" ARCH=um M="$work" -j"$(nproc)" KCFLAGS=-g \
	"${instrument[@]}" modules >&2
ls "$work"/*.ko
