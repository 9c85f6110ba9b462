#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: commit one bug, unload, leave with the given status.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

bug=$1 ko=$2
[[ -e $ko ]] || rig_fail "no $ko"
case $bug in
status) exit 7 ;;
hang) exec sleep 1000 ;;
disk)
	# The share disk keeps user attributes and ACLs; /etc can be written to.
	touch /srv/x && setfattr -n user.a -v b /srv/x && rm /srv/x
	useradd --no-create-home --no-log-init rigtest && id rigtest
	[[ ! -w /usr/bin ]] || ! touch /usr/bin/rig-was-here 2>/dev/null
	echo hello >"$RIG_OUT/hello"
	exit
	;;
esac
rig_insmod "$ko" "bug=$bug"
rig_rmmod rig_selftest
