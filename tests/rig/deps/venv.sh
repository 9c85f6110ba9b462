#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes .venv with the project (editable) and the named extras: venv.sh [EXTRA...]
# A guest runs on the host's root filesystem, so the interpreter is found there too.
set -eu

top=$(cd "$(dirname "$0")/../../.." && pwd)
venv=$top/.venv
extras=$(printf '%s,' "$@")
extras=${extras%,}
stamp=$venv/.made
want="$(cksum <"$top/pyproject.toml") [$extras]"

say() { printf '  python: %s\n' "$*"; }

mkdir -p "$top/build/py"
[ -e "$top/build/py/ksmbd" ] || ln -sfn ../.. "$top/build/py/ksmbd"

# More extras than asked for are fine: make run after make test installs nothing.
if [ -x "$venv/bin/ksmbd.mountd" ] && [ -f "$stamp" ]; then
	have=$(cat "$stamp")
	[ "$have" = "$want" ] && exit 0
	[ -z "$extras" ] && [ "${have%\[*}" = "${want%\[*}" ] && exit 0
fi

python=
for candidate in python3 /usr/bin/python3 python3.11 python3.12 python3.13; do
	if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
		python=$candidate
		break
	fi
done
[ -n "$python" ] || { say "no Python 3.11 or newer with venv" >&2; exit 1; }

[ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || {
	say "making .venv with $("$python" --version)"
	"$python" -m venv --clear "$venv"
}

say "installing the project and its requirements${extras:+ ($extras)}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
	--editable "$top${extras:+[$extras]}" >"$log" 2>&1 </dev/null || { cat "$log" >&2; exit 1; }
printf '%s' "$want" >"$stamp"
