#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what the named groups need: install.sh GROUP...   (build, python, run, test, kerberos, fuzz, profile, deb)
# Quiet and quick when nothing is missing; apt-get is the only thing it calls as root.
set -eu

build="gcc make kmod bc linux-headers-amd64 sparse xz-utils"
python="python3 python3-venv"
run="$python qemu-system-x86 busybox-static e2fsprogs cpio kmod xz-utils smbclient util-linux"
test="samba-testsuite smbclient cifs-utils git attr acl tar coreutils diffutils iproute2"
kerberos="krb5-kdc krb5-admin-server krb5-user libkrb5-dev gcc python3-dev keyutils cifs-utils smbclient"
fuzz="clang-14 libclang-rt-14-dev make"
profile="linux-perf"
deb="dpkg-dev debhelper dh-dkms dh-python pybuild-plugin-pyproject python3-all python3-setuptools python3-configobj python3-cryptography python3-pyroute2"

say() { printf '  deps: %s\n' "$*"; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		say "needs root or sudo for: $*" >&2
		return 1
	fi
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c1-2)" = ii ]
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
		apt-get install -y -qq --no-install-recommends \
		-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null
}

apt_update() {
	say "apt-get update"
	as_root apt-get update -qq -o DPkg::Lock::Timeout=300 >"$log" 2>&1 </dev/null || {
		cat "$log" >&2
		return 1
	}
}

missing=
for group in "$@"; do
	case $group in
	build) packages=$build ;;
	python) packages=$python ;;
	run) packages=$run ;;
	test) packages=$test ;;
	kerberos) packages=$kerberos ;;
	fuzz) packages=$fuzz ;;
	profile) packages=$profile ;;
	deb) packages=$deb ;;
	*) say "unknown group $group" >&2; exit 2 ;;
	esac
	for package in $packages; do
		case " $missing " in *" $package "*) continue ;; esac
		installed "$package" || missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A list that is older than the mirror names packages which are gone, so the
# update comes first when a name is unknown and second when a fetch failed.
known=yes
for package in $missing; do
	apt-cache show "$package" >/dev/null 2>&1 || known=
done
[ -n "$known" ] || { apt_update; updated=yes; }

say "installing$missing"
# shellcheck disable=SC2086 # a list of names
if ! apt_install $missing; then
	[ -z "${updated-}" ] || { cat "$log" >&2; exit 1; }
	apt_update
	apt_install $missing || { cat "$log" >&2; exit 1; }
fi
