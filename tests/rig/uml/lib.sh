# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by scripts that run inside the guest.

rig_fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# rig_insmod FILE.ko [param=value...]: also keeps the addresses of the module's
# symbols, since a kmemleak report made after rmmod has nothing but numbers.
rig_insmod() {
	local name

	insmod "$@" || rig_fail "insmod $*"
	name=$(basename "$1" .ko)
	grep -F "[${name//-/_}]" /proc/kallsyms >"$RIG_OUT/symbols.${name//-/_}" || true
}

rig_rmmod() {
	rmmod "$1" || rig_fail "rmmod $1 (users: $(cat "/sys/module/$1/refcnt" 2>/dev/null))"
}

# rig_wait_listen PORT PID [SECONDS]: until PORT listens.  Looks at the socket
# table and not with a connection, which the server under test would see.  PID
# is the process whose death makes waiting pointless.
rig_wait_listen() {
	local port=$1 pid=$2 deadline=$((SECONDS + ${3:-30}))

	until [[ -n $(ss -Hltn "sport = :$port") ]]; do
		kill -0 "$pid" 2>/dev/null || return 1
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}
