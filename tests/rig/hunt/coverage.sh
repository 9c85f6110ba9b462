#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Lines of the module that the rigs in the guest run.
#
#   coverage.sh [RIG...]      results in build/coverage/: a table and annotated sources
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
uml=$top/tests/rig/uml
ko=$("$uml/build-module.sh" -g | tail -n 1)
out=$top/build/coverage
rigs=("$@")
((${#rigs[@]})) || rigs=(attack tests guest torture admin formats faults)
mkdir -p "$out/data"
# All that the list of expected results knows, by the first two words of their names.
mapfile -t suites < <(grep -oE '^smb2\.[a-z0-9_-]+' "$top/tests/conformance/expected.tsv" | sort -u)

# The kernel keeps the counters of a module that was unloaded; each run hands them out.
rig() { # NAME SCRIPT...
	local name=$1
	shift
	"$uml/run.sh" -t 3000 -a gcov_persist=1 -o "$out/run.$name" "$here/gcov.sh" "$@" ||
		echo "coverage.sh: $name ended with $?" >&2
	rm -rf "$out/data/$name"
	mv "$out/run.$name/gcda" "$out/data/$name"
}

for name in "${rigs[@]}"; do
	case $name in
	attack) rig attack "$uml/pytest.sh" -q tests/attack tests/vm/test_bad_input.py ;;
	tests) rig tests "$uml/pytest.sh" -q "$top"/tests/vm/test_{smbprotocol,channels,encryption,ea,short_names}.py ;;
	guest) rig guest "$uml/guest.sh" ;;
	torture) rig torture "$uml/torture.sh" "${suites[@]}" ;;
	admin) rig admin "$uml/admin.sh" ;;
	formats) rig formats "$uml/disk_formats.sh" ;;
	faults) rig faults "$here/../faults/guest.sh" ;;
	*) echo "coverage.sh: no rig $name" >&2; exit 2 ;;
	esac
done
"$top/.venv/bin/python" "$here/coverage.py" "$(dirname "$ko")" "$out/data" | tee "$out/table"
