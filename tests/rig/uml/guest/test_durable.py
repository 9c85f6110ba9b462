# SPDX-License-Identifier: GPL-2.0-only
"""Durable handles: what a client finds again after a cut, and what it does not."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import struct
import threading
import time
from pathlib import Path

import pytest
from contexts import BATCH, LEASE, again_v2, create_with, durable_v2, lease
from raw import (
    CLOSE,
    CREATE,
    ECHO,
    LOCK,
    READ,
    WRITE,
    Gone,
    Raw,
    Reply,
    close,
    echo,
    file_id,
    read,
    write,
)
from raw import lock as lock_body

REPLAY = 0x20000000
STORM_SECONDS = 8
USER_MAX = 1024
"""KSMBD_USER_MAX_DETACHED"""
NOT_FOUND = "OBJECT_NAME_NOT_FOUND"

KEY = b"the key of lease"
CLIENT = b"a client's guid."


def durable() -> tuple[bytes, bytes]:
    return b"DHnQ", bytes(16)


def again(handle: bytes) -> tuple[bytes, bytes]:
    return b"DHnC", handle


def enter(previous: int = 0, guid: bytes = CLIENT, user: str = "user1") -> Raw:
    """A new connection that takes the place of the session `previous`, which is over then."""
    wire = Raw(445, timeout=120)
    body = struct.pack("<HHHHI16sQH", 36, 1, 1, 0, 0x40, guid, 0, 0x0302)
    assert wire.call(0, body).status == "SUCCESS"
    wire.dialect = 0x0302
    assert wire.login(user, previous=previous).status == "SUCCESS"
    assert wire.tree("share").status == "SUCCESS"
    return wire


def kept(reply: Reply, tag: bytes) -> bytes:
    assert reply.status == "SUCCESS", reply
    assert tag in reply.body[88:], "not granted"
    return file_id(reply)


def cut(wire: Raw) -> int:
    wire.socket.close()
    return wire.session_id


def test_data_and_locks_are_found_again(folder: Path) -> None:
    wire = enter()
    handle = kept(wire.call(CREATE, create_with("f", durable())), b"DHnQ")
    assert wire.call(WRITE, write(handle, b"before")).status == "SUCCESS"
    assert wire.call(LOCK, lock_body(handle, (0, 4, 0x12))).status == "SUCCESS"
    wire = enter(cut(wire))
    # to open it here would take it from the client
    inode = f":{(folder / 'f').stat().st_ino} "
    held = [line for line in Path("/proc/locks").read_text().splitlines() if inode in line]
    assert [line for line in held if "OFDLCK" in line], held

    reply = wire.call(CREATE, create_with("other name", again(handle)))
    found = file_id(reply)
    assert reply.status == "SUCCESS" and reply.body[2] == BATCH
    assert found[:8] == handle[:8], "the persistent id stays"
    assert wire.call(READ, read(found, 6)).body[16:22] == b"before"
    assert wire.call(WRITE, write(found, b"after!")).status == "SUCCESS"
    assert wire.call(LOCK, lock_body(found, (0, 4, 0x04))).status == "SUCCESS", "its own lock"
    assert wire.call(CREATE, create_with("f", again(handle))).status == NOT_FOUND, "once"
    assert wire.call(CLOSE, close(found)).status == "SUCCESS"
    assert (folder / "f").read_bytes() == b"after!"


def test_a_handle_is_given_to_its_user_only(folder: Path) -> None:
    guid, wire = os.urandom(16), enter()
    handle = kept(wire.call(CREATE, create_with("f", durable_v2(guid))), b"DH2Q")
    session = cut(wire)
    mine = enter(session)
    thief = enter(guid=b"another client's", user="user2")
    assert thief.call(CREATE, create_with("f", again_v2(handle, guid))).status == "ACCESS_DENIED"
    assert (
        mine.call(CREATE, create_with("f", again_v2(handle, b"another guid of."))).status
        == NOT_FOUND
    )
    both = create_with("f", durable(), again_v2(handle, guid))
    assert mine.call(CREATE, both).status == "INVALID_PARAMETER"
    assert mine.call(CREATE, create_with("f", again_v2(handle, guid))).status == "SUCCESS"


def test_a_lease_is_found_again_by_its_key(folder: Path) -> None:
    guid, wire = os.urandom(16), enter()
    asked = create_with("f", lease(KEY), durable_v2(guid), level=LEASE)
    handle = kept(wire.call(CREATE, asked), b"DH2Q")
    wire = enter(cut(wire))
    for wrong in (
        create_with("f", again_v2(handle, guid)),
        create_with("f", again_v2(handle, guid), lease(b"another key's 16"), level=LEASE),
    ):
        assert wire.call(CREATE, wrong).status == NOT_FOUND
    (folder / "g").write_text("another")
    for name in ("g", "missing", "missing\\f", "g\\f", "f\\" * 9 + "f"):
        elsewhere = create_with(name, again_v2(handle, guid), lease(KEY), level=LEASE)
        assert wire.call(CREATE, elsewhere).status == "INVALID_PARAMETER", name
    reply = wire.call(CREATE, create_with("f", again_v2(handle, guid), lease(KEY), level=LEASE))
    assert reply.status == "SUCCESS" and reply.body[2] == LEASE
    wire.call(CLOSE, close(file_id(reply)))


@pytest.mark.parametrize("level", [BATCH, LEASE])
def test_what_is_kept_holds_nobody_up(other: Raw, folder: Path, level: int) -> None:
    """Neither its oplock, nor its share mode, nor a file that is to be deleted."""
    guid, wire = os.urandom(16), enter()
    contexts = (durable_v2(guid), lease(KEY)) if level == LEASE else (durable_v2(guid),)
    body = bytearray(create_with("f", *contexts, level=level))
    struct.pack_into("<I", body, 32, 0)  # shares nothing
    handle = kept(wire.call(CREATE, bytes(body)), b"DH2Q")
    session = cut(wire)
    wire = enter(session)
    begin = time.monotonic()
    opened = other.open("f")
    assert time.monotonic() - begin < 20, "nobody waits for who is gone"
    other.call(WRITE, write(opened, b"theirs"))
    back = (again_v2(handle, guid), lease(KEY)) if level == LEASE else (again_v2(handle, guid),)
    assert wire.call(CREATE, create_with("f", *back, level=level)).status == NOT_FOUND
    assert (folder / "f").read_bytes() == b"theirs"


def test_its_time_runs_out(folder: Path) -> None:
    guid, wire = os.urandom(16), enter()
    handle = kept(wire.call(CREATE, create_with("f", durable_v2(guid, 700))), b"DH2Q")
    assert wire.call(LOCK, lock_body(handle, (0, 4, 0x12))).status == "SUCCESS"
    session = cut(wire)
    with (folder / "f").open("rb+") as local:
        fcntl.lockf(local, fcntl.LOCK_EX)  # until the server lets go
    wire = enter(session)
    assert wire.call(CREATE, create_with("f", again_v2(handle, guid))).status == NOT_FOUND


def test_a_replayed_create_has_the_same_handle(folder: Path) -> None:
    guid, wire = os.urandom(16), enter()
    first = wire.call(CREATE, create_with("f", durable_v2(guid), disposition=2))
    handle = kept(first, b"DH2Q")
    body = create_with("f", durable_v2(guid), disposition=2)
    assert wire.call(CREATE, body).status == "DUPLICATE_OBJECTID"
    replayed = wire.call(CREATE, body, flags=REPLAY)
    assert file_id(replayed) == handle and replayed.body[4:8] == first.body[4:8]
    wire.call(CLOSE, close(handle))
    with wire:
        assert wire.call(CREATE, body).status == "OBJECT_NAME_COLLISION"


def test_another_user_who_asks_all_the_time_is_in_nobodys_way(folder: Path) -> None:
    thief = enter(guid=b"another client's", user="user2")
    stop = threading.Event()
    wanted = [bytes(16)]
    seen: set[str] = set()

    def steal() -> None:
        while not stop.is_set():
            seen.add(thief.call(CREATE, create_with("f", again(wanted[0]))).status)

    thread = threading.Thread(target=steal)
    thread.start()
    try:
        wire = enter()
        for _ in range(20):
            wanted[0] = kept(wire.call(CREATE, create_with("f", durable())), b"DHnQ")
            wire = enter(cut(wire))
            reply = wire.call(CREATE, create_with("f", again(wanted[0])))
            assert reply.status == "SUCCESS"
            wire.call(CLOSE, close(file_id(reply)))
    finally:
        stop.set()
        thread.join()
    assert seen <= {"ACCESS_DENIED", NOT_FOUND} and "ACCESS_DENIED" in seen


def test_one_users_handles_leave_room_for_another(folder: Path) -> None:
    many = enter()
    many.call(ECHO, echo(), credits=512)
    handles = [
        kept(many.call(CREATE, create_with(f"many{number}", durable_v2(os.urandom(16), 60_000))),
             b"DH2Q")
        for number in range(USER_MAX + 20)
    ]  # fmt: skip
    other = enter(guid=b"another client's", user="user2")
    theirs = kept(other.call(CREATE, create_with("theirs", durable())), b"DHnQ")
    many, session = enter(cut(many)), cut(other)
    other = enter(session, guid=b"another client's", user="user2")
    back = other.call(CREATE, create_with("theirs", again(theirs)))
    assert back.status == "SUCCESS"
    other.call(CLOSE, close(file_id(back)))
    found = 0
    for handle in handles:  # DHnC finds what DH2Q made
        reply = many.call(CREATE, create_with("any", again(handle)))
        found += reply.status == "SUCCESS"
        if reply.status == "SUCCESS":
            many.call(CLOSE, close(file_id(reply)))
    assert USER_MAX - 50 < found <= USER_MAX


class Traveller:
    """A client whose line breaks all the time; what it wrote is there, or its handle is gone."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self.name = f"file{number % 3}"
        self.guid = os.urandom(16)
        self.found = self.lost = 0

    def run(self, until: float) -> None:
        session = 0
        while time.monotonic() < until:
            with contextlib.suppress(Gone, OSError):
                session = self.journey(session)

    def journey(self, previous: int) -> int:
        wire = enter(previous, guid=self.guid)
        reply = wire.call(CREATE, create_with(self.name, durable_v2(self.guid)))
        if reply.status != "SUCCESS":
            return cut(wire)
        handle = file_id(reply)
        text = self.random.randbytes(8)
        wire.call(WRITE, write(handle, text))
        if self.random.random() < 0.3:
            wire.send(LOCK, lock_body(handle, (0, 9, 0x02)))
        wire = enter(cut(wire), guid=self.guid)
        reply = wire.call(CREATE, create_with(self.name, again_v2(handle, self.guid)))
        if reply.status == "SUCCESS":
            self.found += 1
            data = wire.call(READ, read(file_id(reply), 8))
            assert data.status == "SUCCESS" and data.body[16:24] == text
            if self.random.random() < 0.7:
                wire.call(CLOSE, close(file_id(reply)))
        else:
            assert reply.status in {NOT_FOUND, "FILE_NOT_AVAILABLE"}, reply
            self.lost += 1
        return cut(wire)


def test_cuts_returns_and_breaks_at_once(folder: Path) -> None:
    crowd = [Traveller(number) for number in range(6)]
    until = time.monotonic() + STORM_SECONDS
    errors: list[BaseException] = []

    def run(one: Traveller) -> None:
        try:
            one.run(until)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in crowd]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        # a local process renames under them
        with contextlib.suppress(FileNotFoundError):
            (folder / "file0").rename(folder / "moved")
            (folder / "moved").rename(folder / "file0")
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert not errors, errors
    assert sum(one.found for one in crowd), "nobody ever came back"


def test_the_server_ends_with_one_kept(folder: Path) -> None:
    """That the module unloads is seen at the end of the run."""
    wire = enter()
    kept(wire.call(CREATE, create_with("f", durable())), b"DHnQ")
    enter(cut(wire)).socket.close()
