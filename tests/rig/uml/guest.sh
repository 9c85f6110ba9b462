#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: the tests that need both a client and a hand on the served
# folders themselves, or more handles than other rigs bear.
#
#   run.sh [-k] guest.sh [PYTEST-ARGUMENT...]     default: all of guest/
set -euo pipefail
. "$(dirname "$0")/serve.sh"

rig_serve "${KSMBD_KO:-$RIG_TOP/build/uml/kernel/ksmbd.ko}"
status=0
cd "$RIG_TOP/tests/rig/uml"
[[ $* == *guest* ]] || set -- guest "$@"
"$python" -m pytest -p no:cacheprovider -q -s --durations=5 "$@" || status=$?
rig_stop
exit "$status"
