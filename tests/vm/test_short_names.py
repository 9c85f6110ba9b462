# SPDX-License-Identifier: GPL-2.0-only
"""8.3 names: [MS-FSCC] 2.4.5."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import client as c
import pytest
from client import Client, Tree, connected, status
from server import Server

ALTERNATE_NAME = 21
OPEN = 1


@pytest.fixture
def tree(server: Server, share: str) -> Iterator[Tree]:
    client: Client
    with connected(server.vm.smb_port) as client:
        yield client.tree()


def short_name(tree: Tree, name: str) -> str:
    handle = tree.open(name, OPEN)
    data = tree.query(handle, c.FILE, ALTERNATE_NAME)
    handle.close()
    assert struct.unpack_from("<I", data)[0] == len(data) - 4
    return data[4:].decode("utf-16-le")


def test_a_short_name_opens_its_file(tree: Tree) -> None:
    tree.put("a long name.text", b"content")
    short = short_name(tree, "a long name.text")
    assert len(short) == 12 and short[6] == "~" and short.endswith(".TEX")
    for name in (short, short.lower()):
        handle = tree.open(name, OPEN)
        assert handle.read(0, 7) == b"content"
        handle.close()


def test_only_the_right_short_name_does_and_a_name_of_8_3_is_its_own(tree: Tree) -> None:
    tree.put("a long name.text", b"long")
    short = short_name(tree, "a long name.text")
    other = short[:7] + ("0" if short[7] != "0" else "1") + short[8:]
    assert status(tree.open, other, OPEN) == "OBJECT_NAME_NOT_FOUND"
    tree.put("ok.txt")
    assert short_name(tree, "ok.txt") == "OK.TXT"
