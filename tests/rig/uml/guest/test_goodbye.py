# SPDX-License-Identifier: GPL-2.0-only
"""The end of a connection whose last packets get lost."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from raw import Raw

HOST, FAR = "10.9.0.1", "10.9.0.2"
FIN_WAIT1 = "04"
TIME_WAIT = "06"
RETRANSMITS = "01"
AWAY = Path("/run/netns/away")
SECONDS = 60


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def inside(namespace: Path) -> Iterator[None]:
    """What sockets are made here belong to another network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(path: Path) -> None:
        fd = os.open(path, os.O_RDONLY)
        try:
            if libc.setns(fd, 0):
                raise OSError(ctypes.get_errno(), f"setns {path}")
        finally:
            os.close(fd)

    own = Path("/proc/self/ns/net")
    fd = os.open(own, os.O_RDONLY)
    enter(namespace)
    try:
        yield
    finally:
        enter(Path(f"/proc/self/fd/{fd}"))
        os.close(fd)


@pytest.fixture
def cable() -> Iterator[None]:
    """Between this machine and a client's: it can be cut at the far end."""
    ip("netns", "add", "away")
    ip("link", "add", "cable", "type", "veth", "peer", "name", "far", "netns", "away")
    ip("addr", "add", f"{HOST}/24", "dev", "cable")
    ip("link", "set", "cable", "up")
    ip("-n", "away", "addr", "add", f"{FAR}/24", "dev", "far")
    ip("-n", "away", "link", "set", "far", "up")
    yield
    ip("link", "del", "cable")
    ip("netns", "del", "away")


def server_side() -> list[tuple[str, str]]:
    """State and timer of each socket of the server's to the far machine that is not over."""
    far = f"{int.from_bytes(bytes(map(int, FAR.split('.'))), 'little'):08X}:"
    lines = [
        line
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
    ]
    found = [(row[3], row[5][:2]) for row in map(str.split, lines) if far in row[2]]
    return [one for one in found if one[0] != TIME_WAIT]


def wait_for(wanted: list[tuple[str, str]]) -> None:
    end = time.monotonic() + SECONDS
    while (now := server_side()) != wanted:
        assert time.monotonic() < end, f"{now}, not {wanted}"
        time.sleep(0.05)


@pytest.mark.usefixtures("cable")
def test_a_lost_fin_is_sent_again() -> None:
    """Nobody waits for the socket any more, but its timer has to."""
    with inside(AWAY):
        wire = Raw(445, timeout=60, host=HOST)
    wire.ready("share", 0x0302)
    assert len(server_side()) == 1
    ip("-n", "away", "link", "set", "far", "down")
    subprocess.run([sys.executable, "-m", "ksmbd.mountd.control", "kick", FAR], check=True)
    wait_for([(FIN_WAIT1, RETRANSMITS)])
    ip("-n", "away", "link", "set", "far", "up")
    wire.socket.close()
    wait_for([])
