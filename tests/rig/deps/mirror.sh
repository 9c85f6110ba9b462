#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mirror.sh FROM TO: copies the sources (not what was built from them) where they differ,
# with their times, so that a build in TO is incremental; removes what FROM has no more.
set -euo pipefail
from=$1
mkdir -p "$2"
to=$(cd "$2" && pwd)
list() {
	(cd "$1" && find . -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' \
		! -name '.*' ! -name modules.order ! -name Module.symvers | sort)
}
comm -13 <(list "$from") <(list "$to") | (cd "$to" && xargs -r -d '\n' rm -f)
list "$from" | (cd "$from" && xargs -d '\n' cp -u --parents --preserve=timestamps -t "$to")
