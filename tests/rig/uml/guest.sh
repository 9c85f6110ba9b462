#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: the tests that need both a client and a hand on the served
# folders themselves, or more handles than other rigs bear.
#
#   run.sh [-k] guest.sh [PYTEST-ARGUMENT...]     default: all of guest/
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

export PYTHONPATH=$RIG_TOP/build/py PYTHONDONTWRITEBYTECODE=1
python=$RIG_TOP/.venv/bin/python

rig_insmod "$RIG_TOP/build/uml/kernel/ksmbd.ko"
"$python" "$RIG_TOP/tests/rig/uml/torture.py" prepare
sed -i 's/max open files = .*/max open files = 200000/' /etc/ksmbd/ksmbd.conf
"$python" -m ksmbd.mountd -n >"$RIG_OUT/mountd.log" 2>&1 &
mountd=$!
rig_wait_listen 445 "$mountd" 120 || {
	tail -n 20 "$RIG_OUT/mountd.log"
	rig_fail "nothing listens on port 445"
}
status=0
cd "$RIG_TOP/tests/rig/uml"
(($#)) || set -- guest
"$python" -m pytest -p no:cacheprovider -q -s --durations=5 "$@" || status=$?
kill -TERM "$mountd"
wait "$mountd" || echo "mountd ended with $?"
echo hard >/sys/class/ksmbd-control/kill_server
rig_rmmod ksmbd
exit "$status"
