#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Inside the guest: the accounts and shares that smbtorture wants, and its tests one by one.

    torture.py prepare
    torture.py run NAME...

NAME is a test or a suite. Ends with 1 if a listed test came out otherwise than
`tests/conformance/expected.tsv` says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tests" / "conformance"))
sys.path.insert(0, str(TOP / "tests" / "vm"))

import smbtorture  # noqa: E402
from server import PASSWORD, USERS  # noqa: E402

SHARES = Path("/srv")
MORE_SHARES = """
[sealed]
	path = /srv/share
	read only = no
	guest ok = yes
	smb3 encryption = mandatory
	max connections = 3
[discreet]
	path = /srv/share
	read only = no
	hide unreadable = yes
	vfs objects = acl_xattr
[history]
	path = /srv/share
	read only = no
	vfs objects = streams_xattr shadow_copy2
	veto files = /.snap/
	shadow:snapdir = .snap/daily
	shadow:format = day-%Y-%m-%d_%H%M%S
[apple]
	path = /srv/share
	read only = no
	vfs objects = fruit streams_xattr
	fruit:time machine = yes
[bin]
	path = /srv/share
	read only = no
	vfs objects = streams_xattr recycle
	recycle:exclude = *.tmp ~$*
[tree]
	path = /srv/share
	read only = no
	vfs objects = recycle
	recycle:repository = .all
	recycle:keeptree = yes
	recycle:versions = no
[writers]
	path = /srv/share
	read only = no
	hide unwriteable files = yes
	hide special files = yes
"""


def prepare() -> None:
    for name, uid in USERS.items():
        subprocess.run(
            ["useradd", "--no-create-home", "--no-log-init", "--uid", str(uid), name], check=True
        )
    for folder in ("share", "second", "readonly", "small", "t0", "t1", "t2"):
        path = SHARES / folder
        path.mkdir(mode=0o777)
        path.chmod(0o777)
        os.chown(path, 2001, 2001)
    Path("/etc/ksmbd").mkdir(exist_ok=True)
    Path("/etc/ksmbd/ksmbd.conf").write_text(smbtorture.TORTURE_CONFIG + MORE_SHARES)
    for name in USERS:
        subprocess.run(
            [sys.executable, "-m", "ksmbd.adduser", "-a", name, "-p", PASSWORD], check=True
        )


def empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def run(wanted: list[str]) -> int:
    expected = smbtorture.expectations()
    names = [
        name
        for name in sorted(smbtorture.listed())
        if any(name == want or name.startswith(f"{want}.") for want in wanted)
    ]
    if not names:
        sys.exit(f"smbtorture has no test named {' or '.join(wanted)}")
    outputs = Path(os.environ["RIG_OUT"]) / "torture"
    outputs.mkdir(exist_ok=True)
    surprises = 0
    count: dict[str, int] = {}
    for name in names:
        empty(SHARES / "t0")
        outcome = smbtorture.run(name, 445, 0, Path("/tmp"))
        (outputs / name.replace("/", "_")).write_text(outcome.output)
        want = expected.get(name, (None,))[0]
        mark = "" if want == outcome.result else "   (not listed)"
        if want not in (None, outcome.result):
            mark = f"   <-- expected {want}"
            surprises += 1
        count[outcome.result] = count.get(outcome.result, 0) + 1
        print(f"{outcome.result:7} {outcome.seconds:5.1f}s {name}{mark}", flush=True)
    print(", ".join(f"{number} {result}" for result, number in sorted(count.items())))
    return 1 if surprises else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["prepare"]:
        prepare()
    elif sys.argv[1:2] == ["run"] and sys.argv[2:]:
        sys.exit(run(sys.argv[2:]))
    else:
        sys.exit(__doc__)
