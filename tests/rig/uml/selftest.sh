#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prove the rig: every planted bug must fail its run with the right report,
# and a run without a bug must pass.
#
#   selftest.sh [case...]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
ko=$("$here/build-module.sh" "$here/../kernel/selftest" | tail -1)
failed=0 started=$SECONDS

# try CASE STATUS TEXT [run.sh option...]: TEXT is a regular expression that
# the guest's logs must contain.
try() {
	local name=$1 expected=$2 text=$3 out=$top/build/uml/out/selftest.$1 status=0
	shift 3

	if ((${#wanted[@]})) && [[ " ${wanted[*]} " != *" $name "* ]]; then
		return
	fi
	rm -rf "$out"
	"$here/run.sh" -t 60 -o "$out" "$@" "$here/selftest/guest.sh" "$name" "$ko" \
		>"$out.log" 2>&1 || status=$?
	if ((status == expected)) && grep -rqE -- "$text" "$out"; then
		echo "ok   $name"
	else
		echo "FAIL $name: status $status, expected $expected and '$text'; see $out.log"
		failed=1
	fi
}

wanted=("$@")
try none 0 'rig_selftest: no bug' -k
try disk 0 'hello'
try status 7 '.'
try hang 92 '.' -t 10
try out_of_bounds 90 'KASAN: slab-out-of-bounds in touch'
try use_after_free 90 'KASAN: use-after-free in .*commit_use_after_free'
try lock_inversion 90 'possible circular locking dependency'
try naked_rcu 90 'rig_selftest.c:[0-9]+ suspicious rcu_dereference_check'
try leak 90 'unreferenced object' -k
try warning 90 'WARNING: CPU.*commit_warning'
try shift 90 'UBSAN: shift-out-of-bounds'
try refcount 90 'refcount_t: addition on 0'
try live_timer 90 'ODEBUG: free active'
try list_corruption 90 'list_add'
try null_pointer 92 'Kernel panic|Segfault with no mm'
echo "selftest.sh: $((SECONDS - started)) s"
exit $failed
