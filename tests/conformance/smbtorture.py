# SPDX-License-Identifier: GPL-2.0-only
"""Runs single smbtorture tests and reads what they say."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vm"))

from server import CONFIG, PASSWORD, client_config  # noqa: E402

EXPECTED = HERE / "expected.tsv"
LANES = 3
"""Tests that run at once, each in a share of its own."""

SECONDS = 120

TORTURE_CONFIG = CONFIG.replace(
    "[global]\n",
    "[global]\n\tserver multi channel support = yes\n\tsmb2 leases = yes\n",
) + "".join(
    f"\n[t{lane}]\n\tpath = /srv/t{lane}\n\tread only = no\n\tcreate mask = 0777\n"
    "\tdirectory mask = 0777\n\tvfs objects = acl_xattr streams_xattr fruit\n"
    "\tfruit:model = MacSamba\n"
    for lane in range(LANES)
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`result` is one of pass, fail, skip, timeout, crash."""

    result: str
    seconds: float
    output: str


def expectations(path: Path = EXPECTED) -> dict[str, tuple[str, str]]:
    """Test name to (expected result, reason).

    Raises:
        ValueError: a line does not read, is double, or deviates without a reason.
    """
    found: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        name, result, reason = ([*line.split("\t"), "", ""])[:3]
        if result not in ("pass", "fail", "skip") or name in found:
            raise ValueError(f"{path.name}:{number}: bad or double line")
        if result != "pass" and len(reason.split()) < 3:
            raise ValueError(f"{path.name}:{number}: {result} without a reason")
        found[name] = (result, reason)
    return found


def run(name: str, port: int, lane: int, folder: Path) -> Outcome:
    """One test in a process of its own, in the share of a lane."""
    work = folder / f"lane{lane}"
    work.mkdir(exist_ok=True)
    argv = [
        "smbtorture", f"//127.0.0.1/t{lane}", "-s", str(client_config(work)), "-p", str(port),
        "-U", f"user1%{PASSWORD}", "-m", "SMB3_11", "--fullname",
        "--option=torture:user2name=user2", f"--option=torture:user2password={PASSWORD}",
        "--basedir", str(work), name,
    ]  # fmt: skip
    begin = time.monotonic()
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=SECONDS, check=False, cwd=work,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace")
        return Outcome("timeout", time.monotonic() - begin, output)
    output = done.stdout.decode(errors="replace")
    return Outcome(judge(done.returncode, output), time.monotonic() - begin, output)


def judge(rc: int, output: str) -> str:
    """What a run amounts to; success must be said, silence is a failure."""
    said = set(re.findall(r"^(success|failure|error|skip|xfail|uxsuccess): ", output, re.M))
    if rc != 0 or said & {"failure", "error", "uxsuccess", "xfail"} or not said:
        return "fail"
    return "skip" if "skip" in said else "pass"


def listed() -> set[str]:
    """The names of all tests this smbtorture has."""
    done = subprocess.run(
        ["smbtorture", "--list"], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines())
