# SPDX-License-Identifier: GPL-2.0-only
"""What a Mac asks of a share, and finds in its listings."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from contexts import create_with
from raw import (
    CLOSE,
    CREATE,
    QUERY_DIRECTORY,
    WRITE,
    Raw,
    Reply,
    close,
    create,
    file_id,
    query_directory,
    write,
)
from server import USERS

SERVER, VOLUME, MODEL = 1, 2, 4
READ_DIR_ATTR, FULL_SYNC = 1, 4
ID_BOTH, BOTH = 37, 3
YEAR_2000 = 946_684_800
INFO = b"AFP\0" + struct.pack(">I", 0x10000) + bytes(8) + bytes(range(32)) + bytes(12)


def query(asked: int = SERVER | VOLUME | MODEL, client: int = READ_DIR_ATTR) -> tuple[bytes, bytes]:
    return b"AAPL", struct.pack("<IIQQ", 1, 0, asked, client)


def contexts(reply: Reply) -> dict[bytes, bytes]:
    """[MS-SMB2] 2.2.14.2"""
    assert reply.status == "SUCCESS", reply
    offset, length = struct.unpack_from("<II", reply.body, 80)
    found, at = {}, offset - 64
    while length:
        step, name, size, data, room = struct.unpack_from("<IHH2xHI", reply.body, at)
        tag = reply.body[at + name : at + name + size]
        found[tag] = reply.body[at + data : at + data + room]
        if not step:
            break
        at += step
    return found


def asked(client: Raw, *context: tuple[bytes, bytes]) -> dict[bytes, bytes]:
    body = bytearray(create_with("", *context, level=0, disposition=1))
    body[24:28] = struct.pack("<I", 0x100081)
    return contexts(client.call(CREATE, bytes(body)))


@pytest.fixture
def mac() -> Iterator[Raw]:
    with Raw(445, timeout=120) as wire:
        yield wire.ready("apple", 0x0302)


def listed(client: Raw, info_class: int = ID_BOTH) -> dict[str, bytes]:
    """Each entry up to its name."""
    root = file_id(client.call(CREATE, create("", access=0x100081, disposition=1)))
    reply = client.call(QUERY_DIRECTORY, query_directory(root, info_class=info_class))
    assert reply.status == "SUCCESS", reply
    client.call(CLOSE, close(root))
    data, fixed = reply.body[8:], {ID_BOTH: 104, BOTH: 94}[info_class]
    found, step = {}, 1
    while step:
        (step, size) = struct.unpack_from("<I56xI", data)
        name = data[fixed : fixed + size].decode("utf-16-le")
        found[name] = data[:fixed]
        data = data[step:]
    return found


def test_a_mac_learns_what_it_talks_to(mac: Raw, folder: Path) -> None:
    answer = asked(mac, query())[b"AAPL"]
    head = struct.unpack_from("<IIQQQII", answer)
    assert head == (1, 0, SERVER | VOLUME | MODEL, READ_DIR_ATTR, FULL_SYNC, 0, 12)
    assert answer[40:].decode("utf-16-le") == "Xserve"


@pytest.mark.parametrize("part", [0, SERVER, VOLUME, MODEL])
def test_it_is_told_what_it_asked(mac: Raw, folder: Path, part: int) -> None:
    answer = asked(mac, query(part | 0x100))[b"AAPL"]
    assert struct.unpack_from("<IIQ", answer) == (1, 0, part)
    assert len(answer) == 16 + {0: 0, SERVER: 8, VOLUME: 8, MODEL: 20}[part]


def test_with_other_contexts(mac: Raw, folder: Path) -> None:
    found = asked(mac, (b"MxAc", b""), query(), (b"QFid", b""))
    assert set(found) == {b"MxAc", b"AAPL", b"QFid"}


@pytest.mark.parametrize(
    "data", [b"", bytes(24), struct.pack("<IIQ", 2, 0, 1), struct.pack("<IIQ", 1, 0, 7)]
)
def test_what_is_no_question_has_no_answer(mac: Raw, folder: Path, data: bytes) -> None:
    assert b"AAPL" not in asked(mac, (b"AAPL", data))


def test_other_shares_do_not_answer(client: Raw, folder: Path) -> None:
    assert b"AAPL" not in asked(client, query())


@pytest.fixture
def files(folder: Path) -> Path:
    plain, rich = folder / "plain", folder / "rich"
    for path in (plain, rich):
        path.write_text("data")
        os.chown(path, USERS["user1"], USERS["user1"])
        path.chmod(0o640)
    os.setxattr(rich, "user.DosStream.AFP_AfpInfo:$DATA", INFO + b"\0")
    os.setxattr(rich, "user.DosStream.AFP_Resource:$DATA", bytes(300) + b"\0")
    return folder


def test_listings_have_what_it_would_open_files_for(mac: Raw, files: Path) -> None:
    assert listed(mac)["rich"][68] == 0, "not before it was asked for"
    asked(mac, query())
    entries = listed(mac)
    assert {".", "..", "plain", "rich"} <= set(entries)
    for name, resource, finder in (
        ("rich", 300, bytes(range(10)) + bytes((24, 25))),
        ("plain", 0, bytes(12)),
    ):
        entry = entries[name]
        (access,) = struct.unpack_from("<I", entry, 64)
        assert access & 0x1201BF == 0x1201BF
        assert entry[68:70] == b"\x18\0"
        assert struct.unpack_from("<Q", entry, 70)[0] == resource
        assert entry[78:90] == finder
        (created,) = struct.unpack_from("<Q", entry, 8)
        added = created // 10_000_000 - 11_644_473_600 - YEAR_2000
        assert struct.unpack_from(">I", entry, 90)[0] == added
        assert struct.unpack_from("<H", entry, 94)[0] == stat.S_IFREG | 0o640
    assert stat.S_ISDIR(struct.unpack_from("<H", entries["."], 94)[0])
    assert listed(mac, BOTH)["rich"][68] == 0, "in this class only"


def test_who_cannot_use_it_is_not_told(mac: Raw, files: Path) -> None:
    asked(mac, query(client=0))
    assert listed(mac)["rich"][68] == 0


def test_what_is_in_a_file_is_for_who_may_read_it(mac: Raw, files: Path) -> None:
    os.chown(files / "rich", 0, 0)
    asked(mac, query())
    entry = listed(mac)["rich"]
    assert entry[70:90] == bytes(20)
    assert struct.unpack_from("<I", entry, 64)[0] & 3 == 0


@pytest.mark.parametrize(
    "info", [b"", b"AFP", INFO[:40], b"XFP\0" + INFO[4:], INFO + bytes(100)], ids=range(5)
)
def test_what_is_no_finder_information_is_none(mac: Raw, files: Path, info: bytes) -> None:
    os.setxattr(files / "rich", "user.DosStream.AFP_AfpInfo:$DATA", info)
    asked(mac, query())
    assert listed(mac)["rich"][78:90] == bytes(12)


def test_what_a_mac_writes_is_what_it_lists(mac: Raw, files: Path) -> None:
    asked(mac, query())
    handle = mac.open("plain:AFP_AfpInfo", access=0x12019F)
    assert mac.call(WRITE, write(handle, INFO)).status == "SUCCESS"
    assert mac.call(CLOSE, close(handle)).status == "SUCCESS"
    assert listed(mac)["plain"][78:90] == bytes(range(10)) + bytes((24, 25))
