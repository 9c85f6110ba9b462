# SPDX-License-Identifier: GPL-2.0-only
"""Byte-range locks between clients and local processes."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path

import pytest
from raw import CANCEL, CLOSE, CREATE, LOCK, WRITE, Raw, close, create, lock, write

SHARED, EXCLUSIVE, UNLOCK, NOW = 1, 2, 4, 0x10
APPEND = 0x4 | 0x80 | 0x100000
DELETE_ON_CLOSE = 0x1000


def test_a_client_s_lock_stops_local_processes(client: Raw, folder: Path) -> None:
    handle = client.open("f")
    with (folder / "f").open("r+b") as local:

        def refused(kind: int, start: int, length: int = 1) -> bool:
            try:
                fcntl.lockf(local, kind | fcntl.LOCK_NB, length, start)
            except OSError as error:
                assert error.errno in (errno.EAGAIN, errno.EACCES)
                return True
            fcntl.lockf(local, fcntl.LOCK_UN, length, start)
            return False

        for flags in (EXCLUSIVE, SHARED):
            assert client.call(LOCK, lock(handle, (10, 10, flags | NOW))).status == "SUCCESS"
        # one exclusive and one shared lock of the same bytes: the first to go
        # is the exclusive one
        assert refused(fcntl.LOCK_SH, 15)
        assert client.call(LOCK, lock(handle, (10, 10, UNLOCK))).status == "SUCCESS"
        assert not refused(fcntl.LOCK_SH, 15)
        assert refused(fcntl.LOCK_EX, 15)
        assert client.call(LOCK, lock(handle, (15, 100, SHARED | NOW))).status == "SUCCESS"
        assert client.call(LOCK, lock(handle, (10, 10, UNLOCK))).status == "SUCCESS"
        assert not refused(fcntl.LOCK_EX, 10, 5)
        assert refused(fcntl.LOCK_EX, 10, 6)
        client.call(CLOSE, close(handle))
        assert not refused(fcntl.LOCK_EX, 0, 200)


def test_a_local_lock_stops_clients_and_its_end_wakes_them(client: Raw, folder: Path) -> None:
    handle = client.open("f")
    with (folder / "f").open("r+b") as local:
        fcntl.lockf(local, fcntl.LOCK_EX, 10, 0)
        now = lock(handle, (5, 1, SHARED | NOW))
        assert client.call(LOCK, now).status == "LOCK_NOT_GRANTED"
        assert client.call(LOCK, lock(handle, (10, 1, EXCLUSIVE | NOW))).status == "SUCCESS"

        message = client.send(LOCK, lock(handle, (5, 1, SHARED)))
        assert client.receive().pending
        fcntl.lockf(local, fcntl.LOCK_UN, 10, 0)
        reply = client.receive()
        assert (reply.message_id, reply.status) == (message, "SUCCESS")
        with pytest.raises(OSError):
            fcntl.lockf(local, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 5)


def test_a_wait_for_a_local_lock_ends_with_cancel_and_close(client: Raw, folder: Path) -> None:
    handle = client.open("f")
    with (folder / "f").open("r+b") as local:
        fcntl.lockf(local, fcntl.LOCK_EX, 10, 0)
        message = client.send(LOCK, lock(handle, (5, 1, EXCLUSIVE)))
        async_id = client.receive().async_id
        client.send(CANCEL, struct.pack("<HH", 4, 0), async_id=async_id, message_id=message)
        assert client.receive().status == "CANCELLED"

        message = client.send(LOCK, lock(handle, (5, 1, EXCLUSIVE)))
        assert client.receive().pending
        client.send(CLOSE, close(handle))
        replies = {(reply := client.receive()).message_id: reply.status for _ in range(2)}
        assert replies[message] == "RANGE_NOT_LOCKED"
        fcntl.lockf(local, fcntl.LOCK_UN, 10, 0)


def test_an_append_only_handle_never_writes_over_anything(client: Raw, folder: Path) -> None:
    (folder / "log").write_bytes(b"12345")
    handle = client.open("log", access=APPEND)
    assert client.call(WRITE, write(handle, b"x", 4)).status == "ACCESS_DENIED"
    assert client.call(WRITE, write(handle, b"6", 5)).status == "SUCCESS"
    assert client.call(WRITE, write(handle, b"9", 8)).status == "SUCCESS"
    assert (folder / "log").read_bytes() == b"123456\0\x009"
    os.truncate(folder / "log", 20)
    assert client.call(WRITE, write(handle, b"x", 10)).status == "ACCESS_DENIED"


def test_what_was_moved_out_of_the_share_is_not_deleted(client: Raw, folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir(mode=0o777, exist_ok=True)
    outside.chmod(0o777)
    for number, name in enumerate(("kept", "lost")):
        handle = client.open(name, options=DELETE_ON_CLOSE)
        if not number:
            (folder / name).rename(outside / name)
        client.call(CLOSE, close(handle))
    assert (outside / "kept").exists()
    assert not (folder / "lost").exists()
    assert client.call(CREATE, create("kept", disposition=1)).status == "OBJECT_NAME_NOT_FOUND"
    (outside / "kept").unlink()
