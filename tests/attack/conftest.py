# SPDX-License-Identifier: GPL-2.0-only
"""What is asked after every attack, whatever else a test asks.

A client that was there before is still served, a new one is let in, no answer held bytes
of memory that nobody wrote, and the kernel log has no splat (the `server` fixture). That the
module unloads without a leak is asked at the end of the run, by the rig.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import raw as r
from raw import Gone, Raw
from server import Server

sys.path.insert(0, str(Path(__file__).parent))

POISON = (b"\x5a" * 12, b"\x6b" * 12)
"""What slub_debug=P fills new and freed memory with."""


@pytest.fixture(autouse=True)
def no_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = Raw.receive_bytes

    def checked(self: Raw) -> bytes:
        frame = receive(self)
        assert not any(poison in frame for poison in POISON), f"unwritten memory in {frame!r}"
        return frame

    monkeypatch.setattr(Raw, "receive_bytes", checked)


class Innocent:
    """A client that is there all the time and does nothing wrong."""

    def __init__(self, port: int) -> None:
        self.wire = Raw(port, timeout=60).ready("second")
        self.handle = self.wire.open("innocent")
        reply = self.wire.call(r.WRITE, r.write(self.handle, b"innocent"))
        assert reply.status == "SUCCESS"

    def check(self) -> None:
        try:
            reply = self.wire.call(r.READ, r.read(self.handle, 8))
        except Gone:
            pytest.fail("an innocent client was disconnected", pytrace=False)
        assert (reply.status, reply.body[16:24]) == ("SUCCESS", b"innocent")


_present: list[tuple[object, Innocent]] = []


def innocent(server: Server) -> Innocent:
    """The one of this daemon's life; another when a test took the server down."""
    # Kept with the daemon itself: the id() of one that is gone may be the next one's.
    if not _present or _present[0][0] is not server.daemon:
        _present[:] = [(server.daemon, Innocent(server.vm.smb_port))]
    return _present[0][1]


@pytest.fixture
def port(server: Server, share: str) -> Iterator[int]:
    """The server's port, with an innocent client on it."""
    present = innocent(server)
    yield server.vm.smb_port
    present.check()


@pytest.fixture(scope="module", autouse=True)
def late(lab: Any) -> Iterator[None]:
    """After the tests of a file somebody new is let in."""
    yield
    with Raw(lab.server().vm.smb_port) as wire:
        wire.ready().open("afterwards")


@pytest.fixture
def wire(port: int) -> Iterator[Raw]:
    with Raw(port) as wire:
        yield wire.ready()
