#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: a server, and the fuzzer or a replay against it.
#
#   run.sh [-k] guest.sh run SECONDS [SEED] | replay FILE...
set -euo pipefail
# shellcheck source=../../rig/uml/serve.sh
. "$RIG_TOP/tests/rig/uml/serve.sh"

fuzz=$RIG_TOP/tests/fuzz/server/fuzz.py
rig_serve "$RIG_TOP/build/uml/kernel-kcov/ksmbd.ko"
what=$1
shift
status=0
case $what in
run) "$python" "$fuzz" run "$1" "$RIG_OUT" "${@:2}" || status=$? ;;
replay) "$python" "$fuzz" replay "$@" || status=$? ;;
esac
rig_stop
exit "$status"
