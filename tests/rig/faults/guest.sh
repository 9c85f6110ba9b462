#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: a server whose allocations fail, one at a time.
#
#   run.sh -k guest.sh [SCENARIO...]
set -euo pipefail
# shellcheck source=../uml/serve.sh
. "$RIG_TOP/tests/rig/uml/serve.sh"

rig_serve "${KSMBD_KO:-$RIG_TOP/build/uml/kernel/ksmbd.ko}"
status=0
"$python" "$RIG_TOP/tests/rig/faults/sweep.py" "$@" || status=$?
rig_stop
exit "$status"
