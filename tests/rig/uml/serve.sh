# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by scripts inside the guest that want a server: rig_serve KO, rig_stop.
# shellcheck source=lib.sh
. "$RIG_TOP/tests/rig/uml/lib.sh"

export PYTHONPATH=$RIG_TOP/build/py
python=$RIG_TOP/.venv/bin/python
mountd=

rig_mountd() {
	"$python" -m ksmbd.mountd -n >>"$RIG_OUT/mountd.log" 2>&1 &
	mountd=$!
	rig_wait_listen 445 "$mountd" 600 || {
		tail -n 20 "$RIG_OUT/mountd.log"
		rig_fail "nothing listens on port 445"
	}
}

# The accounts and shares of the smbtorture runs, and a small disk.
rig_serve() { # KO
	rig_insmod "$1"
	"$python" "$RIG_TOP/tests/rig/uml/torture.py" prepare
	truncate -s 8M /srv/small.img
	mkfs.ext4 -q -F -O ^has_journal /srv/small.img
	mount -o loop /srv/small.img /srv/small
	chmod 777 /srv/small
	rig_mountd
}

rig_stop() {
	kill -0 "$mountd" || rig_fail "mountd died"
	kill -TERM "$mountd"
	wait "$mountd" || echo "mountd ended with $?"
	echo hard >/sys/class/ksmbd-control/kill_server
	rig_rmmod ksmbd
	umount /srv/small
}
