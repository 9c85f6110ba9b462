#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: a script of the rigs, then what it executed, to $RIG_OUT/gcda.
set -u

export KSMBD_KO
KSMBD_KO=$(ls "$RIG_TOP"/build/uml/kernel-gcov/*.ko)
status=0
bash "$@" || status=$?
mkdir -p "$RIG_OUT/gcda"
cd /sys/kernel/debug/gcov || exit 1
find . -name '*.gcda' | while read -r file; do
	cp "$file" "$RIG_OUT/gcda/$(tr / + <<<"${file#./}")"
done
exit "$status"
