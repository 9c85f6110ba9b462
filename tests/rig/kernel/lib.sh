# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the build.sh of a rig that builds a kernel from Debian's linux-source-6.1
# into the cache.  The rig sets
#
#   rig        the name of the cache folder and the locks
#   arch       make's ARCH
#   targets    what make builds
#   headers    what of the source, beside the general, a module build reads
#   tools      further commands the build runs, as command=package
#   packages   further packages it needs
#   profiles   the configurations by name: [name]="fragment..."
#   default_profile
#
# and defines  collect SRC OBJ DEST  (what the rig boots)  and  complete DEST.
# shellcheck disable=SC2154 # set by the rig

source_package=linux-source-6.1
cache=${KSMBD_CACHE:-$HOME/.cache/ksmbd-py}
common=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export common

install_missing() {
	local missing=() pair

	for pair in flex=flex bison=bison bc=bc xz=xz-utils gcc=gcc make=make rsync=rsync \
		"${tools[@]}"; do
		command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
	done
	for pair in "$source_package" "${packages[@]}"; do
		dpkg -s "$pair" >/dev/null 2>&1 || missing+=("$pair")
	done
	((${#missing[@]} == 0)) && return
	local root=()
	((EUID == 0)) || root=(sudo)
	"${root[@]}" apt-get update -qq >&2
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# What the kernel depends on: the fragments, the recipe, the source and the
# compiler (a module must be built with the compiler of its kernel).
config_hash() {
	{
		cat "${fragments[@]}"
		declare -f configure trim collect make_kernel
		declare -p arch targets headers
		dpkg-query -W -f '${Version}\n' "$source_package"
		gcc -dumpfullversion
	} | sha256sum | cut -c1-12
}

configure() { # SRC OBJ
	make -s -C "$1" ARCH="$arch" O="$2" allnoconfig >/dev/null
	(cd "$1" && scripts/kconfig/merge_config.sh -m -O "$2" "$2/.config" \
		"${fragments[@]}" >/dev/null 2>&1)
	make -s -C "$1" ARCH="$arch" O="$2" olddefconfig >/dev/null 2>&1
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

make_kernel() { # SRC OBJ
	nice -n "${KSMBD_NICE:-10}" make -s -C "$1" ARCH="$arch" O="$2" \
		-j"$(nproc)" "${targets[@]}"
}

# Only what an out-of-tree module build reads.  The two trees refer to each
# other by relative paths, so a restored cache works anywhere.
trim() { # SRC OBJ DEST
	local src=$1 obj=$2 dest=$3

	mkdir -p "$dest/src" "$dest/obj"
	tar -C "$obj" -cf - --exclude='*.o' --exclude='*.a' --exclude='*.ko' \
		--exclude='vmlinux*' --exclude='*.cmd' --exclude='.tmp*' \
		--exclude='*.mod' --exclude='*.mod.c' --exclude=./linux \
		--exclude=./System.map --exclude=./source --exclude=./arch/*/boot . |
		tar -C "$dest/obj" -xf -
	(cd "$src" && find . -path ./Documentation -prune -o -path ./tools -prune \
		-o -name 'Kconfig*' -type f -print0 |
		tar -cf - --null -T - Makefile Kbuild scripts include "${headers[@]}") |
		tar -C "$dest/src" -xf -
	ln -s ../src "$dest/obj/source"
	# shellcheck disable=SC2016 # make expands it
	echo 'include $(dir $(lastword $(MAKEFILE_LIST)))../src/Makefile' \
		>"$dest/obj/Makefile"
	cp "$obj/.config" "$dest/config"
}

build() { # DEST
	local dest=$1 work obj started=$SECONDS

	if [[ -n ${KSMBD_KERNEL_WORK:-} ]]; then
		work=$KSMBD_KERNEL_WORK
		mkdir -p "$work"
	else
		work=$(mktemp -d "$cache/$rig-build.XXXXXX")
		# shellcheck disable=SC2064 # the value of now
		trap "rm -rf '$work' '$dest.new'" EXIT
	fi
	obj=$work/obj-$rig-$profile
	if [[ ! -e $work/src/.unpacked ]]; then
		mkdir -p "$work/src"
		tar -C "$work/src" --strip-components=1 \
			-xf "/usr/src/$source_package.tar.xz"
		touch "$work/src/.unpacked"
	fi
	mkdir -p "$obj"
	echo "build.sh: building the $rig-$profile kernel, 4 to 10 minutes on two cores" >&2
	configure "$work/src" "$obj"
	make_kernel "$work/src" "$obj" >"$dest.log" 2>&1 || {
		tail -n 30 "$dest.log" >&2
		return 1
	}
	rm -rf "$dest.new"
	trim "$work/src" "$obj" "$dest.new"
	collect "$work/src" "$obj" "$dest.new"
	mv "$dest.new" "$dest"
	echo "build.sh: $rig-$profile built in $((SECONDS - started)) s" >&2
}

# [--dir] [PROFILE]: builds unless cached; the last line printed is the folder.
build_kernel() {
	local print_only=false dest

	if [[ ${1:-} == --dir ]]; then
		print_only=true
		shift
	fi
	profile=${1:-$default_profile}
	[[ -n ${profiles[$profile]:-} ]] || {
		echo "build.sh: unknown profile '$profile'" >&2
		exit 2
	}
	read -r -a fragments <<<"${profiles[$profile]}"
	install_missing
	dest=$cache/$rig-$profile-$(config_hash)
	if $print_only; then
		echo "$dest"
		return
	fi
	mkdir -p "$cache"
	exec 9>"$cache/$rig-$profile.lock"
	flock 9
	[[ -e $dest/obj/Module.symvers ]] && complete "$dest" || build "$dest"
	echo "$dest"
}
