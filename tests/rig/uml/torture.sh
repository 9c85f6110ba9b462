#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: smbtorture against the module, on loopback, under every checker.
#
#   run.sh [-k] torture.sh NAME...     NAME: a test, or a suite and all below it
#
# The verdicts are compared with tests/conformance/expected.tsv; what is not in
# there is only reported.  Each test's whole output lies in $RIG_OUT/torture/.
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
status=0
"$python" "$RIG_TOP/tests/rig/uml/torture.py" run "$@" || status=$?
kill -TERM "$mountd"
wait "$mountd" || echo "mountd ended with $?"
echo hard >/sys/class/ksmbd-control/kill_server
rig_rmmod ksmbd
exit "$status"
