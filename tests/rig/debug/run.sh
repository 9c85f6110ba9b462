#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run VM tests on the debug kernel with our module, then unload it and look for what
# is left.
#
#   run.sh [pytest argument...]     default: tests/vm without what `left-out` names
#   run.sh kcsan                    the storms, on the kernel that looks for data races
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
cd "$top"

profile=kasan end=test_end.py
if [[ ${1:-} == kcsan ]]; then
	profile=kcsan end=test_end_kcsan.py
	shift
	(($#)) || set -- "$here/test_races.py"
fi

KSMBD_VM_KERNEL=$("$here/build.sh" "$profile")
KSMBD_KO=$("$here/build-module.sh" -p "$profile" | tail -n 1)
# kmemleak names an unloaded module's functions by address, which hashing would hide.
KSMBD_VM_APPEND="kmemleak=on no_hash_pointers workqueue.watchdog_thresh=120"
export KSMBD_VM_KERNEL KSMBD_KO KSMBD_VM_APPEND

tests=()
while (($#)); do
	if [[ $1 == -k ]]; then
		# The questions at the end are never narrowed away.
		tests+=(-k "($2) or test_end")
		shift 2
	else
		tests+=("$1")
		shift
	fi
done
if ((${#tests[@]} == 0)); then
	tests=(tests/vm "$here/test_races.py")
	while read -r id; do
		tests+=("--deselect=$id")
	done < <(grep -v -e '^#' -e '^$' "$here/left-out")
fi
exec .venv/bin/python -m pytest -v --capture=sys --durations=15 "${tests[@]}" \
	"$here/$end"
