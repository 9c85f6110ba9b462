# SPDX-License-Identifier: GPL-2.0-only
"""A network of two: the guest and its clients, in a namespace that goes with its last process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

TAP = "bench0"
INSIDE = "KSMBD_BENCH_INSIDE"


def within(fetch: Callable[[], None], work: Callable[[], int]) -> int:
    """Runs `fetch` as we are, and `work` in a namespace with a tap, in this program again."""
    # A guest is to end with us.
    signal.signal(signal.SIGTERM, _terminate)
    if INSIDE not in os.environ:
        fetch()
        _enter()
    make_tap()
    return work()


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _enter() -> NoReturn:
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.environ[INSIDE] = "1"
    argv = ["unshare", "--net", *user, sys.executable, *sys.argv]
    os.execvp(argv[0], argv)


def make_tap() -> None:
    """The other end of the guest's network, with nothing else on it that would speak."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "tuntap", "add", TAP, "mode", "tap", "vnet_hdr"], check=True)
    ipv6 = Path("/proc/sys/net/ipv6/conf") / TAP / "disable_ipv6"
    if ipv6.exists():
        ipv6.write_text("1")
    # A window that is open from the start: what it grows to is not the server's doing.
    Path("/proc/sys/net/ipv4/tcp_rmem").write_text("4096 8388608 16777216")
    subprocess.run(["ip", "addr", "add", "10.0.2.2/24", "dev", TAP], check=True)
    subprocess.run(["ip", "link", "set", TAP, "txqueuelen", "10000", "up"], check=True)
