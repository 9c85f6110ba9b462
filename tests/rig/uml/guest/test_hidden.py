# SPDX-License-Identifier: GPL-2.0-only
"""What a share hides from its listings: access-based enumeration and its like."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from raw import (
    CHANGE_NOTIFY,
    CREATE,
    QUERY_DIRECTORY,
    TREE_CONNECT,
    Raw,
    create,
    query_directory,
)

NAMES_INFORMATION, BOTH_DIRECTORY_INFORMATION = 12, 3
LIST = 0x100081
ACCESS_BASED = 0x800
ENUM_DIR = "0x0000010c"

Enter = Callable[[str], Raw]


@pytest.fixture
def full(folder: Path) -> Path:
    """Files and folders that user1 may read, write, or neither."""
    for name, mode in {
        "both": 0o666,
        "readable": 0o644,
        "writable": 0o622,
        "neither": 0o600,
    }.items():
        (folder / name).write_text("x")
        (folder / name).chmod(mode)
    for name, mode in {"open": 0o755, "closed": 0o700}.items():
        (folder / name).mkdir()
        (folder / name).chmod(mode)
    os.mkfifo(folder / "fifo", 0o666)
    (folder / "fifo").chmod(0o666)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(folder / "socket"))
    (folder / "socket").chmod(0o666)
    return folder


@pytest.fixture
def enter() -> Iterator[Enter]:
    wires: list[Raw] = []

    def connect(share: str) -> Raw:
        wires.append(Raw(445, timeout=120))
        return wires[-1].ready(share, 0x0302)

    yield connect
    for wire in wires:
        wire.socket.close()


def names(wire: Raw, pattern: str, info_class: int, flags: int = 0) -> set[str]:
    reply = wire.call(CREATE, create("", access=LIST, disposition=1, options=1))
    assert reply.status == "SUCCESS", reply
    handle, found = reply.body[64:80], set()
    fixed = {NAMES_INFORMATION: (8, 12), BOTH_DIRECTORY_INFORMATION: (60, 94)}[info_class]
    while True:
        reply = wire.call(QUERY_DIRECTORY, query_directory(handle, pattern, info_class, flags))
        if reply.status != "SUCCESS":
            assert reply.status in {"NO_MORE_FILES", "NO_SUCH_FILE"}
            return found - {".", ".."}
        at, body = 8, reply.body
        while True:
            (step,) = struct.unpack_from("<I", body, at)
            (size,) = struct.unpack_from("<I", body, at + fixed[0])
            found.add(body[at + fixed[1] : at + fixed[1] + size].decode("utf-16-le"))
            if not step:
                break
            at += step


SHOWN = {
    "share": {"both", "readable", "writable", "neither", "open", "closed", "fifo", "socket"},
    "discreet": {"both", "readable", "open", "fifo", "socket"},
    "writers": {"both", "writable", "open", "closed"},
}


@pytest.mark.parametrize("share", SHOWN)
@pytest.mark.parametrize("info_class", [NAMES_INFORMATION, BOTH_DIRECTORY_INFORMATION])
@pytest.mark.parametrize("flags", [0, 2])
def test_a_listing_leaves_out_what_is_hidden(
    full: Path, enter: Enter, share: str, info_class: int, flags: int
) -> None:
    assert names(enter(share), "*", info_class, flags) == SHOWN[share]


@pytest.mark.parametrize("share", SHOWN)
def test_so_does_a_search_for_the_very_name(full: Path, enter: Enter, share: str) -> None:
    wire = enter(share)
    found = set().union(*(names(wire, name, BOTH_DIRECTORY_INFORMATION) for name in SHOWN["share"]))
    assert found == SHOWN[share]


def test_rights_decide_as_they_are_when_it_is_listed(full: Path, enter: Enter) -> None:
    wire = enter("discreet")
    (full / "neither").chmod(0o604)
    (full / "both").chmod(0o600)
    assert names(wire, "*", NAMES_INFORMATION) == SHOWN["discreet"] - {"both"} | {"neither"}


def test_who_may_open_it_still_can(full: Path, enter: Enter) -> None:
    wire = enter("writers")
    assert wire.call(CREATE, create("readable", access=0x120089, disposition=1)).status == "SUCCESS"
    wire = enter("discreet")
    reply = wire.call(CREATE, create("neither", access=0x120089, disposition=1))
    assert reply.status == "ACCESS_DENIED"


def test_notices_give_no_names_away(full: Path, enter: Enter) -> None:
    wire = enter("discreet")
    handle = wire.call(CREATE, create("", access=LIST, disposition=1, options=1)).body[64:80]
    body = struct.pack("<HHI16sII", 32, 0, 4096, handle, 0x1F, 0)
    message = wire.send(CHANGE_NOTIFY, body)
    assert wire.receive().pending
    (full / "secret plan").write_text("")
    reply = wire.receive()
    assert reply.message_id == message and reply.status == ENUM_DIR
    assert "secret".encode("utf-16-le") not in reply.body


def test_clients_are_told(enter: Enter) -> None:
    for share, told in {"share": 0, "discreet": ACCESS_BASED, "writers": 0}.items():
        wire = enter("share")
        text = f"\\\\host\\{share}".encode("utf-16-le")
        reply = wire.call(TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(text)) + text)
        assert struct.unpack_from("<I", reply.body, 4)[0] & ACCESS_BASED == told
