# SPDX-License-Identifier: GPL-2.0-only
"""A share of which nothing is served in clear: [MS-SMB2] 3.3.5.2.11, 3.3.5.7."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import raw
from caching import BATCH, LEVEL_II
from raw import CLOSE, CREATE, READ, TREE_CONNECT, WRITE, Raw, create, read, write
from sealed import Sealed

ENCRYPT_DATA = 0x8000
DENIED = "ACCESS_DENIED"


def enter(*, sealing: bool = False, **offer: object) -> Sealed:
    wire = Sealed(445, timeout=60)
    assert wire.offer(**offer).status == "SUCCESS"  # type: ignore[arg-type]
    assert wire.login().status == "SUCCESS"
    wire.sealing = sealing
    wire.signing_messages = not sealing
    return wire


def share_flags(reply: raw.Reply) -> int:
    assert reply.status == "SUCCESS", reply
    return int(struct.unpack_from("<I", reply.body, 4)[0])


def test_a_client_is_told_and_what_it_says_in_clear_is_refused(folder: Path) -> None:
    with enter() as wire:
        assert share_flags(wire.tree("sealed")) & ENCRYPT_DATA
        for command, body in {
            CREATE: create("f"),
            raw.IOCTL: raw.ioctl(0x001401FC, b"\xff" * 16),
            raw.TREE_DISCONNECT: struct.pack("<HH", 4, 0),
        }.items():
            assert wire.call(command, body).status == DENIED
        assert not list(folder.iterdir())

        wire.sealing, wire.signing_messages = True, False
        handle = wire.open("f")
        assert wire.call(WRITE, write(handle, b"secret")).status == "SUCCESS"
        wire.sealing, wire.signing_messages = False, True
        assert wire.call(READ, read(handle, 6)).status == DENIED
        assert wire.call(CLOSE, raw.close(handle)).status == DENIED
        wire.sealing, wire.signing_messages = True, False
        assert wire.call(READ, read(handle, 6)).body[16:] == b"secret"
        assert wire.was_sealed


def test_other_shares_of_the_session_are_as_they_were(folder: Path) -> None:
    with enter() as wire:
        assert not share_flags(wire.tree("share")) & ENCRYPT_DATA
        plain = wire.tree_id
        assert share_flags(wire.tree("sealed")) & ENCRYPT_DATA
        assert wire.call(CREATE, create("f")).status == DENIED
        wire.tree_id = plain
        wire.open("f")
        assert not wire.was_sealed


def test_what_is_chained_to_its_tree_connect_is_in_clear_as_well(folder: Path) -> None:
    path = "\\\\host\\sealed".encode("utf-16-le")
    connect = struct.pack("<HHHH", 9, 0, 72, len(path)) + path
    with enter() as wire:
        wire.compound([(TREE_CONNECT, connect), (CREATE, create("f"))])
        assert share_flags(wire.receive()) & ENCRYPT_DATA
        assert wire.receive().status == DENIED
    assert not list(folder.iterdir())


def test_a_break_is_encrypted(folder: Path) -> None:
    with enter() as holder, enter(sealing=True) as other:
        holder.tree("sealed")
        holder.sealing, holder.signing_messages = True, False
        assert holder.call(CREATE, create("f", oplock=BATCH)).body[2] == BATCH
        other.tree("sealed")
        other.send(CREATE, create("f"))
        assert other.receive().pending
        notice = holder.receive()
        assert notice.is_break and notice.body[2] == LEVEL_II and holder.was_sealed
        holder.call(CLOSE, raw.close(notice.body[8:24]))
        assert other.receive().status == "SUCCESS" and other.was_sealed


@pytest.mark.parametrize("dialect", [0x0202, 0x0210])
def test_who_cannot_encrypt_does_not_come_in(dialect: int) -> None:
    with Raw(445, timeout=60) as wire:
        assert wire.negotiate(dialect).status == "SUCCESS"
        assert wire.login().status == "SUCCESS"
        assert wire.tree("sealed").status == DENIED
        assert wire.tree("share").status == "SUCCESS"


def test_nor_does_who_has_no_cipher_or_no_name(folder: Path) -> None:
    with enter(ciphers=(9,)) as wire:
        assert wire.tree("sealed").status == DENIED
    with enter(dialects=(0x0302,), capabilities=0) as wire:
        assert wire.tree("sealed").status == DENIED
    with Raw(445, timeout=60) as wire:
        wire.negotiate(0x0302)
        if wire.anonymous().status == "SUCCESS":
            assert wire.tree("sealed").status == DENIED


def test_refusals_are_not_counted_as_connections(folder: Path) -> None:
    """The share takes three: mountd has to hear of the end of each that it allowed."""
    with Raw(445, timeout=60) as wire:
        wire.negotiate(0x0210)
        wire.login()
        for _ in range(5):
            assert wire.tree("sealed").status == DENIED
    with enter(sealing=True) as wire:
        for _ in range(3):
            assert share_flags(wire.tree("sealed")) & ENCRYPT_DATA
        assert wire.tree("sealed").status != "SUCCESS"
