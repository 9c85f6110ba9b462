# SPDX-License-Identifier: GPL-2.0-only
"""Handles, channels and sessions that are used, taken over and ended at the same time.

What is wrong shows in the kernel's log: on the KCSAN kernel as data races, on the KASAN
kernel as what comes of them. KSMBD_RACE_SECONDS says how long each storm lasts.
"""

from __future__ import annotations

import contextlib
import os
import random
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
import raw
from contexts import LEASE, again_v2, create_with, durable_v2, lease
from raw import Gone, Reply
from sealed import Sealed
from server import Server

SECONDS = float(os.environ.get("KSMBD_RACE_SECONDS", "45"))
CHANNELS = 4
TRAVELLERS = 4
FILES = 5
MOST_HANDLES = 40


@pytest.fixture
def port(multichannel: None, server: Server, share: str) -> int:
    return server.vm.smb_port


class Channel(Sealed):
    """A connection that answers breaks while it waits for something else."""

    def call(self, command: int, body: bytes, **fields: int | None) -> Reply:
        message_id = self.send(command, body, **fields)
        while True:
            reply = self.receive()
            if reply.is_break:
                self.acknowledge(reply)
            elif reply.message_id == message_id and not reply.pending:
                return reply

    def acknowledge(self, notice: Reply) -> None:
        """[MS-SMB2] 2.2.24; the answer is for nobody."""
        if struct.unpack_from("<H", notice.body)[0] == 24:
            self.send(
                raw.OPLOCK_BREAK,
                struct.pack("<HBBI", 24, notice.body[2], 0, 0) + notice.body[8:24],
            )
        elif notice.body[4] & 1:
            (to,) = struct.unpack_from("<I", notice.body, 28)
            body = struct.pack("<HHI16sIQ", 36, 0, 0, notice.body[8:24], to, 0)
            self.send(raw.OPLOCK_BREAK, body)


def connect(port: int, guid: bytes) -> Channel:
    wire = Channel(port, timeout=120)
    assert wire.offer((0x0302,), guid=guid).status == "SUCCESS"
    return wire


def enter(port: int, guid: bytes, previous: int = 0) -> Channel:
    """A session's first channel, with a tree."""
    wire = connect(port, guid)
    assert wire.login(previous=previous).status == "SUCCESS"
    wire.signing_messages = True
    assert wire.tree().status == "SUCCESS"
    return wire


def join(port: int, to: Channel) -> Channel:
    wire = connect(port, to.guid)
    assert wire.login(bind=to).status == "SUCCESS"
    wire.signing_messages = True
    wire.tree_id = to.tree_id
    return wire


def storm(workers: list[Callable[[], None]]) -> None:
    """Runs them all at once, each to its end.

    Raises:
        BaseException: what one of them raised.
    """
    errors: list[BaseException] = []

    def guarded(worker: Callable[[], None]) -> None:
        try:
            worker()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Handles:
    """The handles of one session, used over all its channels at once, closed by anybody."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[int, str]] = Counter()
        self.lock = threading.Lock()
        self.open: list[bytes] = []

    def count(self, reply: Reply) -> Reply:
        with self.lock:
            self.seen[reply.command, reply.status] += 1
        return reply

    def succeeded(self, *commands: int) -> bool:
        return all(self.seen[command, "SUCCESS"] for command in commands)

    def use(self, wire: Channel, number: int) -> None:
        dice = random.Random(number)
        until = time.monotonic() + SECONDS
        actions = {
            self.create: 4, self.read: 2, self.write: 2, self.lock_range: 2, self.close: 3,
            self.query: 1, self.rename: 1, self.delete: 0.2, self.list: 1,
        }  # fmt: skip
        while time.monotonic() < until:
            (action,) = dice.choices(list(actions), list(actions.values()))
            action(wire, dice)

    def any(self, dice: random.Random) -> bytes:
        with self.lock:
            return dice.choice(self.open) if self.open else bytes(16)

    def create(self, wire: Channel, dice: random.Random) -> None:
        name = f"file{dice.randrange(FILES)}"
        level = dice.choice((0, 1, 8, 9, LEASE))
        contexts = [lease(f"key of {name:9}".encode())] if level == LEASE else []
        if dice.random() < 0.3:
            contexts.append(durable_v2(dice.randbytes(16)))
        reply = self.count(wire.call(raw.CREATE, create_with(name, *contexts, level=level)))
        if reply.status != "SUCCESS":
            return
        with self.lock:
            self.open.append(raw.file_id(reply))
            crowded = len(self.open) > MOST_HANDLES
        if crowded:
            self.close(wire, dice)

    def close(self, wire: Channel, dice: random.Random) -> None:
        handle = self.any(dice)
        self.count(wire.call(raw.CLOSE, raw.close(handle, 1)))
        with self.lock, contextlib.suppress(ValueError):
            self.open.remove(handle)

    def read(self, wire: Channel, dice: random.Random) -> None:
        self.count(wire.call(raw.READ, raw.read(self.any(dice), 4096)))

    def write(self, wire: Channel, dice: random.Random) -> None:
        self.count(wire.call(raw.WRITE, raw.write(self.any(dice), bytes(4096))))

    def lock_range(self, wire: Channel, dice: random.Random) -> None:
        handle, at = self.any(dice), dice.randrange(4)
        flags = dice.choice((0x11, 0x12, 0x04))
        self.count(wire.call(raw.LOCK, raw.lock(handle, (at, 2, flags))))

    def query(self, wire: Channel, dice: random.Random) -> None:
        self.count(wire.call(raw.QUERY_INFO, raw.query_info(self.any(dice), 1, 18)))

    def rename(self, wire: Channel, dice: random.Random) -> None:
        name = f"file{dice.randrange(FILES)}".encode("utf-16-le")
        data = struct.pack("<QQI", 1, 0, len(name)) + name
        self.count(wire.call(raw.SET_INFO, raw.set_info(self.any(dice), 1, 10, data)))

    def delete(self, wire: Channel, dice: random.Random) -> None:
        self.count(wire.call(raw.SET_INFO, raw.set_info(self.any(dice), 1, 13, b"\x01")))

    def list(self, wire: Channel, dice: random.Random) -> None:
        folder = wire.call(raw.CREATE, raw.create("", access=0x81, options=1))
        if folder.status == "SUCCESS":
            handle = raw.file_id(folder)
            self.count(wire.call(raw.QUERY_DIRECTORY, raw.query_directory(handle)))
            watch = struct.pack("<HHI", 32, 0, 4096) + handle + struct.pack("<II", 0xFFF, 0)
            wire.send(raw.CHANGE_NOTIFY, watch)
            wire.call(raw.CLOSE, raw.close(handle))


def test_handles_are_used_over_all_channels_and_closed_by_any(port: int) -> None:
    handles = Handles()
    first = enter(port, os.urandom(16))
    wires = [first, *(join(port, first) for _ in range(CHANNELS - 1))]
    storm([lambda n=n, w=w: handles.use(w, n) for n, w in enumerate(wires)])  # type: ignore[misc]
    assert handles.succeeded(
        raw.CREATE, raw.CLOSE, raw.READ, raw.WRITE, raw.LOCK, raw.QUERY_INFO, raw.SET_INFO,
        raw.QUERY_DIRECTORY,
    ), handles.seen  # fmt: skip
    assert wires[-1].call(raw.LOGOFF, struct.pack("<HH", 4, 0)).status == "SUCCESS"


class Crowd:
    """Sessions that are joined, left, cut and logged off, each by whoever comes by."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seen: Counter[str] = Counter()
        self.sessions: dict[int, Channel] = {}

    def travel(self, number: int) -> None:
        dice = random.Random(number)
        until = time.monotonic() + SECONDS
        mine, previous, handle = os.urandom(16), 0, b""
        while time.monotonic() < until:
            # anybody may end the session at any moment: then the next journey begins
            with contextlib.suppress(Gone, OSError, AssertionError):
                wire = enter(self.port, mine, previous)
                self.sessions[number] = wire
                self.seen["entered"] += 1
                previous = wire.session_id
                handle = self.settle(wire, dice, mine, handle)
                self.visit(wire, dice)
                self.leave(wire, dice)

    def settle(self, wire: Channel, dice: random.Random, guid: bytes, handle: bytes) -> bytes:
        """The handle from before, or a new one that may be kept."""
        name = guid.hex()  # one's own: who is away visiting answers no break
        if handle:
            reply = wire.call(raw.CREATE, create_with(name, again_v2(handle, guid)))
            self.seen["found again"] += reply.status == "SUCCESS"
            if reply.status == "SUCCESS":
                wire.call(raw.CLOSE, raw.close(raw.file_id(reply)))
        reply = wire.call(raw.CREATE, create_with(name, durable_v2(guid)))
        if reply.status != "SUCCESS":
            return b""
        wire.call(raw.WRITE, raw.write(raw.file_id(reply), b"traveller"))
        wire.send(raw.LOCK, raw.lock(raw.file_id(reply), (0, 9, 0x02)))
        return raw.file_id(reply)

    def visit(self, wire: Channel, dice: random.Random) -> None:
        """Another's session, over a channel of one's own."""
        host = dice.choice(list(self.sessions.values()))
        with connect(self.port, host.guid) as guest:
            if guest.login(bind=host).status != "SUCCESS":
                return
            self.seen["joined"] += 1
            guest.signing_messages = True
            guest.tree_id = host.tree_id
            guest.call(raw.CREATE, create_with("visitors", level=0))
            if dice.random() < 0.3:
                guest.call(raw.LOGOFF, struct.pack("<HH", 4, 0))

    def leave(self, wire: Channel, dice: random.Random) -> None:
        way = dice.randrange(4)
        if way == 0:
            wire.call(raw.TREE_DISCONNECT, struct.pack("<HH", 4, 0))
        if way <= 1:
            wire.call(raw.LOGOFF, struct.pack("<HH", 4, 0))
        if way == 2:
            wire.send(raw.ECHO, raw.echo())
        wire.socket.close()
        self.seen["left"] += 1


def test_sessions_are_joined_left_cut_and_found_again(port: int) -> None:
    crowd = Crowd(port)
    storm([lambda n=n: crowd.travel(n) for n in range(TRAVELLERS)])  # type: ignore[misc]
    for what in ("entered", "joined", "found again", "left"):
        assert crowd.seen[what], crowd.seen
    with enter(port, os.urandom(16)) as wire:
        assert wire.open("afterwards")
