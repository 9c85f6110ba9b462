#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds the Debian packages into build/deb from what is committed and what is not yet.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
out=$top/build/deb
rm -rf "$out"
mkdir -p "$out/src"
cd "$top"
git ls-files -co --exclude-standard | tar -c -T - | tar -x -C "$out/src"
cp -r "$out/src/packaging/debian" "$out/src/debian"
cd "$out/src"
# Debian's Python, whatever comes first in somebody's path
PATH=/usr/sbin:/usr/bin:/sbin:/bin
dpkg-buildpackage --no-sign --build=all "$@"
ls -l "$out"/*.deb
