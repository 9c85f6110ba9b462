#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# All steps of `make test`, in order, each with its own log and time, and a table at the
# end.  Ends with 1 if any step failed; what a failed step makes pointless is not run, and
# is a failure too.
set -u
cd "$(dirname "$0")/../../.." || exit 2
mkdir -p build/log

rows=()
failed=
closing=()

# step NAME NEEDS COMMAND...: NEEDS is a comma list of steps that must have passed.
declare -A passed
step() {
	local name=$1 needs=$2 log=build/log/$1.log begin=$SECONDS rc need
	shift 2
	for need in ${needs//,/ }; do
		if [ -z "${passed[$need]-}" ]; then
			rows+=("$(printf '%-12s %-8s %6s' "$name" 'NOT RUN' -)")
			failed=yes
			return
		fi
	done
	printf '\n=== %s\n' "$name"
	"$@" </dev/null 2>&1 | tee "$log"
	rc=${PIPESTATUS[0]}
	if [ "$rc" -eq 0 ]; then
		passed[$name]=yes
		rows+=("$(printf '%-12s %-8s %6d' "$name" ok $((SECONDS - begin)))")
	else
		failed=yes
		rows+=("$(printf '%-12s %-8s %6d' "$name" FAILED $((SECONDS - begin)))")
	fi
	# The line that says how many: "=== 12 passed in 3.4s ===", or its quiet form.
	local line
	line=$(grep -aE '^(=+ )?[0-9]+ (passed|failed|error|skipped).* in [0-9.]+s|^=+ .*(passed|failed|error).* =+$' "$log" | tail -n 1)
	[ -z "$line" ] || closing+=("$name: $line")
}

make=(make --no-print-directory)
step deps '' "${make[@]}" deps-build deps-run deps-test
step python deps "${make[@]}" venv-test
step kernel deps "${make[@]}" vm-module
step check-python python "${make[@]}" check-python
step check-wire deps "${make[@]}" check-wire
step sparse deps "${make[@]}" sparse
step stock deps "${make[@]}" stock
step vm python,kernel,stock "${make[@]}" vm-check
step conformance python,kernel "${make[@]}" conformance

printf '\n%s\n' '---------------------------------------------------------------'
[ ${#closing[@]} -eq 0 ] || printf '%s\n' "${closing[@]}"
printf '\n%-12s %-8s %6s\n' step result seconds
printf '%s\n' "${rows[@]}"
result=ok
[ -z "$failed" ] || result=FAILED
printf '%-12s %-8s %6d\n' all "$result" "$SECONDS"
[ -z "$failed" ]
