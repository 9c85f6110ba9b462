#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: a server under load; see soak.py.
#
#   run.sh -k guest.sh SECONDS [CONNECTIONS]
set -euo pipefail
# shellcheck source=../uml/serve.sh
. "$RIG_TOP/tests/rig/uml/serve.sh"

ulimit -n 65536
rig_serve "${KSMBD_KO:-$RIG_TOP/build/uml/kernel/ksmbd.ko}"
# soak.py has a daemon of its own, since it restarts it.
kill -TERM "$mountd"
wait "$mountd" || true
status=0
"$python" "$RIG_TOP/tests/rig/soak/soak.py" "$@" || status=$?
rig_mountd
rig_stop
exit "$status"
