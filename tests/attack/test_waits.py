# SPDX-License-Identifier: GPL-2.0-only
"""Classes 34 to 38: requests that wait, and everything that can end a wait."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import time
from collections.abc import Callable

import pytest
import raw as r
from classes import pending
from raw import Gone, Raw

LOCK_ALONE = (0, 10, 0x12)
LOCK_WAIT = (0, 10, 0x02)
UNLOCK = (0, 10, 0x04)

ENDED = {"CANCELLED", "RANGE_NOT_LOCKED", "FILE_CLOSED", "USER_SESSION_DELETED",
         "NETWORK_NAME_DELETED", "SUCCESS", "NOTIFY_CLEANUP", "0x0000010b", "0x0000010c",
         "DELETE_PENDING"}  # fmt: skip


class Waiter:
    """A client with a request that waits."""

    def __init__(self, port: int) -> None:
        self.wire = Raw(port, timeout=30).ready()
        self.wire.call(r.ECHO, r.echo(), credits=32)
        self.handle = b""
        self.message_id = self.async_id = 0

    def lock(self) -> Waiter:
        self.handle = self.wire.open("file")
        return self.wait(r.LOCK, r.lock(self.handle, LOCK_WAIT))

    def wait(self, command: int, body: bytes) -> Waiter:
        self.message_id = self.wire.send(command, body)
        interim = self.wire.receive()
        assert interim.pending, interim
        self.async_id = interim.async_id
        return self

    def end(self, how: str) -> None:
        wire = self.wire
        if how == "cancel":
            wire.send(r.CANCEL, r.echo(), message_id=self.message_id, async_id=self.async_id)
        elif how == "cancel by id":
            wire.send(r.CANCEL, r.echo(), message_id=self.message_id)
        elif how == "close":
            wire.send(r.CLOSE, r.close(self.handle))
        elif how == "logoff":
            wire.send(r.LOGOFF, r.echo())
        elif how == "tree disconnect":
            wire.send(r.TREE_DISCONNECT, r.echo())
        elif how == "reset":
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.socket.close()
        elif how == "fin":
            wire.socket.shutdown(socket.SHUT_WR)

    def answered(self, seconds: float = 20) -> bool:
        """Whether the waiting request gets exactly one final answer, or its connection ends."""
        self.wire.socket.settimeout(seconds)
        finals = 0
        with contextlib.suppress(Gone, OSError):
            self.wire.send(r.ECHO, r.echo(), session_id=0)
            while True:
                reply = self.wire.receive()
                if reply.message_id == self.message_id and not reply.pending:
                    assert reply.status in ENDED, reply
                    finals += 1
                if reply.command == r.ECHO and finals:
                    return finals == 1
        return finals <= 1


ENDS = ("cancel", "cancel by id", "close", "logoff", "tree disconnect", "reset", "fin")


# --- 34 ---


@pytest.mark.attack(34)
@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", [*ENDS, "unlock"])
def test_a_blocked_lock_and_two_of_its_ends(port: int, first: str, second: str) -> None:
    with Raw(port) as holder:
        holder.ready()
        held = holder.open("file")
        assert holder.call(r.LOCK, r.lock(held, LOCK_ALONE)).status == "SUCCESS"
        waiter = Waiter(port).lock()
        with contextlib.suppress(OSError):
            waiter.end(first)
            if second == "unlock":
                assert holder.call(r.LOCK, r.lock(held, UNLOCK)).status == "SUCCESS"
            else:
                waiter.end(second)
        if "reset" not in (first, second):
            assert waiter.answered()
        waiter.wire.socket.close()
        if second != "unlock":
            assert holder.call(r.LOCK, r.lock(held, UNLOCK)).status == "SUCCESS"
        wait_free(holder, held)


def wait_free(wire: Raw, handle: bytes) -> None:
    """Until the range is free: nothing of an ended wait may hold it."""
    deadline = time.monotonic() + 20
    while wire.call(r.LOCK, r.lock(handle, LOCK_ALONE)).status != "SUCCESS":
        assert time.monotonic() < deadline, "a lock outlives its wait"
        time.sleep(0.05)


@pytest.mark.attack(34)
def test_a_hundred_blocked_locks_of_one_range(port: int) -> None:
    with Raw(port) as holder:
        holder.ready()
        held = holder.open("file")
        holder.call(r.LOCK, r.lock(held, LOCK_ALONE))
        with Raw(port, timeout=60) as many:
            many.ready()
            many.call(r.ECHO, r.echo(), credits=400)
            handles = [many.open("file") for _ in range(100)]
            ids = {many.send(r.LOCK, r.lock(handle, LOCK_WAIT)) for handle in handles}
            for _ in ids:
                assert many.receive().pending
            holder.call(r.LOCK, r.lock(held, UNLOCK))
            # Whoever has it closes, the next gets it, to the last.
            for _ in range(len(ids)):
                reply = many.receive()
                assert reply.status == "SUCCESS"
                ids.remove(reply.message_id)
                at = reply.message_id
                owner = handles[sorted([*ids, at]).index(at)]
                handles.remove(owner)
                many.send(r.CLOSE, r.close(owner))
                while many.receive().command != r.CLOSE:
                    pytest.fail("two have it")


@pytest.mark.attack(34)
@pytest.mark.parametrize("ranges", [
    [], [(0, 1, 0x12)] * 65, [(0, 0, 0x12)], [(5, 0, 0x11), (5, 1, 0x12)],
    [(0, 10, 0x12), (0, 10, 0x04)], [(0, 10, 0x04), (0, 10, 0x12)], [(0, 10, 0x12), (5, 10, 0x12)],
    [((1 << 64) - 1, 1, 0x12)], [((1 << 64) - 1, 2, 0x12)], [(1 << 63, 1 << 63, 0x12)],
    [(0, (1 << 64) - 1, 0x12), ((1 << 64) - 1, 1, 0x12)], [(0, 1, 0xFF)],
], ids=str)  # fmt: skip
def test_lock_arrays_that_mix_and_overflow(wire: Raw, ranges: list[tuple[int, int, int]]) -> None:
    handle = wire.open("file")
    wire.call(r.LOCK, r.lock(handle, *ranges))
    wire.call(r.CLOSE, r.close(handle))
    # Whatever was taken half way is gone with the handle.
    other = wire.open("file")
    assert wire.call(r.LOCK, r.lock(other, (0, (1 << 63), 0x12))).status == "SUCCESS"


@pytest.mark.attack(34)
@pytest.mark.parametrize("count", [0, 2, 100, 0xFFFF])
def test_a_lock_count_that_is_not_there(wire: Raw, count: int) -> None:
    handle = wire.open("file")
    body = bytearray(r.lock(handle, LOCK_ALONE))
    struct.pack_into("<H", body, 2, count)
    with contextlib.suppress(Gone):
        assert wire.call(r.LOCK, bytes(body)).status == "INVALID_PARAMETER"


# --- 35 ---


def notify(handle: bytes, flags: int = 0) -> bytes:
    return struct.pack("<HHI", 32, flags, 4096) + handle + struct.pack("<II", 0xFFF, 0)


def watch(port: int, name: str = "watched") -> Waiter:
    waiter = Waiter(port)
    waiter.handle = waiter.wire.open(name, options=1)
    message_id = waiter.wire.send(r.CHANGE_NOTIFY, notify(waiter.handle))
    interim = waiter.wire.receive()
    if interim.status in ("NOT_SUPPORTED", "0xc0000002"):
        waiter.wire.socket.close()
        pending("CHANGE_NOTIFY")
    assert interim.pending, interim
    waiter.message_id, waiter.async_id = message_id, interim.async_id
    return waiter


@pytest.mark.attack(35)
@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", [*ENDS, "rmdir", "rename", "local rmdir"])
def test_a_pending_notify_and_two_of_its_ends(
    server: object, port: int, first: str, second: str
) -> None:
    waiter = watch(port)
    with contextlib.suppress(OSError):
        waiter.end(first)
        with Raw(port) as other:
            other.ready()
            if second == "rmdir":
                other.call(r.CREATE, r.create("watched", options=0x1001, disposition=1))
            elif second == "rename":
                text = "elsewhere".encode("utf-16-le")
                reply = other.call(r.CREATE, r.create("watched", options=1, disposition=1))
                if reply.status == "SUCCESS":
                    other.call(r.SET_INFO, r.set_info(
                        r.file_id(reply), 1, 10,
                        struct.pack("<BxxxxxxxQI", 1, 0, len(text)) + text))  # fmt: skip
            elif second == "local rmdir":
                server.vm.run("rm -rf /srv/share/watched")  # type: ignore[attr-defined]
            else:
                waiter.end(second)
    if "reset" not in (first, second):
        assert waiter.answered()
    waiter.wire.socket.close()


@pytest.mark.attack(35)
def test_a_flood_of_changes_is_bounded(port: int) -> None:
    waiter = watch(port)
    with Raw(port) as other:
        other.ready()
        for number in range(1000):
            handle = other.open(f"watched\\{number:0100}")
            other.call(r.CLOSE, r.close(handle))
    reply = waiter.wire.receive()
    assert reply.status in {"SUCCESS", "0x0000010c"}
    # What no one asked for was not kept for ever: the next call says that it is lost, or lists it.
    reply = waiter.wire.call(r.CHANGE_NOTIFY, notify(waiter.handle))
    assert reply.status in {"SUCCESS", "0x0000010c"}
    waiter.wire.socket.close()


# --- 36 ---


def oplock(wire: Raw, name: str, level: int = 9) -> bytes:
    reply = wire.call(r.CREATE, r.create(name, oplock=level))
    assert reply.status == "SUCCESS"
    if reply.body[2] == 0:
        pending("oplocks")
    return r.file_id(reply)


@pytest.mark.attack(36)
@pytest.mark.parametrize("how", [
    "answers twice", "answers with a wrong level", "answers with another handle", "disconnects",
    "logs off", "closes", "opens the same file",
])  # fmt: skip
def test_a_break_that_is_not_answered_properly(port: int, how: str) -> None:
    with Raw(port, timeout=60) as owner, Raw(port, timeout=60) as other:
        owner.ready()
        other.ready()
        handle = oplock(owner, "file")
        waiting = other.send(r.CREATE, r.create("file"))
        broken = owner.receive()
        while broken.command != r.OPLOCK_BREAK:
            broken = owner.receive()

        def ack(level: int, whose: bytes = handle) -> None:
            owner.send(r.OPLOCK_BREAK, struct.pack("<HBBI", 24, level, 0, 0) + whose)

        steps: dict[str, Callable[[], object]] = {
            "answers twice": lambda: (ack(1), ack(1)),
            "answers with a wrong level": lambda: (ack(0xFF), ack(9), ack(0)),
            "answers with another handle": lambda: (ack(0, bytes(16)), ack(0)),
            "disconnects": owner.socket.close,
            "logs off": lambda: owner.send(r.LOGOFF, r.echo()),
            "closes": lambda: owner.send(r.CLOSE, r.close(handle)),
            "opens the same file": lambda: (owner.send(r.CREATE, r.create("file")), ack(0)),
        }
        steps[how]()
        while True:
            reply = other.receive()
            if reply.message_id == waiting and not reply.pending:
                break
        assert reply.status == "SUCCESS"


@pytest.mark.attack(36)
def test_a_break_that_is_never_answered_ends_by_itself(port: int) -> None:
    with Raw(port, timeout=120) as owner, Raw(port, timeout=120) as other:
        owner.ready()
        other.ready()
        oplock(owner, "file")
        begin = time.monotonic()
        reply = other.call(r.CREATE, r.create("file"))
        assert reply.status == "SUCCESS"
        assert 1 < time.monotonic() - begin < 60


@pytest.mark.attack(36)
def test_hundreds_of_openers_at_once(port: int) -> None:
    with Raw(port, timeout=120) as owner:
        owner.ready()
        handle = oplock(owner, "file")
        with contextlib.ExitStack() as stack:
            others = [stack.enter_context(Raw(port, timeout=120)).ready() for _ in range(4)]
            for other in others:
                other.call(r.ECHO, r.echo(), credits=200)
                for _ in range(60):
                    other.send(r.CREATE, r.create("file", oplock=9))
            while owner.receive().command != r.OPLOCK_BREAK:
                pass
            owner.send(r.CLOSE, r.close(handle))
            for other in others:
                left = 60
                while left:
                    reply = other.receive()
                    if reply.command == r.OPLOCK_BREAK and reply.message_id == (1 << 64) - 1:
                        other.send(r.OPLOCK_BREAK, struct.pack("<HBBI", 24, 0, 0, 0)
                                   + reply.body[8:24])  # fmt: skip
                    elif reply.command == r.CREATE and not reply.pending:
                        assert reply.status == "SUCCESS"
                        left -= 1


@pytest.mark.attack(36)
@pytest.mark.parametrize("body", [
    struct.pack("<HBBI", 24, 0, 0, 0) + bytes(16), struct.pack("<HBBI", 24, 0, 0, 0) + b"\xff" * 16,
    struct.pack("<HHI16sIQ", 36, 0, 0, bytes(16), 0, 0),
    struct.pack("<HHI16sIQ", 36, 0, 0, b"\xff" * 16, 0xFFFFFFFF, 0),
])  # fmt: skip
def test_an_acknowledgment_of_nothing(wire: Raw, body: bytes) -> None:
    for _ in range(3):
        with contextlib.suppress(Gone):
            assert wire.call(r.OPLOCK_BREAK, body).status != "SUCCESS"
    handle = wire.open("file")
    reply = wire.call(r.OPLOCK_BREAK, struct.pack("<HBBI", 24, 0, 0, 0) + handle)
    assert reply.status != "SUCCESS"


# --- 37 ---


def durable_context(name: bytes, data: bytes) -> bytes:
    return struct.pack("<IHHHHI4sxxxx", 0, 16, 4, 0, 24, len(data), name) + data


def create_with(blob: bytes, name: str = "durable", level: int = 9) -> bytes:
    body = bytearray(r.create(name, oplock=level))
    body += bytes(-len(body) % 8)
    struct.pack_into("<II", body, 48, 64 + len(body), len(blob))
    return bytes(body) + blob


@pytest.mark.attack(37)
def test_a_reconnect_to_what_never_was(port: int) -> None:
    """A sweep of persistent ids, for both versions."""
    with Raw(port) as wire:
        wire.ready("share", 0x0302)
        for number in itertools.chain(range(200), ((1 << bit) - 1 for bit in range(8, 65, 4))):
            file = struct.pack("<QQ", number, number)
            for tag, data in ((b"DHnC", file), (b"DH2C", file + bytes(20))):
                reply = wire.call(r.CREATE, create_with(durable_context(tag, data)))
                assert reply.status != "SUCCESS"


@pytest.mark.attack(37)
@pytest.mark.parametrize("other", ["user", "client guid", "live handle"])
def test_a_durable_handle_of_another(port: int, other: str) -> None:
    with Raw(port) as owner, Raw(port) as thief:
        owner.ready()
        reply = owner.call(r.CREATE, create_with(durable_context(b"DHnQ", bytes(16))))
        assert b"DHnQ" in reply.body
        handle = r.file_id(reply)
        owner.call(r.WRITE, r.write(handle, b"mine"))
        if other != "live handle":
            owner.socket.close()
        thief.negotiate()
        thief.login("user2" if other == "user" else "user1")
        thief.tree()
        blob = durable_context(b"DHnC", handle[:8] + bytes(8))
        reply = thief.call(r.CREATE, create_with(blob))
        if other == "client guid":
            return  # [MS-SMB2] 3.3.5.9.7 asks for it only with a lease
        assert reply.status != "SUCCESS"


# --- 38 ---


@pytest.mark.attack(38)
@pytest.mark.parametrize("flags", [0, 1, 2, 4, 0x10, 0x13, 0xFF])
def test_two_enumerations_of_one_handle_at_once(wire: Raw, flags: int) -> None:
    wire.call(r.ECHO, r.echo(), credits=256)
    for number in range(50):
        wire.call(r.CLOSE, r.close(wire.open(f"{number:0150}")))
    top = wire.open("", options=1, access=0x81)
    ids = []
    for number in range(16):
        room = (65536, 4096, 700)[number % 3]
        ids.append(wire.send(r.QUERY_DIRECTORY, r.query_directory(top, "*", 37, flags, room)))
    for _ in ids:
        reply = wire.receive()
        assert reply.status in {"SUCCESS", "NO_MORE_FILES", "INVALID_PARAMETER"}, reply


@pytest.mark.attack(38)
def test_a_listing_into_no_room(wire: Raw) -> None:
    wire.open("a" * 200)
    for info_class in (1, 2, 3, 12, 37, 38):
        for room in (*range(0, 130), 400, 463, 464, 470):
            top = wire.open("", options=1, access=0x81)
            reply = wire.call(r.QUERY_DIRECTORY, r.query_directory(top, "*", info_class, 3, room))
            assert len(reply.body) <= 8 + max(room, 1)
            wire.call(r.CLOSE, r.close(top))


@pytest.mark.attack(38)
@pytest.mark.parametrize("what", ["rename", "delete", "both", "close"])
def test_two_renames_or_deletions_of_one_handle_at_once(wire: Raw, what: str) -> None:
    wire.call(r.ECHO, r.echo(), credits=256)
    for number in range(20):
        handle = wire.open(f"file{number}")
        bodies = []
        for side in ("x", "y"):
            text = f"{side}{number}".encode("utf-16-le")
            bodies.append(
                r.set_info(handle, 1, 10, struct.pack("<BxxxxxxxQI", 1, 0, len(text)) + text)
            )
        delete = r.set_info(handle, 1, 13, b"\1")
        sent = {
            "rename": [(r.SET_INFO, body) for body in bodies],
            "delete": [(r.SET_INFO, delete)] * 2,
            "both": [(r.SET_INFO, bodies[0]), (r.SET_INFO, delete), (r.SET_INFO, bodies[1])],
            "close": [(r.SET_INFO, bodies[0]), (r.CLOSE, r.close(handle)), (r.SET_INFO, delete)],
        }[what]
        frames = b""
        for command, body in sent:
            frame = wire.header(command) + body
            frames += struct.pack(">I", len(frame)) + frame
        wire.socket.sendall(frames)
        for _ in sent:
            wire.receive()
        wire.call(r.CLOSE, r.close(handle))
