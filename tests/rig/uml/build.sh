#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build a User Mode Linux kernel from Debian's linux-source-6.1 into the cache.
#
#   build.sh [debug|fast]       build unless cached; prints the cache folder
#   build.sh --dir [debug|fast] print the cache folder only
#
# KSMBD_CACHE        cache root (default ~/.cache/ksmbd-py)
# KSMBD_KERNEL_WORK  a folder to keep the source and objects in, which makes the
#                    next configuration change a relink; default: a temporary one
# shellcheck disable=SC2034 # read by lib.sh
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../kernel/lib.sh
. "$here/../kernel/lib.sh"

rig=uml arch=um default_profile=debug
targets=(linux modules)
headers=(arch/um arch/x86/include arch/x86/um arch/x86/Makefile arch/x86/Makefile.um)
tools=()
packages=()
base=("$common/config/base.config" "$here/config/base.config")
declare -A profiles=(
	[debug]="${base[*]} $common/config/debug.config $here/config/debug.config"
	[fast]="${base[*]}"
)

collect() { # SRC OBJ DEST
	cp "$2/linux" "$3/linux"
	strip --strip-debug "$3/linux"
}

complete() { # DEST
	[[ -x $1/linux ]]
}

build_kernel "$@"
