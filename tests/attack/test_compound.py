# SPDX-License-Identifier: GPL-2.0-only
"""Classes 19 to 23: several requests in a frame; signed ones are in test_channels.py."""

from __future__ import annotations

import contextlib
import struct

import pytest
import raw as r
from raw import Gone, Raw

ALL_ONES = {"flags": r.RELATED, "session_id": (1 << 64) - 1, "tree_id": (1 << 32) - 1}


def answers(wire: Raw, count: int) -> list[str]:
    """The statuses of a frame, or of what came before the connection ended."""
    found = []
    with contextlib.suppress(Gone):
        while len(found) < count:
            reply = wire.receive()
            if not reply.pending:
                found.append(reply.status)
    return found


# --- 19 ---


@pytest.mark.attack(19)
@pytest.mark.parametrize("session", [False, True], ids=["stranger", "known"])
def test_a_next_command_anywhere(port: int, session: bool) -> None:
    second = 64 + 4 + 4
    for offset in (1, 4, 8, 56, 63, 65, 68, 71, 73, second - 8, second + 8, second + 63, 1000,
                   0x7FFFFFF8, 0x80000000, 0xFFFFFFC0, 0xFFFFFFF8, 0xFFFFFFFF):  # fmt: skip
        with Raw(port) as wire:
            wire.negotiate()
            if session:
                wire.login()
            frame = wire.header(r.ECHO, next_offset=offset) + r.echo() + bytes(4)
            wire.send_bytes(frame + wire.header(r.ECHO) + r.echo())
            assert wire.gone(), f"NextCommand {offset:#x} was answered"


@pytest.mark.attack(19)
def test_a_chain_of_very_many_is_refused(port: int) -> None:
    """Bounded in elements, whatever the credits allow."""
    with Raw(port) as wire:
        wire.ready()
        wire.call(r.ECHO, r.echo(), credits=512)
        with contextlib.suppress(OSError, Gone):
            wire.compound([(r.ECHO, r.echo())] * 500, related=False)
            assert len(answers(wire, 500)) in (0, 500)


# --- 20 ---

FIRST = {
    "echo": (r.ECHO, r.echo()),
    "negotiate": (r.NEGOTIATE, struct.pack("<HHHHI16sQH", 36, 1, 1, 0, 0, bytes(16), 0, 0x0210)),
    "session_setup": (
        r.SESSION_SETUP, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, 4, 0) + b"junk",
    ),
    "tree_connect": (r.TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, 0)),
    "cancel": (r.CANCEL, r.echo()),
    "unknown": (99, bytes(8)),
}  # fmt: skip
SECOND = {
    "create": (r.CREATE, r.create("sneaked")),
    "read": (r.READ, r.read(r.RELATED_ID, 10)),
    "logoff": (r.LOGOFF, r.echo()),
    "tree_disconnect": (r.TREE_DISCONNECT, r.echo()),
    "query_info": (r.QUERY_INFO, r.query_info(r.RELATED_ID, 1, 5)),
    "close": (r.CLOSE, r.close(r.RELATED_ID)),
}


@pytest.mark.attack(20)
@pytest.mark.parametrize("state", ["no session", "session in setup"])
@pytest.mark.parametrize("first", list(FIRST))
@pytest.mark.parametrize("second", list(SECOND))
def test_nothing_is_inherited_from_a_first_that_checks_nothing(
    port: int, state: str, first: str, second: str
) -> None:
    with Raw(port) as wire:
        wire.negotiate()
        if state == "session in setup":
            token = b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(16)
            wire.session_id = wire.setup(token).session_id
        wire.compound([FIRST[first], SECOND[second]])
        found = answers(wire, 1 if first == "cancel" else 2)
        assert first == "echo" or "SUCCESS" not in found, found
        assert found.count("SUCCESS") <= 1, found


# --- 21 ---


@pytest.mark.attack(21)
def test_what_follows_a_tree_disconnect_or_logoff_in_its_chain_fails(port: int) -> None:
    for end, status in ((r.TREE_DISCONNECT, "NETWORK_NAME_DELETED"),
                        (r.LOGOFF, "USER_SESSION_DELETED")):  # fmt: skip
        for then in SECOND.values():
            with Raw(port) as wire:
                wire.ready()
                wire.compound([(end, r.echo()), then])
                found = answers(wire, 2)
                assert found[0] == "SUCCESS"
                good = {status, "USER_SESSION_DELETED", "INVALID_PARAMETER"}
                if end == r.TREE_DISCONNECT and then[0] == r.LOGOFF:
                    good = {"SUCCESS"}  # needs no tree
                assert found[1] in good, found


@pytest.mark.attack(21)
@pytest.mark.parametrize("then", ["read", "query_info", "close"])
def test_what_follows_a_close_or_failed_create_in_its_chain_fails(port: int, then: str) -> None:
    with Raw(port) as wire:
        wire.ready()
        handle = wire.open("file")
        wire.compound([(r.CLOSE, r.close(handle)), SECOND[then]])
        assert answers(wire, 2) == ["SUCCESS", "FILE_CLOSED"]
        wire.compound([(r.CREATE, r.create("none", disposition=1)), SECOND[then]])
        assert answers(wire, 2) == ["OBJECT_NAME_NOT_FOUND"] * 2


@pytest.mark.attack(21)
def test_a_chain_that_opens_closes_and_goes_on(port: int) -> None:
    with Raw(port) as wire:
        wire.ready()
        wire.compound([
            (r.CREATE, r.create("file")), (r.CLOSE, r.close(r.RELATED_ID)),
            (r.WRITE, r.write(r.RELATED_ID, b"x")), (r.CREATE, r.create("other")),
            (r.WRITE, r.write(r.RELATED_ID, b"y")), (r.CLOSE, r.close(r.RELATED_ID)),
        ])  # fmt: skip
        found = answers(wire, 6)
        assert found[:3] == ["SUCCESS", "SUCCESS", "FILE_CLOSED"]


# --- 22 ---

VARIABLE = {
    "security": (3, 0), "all": (1, 18), "names": (1, 48), "streams": (1, 22), "ea": (1, 15),
    "volume": (2, 1), "attributes": (2, 5),
}  # fmt: skip


@pytest.mark.attack(22)
@pytest.mark.parametrize("name", list(VARIABLE))
def test_variable_answers_behind_a_full_one_fit_exactly(port: int, name: str) -> None:
    """Every room from none up: never more than asked for, and a status that says so."""
    kind, info_class = VARIABLE[name]
    with Raw(port) as wire:
        wire.ready()
        wire.call(r.ECHO, r.echo(), credits=64)
        long_name = "n" * 200
        handle = wire.open(long_name)
        assert wire.call(r.WRITE, r.write(handle, bytes(65536))).status == "SUCCESS"
        for room in (*range(0, 130), 200, 400, 415, 416, 417, 500, 520, 1000, 65536):
            query = bytearray(r.query_info(handle, kind, info_class, room))
            struct.pack_into("<I", query, 16, 7)
            wire.compound([(r.READ, r.read(handle, 65536)), (r.QUERY_INFO, bytes(query))],
                          related=False)  # fmt: skip
            first, second = wire.receive(), wire.receive()
            assert (first.status, len(first.body)) == ("SUCCESS", 16 + 65536)
            offset, length = struct.unpack_from("<HI", second.body, 2)
            if second.status in ("SUCCESS", "BUFFER_OVERFLOW"):
                assert length <= room
                assert length == 0 or offset == 72
                assert len(second.body.rstrip(b"\0")) <= 8 + length
            else:
                assert second.status in {
                    "INFO_LENGTH_MISMATCH", "BUFFER_TOO_SMALL", "INVALID_PARAMETER",
                    "NOT_SUPPORTED", "0xc0000052",
                }, second  # fmt: skip


@pytest.mark.attack(22)
def test_a_chain_of_full_listings_is_bounded(port: int) -> None:
    with Raw(port) as wire:
        wire.ready()
        wire.call(r.ECHO, r.echo(), credits=512)
        for number in range(100):
            wire.call(r.CLOSE, r.close(wire.open(f"{number:0200}")))
        top = wire.open("", options=1, access=0x81)
        parts = [(r.QUERY_DIRECTORY, r.query_directory(top, "*", 37, 1)) for _ in range(20)]
        wire.compound(parts, related=False)
        found = answers(wire, 20)
        assert found.count("SUCCESS") >= 1
        assert len(found) == 20


# --- 23 ---


@pytest.mark.attack(23)
def test_a_bad_signature_in_the_middle_goes_on(port: int) -> None:
    with Raw(port) as wire:
        wire.ready()
        frame = b""
        for number in range(3):
            flags = 8 if number == 1 else 0
            body = r.create(f"part{number}")
            body += bytes(-len(body) % 8) if number < 2 else b""
            following = 64 + len(body) if number < 2 else 0
            frame += wire.header(r.CREATE, flags=flags, next_offset=following) + body
        wire.send_bytes(frame)
        found = answers(wire, 3)
        assert found in (["SUCCESS", "ACCESS_DENIED", "SUCCESS"], [], ["SUCCESS"]), found
        if len(found) == 3:
            assert wire.call(r.CREATE, r.create("part1", disposition=1)).status == (
                "OBJECT_NAME_NOT_FOUND"
            )


@pytest.mark.attack(23)
@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_body_that_does_not_decode_anywhere_in_a_chain(port: int, bad: int) -> None:
    with Raw(port) as wire:
        wire.ready()
        parts = [(r.ECHO, r.echo())] * 3
        parts[bad] = (r.CREATE, bytes(8))
        wire.compound(parts, related=False)
        found = answers(wire, 3)
        assert found.count("INVALID_PARAMETER") == 1
        assert found.count("SUCCESS") == 2
