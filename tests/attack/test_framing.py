# SPDX-License-Identifier: GPL-2.0-only
"""Classes 1 to 6: what a stranger may send before anybody knows who it is."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time

import pytest
import raw as r
from classes import pending
from raw import Gone, Raw
from server import Server

BEFORE_LOGIN = 128 << 10
"""KSMBD_CONN_FIRST_FRAME."""


def negotiate_body(*dialects: int) -> bytes:
    body = struct.pack("<HHHHI16sQ", 36, len(dialects), 1, 0, 0x40, os.urandom(16), 0)
    return body + struct.pack(f"<{len(dialects)}H", *dialects)


def connections(server: Server) -> int:
    """Of the server, by the socket table; those that end are not counted."""
    out = server.vm.run(
        "cat /proc/net/tcp /proc/net/tcp6 | grep -cE ' [0-9A-F]+:01BD [0-9A-F:]+ 01 ' || true"
    ).out
    return int(out)


# --- 1 ---


@pytest.mark.attack(1)
@pytest.mark.parametrize("length", [0, 1, 3, 4, 63, BEFORE_LOGIN + 1, 0xFFFFFF])
def test_a_frame_of_an_impossible_length_ends_the_connection(port: int, length: int) -> None:
    with Raw(port) as wire:
        wire.socket.sendall(struct.pack(">I", length))
        wire.socket.sendall((b"\xfeSMB" + struct.pack("<H", 64) + bytes(58))[: min(length, 64)])
        assert wire.gone()


@pytest.mark.attack(1)
@pytest.mark.parametrize("length", [64, 65, BEFORE_LOGIN])
def test_a_frame_of_an_allowed_length_is_read_to_its_end(port: int, length: int) -> None:
    """The NEGOTIATE in it is good or bad; what counts is that the rest is not taken for a frame."""
    with Raw(port) as wire:
        body = (negotiate_body(0x0210) + bytes(length))[: length - 64]
        wire.send(r.NEGOTIATE, body)
        with contextlib.suppress(Gone):
            reply = wire.receive()
            assert (reply.status == "SUCCESS") == (length > 64 + 36)


@pytest.mark.attack(1)
def test_a_body_that_is_cut_off_leaves_nothing(server: Server, port: int) -> None:
    before = connections(server)
    for end in ("fin", "rst"):
        for sent in (0, 1, 40, 64, 4000):
            wire = Raw(port)
            wire.socket.sendall(struct.pack(">I", 8192) + (b"\xfeSMB" + bytes(8192))[:sent])
            if end == "rst":
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.socket.close()
    deadline = time.monotonic() + 30
    while connections(server) > before:
        assert time.monotonic() < deadline, "a dead connection is kept"
        time.sleep(0.1)


@pytest.mark.attack(1)
def test_a_body_that_trickles_is_cut_off(port: int) -> None:
    """A byte a second: the rest of a frame has ten seconds and what its length adds."""
    with Raw(port, timeout=60) as wire:
        wire.socket.sendall(struct.pack(">I", 4096))
        begin = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() < begin + 40:
                wire.socket.sendall(b"\xfe")
                wire.socket.settimeout(1)
                with contextlib.suppress(TimeoutError):
                    if not wire.socket.recv(1):
                        raise ConnectionResetError
        assert time.monotonic() - begin < 35


# --- 2 ---

PROTOCOLS = {
    "smb1": b"\xffSMB", "transform": b"\xfdSMB", "compressed": b"\xfcSMB",
    "garbage": b"\x00\x01\x02\x03",
}  # fmt: skip


@pytest.mark.attack(2)
@pytest.mark.parametrize("dialect", [0x0202, 0x0210, 0x0302])
@pytest.mark.parametrize("state", ["new", "negotiated", "ready"])
@pytest.mark.parametrize("kind", list(PROTOCOLS))
def test_a_protocol_id_that_was_not_negotiated_ends_the_connection(
    port: int, dialect: int, state: str, kind: str
) -> None:
    for length in (4, 16, 31, 32, 51, 52, 63, 64, 200):
        with Raw(port) as wire:
            if state != "new":
                wire.negotiate(dialect)
            if state == "ready":
                wire.login()
            wire.send_bytes((PROTOCOLS[kind] + bytes(200))[:length])
            assert wire.gone(), f"{kind} of {length} bytes was answered"
            if state == "ready":
                break  # a log-on each is dear; the lengths do not differ by state


@pytest.mark.attack(2)
def test_an_smb2_id_with_less_than_a_header_ends_the_connection(port: int) -> None:
    for length in (4, 5, 32, 63):
        with Raw(port) as wire:
            wire.negotiate()
            wire.send_bytes((b"\xfeSMB" + struct.pack("<H", 64) + bytes(64))[:length])
            assert wire.gone()


# --- 3 ---


@pytest.mark.attack(3)
@pytest.mark.parametrize("when", ["negotiated", "ready"])
@pytest.mark.parametrize("how", ["smb2", "smb1", "twice in one segment"])
def test_a_second_negotiate_has_no_answer(port: int, when: str, how: str) -> None:
    fields = (0x72, 0, 0x18, 0xC853, 0, bytes(8), 0, 0, 0xFEFF, 0, 0)
    smb1 = b"\xffSMB" + struct.pack("<BIBHH8sHHHHH", *fields)
    smb1 += struct.pack("<BH", 0, 12) + b"\x02SMB 2.002\0\0"
    with Raw(port) as wire:
        wire.negotiate()
        if when == "ready":
            wire.login()
        frame = smb1 if how == "smb1" else wire.header(r.NEGOTIATE) + negotiate_body(0x0210)
        count = 2 if how == "twice in one segment" else 1
        wire.socket.sendall((struct.pack(">I", len(frame)) + frame) * count)
        assert wire.gone()


@pytest.mark.attack(3)
def test_two_first_negotiates_in_one_segment(port: int) -> None:
    """The first is answered, the second ends the connection."""
    with Raw(port) as wire:
        frames = b""
        for _ in range(2):
            frame = wire.header(r.NEGOTIATE) + negotiate_body(0x0210)
            frames += struct.pack(">I", len(frame)) + frame
        wire.socket.sendall(frames)
        answers = 0
        with contextlib.suppress(Gone):
            while wire.receive():
                answers += 1
        assert answers <= 1


# --- 4 ---


def with_contexts(offset: int, count: int, blob: bytes) -> bytes:
    body = struct.pack("<HHHHI16sIHHH", 36, 1, 1, 0, 0x40, os.urandom(16), offset, count, 0, 0x0311)
    return body + bytes(2) + blob


def context(kind: int, data: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HHI", kind, len(data) if length is None else length, 0) + data


PREAUTH = struct.pack("<HHH32s", 1, 32, 1, bytes(32))
GOOD = context(1, PREAUTH)

LYING = {
    "offset 0": (0, 1, GOOD),
    "offset into the header": (32, 1, GOOD),
    "offset into the fixed part": (68, 1, GOOD),
    "offset at the end": (104 + len(GOOD), 1, GOOD),
    "offset past the end": (100_000, 1, GOOD),
    "offset wraps": (0xFFFFFFF8, 1, GOOD),
    "count 0": (104, 0, GOOD),
    "count too large": (104, 2, GOOD),
    "count 65535": (104, 0xFFFF, GOOD),
    "length 0": (104, 1, context(1, b"")),
    "length past the end": (104, 1, context(1, PREAUTH, 0xFFFF)),
    "length below the fixed part": (104, 1, context(1, PREAUTH[:3])),
    "salt past the end": (104, 1, context(1, struct.pack("<HHH", 1, 500, 1))),
    "hash count 0": (104, 1, context(1, struct.pack("<HH", 0, 0))),
    "hash count past the end": (104, 1, context(1, struct.pack("<HHH", 9, 0, 1))),
    "ciphers past the end": (104, 2, GOOD + bytes(-len(GOOD) % 8) + context(2, b"\xff\xff\x01\0")),
    "ciphers empty": (104, 2, GOOD + bytes(-len(GOOD) % 8) + context(2, b"")),
    "signing past the end": (104, 2, GOOD + bytes(-len(GOOD) % 8) + context(8, b"\xff\xff\0\0")),
    "the same twice": (104, 2, GOOD + bytes(-len(GOOD) % 8) + GOOD),
}


@pytest.mark.attack(4)
@pytest.mark.parametrize("name", list(LYING))
def test_a_negotiate_context_list_that_lies_is_refused(port: int, name: str) -> None:
    with Raw(port) as wire:
        wire.send(r.NEGOTIATE, with_contexts(*LYING[name]))
        with contextlib.suppress(Gone):
            assert wire.receive().status != "SUCCESS"


@pytest.mark.attack(4)
@pytest.mark.parametrize("shift", range(1, 8))
def test_an_unaligned_context_list_is_answered(port: int, shift: int) -> None:
    """The specification aligns it and does not say what else is: read where it lies, or refused."""
    with Raw(port) as wire:
        wire.send(r.NEGOTIATE, with_contexts(104 + shift, 1, bytes(shift) + GOOD))
        with contextlib.suppress(Gone):
            assert wire.receive().status in {"SUCCESS", "INVALID_PARAMETER"}


@pytest.mark.attack(4)
def test_many_small_contexts_are_bounded(port: int) -> None:
    many = (context(0x7777, b"") * 8000)[:64000]
    with Raw(port) as wire:
        wire.send(r.NEGOTIATE, with_contexts(104, 8001, many + GOOD))
        with contextlib.suppress(Gone):
            wire.receive()


# --- 5 ---


@pytest.mark.attack(5)
@pytest.mark.parametrize(
    "bad",
    [negotiate_body(0x1234), negotiate_body(), with_contexts(104, 0, b""), b"", bytes(36)],
    ids=["no dialect", "none at all", "no contexts", "empty", "zeroes"],
)
@pytest.mark.parametrize("command", [r.SESSION_SETUP, r.TREE_CONNECT, r.ECHO, r.CREATE, r.LOGOFF])
def test_after_a_failed_negotiate_nothing_is_served(port: int, bad: bytes, command: int) -> None:
    with Raw(port) as wire:
        head = wire.header(r.NEGOTIATE, credits=8)
        first = struct.pack(">I", len(head) + len(bad)) + head + bad
        token = b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(16)
        body = struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token
        head = wire.header(command)
        wire.socket.sendall(first + struct.pack(">I", len(head) + len(body)) + head + body)
        with contextlib.suppress(Gone):
            while True:
                reply = wire.receive()
                assert reply.command == r.NEGOTIATE
                assert reply.status != "SUCCESS"


# --- 6 ---  (truncation and sizes with a session: tests/vm/test_bad_input.py)


@pytest.mark.attack(6)
@pytest.mark.parametrize("command", [n for n in range(19) if n != r.CANCEL])
def test_bodies_of_every_length_without_a_session(port: int, command: int) -> None:
    wire = Raw(port)
    wire.negotiate()
    for length in range(64):
        try:
            wire.send(command, (b"\x31" * 64)[:length])
            assert wire.receive().status != "SUCCESS"
        except Gone:
            wire.socket.close()
            wire = Raw(port)
            wire.negotiate()
    wire.socket.close()


@pytest.mark.attack(2)
def test_a_transform_header_too_short_to_decrypt_ends_the_connection(port: int) -> None:
    with Raw(port) as wire:
        body = negotiate_body(0x0302)
        body = body[:8] + struct.pack("<I", 0x40 | 0x44) + body[12:]
        reply = wire.call(r.NEGOTIATE, body)
        if not struct.unpack_from("<I", reply.body, 24)[0] & 0x40:
            pending("encryption")
        for length in (52, 100, 116):
            with Raw(port) as other:
                other.negotiate(0x0302)
                frame = b"\xfdSMB" + bytes(16) + bytes(16) + struct.pack("<IHHQ", 64, 0, 1, 7)
                other.send_bytes((frame + bytes(100))[:length])
                assert other.gone()
