#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build a User Mode Linux kernel from Debian's linux-source-6.1 into the cache.
#
#   build.sh [debug|fast]       build unless cached; prints the cache folder
#   build.sh --dir [debug|fast] print the cache folder only
#
# KSMBD_CACHE     cache root (default ~/.cache/ksmbd-py)
# KSMBD_UML_WORK  a folder to keep the source and objects in, which makes the
#                 next configuration change a relink; default: a temporary one
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source_package=linux-source-6.1
cache=${KSMBD_CACHE:-$HOME/.cache/ksmbd-py}

print_only=false
if [[ ${1:-} == --dir ]]; then
	print_only=true
	shift
fi
profile=${1:-debug}
case $profile in
debug) fragments=("$here/config/base.config" "$here/config/debug.config") ;;
fast) fragments=("$here/config/base.config") ;;
*)
	echo "build.sh: unknown profile '$profile'" >&2
	exit 2
	;;
esac

install_missing() {
	local missing=() tool
	local -A package_of=([flex]=flex [bison]=bison [bc]=bc [xz]=xz-utils
		[gcc]=gcc [make]=make [rsync]=rsync)

	for tool in "${!package_of[@]}"; do
		command -v "$tool" >/dev/null || missing+=("${package_of[$tool]}")
	done
	dpkg -s "$source_package" >/dev/null 2>&1 || missing+=("$source_package")
	((${#missing[@]} == 0)) && return
	local root=()
	((EUID == 0)) || root=(sudo)
	"${root[@]}" apt-get update -qq >&2
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# What the binary depends on: the fragments, the recipe, the source and the
# compiler (a module must be built with the compiler of its kernel).
config_hash() {
	{
		cat "${fragments[@]}"
		declare -f configure trim build
		dpkg-query -W -f '${Version}\n' "$source_package"
		gcc -dumpfullversion
	} | sha256sum | cut -c1-12
}

configure() { # SRC OBJ
	make -s -C "$1" ARCH=um O="$2" allnoconfig >/dev/null
	(cd "$1" && scripts/kconfig/merge_config.sh -m -O "$2" "$2/.config" \
		"${fragments[@]}" >/dev/null 2>&1)
	make -s -C "$1" ARCH=um O="$2" olddefconfig >/dev/null
	check_config "$2/.config"
}

# Kconfig drops silently what a dependency forbids; a checker that is silently
# off would make every later run vacuous.
check_config() { # CONFIG
	local line symbol bad=0

	while read -r line; do
		case $line in
		CONFIG_*)
			grep -qxF -- "$line" "$1" || { echo "not in effect: $line" >&2; bad=1; }
			;;
		'# CONFIG_'*' is not set')
			symbol=${line#\# }
			symbol=${symbol%% *}
			! grep -q "^$symbol=" "$1" || { echo "still on: $symbol" >&2; bad=1; }
			;;
		esac
	done < <(cat "${fragments[@]}")
	return $bad
}

# Only what boots and what an out-of-tree module build reads.  The two trees
# refer to each other by relative paths, so a restored cache works anywhere.
trim() { # SRC OBJ DEST
	local src=$1 obj=$2 dest=$3

	mkdir -p "$dest/src" "$dest/obj"
	tar -C "$obj" -cf - --exclude='*.o' --exclude='*.a' --exclude='*.ko' \
		--exclude='vmlinux*' --exclude='*.cmd' --exclude='.tmp*' \
		--exclude='*.mod' --exclude='*.mod.c' --exclude=./linux \
		--exclude=./System.map --exclude=./source . | tar -C "$dest/obj" -xf -
	(cd "$src" && find . -path ./Documentation -prune -o -path ./tools -prune \
		-o -name 'Kconfig*' -type f -print0 |
		tar -cf - --null -T - Makefile Kbuild scripts include arch/um \
			arch/x86/include arch/x86/um arch/x86/Makefile arch/x86/Makefile.um) |
		tar -C "$dest/src" -xf -
	ln -s ../src "$dest/obj/source"
	# shellcheck disable=SC2016 # make expands it
	echo 'include $(dir $(lastword $(MAKEFILE_LIST)))../src/Makefile' \
		>"$dest/obj/Makefile"
	cp "$obj/linux" "$dest/linux"
	strip --strip-debug "$dest/linux"
	cp "$obj/.config" "$dest/config"
}

build() { # DEST
	local dest=$1 work started=$SECONDS

	if [[ -n ${KSMBD_UML_WORK:-} ]]; then
		work=$KSMBD_UML_WORK
		mkdir -p "$work"
	else
		work=$(mktemp -d "$cache/uml-build.XXXXXX")
		# shellcheck disable=SC2064 # the value of now
		trap "rm -rf '$work' '$dest.new'" EXIT
	fi
	if [[ ! -e $work/src/.unpacked ]]; then
		mkdir -p "$work/src"
		tar -C "$work/src" --strip-components=1 \
			-xf "/usr/src/$source_package.tar.xz"
		touch "$work/src/.unpacked"
	fi
	mkdir -p "$work/obj-$profile"
	echo "build.sh: building the UML $profile kernel, 4 to 8 minutes on two cores" >&2
	configure "$work/src" "$work/obj-$profile"
	nice -n 10 make -s -C "$work/src" ARCH=um O="$work/obj-$profile" \
		-j"$(nproc)" linux modules >"$dest.log" 2>&1 || {
		tail -n 30 "$dest.log" >&2
		return 1
	}
	rm -rf "$dest.new"
	trim "$work/src" "$work/obj-$profile" "$dest.new"
	mv "$dest.new" "$dest"
	echo "build.sh: $profile built in $((SECONDS - started)) s" >&2
}

install_missing
dest=$cache/uml-$profile-$(config_hash)
if $print_only; then
	echo "$dest"
	exit 0
fi
mkdir -p "$cache"
exec 9>"$cache/uml-$profile.lock"
flock 9
[[ -x $dest/linux && -e $dest/obj/Module.symvers ]] || build "$dest"
echo "$dest"
