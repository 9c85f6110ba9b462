#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build an x86 debug kernel from Debian's linux-source-6.1 into the cache, as a
# folder that tests/vm/vm.py boots (vmlinuz, version, lib/modules/VERSION).
#
#   build.sh [kasan|kcsan]       build unless cached; prints the cache folder
#   build.sh --dir [kasan|kcsan] print the cache folder only
#
# KSMBD_CACHE and KSMBD_KERNEL_WORK as for ../uml/build.sh.
# shellcheck disable=SC2034 # read by lib.sh
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../kernel/lib.sh
. "$here/../kernel/lib.sh"

rig=debug arch=x86 default_profile=kasan
targets=(bzImage modules)
headers=(arch/x86/include arch/x86/Makefile arch/x86/Makefile.um arch/x86/Makefile_32.cpu)
tools=(depmod=kmod)
packages=(libelf-dev)		# objtool, which KCSAN asks for
base=("$common/config/base.config" "$here/config/base.config")
declare -A profiles=(
	[kasan]="${base[*]} $common/config/debug.config $here/config/debug.config"
	[kcsan]="${base[*]} $here/config/kcsan.config"
)
PATH=$PATH:/usr/sbin:/sbin

collect() { # SRC OBJ DEST
	local release modules

	release=$(<"$2/include/config/kernel.release")
	modules=$3/lib/modules/$release
	mkdir -p "$modules"
	cp "$2/arch/x86/boot/bzImage" "$3/vmlinuz"
	echo "$release" >"$3/version"
	# What is built in is still asked for by name.
	cp "$2"/modules.{builtin,builtin.modinfo,order} "$modules/"
	depmod -b "$3" "$release"
}

complete() { # DEST
	[[ -e $1/vmlinuz && -e $1/version ]]
}

build_kernel "$@"
