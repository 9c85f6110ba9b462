#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mirror.sh FROM TO: copies the sources (not what was built from them) where they differ, so that
# a build in TO is incremental; removes what FROM has no more. What is copied is as new as the
# copy: with its own time, what was edited during a build would be older than its object.
set -euo pipefail
from=$1
mkdir -p "$2"
to=$(cd "$2" && pwd)
list() {
	(cd "$1" && find . -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' \
		! -name '.*' ! -name modules.order ! -name Module.symvers | sort)
}
comm -13 <(list "$from") <(list "$to") | (cd "$to" && xargs -r -d '\n' rm -f)
list "$from" | (cd "$from" && while IFS= read -r file; do
	cmp -s "$file" "$to/$file" || cp --parents -t "$to" "$file"
done)
