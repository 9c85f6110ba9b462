#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetches Debian's own packages and unpacks them into the cache, installing nothing:
#
#	fetch.sh kernel         the image for the newest installed 6.1 headers
#	fetch.sh kernel-6.12    the backports kernel, with its stock ksmbd.ko
#	fetch.sh tools-3.4.7    bookworm's ksmbd-tools with the libraries they need
#	fetch.sh tools-3.5      trixie's, likewise
#
# The last line printed is the folder.  A kernel folder holds vmlinuz, version and
# lib/modules/VERSION; a tools folder is a small root to chroot into.
set -euo pipefail

cache=${KSMBD_CACHE:-$HOME/.cache/ksmbd-py}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
PATH=$PATH:/usr/sbin:/sbin

say() { printf '  stock: %s\n' "$*" >&2; }

# One at a time: two runs would unpack into the same folder.
exec 9>"$cache/.lock"
flock 9

apt_options=(-q -o APT::Sandbox::User= -o Debug::NoLocking=1)

# Points apt at one suite of the mirror this machine uses, with state of its own.
use_suite() {
	local suite=$1 state=$cache/apt/$1 uri
	uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk '$2 ~ /^[a-z]+$/ && $3 == "main" && $2 !~ /nodistro/ { print $1; exit }')
	[ -n "$uri" ] || { say "no Debian mirror in this machine's apt sources"; exit 1; }
	mkdir -p "$state"/{lists/partial,archives/partial}
	printf 'deb [signed-by=%s] %s %s main\n' \
		/usr/share/keyrings/debian-archive-keyring.gpg "$uri" "$suite" >"$state/sources.list"
	apt_options=(-q -o APT::Sandbox::User= -o Debug::NoLocking=1
		-o "Dir::State=$state" -o "Dir::State::lists=$state/lists"
		-o Dir::State::status=/dev/null -o "Dir::Cache=$state"
		-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null)
	say "reading the package list of $suite"
	apt-get "${apt_options[@]}" update >"$cache/apt/log" 2>&1 || { cat "$cache/apt/log" >&2; exit 1; }
}

# download FOLDER PACKAGE...: the .debs, into FOLDER
download() {
	local folder=$1
	shift
	mkdir -p "$folder"
	say "downloading $*"
	(cd "$folder" && apt-get "${apt_options[@]}" download "$@" >"$cache/download.log" 2>&1) ||
		{ cat "$cache/download.log" >&2; return 1; }
}

# unpack INTO DEB...
unpack() {
	local into=$1 deb
	shift
	for deb in "$@"; do
		dpkg -x "$deb" "$into"
	done
}

# kernel_into FOLDER PACKAGE VERSION
kernel_into() {
	local folder=$1 package=$2 version=$3 work=$1.new
	rm -rf "$work" "$folder"
	download "$work/debs" "$package" || return 1
	say "unpacking kernel $version"
	unpack "$work" "$work"/debs/*.deb
	[ -d "$work/lib/modules" ] || ln -s usr/lib "$work/lib"
	depmod -b "$work" "$version"
	ln -s "boot/vmlinuz-$version" "$work/vmlinuz"
	printf '%s\n' "$version" >"$work/version"
	rm -rf "$work/debs" "$work/usr/share/doc" "$work"/boot/System.map-*
	mv "$work" "$folder"
}

kernel_for_headers() {
	local version folder
	version=$("$here/headers.sh")
	version=${version##*/linux-headers-}
	folder=$cache/kernels/$version
	if [ ! -e "$folder/version" ]; then
		kernel_into "$folder" "linux-image-$version" "$version" || {
			say "linux-image-$version is gone from the mirror; apt-get install linux-headers-amd64 brings the current pair"
			exit 1
		}
	fi
	echo "$folder"
}

kernel_backports() {
	local folder=$cache/kernels/6.12 package version
	if [ ! -e "$folder/version" ]; then
		use_suite bookworm-backports
		package=$(apt-cache "${apt_options[@]}" depends --important linux-image-amd64 |
			awk '$1 == "Depends:" { print $2; exit }')
		version=${package#linux-image-}
		kernel_into "$folder" "$package" "$version"
	fi
	echo "$folder"
}

# tools NAME SUITE: a root with ksmbd-tools and everything it is linked to.
tools() {
	local folder=$cache/tools/$1 suite=$2 work=$cache/tools/$1.new names
	if [ ! -e "$folder/version" ]; then
		use_suite "$suite"
		rm -rf "$work" "$folder"
		names=$(apt-cache "${apt_options[@]}" depends --recurse --no-recommends --no-suggests \
			--no-conflicts --no-breaks --no-replaces --no-enhances ksmbd-tools |
			grep -E '^(ksmbd-tools|zlib1g|lib[a-z0-9.+-]+)$' | sort -u)
		# shellcheck disable=SC2086 # a list of names
		download "$work/debs" $names
		say "unpacking ksmbd-tools of $suite"
		mkdir -p "$work"/usr/{bin,lib,lib64,sbin} "$work"/{dev,etc,proc,run,srv,sys,tmp,var,mnt}
		for dir in bin lib lib64 sbin; do
			ln -s "usr/$dir" "$work/$dir"
		done
		# dpkg -x would replace a link to a folder by the folder.
		for deb in "$work"/debs/*.deb; do
			dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$work"
		done
		dpkg-deb -f "$work"/debs/ksmbd-tools_*.deb Version >"$work/version.new"
		rm -rf "$work/debs" "$work"/usr/share/{doc,locale,man}
		mv "$work/version.new" "$work/version"
		mv "$work" "$folder"
	fi
	echo "$folder"
}

for what in "$@"; do
	case $what in
	kernel) kernel_for_headers ;;
	kernel-6.12) kernel_backports ;;
	tools-3.4.7) tools 3.4.7 bookworm ;;
	tools-3.5) tools 3.5 trixie ;;
	*) say "unknown: $what"; exit 2 ;;
	esac
done
