#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: load the module, serve a share on loopback, copy through it
# with smbclient and the kernel's client, shut down, unload.
#
#   run.sh -k smoke.sh [KO [MOUNTD...]]
#
# KO defaults to build/uml/kernel/ksmbd.ko; MOUNTD, a command that stays in the
# foreground, to this checkout's ksmbd.mountd.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ko=${1:-$RIG_TOP/build/uml/kernel/ksmbd.ko}
shift || true
mountd=("$@")
(($#)) || mountd=("$RIG_TOP/.venv/bin/python" -m ksmbd.mountd -n)
export PYTHONPATH=$RIG_TOP/build/py
share=/srv/share
work=/tmp/smoke

step() {
	echo "== $* ($(cut -d' ' -f1 /proc/uptime) s)"
}

smb() { # DIALECT COMMANDS
	smbclient --configfile=/dev/null -d 1 --option="client min protocol=$1" \
		--option="client max protocol=$1" -U alice%secret \
		//127.0.0.1/share -c "$2"
}

same() { # FILE FILE
	cmp "$1" "$2" || rig_fail "$1 and $2 differ"
}

configure() {
	useradd --no-create-home --no-log-init alice
	mkdir -p /etc/ksmbd "$share" "$work"
	chown alice: "$share"
	cat >/etc/ksmbd/ksmbd.conf <<-'CONF'
		[global]
		netbios name = KSMBD-UML
		bind interfaces only = no

		[share]
		path = /srv/share
		read only = no
	CONF
	# NT hash of "secret": MD4 of its UTF-16LE form, in base64.
	echo 'alice:h42AFGBs2ilnekTvoTU/xw==' >/etc/ksmbd/ksmbdpwd.db
	chmod 600 /etc/ksmbd/ksmbdpwd.db
}

start() {
	"${mountd[@]}" >"$RIG_OUT/mountd.log" 2>&1 &
	mountd_pid=$!
	rig_wait_listen 445 "$mountd_pid" 60 || {
		tail -n 20 "$RIG_OUT/mountd.log"
		rig_fail "nothing listens on port 445"
	}
}

test_smbclient() {
	head -c 20M /dev/urandom >"$work/sent"
	smb SMB3_11 "ls; mkdir d; cd d; put $work/sent file; ls; get file $work/received"
	same "$work/sent" "$share/d/file"
	same "$work/sent" "$work/received"
	[[ $(stat -c %U "$share/d/file") == alice ]] || rig_fail "not alice's file"
	smb SMB3_11 'rename d\file d\renamed; del d\renamed; rmdir d'
	[[ ! -e $share/d ]] || rig_fail "the folder is still there"
	! smb SMB3_11 'get nothing /dev/null' || rig_fail "got a file that is not"
	! smbclient --configfile=/dev/null -U alice%wrong //127.0.0.1/share -c ls ||
		rig_fail "a wrong password was let in"
}

test_dialects() {
	local dialect

	for dialect in SMB2_02 SMB2_10 SMB3_00 SMB3_02 SMB3_11; do
		smb "$dialect" "put $work/sent $dialect; get $dialect $work/received"
		same "$work/sent" "$work/received"
		smb "$dialect" "del $dialect"
	done
}

test_cifs() {
	mkdir -p /mnt/share
	mount -t cifs //127.0.0.1/share /mnt/share \
		-o vers=3.1.1,username=alice,password=secret
	# A copy first: on the host someone may be editing these files.
	cp -r "$RIG_TOP/tests/rig" "$work/tree"
	cp -r "$work/tree" /mnt/share/tree
	cp "$work/sent" /mnt/share/sent
	# Once more from the server and not from the client's page cache.
	umount /mnt/share
	mount -t cifs //127.0.0.1/share /mnt/share \
		-o vers=3.1.1,username=alice,password=secret,sign
	diff -r "$work/tree" /mnt/share/tree
	same "$work/sent" /mnt/share/sent
	diff -r "$work/tree" "$share/tree"
	rm -r /mnt/share/tree /mnt/share/sent
	[[ -z $(ls -A /mnt/share) ]] || rig_fail "rm -r left something"
	umount /mnt/share
}

stop() {
	kill -TERM "$mountd_pid"
	wait "$mountd_pid" || echo "mountd ended with $?"
	echo hard >/sys/class/ksmbd-control/kill_server
	rig_rmmod ksmbd
}

step load
rig_insmod "$ko"
step configure
configure
step start
start
step smbclient
test_smbclient
step dialects
test_dialects
step cifs
test_cifs
step stop
stop
echo 'smoke: passed'
