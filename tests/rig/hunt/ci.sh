#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a change must pass, in the order of what it tells, within a time.
#
#   ci.sh [MINUTES]      85 by default
#
# Each step is a make target with a log in build/log/. A step is begun only while the time that
# it usually takes is left; what was left out is said, and is no failure. The last row is the sum.
set -u
cd "$(dirname "$0")/../../.." || exit 2
mkdir -p build/log

limit=$((${1:-85} * 60))
rows=() left_out=() failed=''

# step RIG MINUTES TARGET [VARIABLE...]
step() {
	local rig=$1 needs=$(($2 * 60)) log=build/log/ci-$1.log begin=$SECONDS left rc=0
	shift 2
	left=$((limit - SECONDS))
	if ((needs > left)); then
		left_out+=("$rig")
		rows+=("$(printf '%-16s %-10s %6s' "$rig" 'left out' -)")
		return
	fi
	printf '\n=== %s\n' "$rig"
	# The rest of the time is the most that a step may take: a hang is a failure.
	timeout --foreground "$left" make --no-print-directory "$@" </dev/null >"$log" 2>&1 || rc=$?
	tail -n 25 "$log"
	if ((rc == 0)); then
		rows+=("$(printf '%-16s %-10s %6d' "$rig" ok $((SECONDS - begin)))")
	else
		failed+=" $rig"
		rows+=("$(printf '%-16s %-10s %6d' "$rig" "FAILED $rc" $((SECONDS - begin)))")
	fi
}

has() { # TARGET
	grep -qE "^$1:" tests/rig/*/*.mk Makefile
}

step test 38 test
step uml-kernel 10 uml-kernel
step uml-smoke 2 uml-smoke
step uml-guest 4 uml-guest
step uml-formats 1 uml-formats
step uml-kerberos 2 uml-kerberos
step attack 15 attack
step test-faults 3 test-faults
step coverage-wire 1 coverage-wire
step deb 2 deb
step fuzz 7 fuzz TIME=15
step fuzz-server 4 fuzz-server TIME=150
step soak 5 soak TIME=45
! has test-matrix || step test-matrix 13 test-matrix
# Numbers are for who reads them; what fails here is an error. It needs a network of its own.
if [[ -w /dev/net/tun ]] && unshare --net true 2>/dev/null; then
	step bench 6 bench SERVERS="ours-6.1 floor" WORKLOADS="4 KiB, depth 1|compound|memory" \
		ROUNDS=3 SAMPLE=0.2 OUT=build/bench
else
	left_out+=("bench (no tap device, or no network namespace)")
	rows+=("$(printf '%-16s %-10s %6s' bench 'left out' -)")
fi
step debug-kernel 10 debug-kernel
step test-debug 25 test-debug
# Its kernel is of no other use: built only where there is time for both.
step test-kcsan 22 test-kcsan

printf '\n%s\n' '---------------------------------------------------------------'
printf '%-16s %-10s %6s\n' rig result seconds
printf '%s\n' "${rows[@]}"
printf '%-16s %-10s %6d\n' all "$([[ -n $failed ]] && echo FAILED || echo ok)" "$SECONDS"
((${#left_out[@]} == 0)) || echo "left out, for want of time where no other reason is given: ${left_out[*]}"
[[ -z $failed ]] || { echo "failed:$failed"; exit 1; }
