#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mirror.sh FROM TO: copies the sources (not what was built from them) where they differ,
# with their times, so that a build in TO is incremental; removes what FROM has no more.
set -euo pipefail
from=$1
to=$2
mkdir -p "$to"
is_source=(-name '*.[chS]' -o -name 'Kbuild' -o -name 'Makefile' -o -name '*.asn1')
list() { (cd "$1" && find . -type f \( "${is_source[@]}" \) ! -name '*.mod.c' ! -name '.*' | sort); }
comm -13 <(list "$from") <(list "$to") | (cd "$to" && xargs -r -d '\n' rm -f)
list "$from" | (cd "$from" && xargs -d '\n' cp -u --parents --preserve=timestamps -t "$OLDPWD/$to")
