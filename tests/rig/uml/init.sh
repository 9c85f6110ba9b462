#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Process 1 of the UML guest: the host's root, read-only, with everything that
# programs write to on tmpfs; then the script; then the checks only the guest
# can make.  The kernel command line hands RIG_OUT, RIG_TOP and RIG_KMEMLEAK
# over as environment variables; the script's argv is in $RIG_OUT/argv.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/run/home LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export RIG_OUT RIG_TOP

halt() {
	sync
	exec busybox poweroff -f
}

# The script ran to its end only if $RIG_OUT/status exists: it is written last.
finish() { # STATUS
	dmesg >"$RIG_OUT/dmesg"
	echo "$1" >"$RIG_OUT/status"
	halt
}

die() {
	echo "init: $*" >/dev/tty1
	echo "init: $*" >/dev/kmsg
	finish 125
}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
ln -s /proc/self/fd /dev/fd
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t debugfs debugfs /sys/kernel/debug
mount -t configfs configfs /sys/kernel/config
for dir in /run /var /mnt /tmp; do
	mount -t tmpfs -o mode=755 tmpfs "$dir"
done
chmod 1777 /tmp /dev/shm
mkdir -p /run/home /run/lock /run/overlay/{upper,work} \
	/var/{lib,log,tmp,cache} /var/lib/samba/private
ln -s /run /var/run
mount -t overlay -o lowerdir=/etc,upperdir=/run/overlay/upper,workdir=/run/overlay/work \
	overlay /etc

# The checkout and the results may lie under one of the tmpfs above.
mkdir -p "$RIG_TOP" "$RIG_OUT"
mount -t hostfs -o "ro,$RIG_TOP" none "$RIG_TOP" || halt
mount -t hostfs -o "$RIG_OUT" none "$RIG_OUT" || halt
# The line discipline of the output channel would turn LF into CR LF.
stty -F /dev/tty1 raw -echo

mount -t ext4 -o user_xattr,acl /dev/ubda /srv || die "no disk on /srv"
hostname ksmbd-uml
ip link set lo up || die "no loopback"

mapfile -d '' -t argv <"$RIG_OUT/argv"
if [[ ! -e ${argv[0]} ]]; then
	dir=$(dirname "${argv[0]}")
	mkdir -p "$dir"
	mount -t hostfs -o "ro,$dir" none "$dir" || die "no ${argv[0]}"
fi
kmemleak=/sys/kernel/debug/kmemleak
[[ ! -e $kmemleak ]] || echo clear >"$kmemleak"
cut -d' ' -f1 /proc/uptime >"$RIG_OUT/uptime"

bash "${argv[@]}" </dev/null >/dev/tty1 2>&1
status=$?

if [[ ${RIG_KMEMLEAK:-0} == 1 ]]; then
	[[ -e $kmemleak ]] || die "kmemleak is off: was its own pool exhausted?"
	# An object younger than five seconds is not reported, and one that a
	# register or a list in motion hid needs a second look.
	echo scan >"$kmemleak"
	sleep 5.1
	echo scan >"$kmemleak"
	cat "$kmemleak" >"$RIG_OUT/kmemleak"
fi
[[ ! -e /proc/lockdep_stats ]] || cp /proc/lockdep_stats "$RIG_OUT/lockdep_stats"
# What a failed script leaves behind is no finding of its own.
umount /srv 2>/dev/null || ((status)) || echo "init: /srv is still in use" >/dev/kmsg
finish "$status"
