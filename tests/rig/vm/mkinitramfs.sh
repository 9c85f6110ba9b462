#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mkinitramfs.sh KERNEL-FOLDER OUTPUT: busybox, the modules that reach the host's root
# filesystem, and our init.  Small, so that emulation spends no time unpacking it.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
kernel=$1
output=$2
version=$(cat "$kernel/version")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work"/{bin,modules,rig,proc,sys,dev,lower,upper,root}
cp /bin/busybox "$work/bin/busybox"
cp "$here/init" "$work/init"
cp "$here/stage2" "$here/agent.py" "$work/rig/"
chmod 755 "$work/init" "$work/rig/stage2"

# In the order in which they must be loaded; "builtin" lines name nothing to load.
for module in virtio_pci virtio_console virtio_rng virtio_blk virtio_net \
	9pnet_virtio 9p overlay crc32c_generic ext4; do
	modprobe -d "$kernel" -S "$version" --show-depends "$module" 2>/dev/null || true
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/list"

while read -r path; do
	name=$(basename "$path")
	case $name in
	*.xz) xz -dc "$path" >"$work/modules/${name%.xz}" ;;
	*) cp "$path" "$work/modules/$name" ;;
	esac
	echo "${name%.xz}"
done <"$work/list" >"$work/modules/order"
rm "$work/list"
grep -q '^9p\.ko$' "$work/modules/order" ||
	grep -q '/9p\.ko$' "$kernel/lib/modules/$version/modules.builtin" || {
	echo "mkinitramfs.sh: $kernel has no 9p module" >&2
	exit 1
}

mkdir -p "$(dirname "$output")"
(cd "$work" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0 | gzip -1) >"$output.new"
mv "$output.new" "$output"
