#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# build.sh SERIES...: the module for Debian's kernels of these series (5.10, 6.12, 7.2), with
# every warning an error, in a copy of its sources. What the archive does not have is said, and
# ends with 3 when nothing is left.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
built=0
cd "$top"
for series in "$@"; do
	status=0
	folder=$(tests/rig/stock/fetch.sh "build-$series" | tail -n 1) || status=$?
	if ((status == 3)); then
		echo "matrix: $series is not available" >&2
		continue
	fi
	((status == 0)) || exit "$status"
	release=$(<"$folder/version")
	work=build/kernel/$release
	compiler=gcc
	# What a newer compiler writes, only its own assembler reads.
	[[ ! -e $folder/compiler ]] ||
		compiler="$folder/compiler -B$folder/gcc/usr/bin/x86_64-linux-gnu-"
	tests/rig/deps/mirror.sh kernel "$work"
	mkdir -p build/log
	# No BTF: it takes the kernel's own pahole, and nothing here reads it.
	make -j"$(nproc)" --no-print-directory -C "$folder/headers" M="$top/$work" W=1 \
		CC="$compiler" CONFIG_DEBUG_INFO_BTF_MODULES= modules >"build/log/matrix-$series.log" 2>&1 || {
		tail -n 30 "build/log/matrix-$series.log"
		exit 1
	}
	if grep -E '^/.*warning:|^[^ ]+\.[ch]:[0-9]+.*warning:' "build/log/matrix-$series.log"; then
		echo "matrix: warnings with $release" >&2
		exit 1
	fi
	echo "matrix: $release: $work/ksmbd.ko"
	built=$((built + 1))
done
((built)) || exit 3
