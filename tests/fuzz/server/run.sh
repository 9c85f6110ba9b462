#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fuzz the running server under UML, with KASAN, lockdep and kmemleak.
#
#   run.sh SECONDS [SEED]     goes on with the corpus in build/fuzz/server/corpus
#   run.sh replay FILE...     a finding, a journal or a program of the corpus
#
# A crash, a hang, a splat, a leak or a broken promise ends the run and leaves
# build/fuzz/server/crash-DATE/ with its programs, kernel log and reason.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
rig=$top/tests/rig/uml
work=$top/build/fuzz/server
out=$top/build/uml/out/fuzz.$$

"$rig/build-module.sh" -c >/dev/null
mkdir -p "$work/corpus" "$out"
if [[ $1 == replay ]]; then
	shift
	files=()
	for file in "$@"; do
		files+=("$(realpath "$file")")
	done
	exec "$rig/run.sh" -k -t 600 -o "$out" "$here/guest.sh" replay "${files[@]}"
fi
cp -r "$work/corpus" "$out/corpus"
status=0
# The first report of any checker ends the guest: what follows it is noise.
nice -n "${KSMBD_NICE:-10}" "$rig/run.sh" -k -t $(($1 + 300)) -o "$out" -a panic_on_warn=1 \
	-a log_buf_len=4M "$here/guest.sh" run "$@" || status=$?
rm -rf "$work/corpus"
mv "$out/corpus" "$work/corpus"
cp "$out/unreached" "$work/" 2>/dev/null || true
((status == 0)) || {
	crash=$work/crash-$(date +%m%d-%H%M%S)
	mkdir -p "$crash"
	cp "$out"/{console.log,output.log,journal,journal.old,finding.json,mountd.log,kmemleak} \
		"$crash/" 2>/dev/null || true
	echo "run.sh: exit $status; the case is in $crash" >&2
}
exit "$status"
