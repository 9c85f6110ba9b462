# SPDX-License-Identifier: GPL-2.0-only
"""Oplocks: a break that somebody waits for, and everything at once."""

from __future__ import annotations

import contextlib
import random
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from caching import (
    BATCH,
    EXCLUSIVE,
    HANDLE,
    LEVEL_II,
    NONE,
    READ,
    acknowledge,
    granted,
    lease_of,
    leased,
)
from raw import (
    CANCEL,
    CLOSE,
    CREATE,
    LOCK,
    OPLOCK_BREAK,
    SET_INFO,
    WRITE,
    Gone,
    Raw,
    close,
    create,
    file_id,
    lock,
    set_info,
    write,
)

INVALID_OPLOCK_PROTOCOL = "0xc00000e3"
UNASKED = 0xFFFFFFFFFFFFFFFF
STORM_SECONDS = 8
RENAME, DISPOSITION = 10, 13


@pytest.fixture
def leaser() -> Iterator[Raw]:
    with Raw(445, timeout=120) as raw:
        yield raw.ready("share", 0x0302)


def test_an_open_waits_for_the_acknowledgment(client: Raw, other: Raw, folder: Path) -> None:
    handle, level = granted(client, "f", BATCH)
    assert level == BATCH
    other.send(CREATE, create("f", oplock=BATCH))
    assert other.receive().pending
    notice = client.receive()
    assert (notice.command, notice.message_id) == (OPLOCK_BREAK, UNASKED)
    assert notice.body[2] == LEVEL_II and notice.body[8:24] == handle
    reply = client.call(OPLOCK_BREAK, acknowledge(handle, LEVEL_II))
    assert reply.status == "SUCCESS" and reply.body[2] == LEVEL_II
    reply = other.receive()
    assert reply.status == "SUCCESS" and reply.body[2] == LEVEL_II

    # a write takes level II from everybody, and nobody is asked
    assert other.call(WRITE, write(file_id(reply), b"x")).status == "SUCCESS"
    assert client.receive().body[2] == NONE
    reply = client.call(OPLOCK_BREAK, acknowledge(handle, NONE))
    assert reply.status == INVALID_OPLOCK_PROTOCOL


def test_an_open_that_waits_can_be_cancelled(client: Raw, other: Raw, folder: Path) -> None:
    handle, _ = granted(client, "f", EXCLUSIVE)
    message = other.send(CREATE, create("f"))
    async_id = other.receive().async_id
    other.send(CANCEL, struct.pack("<HH", 4, 0), async_id=async_id, message_id=message)
    assert other.receive().status == "CANCELLED"
    assert client.receive().command == OPLOCK_BREAK
    # the break goes on: who comes now waits for the same
    other.send(CREATE, create("f"))
    assert other.receive().pending
    client.call(CLOSE, close(handle))
    assert other.receive().status == "SUCCESS"


def test_who_is_lost_keeps_nobody_waiting(client: Raw, folder: Path) -> None:
    begin = time.monotonic()
    with Raw(445) as lost:
        granted(lost.ready("share", 0x0302), "f", BATCH)
        client.send(CREATE, create("f"))
        assert client.receive().pending
    assert client.receive().status == "SUCCESS"
    assert time.monotonic() - begin < 20


def test_a_rename_waits_for_cached_handles(
    leaser: Raw, client: Raw, other: Raw, folder: Path
) -> None:
    assert lease_of(leaser.call(CREATE, leased("f", 1, READ | HANDLE))) == READ | HANDLE
    handle = client.open("f")
    text = "g".encode("utf-16-le")
    data = struct.pack("<B7xQI", 0, 0, len(text)) + text
    client.send(SET_INFO, set_info(handle, 1, RENAME, data))
    assert client.receive().pending
    notice = leaser.receive()
    assert notice.command == OPLOCK_BREAK
    assert struct.unpack_from("<HHI16sII", notice.body)[2:] == (1, b"\1" * 16, 3, 1)
    assert (folder / "f").exists() and not (folder / "g").exists()
    assert other.call(CREATE, create("f", disposition=1)).status == "SUCCESS"
    acknowledged = struct.pack("<HHI16sIQ", 36, 0, 0, b"\1" * 16, READ, 0)
    assert leaser.call(OPLOCK_BREAK, acknowledged).status == "SUCCESS"
    assert client.receive().status == "SUCCESS"
    assert (folder / "g").exists()


class Rioter:
    """One client of the storm: does what comes to its mind, and mostly answers breaks."""

    def __init__(self, seed: int, until: float) -> None:
        self.random = random.Random(seed)
        self.until = until
        self.trouble: BaseException | None = None
        self.done = 0

    def run(self) -> None:
        try:
            while time.monotonic() < self.until:
                with Raw(445, timeout=60) as client, contextlib.suppress(Gone):
                    client.ready("share", 0x0302)
                    self.session(client)
        except BaseException as error:
            self.trouble = error

    def session(self, client: Raw) -> None:
        """Ends by closing what is open, or by a loss of the connection in the middle."""
        handles: list[bytes] = []
        for _ in range(self.random.randrange(60)):
            if time.monotonic() > self.until:
                return
            self.act(client, handles)
            self.done += 1

    def call(self, client: Raw, command: int, body: bytes) -> tuple[str, bytes]:
        """The final answer; a break that comes meanwhile is acknowledged."""
        message = client.send(command, body)
        cancel = self.random.random() < 0.1
        while True:
            reply = client.receive()
            if reply.message_id == UNASKED:
                if self.random.random() < 0.1:
                    raise Gone("does not answer")
                level = self.random.choice((NONE, reply.body[2]))
                client.send(OPLOCK_BREAK, acknowledge(reply.body[8:24], level))
            elif reply.message_id == message and reply.pending:
                if cancel:
                    body = struct.pack("<HH", 4, 0)
                    client.send(CANCEL, body, async_id=reply.async_id, message_id=message)
                elif self.random.random() < 0.3:
                    raise Gone("gives up")
            elif reply.message_id == message:
                return reply.status, reply.body

    def act(self, client: Raw, handles: list[bytes]) -> None:
        dice = self.random.random()
        name = f"f{self.random.randrange(2)}"
        if not handles or dice < 0.4:
            status, body = self.call(client, CREATE, create(
                name, oplock=self.random.choice((NONE, LEVEL_II, EXCLUSIVE, BATCH)),
                share=self.random.choice((7, 7, 3, 0)),
                disposition=self.random.choice((3, 3, 5)),
            ))  # fmt: skip
            if status == "SUCCESS":
                handles.append(body[64:80])
            return
        handle = self.random.choice(handles)
        if dice < 0.6:
            handles.remove(handle)
            self.call(client, CLOSE, close(handle))
        elif dice < 0.7:
            self.call(client, WRITE, write(handle, b"x"))
        elif dice < 0.8:
            self.call(client, LOCK, lock(handle, (0, 1, 2 | 0x10)))
        elif dice < 0.9:
            text = name.encode("utf-16-le")
            data = struct.pack("<B7xQI", 1, 0, len(text)) + text
            self.call(client, SET_INFO, set_info(handle, 1, RENAME, data))
        else:
            self.call(client, SET_INFO, set_info(handle, 1, DISPOSITION, b"\1"))


def test_a_storm_leaves_nothing_behind(client: Raw, folder: Path) -> None:
    until = time.monotonic() + STORM_SECONDS
    rioters = [Rioter(seed, until) for seed in range(6)]
    threads = [threading.Thread(target=rioter.run) for rioter in rioters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    for rioter in rioters:
        if rioter.trouble:
            raise rioter.trouble
    assert sum(rioter.done for rioter in rioters) > 50
    # nobody holds anything any more: each is to be had alone
    for name in ("f0", "f1"):
        _, level = granted(client, name, BATCH, share=0)
        assert level == BATCH
