#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetches Debian's own packages and unpacks them into the cache, installing nothing:
#
#	fetch.sh kernel         the image for the newest installed 6.1 headers
#	fetch.sh kernel-6.12    the backports kernel, with its stock ksmbd.ko
#	fetch.sh kernel-5.10    bullseye's; kernel-7.2: sid's
#	fetch.sh build-5.10     headers and compiler for it; build-6.12, build-7.2 likewise
#	fetch.sh tools-3.4.7    bookworm's ksmbd-tools with the libraries they need
#	fetch.sh tools-3.5      trixie's, likewise
#	fetch.sh tools-samba    bookworm's smbd, likewise
#
# The last line printed is the folder.  A kernel folder holds vmlinuz, version and
# lib/modules/VERSION; a build folder holds headers (a link), version and, if the host
# has none, compiler (a link); a tools folder is a small root to chroot into.  Exit 3:
# the archive does not have it.
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
	local release='^[a-z]+$'
	[[ $suite != *-security ]] || release='-security$'
	uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v release="$release" '$2 ~ release && $3 == "main" && $2 !~ /nodistro/ { print $1; exit }')
	[ -n "$uri" ] || { say "not available: no Debian mirror for $suite in apt's sources"; exit 3; }
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

# kernel_into FOLDER VERSION PACKAGE...
kernel_into() {
	local folder=$1 version=$2 work=$1.new
	shift 2
	rm -rf "$work" "$folder"
	download "$work/debs" "$@" || return 1
	say "unpacking kernel $version"
	unpack "$work" "$work"/debs/*.deb
	[ -d "$work/lib/modules" ] || ln -s usr/lib "$work/lib"
	depmod -b "$work" "$version"
	if [ -e "$work/boot/vmlinuz-$version" ]; then
		ln -s "boot/vmlinuz-$version" "$work/vmlinuz"
	else
		ln -s "lib/modules/$version/vmlinuz" "$work/vmlinuz"
	fi
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
		kernel_into "$folder" "$version" "linux-image-$version" || {
			say "linux-image-$version is gone from the mirror; apt-get install linux-headers-amd64 brings the current pair"
			exit 1
		}
	fi
	echo "$folder"
}

# kernel_of SERIES SUITE: the newest kernel of a suite.
kernel_of() {
	local folder=$cache/kernels/$1 suite=$2 package version
	if [ ! -e "$folder/version" ]; then
		use_suite "$suite"
		package=$(apt-cache "${apt_options[@]}" depends --important linux-image-amd64 |
			awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }')
		version=${package#linux-image-}
		[[ $version == "$1".* ]] || { say "not available: $suite has ${version:-no kernel}, not $1"; exit 3; }
		# Since 7.0 what used to be one package is three.
		if apt-cache "${apt_options[@]}" show "linux-binary-$version" >/dev/null 2>&1; then
			kernel_into "$folder" "$version" "linux-binary-$version" "linux-modules-$version" \
				"linux-base-$version"
		else
			kernel_into "$folder" "$version" "$package"
		fi
	fi
	echo "$folder"
}

# self_contained ROOT FOLDER...: programs that were linked for another libc start with
# the one in ROOT.
self_contained() {
	local root=$1 program
	shift
	find "$@" -type f -perm /111 ! -name '*.so*' | while read -r program; do
		[ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || continue
		mv "$program" "$program.bin"
		printf '#!/bin/sh\nexec %s --library-path %s --argv0 "%s" "%s" "$@"\n' \
			"$root/usr/lib64/ld-linux-x86-64.so.2" "$root/usr/lib/x86_64-linux-gnu" \
			"$program" "$program.bin" >"$program"
		chmod 755 "$program"
	done
}

# build_of SERIES SUITE [GCC SUITE LIBRARY...]: what a module is built with, for the
# kernel that kernel_of has fetched: its headers and the compiler it was built with.
build_of() {
	local series=$1 suite=$2 gcc=${3-} gcc_suite=${4-} folder=$cache/kernels/$1.build
	local kernel version headers root work names deb
	shift $(($# < 4 ? $# : 4))
	kernel=$(kernel_of "$series" "$suite") || exit $?
	version=$(<"$kernel/version")
	if [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ]; then
		echo "$folder"
		return
	fi
	work=$folder.debs
	rm -rf "$work" "$folder"
	use_suite "$suite"
	names=$(apt-cache "${apt_options[@]}" depends --important "linux-headers-$version" 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-(headers-.*-common|kbuild-)/ { print $2 }')
	if [ -z "$names" ]; then
		# The cached kernel is older than the mirror: take the current pair.
		rm -rf "$cache/kernels/$series"
		kernel=$(kernel_of "$series" "$suite") || exit $?
		version=$(<"$kernel/version")
		names=$(apt-cache "${apt_options[@]}" depends --important "linux-headers-$version" |
			awk '$1 == "Depends:" && $2 ~ /^linux-(headers-.*-common|kbuild-)/ { print $2 }')
	fi
	# shellcheck disable=SC2086 # a list of names
	download "$work" "linux-headers-$version" $names
	unpack "$folder" "$work"/*.deb
	rm -rf "$work"
	headers=$folder/usr/src/linux-headers-$version
	sed -i "s,/usr/src/,$folder/usr/src/," "$headers/Makefile"
	ln -s "usr/src/linux-headers-$version" "$folder/headers"
	if [ -n "$gcc" ]; then
		root=$folder/gcc
		use_suite "$gcc_suite"
		download "$work" "$@"
		mkdir -p "$root/usr"/{lib,lib64,bin}
		for deb in lib lib64 bin; do
			ln -s "usr/$deb" "$root/$deb"
		done
		for deb in "$work"/*.deb; do
			dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root"
		done
		rm -rf "$work" "$root/usr/share"
		# What is older than the host runs on the host's libraries.
		[[ " $* " != *' libc6 '* ]] ||
			self_contained "$root" "$root/usr/bin" "$root"/usr/lib*/gcc "$folder/usr/lib"
		ln -s "gcc/usr/bin/x86_64-linux-gnu-$gcc" "$folder/compiler"
	fi
	printf '%s\n' "$version" >"$folder/version"
	echo "$folder"
}

# tools NAME SUITE PACKAGE...: a root with the packages and everything they are linked to.
tools() {
	local folder=$cache/tools/$1 suite=$2 work=$cache/tools/$1.new names wanted
	shift 2
	if [ ! -e "$folder/version" ]; then
		use_suite "$suite"
		rm -rf "$work" "$folder"
		wanted=$(IFS='|' && echo "$*")
		names=$(apt-cache "${apt_options[@]}" depends --recurse --no-recommends --no-suggests \
			--no-conflicts --no-breaks --no-replaces --no-enhances "$@" |
			grep -E "^($wanted|zlib1g|lib[a-z0-9.+-]+)\$" | sort -u)
		# shellcheck disable=SC2086 # a list of names
		download "$work/debs" $names
		say "unpacking $1 of $suite"
		mkdir -p "$work"/usr/{bin,lib,lib64,sbin} "$work"/{dev,etc,proc,run,srv,sys,tmp,var,mnt}
		for dir in bin lib lib64 sbin; do
			ln -s "usr/$dir" "$work/$dir"
		done
		# dpkg -x would replace a link to a folder by the folder.
		for deb in "$work"/debs/*.deb; do
			dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$work"
		done
		dpkg-deb -f "$work"/debs/"$1"_*.deb Version >"$work/version.new"
		rm -rf "$work/debs" "$work"/usr/share/{doc,locale,man}
		mv "$work/version.new" "$work/version"
		mv "$work" "$folder"
	fi
	echo "$folder"
}

for what in "$@"; do
	case $what in
	kernel) kernel_for_headers ;;
	kernel-5.10) kernel_of 5.10 bullseye-security ;;
	kernel-6.12) kernel_of 6.12 bookworm-backports ;;
	kernel-7.2) kernel_of 7.2 sid ;;
	build-5.10) build_of 5.10 bullseye-security gcc-10 bullseye gcc-10 cpp-10 libgcc-10-dev ;;
	build-6.12) build_of 6.12 bookworm-backports ;;
	build-7.2)
		build_of 7.2 sid gcc-16 sid gcc-16-x86-64-linux-gnu cpp-16-x86-64-linux-gnu libgcc-16-dev \
			binutils-x86-64-linux-gnu libbinutils libctf0 libctf-nobfd0 libsframe3 libjansson4 \
			libc6 libelf1t64 libgmp10 libisl23 libmpc3 libmpfr6 libzstd1 zlib1g libgcc-s1 libstdc++6
		;;
	tools-3.4.7) tools 3.4.7 bookworm ksmbd-tools ;;
	tools-3.5) tools 3.5 trixie ksmbd-tools ;;
	tools-samba) tools samba bookworm samba samba-libs samba-common samba-common-bin ;;
	*) say "unknown: $what"; exit 2 ;;
	esac
done
