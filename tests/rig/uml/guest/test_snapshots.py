# SPDX-License-Identifier: GPL-2.0-only
"""Previous versions: folders of snapshots, asked for by their times."""

from __future__ import annotations

import calendar
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from contexts import create_with
from raw import (
    CLOSE,
    CREATE,
    IOCTL,
    LOCK,
    QUERY_DIRECTORY,
    READ,
    SET_INFO,
    WRITE,
    Raw,
    close,
    create,
    file_id,
    ioctl,
    lock,
    query_directory,
    read,
    set_info,
    write,
)

ENUMERATE = 0x00144064
SET_ZERO_DATA = 0x000980C8
PROTECTED = "MEDIA_WRITE_PROTECTED"
BASIC, RENAME, LINK, DISPOSITION, POSITION, END_OF_FILE = 4, 10, 11, 13, 14, 20
EVERYTHING = 0x1F01FF
OLD, NEWER = "2024-02-29_235958", "2026-11-27_120000"


@pytest.fixture
def history(folder: Path) -> Path:
    daily = folder / ".snap" / "daily"
    for name, text in {OLD: "old", NEWER: "newer"}.items():
        (daily / f"day-{name}" / "sub").mkdir(parents=True)
        (daily / f"day-{name}" / "file").write_text(text)
        (daily / f"day-{name}" / "sub" / "deep").write_text(f"deep {text}")
    # what is none
    for name in ("day-2025-02-29_000000", "day-2025-13-01_000000", "day-2025", "night", "day-"):
        (daily / name).mkdir()
    (daily / "day-2025-01-01_000000").write_text("no folder")
    for path in (folder / ".snap").rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (folder / ".snap").chmod(0o777)
    (folder / "file").write_text("now")
    (folder / "file").chmod(0o666)
    return daily


@pytest.fixture
def client() -> Iterator[Raw]:
    with Raw(445, timeout=120) as wire:
        yield wire.ready("history", 0x0302)


def at(when: str) -> tuple[bytes, bytes]:
    """TWrp"""
    seconds = calendar.timegm(time.strptime(when, "%Y-%m-%d_%H%M%S"))
    return b"TWrp", struct.pack("<Q", (seconds + 11_644_473_600) * 10_000_000)


def past(client: Raw, name: str, when: str, **more: int) -> tuple[str, bytes]:
    access, options = more.pop("access", 0), more.pop("options", 0)
    body = bytearray(create_with(name, at(when), level=0, **{"disposition": 1, **more}))
    if access:
        body[24:28] = struct.pack("<I", access)
    body[40:44] = struct.pack("<I", options)
    reply = client.call(CREATE, bytes(body))
    return reply.status, file_id(reply) if reply.status == "SUCCESS" else b""


def content(client: Raw, handle: bytes) -> bytes:
    reply = client.call(READ, read(handle, 100))
    assert reply.status == "SUCCESS", reply
    return reply.body[16:]


def listed(client: Raw, room: int = 4096) -> tuple[int, int, int, list[str]]:
    root = client.call(CREATE, create("", access=0x100081, disposition=1, options=1))
    reply = client.call(IOCTL, ioctl(ENUMERATE, file_id(root), room=room))
    assert reply.status == "SUCCESS", reply
    offset, size = struct.unpack_from("<II", reply.body, 32)
    data = reply.body[offset - 64 : offset - 64 + size]
    total, returned, array = struct.unpack_from("<III", data)
    names = data[12 : 12 + array].decode("utf-16-le").split("\0") if returned else []
    return total, returned, array, [name for name in names if name]


def test_they_are_listed_newest_first(client: Raw, history: Path) -> None:
    expected = ["@GMT-2026.11.27-12.00.00", "@GMT-2024.02.29-23.59.58"]
    assert listed(client) == (2, 2, 102, expected)
    assert listed(client, 114) == (2, 2, 102, expected)
    # no room: how much would be needed
    assert listed(client, 113) == (2, 0, 102, [])
    assert listed(client, 16) == (2, 0, 102, [])


def test_a_share_without_them_has_none(history: Path) -> None:
    with Raw(445, timeout=120) as wire:
        wire.ready("share", 0x0302)
        assert listed(wire) == (0, 0, 0, [])
        assert past(wire, "file", OLD)[0] == "OBJECT_NAME_NOT_FOUND"


def test_a_file_is_what_it_was(client: Raw, history: Path) -> None:
    for when, text in {OLD: b"old", NEWER: b"newer"}.items():
        status, handle = past(client, "file", when)
        assert status == "SUCCESS" and content(client, handle) == text
        status, handle = past(client, r"SUB\Deep", when)
        assert status == "SUCCESS" and content(client, handle) == b"deep " + text
    assert content(client, client.open("file", access=0x120089)) == b"now"


def test_its_folders_are_listed_as_they_were(client: Raw, history: Path) -> None:
    (history / f"day-{OLD}" / "gone since").write_text("")
    for name in ("", "sub"):
        status, handle = past(client, name, OLD, access=0x100081, options=1)
        assert status == "SUCCESS"
        reply = client.call(QUERY_DIRECTORY, query_directory(handle, info_class=12))
        assert reply.status == "SUCCESS"
        assert ("gone since".encode("utf-16-le") in reply.body) == (name == "")


def test_another_time_has_nothing(client: Raw, history: Path) -> None:
    for when in ("2024-02-29_235959", "2025-03-01_000000", "1970-01-01_000000"):
        assert past(client, "file", when)[0] == "OBJECT_PATH_NOT_FOUND"
        assert past(client, "", when, access=0x100081, options=1)[0] == "OBJECT_NAME_NOT_FOUND"
    assert past(client, "missing", OLD)[0] == "OBJECT_NAME_NOT_FOUND"
    # 9 bytes of a time that no year of four digits has
    body = create_with("file", (b"TWrp", b"\xff" * 8), level=0, disposition=1)
    assert client.call(CREATE, body).status in {"OBJECT_NAME_NOT_FOUND", "OBJECT_PATH_NOT_FOUND"}


def test_it_cannot_be_changed(client: Raw, history: Path) -> None:
    old = history / f"day-{OLD}"
    before = {path: path.stat() for path in old.rglob("*")}
    status, handle = past(client, "file", OLD, access=EVERYTHING)
    assert status == "SUCCESS"
    assert client.call(WRITE, write(handle, b"changed")).status == PROTECTED
    text = "moved".encode("utf-16-le")
    for info_class, data in {
        BASIC: struct.pack("<4QII", 0, 0, 132_000_000_000_000_000, 0, 0x20, 0),
        RENAME: struct.pack("<B7xQI", 0, 0, len(text)) + text,
        LINK: struct.pack("<B7xQI", 0, 0, len(text)) + text,
        DISPOSITION: b"\1",
        END_OF_FILE: bytes(8),
    }.items():
        reply = client.call(SET_INFO, set_info(handle, 1, info_class, data))
        assert reply.status == PROTECTED, (info_class, reply)
    position = client.call(SET_INFO, set_info(handle, 1, POSITION, struct.pack("<Q", 1)))
    assert position.status == "SUCCESS", "it is the handle's"
    assert client.call(SET_INFO, set_info(handle, 3, 0, bytes(20))).status == PROTECTED
    assert not (history.parents[1] / "moved").exists()
    zero = struct.pack("<QQ", 0, 3)
    assert client.call(IOCTL, ioctl(SET_ZERO_DATA, handle, zero)).status == "ACCESS_DENIED"
    assert client.call(LOCK, lock(handle, (0, 1, 0x11))).status == "SUCCESS", "to read it"
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"
    for disposition in (0, 2, 4, 5):
        assert past(client, "file", OLD, disposition=disposition)[0] == PROTECTED
    assert past(client, "file", OLD, options=0x1000)[0] == PROTECTED
    assert past(client, "new", OLD, disposition=3)[0] == "OBJECT_NAME_NOT_FOUND"
    assert past(client, "new", OLD, disposition=2, options=1)[0] == PROTECTED
    assert past(client, "file:new", OLD, disposition=3)[0] != "SUCCESS"
    assert {path: path.stat()[:-3] for path in old.rglob("*")} == {
        path: stat[:-3] for path, stat in before.items()
    }
    assert (old / "file").read_text() == "old"


def test_its_streams_are_there(client: Raw, history: Path) -> None:
    path = history / f"day-{OLD}" / "file"
    os.setxattr(path, "user.DosStream.notes:$DATA", b"a stream\0")
    status, handle = past(client, "file:notes", OLD)
    assert status == "SUCCESS"
    assert content(client, handle).rstrip(b"\0") == b"a stream"
    assert client.call(WRITE, write(handle, b"x")).status == PROTECTED


def test_the_folder_itself_can_be_vetoed(client: Raw, history: Path) -> None:
    """Else it is one like others, which who may write can change."""
    reply = client.call(CREATE, create(".snap", access=0x100081, disposition=1, options=1))
    assert reply.status == "OBJECT_NAME_NOT_FOUND"
    assert past(client, "file", OLD)[0] == "SUCCESS"


def test_rights_are_those_of_the_snapshot(client: Raw, history: Path) -> None:
    (history / f"day-{OLD}" / "file").chmod(0o600)
    assert past(client, "file", OLD)[0] == "ACCESS_DENIED"
    history.chmod(0o700)
    assert past(client, "file", NEWER)[0] in {"ACCESS_DENIED", "OBJECT_PATH_NOT_FOUND"}
    assert listed(client) == (0, 0, 0, [])


def test_a_link_leads_nowhere(client: Raw, history: Path) -> None:
    (history / "day-2026-01-01_000000").symlink_to("/etc")
    assert listed(client)[0] == 2
    assert past(client, "passwd", "2026-01-01_000000")[0] == "ACCESS_DENIED"
