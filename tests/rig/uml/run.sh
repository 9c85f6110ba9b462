#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Boot the UML kernel and run SCRIPT in it as root; its exit status is ours.
#
#   run.sh [options] SCRIPT [args...]
#     -k          scan for memory leaks when the script is done (six seconds)
#     -t SECONDS  time limit for everything (300)
#     -m SIZE     guest memory (2G)
#     -d SIZE     ext4 image mounted at /srv (4G, sparse)
#     -p PROFILE  debug (default) or fast
#     -o DIR      results (default build/uml/out/SCRIPT.PID)
#     -a ARG      one more kernel argument; may be repeated
#
# Results: output.log (the script's), console.log (the kernel's), dmesg, and
# whatever the script writes to $RIG_OUT.  build/uml/out/last points to them.
# Exit: the script's status; 90 a splat, 91 lockdep off, 92 the guest did not
# finish (panic, or the time limit); 125 the guest could not be set up.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
kmemleak=0 limit=300 mem=2G disk=4G profile=debug out='' extra=()
while getopts kt:m:d:p:o:a: option; do
	case $option in
	k) kmemleak=1 ;;
	t) limit=$OPTARG ;;
	m) mem=$OPTARG ;;
	d) disk=$OPTARG ;;
	p) profile=$OPTARG ;;
	o) out=$OPTARG ;;
	a) extra+=("$OPTARG") ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
(($# > 0)) || { sed -n '3,18s/^# \{0,1\}//p' "$0" >&2; exit 2; }
script=$(realpath "$1")
shift

kernel=$("$here/build.sh" "$profile")/linux
out=${out:-$top/build/uml/out/$(basename "$script").$$}
mkdir -p "$out"
out=$(realpath "$out")
rm -f "$out"/{status,argv,dmesg,kmemleak,lockdep_stats,uptime,console.log,output.log}
ln -sfn "$out" "$top/build/uml/out/last" 2>/dev/null || true
printf '%s\0' "$script" "$@" >"$out/argv"

# Guest memory is a file: in RAM where there is room for it and code may run.
memory_dir() {
	local need avail flags

	need=$(numfmt --from=iec "$mem")
	avail=$(df --output=avail -B1 /dev/shm | tail -1)
	flags=$(findmnt -nT /dev/shm -o OPTIONS | tail -n 1)
	if [[ $(stat -fc %T /dev/shm) == tmpfs && ,$flags, != *,noexec,* ]] &&
		((avail > need)); then
		echo /dev/shm
	else
		echo "$out"
	fi
}

image=$out/disk.img
trap 'rm -f "$image"' EXIT
rm -f "$image"
truncate -s "$disk" "$image"
mkfs.ext4 -q -F "$image"

echo "run.sh: $(basename "$script") -> $out" >&2
started=$(date +%s.%N)
# A kernel that reports without end must not fill the disk: the log is cut.
{
	# The kernel's console is descriptor 1, the script's terminal is 3.
	TMPDIR=$(memory_dir) timeout --signal=TERM --kill-after=5 "$limit" \
		"$kernel" "mem=$mem" root=/dev/root rootfstype=hostfs rootflags=/ ro \
		"init=$here/init.sh" "ubd0=$image" con=null con0=fd:0,fd:1 \
		con1=null,fd:3 ssl=null loglevel=7 panic=-1 no_hash_pointers \
		"RIG_OUT=$out" "RIG_TOP=$top" "RIG_KMEMLEAK=$kmemleak" \
		"${extra[@]}" </dev/null 2>&1 3>&4 4>&- |
		head -c 32M >"$out/console.log"
} 4>&1 | tee "$out/output.log" || true
elapsed=$(echo "$(date +%s.%N) - $started" | bc)
printf 'run.sh: %.1f s (script started at %s s)\n' "$elapsed" \
	"$(cat "$out/uptime" 2>/dev/null || echo never)" >&2

verdict=0
if [[ ! -s $out/status ]]; then
	echo "run.sh: the guest did not finish; the end of its log:" >&2
	tail -n 20 "$out/console.log" >&2
	verdict=92
fi
"$here/scan_log.py" "$out/console.log" >&2 || ((verdict)) || verdict=90
if [[ -s $out/kmemleak ]]; then
	echo "run.sh: memory leaked:" >&2
	"$here/scan_log.py" --resolve "$out" "$out/kmemleak" >&2 || true
	verdict=90
fi
if ((verdict == 0)) && [[ $profile == debug ]] &&
	! grep -Eq '^ *debug_locks: *1$' "$out/lockdep_stats"; then
	echo "run.sh: lockdep went off during the run" >&2
	verdict=91
fi
status=$(cat "$out/status" 2>/dev/null || echo 0)
((status == 0)) || { echo "run.sh: the script ended with $status" >&2; exit "$status"; }
exit $verdict
