#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: what lies on the disk, in the forms of Samba and of stock ksmbd.
#
#   run.sh -k disk_formats.sh
#
# Alternate data streams in user.DosStream.* and descriptors in security.NTACL: ours
# are Samba's, and both servers' are read.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

export PYTHONPATH=$RIG_TOP/build/py
python=$RIG_TOP/.venv/bin/python
share=/srv/share
work=/tmp/formats
file=$share/file

smb() {
	smbclient --configfile=/dev/null -d 1 -U alice%secret //127.0.0.1/share -c "$1"
}

stream_hex() { # NAME: the xattr's value
	getfattr --absolute-names --only-values -n "user.DosStream.$1:\$DATA" "$file" |
		od -An -v -tx1 | tr -d ' \n'
}

reads_as() { # NAME TEXT
	smb "get file:$1 $work/got"
	[[ $(cat "$work/got") == "$2" ]] || rig_fail "the stream $1 reads as $(cat "$work/got")"
}

shows() { # SID
	# not in a pipe: grep -q leaves, and smbcacls fails for it
	smbcacls --configfile=/dev/null -U alice%secret //127.0.0.1/share file >"$work/acl"
	grep -q "$1" "$work/acl"
}

configure() {
	useradd --no-create-home --no-log-init alice
	mkdir -p /etc/ksmbd "$share" "$work"
	chown alice: "$share"
	cat >/etc/ksmbd/ksmbd.conf <<-'CONF'
		[global]
		netbios name = KSMBD-UML
		[share]
		path = /srv/share
		read only = no
		vfs objects = streams_xattr acl_xattr
	CONF
	# NT hash of "secret": MD4 of its UTF-16LE form, in base64.
	echo 'alice:h42AFGBs2ilnekTvoTU/xw==' >/etc/ksmbd/ksmbdpwd.db
	chmod 600 /etc/ksmbd/ksmbdpwd.db
}

test_streams() {
	local big

	printf 'the file' >"$work/data"
	smb "put $work/data file"
	printf 'abc' >"$work/data"
	smb "put $work/data file:ours"
	[[ $(stream_hex ours) == 61626300 ]] || rig_fail "our stream is $(stream_hex ours)"
	setfattr -n 'user.DosStream.Samba:$DATA' -v 0x78797a00 "$file"
	setfattr -n 'user.DosStream.stock:$DATA' -v 0x78797a "$file"
	reads_as ours abc
	reads_as SAMBA xyz
	reads_as stock xyz
	smb 'allinfo file' >"$work/info"
	grep -q 'Samba:.*3 bytes' "$work/info" || rig_fail "a stream is not listed"

	big=$work/big
	head -c 70000 /dev/zero >"$big"
	! smb "put $big file:big" || rig_fail "a stream of 70000 bytes was written"
	reads_as ours abc
	[[ $(cat "$file") == "the file" ]] || rig_fail "the file's own data changed"
}

# The NDR of Samba's vfs_acl_xattr, checked against libndr-samba4 4.17: an ACL made of
# the mode takes part in the hash, and the first hash is none of ours.
samba_ntacl() {
	"$python" - "$file" <<-'PYTHON'
		import hashlib, os, struct, sys

		st = os.stat(sys.argv[1])
		posix = struct.pack("<IIQQI", 0x20000, 0, st.st_uid, st.st_gid, st.st_mode)
		posix += struct.pack("<III", 3, 3, 0)
		for tag, shift in ((2, 6), (4, 3), (5, 0)):
		    posix += struct.pack("<HHI", tag, tag, st.st_mode >> shift & 7)
		sid = struct.pack("<BB6sIIIII", 1, 5, b"\0\0\0\0\0\5", 21, 7, 7, 7, 7777)
		world = struct.pack("<BB6sI", 1, 1, b"\0\0\0\0\0\1", 0)
		ace = struct.pack("<BBHI", 0, 0, 8 + len(sid), 0x1F01FF) + sid
		ace += struct.pack("<BBHI", 0, 0, 8 + len(world), 0x1200A9) + world
		dacl = struct.pack("<BBHHH", 2, 0, 8 + len(ace), 2, 0) + ace
		at = 0xA0 + 20
		sd = struct.pack("<BBHIIII", 1, 0, 0x8004, at, at, 0, at + len(sid)) + sid + dacl
		value = struct.pack("<HIHIH", 4, 4, 2, 0x20004, 1) + bytes(64) + b"posix_acl\0"
		value += struct.pack("<Q", 133000000000000000)
		value += hashlib.sha256(posix).digest() + bytes(32) + sd
		print("0x" + value.hex())
	PYTHON
}

test_ntacl() {
	chmod 644 "$file"
	chown alice: "$file"
	setfattr -n security.NTACL -v "$(samba_ntacl)" "$file"
	shows S-1-5-21-7-7-7-7777 || rig_fail "Samba's descriptor does not count"
	chmod 664 "$file"
	! shows S-1-5-21-7-7-7-7777 || rig_fail "it counts although the mode has changed"
	chmod 644 "$file"
	shows S-1-5-21-7-7-7-7777 || rig_fail "it does not count again"
	# nor is it only shown: its owner is somebody else, and the world may read
	! smb 'put /etc/hostname file' || rig_fail "who it does not name writes the file"
	smb "get file $work/got"
}

configure
rig_insmod "${KSMBD_KO:-$RIG_TOP/build/uml/kernel/ksmbd.ko}"
"$python" -m ksmbd.mountd -n >"$RIG_OUT/mountd.log" 2>&1 &
mountd=$!
rig_wait_listen 445 "$mountd" 120 || rig_fail "nothing listens on port 445"
test_streams
test_ntacl
kill -TERM "$mountd"
wait "$mountd" || echo "mountd ended with $?"
echo hard >/sys/class/ksmbd-control/kill_server
rig_rmmod ksmbd
echo "what lies on the disk is right"
