#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: what ksmbd.control sees of clients, and how it ends them.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

export PYTHONPATH=$RIG_TOP/build/py
python=$RIG_TOP/.venv/bin/python

rig_insmod "${KSMBD_KO:-$RIG_TOP/build/uml/kernel/ksmbd.ko}"
"$python" "$RIG_TOP/tests/rig/uml/torture.py" prepare
"$python" -m ksmbd.mountd -n >"$RIG_OUT/mountd.log" 2>&1 &
mountd=$!
rig_wait_listen 445 "$mountd" 60 || {
	tail -n 20 "$RIG_OUT/mountd.log"
	rig_fail "nothing listens on port 445"
}
"$python" -u "$RIG_TOP/tests/rig/uml/admin.py" || { tail -n 30 "$RIG_OUT/mountd.log"; rig_fail admin.py; }
kill -TERM "$mountd"
wait "$mountd" || echo "mountd ended with $?"
echo hard >/sys/class/ksmbd-control/kill_server
rig_rmmod ksmbd
echo 'admin: passed'
