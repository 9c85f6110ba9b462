#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: tests of tests/vm or tests/attack, against a server in the same guest.
#
#   run.sh [-k] pytest.sh PYTEST-ARGUMENT...     paths are relative to the checkout
set -euo pipefail
cd "$RIG_TOP"

# Who is "the machine" for a test: see tests/vm/here.py.
export KSMBD_GUEST=here KSMBD_KO=${KSMBD_KO:-$RIG_TOP/build/uml/kernel/ksmbd.ko}
ulimit -n 65536
exec .venv/bin/python -m pytest -p no:cacheprovider --basetemp=/tmp/pytest \
	--capture=sys --color=no --durations=10 -o console_output_style=classic "$@"
