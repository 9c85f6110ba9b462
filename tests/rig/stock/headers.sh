#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints the build folder of the newest Debian 6.1 kernel headers.
newest=$(ls -d /usr/src/linux-headers-6.1.0-*-amd64 2>/dev/null | sort -V | tail -n 1)
[ -n "$newest" ] || { echo "headers.sh: linux-headers-amd64 is not installed" >&2; exit 1; }
echo "$newest"
