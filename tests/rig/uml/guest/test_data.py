# SPDX-License-Identifier: GPL-2.0-only
"""READ and WRITE of every size, however protected: large data lie in pieces of pages.

A frame of 7 KiB and more has its first 512 bytes in one piece and the others in pieces of
32 KiB; the data of a READ so long lie in pieces of 32 KiB.
"""

from __future__ import annotations

import os
import random
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import sealed
from raw import (
    CLOSE,
    CREATE,
    ECHO,
    IOCTL,
    READ,
    RELATED_ID,
    WRITE,
    Gone,
    Raw,
    close,
    create,
    echo,
    ioctl,
    read,
    write,
)
from sealed import AES_CMAC, AES_GMAC, SIGNED, Sealed

PORT = 445
PIECE = 32 << 10
HEAD = 512
LARGE = 7 << 10
FIXED = 64 + 48  # in front of a WRITE's data
SEALED = 52
SOURCE = random.Random(7).randbytes(1 << 20) + b"end"

LENGTHS = sorted({
    *(at + more for at in (LARGE, PIECE, 2 * PIECE) for more in (-1, 0, 1)),
    *(at - FIXED + more for at in (LARGE, HEAD + PIECE, HEAD + 2 * PIECE) for more in (-1, 0, 1)),
    *(at - FIXED - SEALED + more for at in (LARGE, HEAD + PIECE) for more in (-1, 0, 1)),
    1, 4096, (1 << 20) - 3, 1 << 20,
})  # fmt: skip

PROTECTIONS = {
    "plain": {"dialect": 0x0302},
    "HMAC": {"dialect": 0x0210, "signs": True},
    "CMAC": {"signing": AES_CMAC, "signs": True},
    "GMAC": {"signing": AES_GMAC, "signs": True},
    "CCM": {"cipher": sealed.AES128_CCM},
    "GCM": {"cipher": sealed.AES256_GCM},
}


def connected(
    dialect: int = 0x0311, signing: int = AES_CMAC, signs: bool = False, cipher: int = 0
) -> Sealed:
    client = Sealed(PORT, timeout=120)
    client.offer((dialect,), ciphers=(cipher or sealed.AES128_GCM,), signing=(signing,))
    assert client.login().status == "SUCCESS"
    client.signing_messages = signs
    client.sealing = bool(cipher)
    assert client.tree("share").status == "SUCCESS"
    assert client.call(ECHO, echo(), credits=256).status == "SUCCESS"
    return client


@pytest.fixture(params=PROTECTIONS)
def guarded(request: pytest.FixtureRequest) -> Iterator[Sealed]:
    with connected(**PROTECTIONS[request.param]) as client:
        yield client


def charge(length: int) -> dict[str, int]:
    cost = (max(length, 1) - 1) // 65536 + 1
    return {"charge": cost, "credits": cost + 1}


def put(client: Raw, handle: bytes, data: bytes, offset: int = 0) -> str:
    return client.call(WRITE, write(handle, data, offset), **charge(len(data))).status


def get(client: Raw, handle: bytes, length: int, offset: int = 0) -> bytes:
    return data_of(client.call(READ, read(handle, length, offset), **charge(length)).body)


def data_of(body: bytes) -> bytes:
    offset, length = struct.unpack_from("<xxBxI", body)
    return body[offset - 64 : offset - 64 + length]


def fill(client: Raw, file: Path, data: bytes) -> bytes:
    """What the client opens and the file has from elsewhere; its id."""
    handle = client.open(file.name)
    file.write_bytes(data)
    return handle


def test_of_every_length(guarded: Sealed, folder: Path) -> None:
    handle = guarded.open("f")
    for length in LENGTHS:
        data = SOURCE[-length:]
        assert put(guarded, handle, data, 3) == "SUCCESS", length
        assert (folder / "f").read_bytes()[3 : 3 + length] == data, length
        assert get(guarded, handle, length, 3) == data, length
        assert guarded.last_frame[:4] == (b"\xfdSMB" if guarded.sealing else b"\xfeSMB")


def test_what_is_not_there_is_not_sent(guarded: Sealed, folder: Path) -> None:
    handle = guarded.open("f")
    for length in (1, LARGE, PIECE, PIECE + 1, 2 * PIECE + 5):
        (folder / "f").write_bytes(SOURCE[:length])
        assert get(guarded, handle, 1 << 20) == SOURCE[:length]
        assert get(guarded, handle, 1 << 20, length - 1) == SOURCE[length - 1 : length]
        for offset, minimum in ((length, 0), (0, length + 1)):
            reply = guarded.call(
                READ, read(handle, 1 << 20, offset, minimum), **charge(1 << 20)
            )  # fmt: skip
            assert reply.status == "END_OF_FILE"
            assert len(reply.body) == 9


def test_chains_of_large_ones(guarded: Sealed, folder: Path) -> None:
    fill(guarded, folder / "f", SOURCE)
    same = RELATED_ID
    guarded.compound(
        [
            (CREATE, create("f")),
            (READ, read(same, 40001, 7)),
            (READ, read(same, 65536, 100000)),
            (READ, read(same, 100, 1)),
            (WRITE, write(same, SOURCE[:50000], 200000)),
            (CLOSE, close(same)),
        ]
    )
    replies = [guarded.receive() for _ in range(6)]
    assert [reply.status for reply in replies] == ["SUCCESS"] * 6
    assert data_of(replies[1].body) == SOURCE[7:40008]
    assert data_of(replies[2].body) == SOURCE[100000:165536]
    assert data_of(replies[3].body) == SOURCE[1:101]
    stored = (folder / "f").read_bytes()
    assert stored == SOURCE[:200000] + SOURCE[:50000] + SOURCE[250000:]


def test_data_may_begin_anywhere_and_end_before_the_frame(guarded: Sealed, folder: Path) -> None:
    handle = guarded.open("f")
    for gap, length, behind in (
        (0, 2000, 20000),
        (300, 2000, 9000),
        (450, 40000, 0),
        (600, 9, 9000),
    ):
        body = bytearray(write(handle, SOURCE[:length]))
        body[2:4] = struct.pack("<H", FIXED + gap)
        body[48:48] = bytes(gap)
        reply = guarded.call(WRITE, bytes(body) + b"?" * behind)
        assert reply.status == "SUCCESS"
        assert get(guarded, handle, length) == SOURCE[:length]


def test_data_that_end_behind_the_frame_are_refused(guarded: Sealed, folder: Path) -> None:
    handle = guarded.open("f")
    for length in (LARGE, 40000, HEAD + PIECE - FIXED):
        for more in (1, 65536 - length, 0x7FFFFFFF, 0xFFFFFFFF - length):
            body = bytearray(write(handle, SOURCE[:length]))
            body[4:8] = struct.pack("<I", length + more)
            assert guarded.call(WRITE, bytes(body)).status == "INVALID_PARAMETER"
    assert (folder / "f").read_bytes() == b""
    assert put(guarded, handle, SOURCE[:LARGE]) == "SUCCESS"


def test_other_commands_in_large_frames(guarded: Sealed, folder: Path) -> None:
    handle = guarded.open("f")
    assert guarded.call(ECHO, echo() + SOURCE[:50000]).status == "SUCCESS"
    assert guarded.call(READ, read(handle, 10) + SOURCE[:50000]).status == "END_OF_FILE"
    # FSCTL_SET_ZERO_DATA from 0 to 1, and much that does not belong to it
    reply = guarded.call(IOCTL, ioctl(0x000980C8, handle, struct.pack("<QQ", 0, 1) + bytes(50000)))
    assert reply.status in ("SUCCESS", "INVALID_PARAMETER")
    assert guarded.call(ECHO, echo()).status == "SUCCESS"


def test_a_stream_takes_what_lies_in_pieces(guarded: Sealed, folder: Path) -> None:
    assert guarded.tree("streams").status == "SUCCESS"
    handle = guarded.open("f:s")
    body = write(handle, SOURCE[:1500]) + bytes(20000)
    assert guarded.call(WRITE, body).status == "SUCCESS"
    assert get(guarded, handle, 1 << 20) == SOURCE[:1500]
    assert put(guarded, handle, SOURCE[: 1 << 20]) == "FILE_SYSTEM_LIMITATION"
    assert get(guarded, handle, 1 << 20) == SOURCE[:1500]


def test_a_pipe_s_message_has_a_limit(client: Raw) -> None:
    assert client.tree("IPC$").status == "SUCCESS"
    handle = client.open("srvsvc")
    for size in (4097, LARGE, 40000):
        assert put(client, handle, bytes(size)) == "INVALID_BUFFER_SIZE"
    bind = struct.pack("<BBBBIHHIHHIB3x", 5, 0, 11, 3, 0x10, 72, 0, 1, 4280, 4280, 0, 1)
    bind += struct.pack("<HBx", 0, 1) + bytes.fromhex("c84f324b7016d30112785a47bf6ee188")
    bind += struct.pack("<HH", 3, 0) + bytes.fromhex("045d888aeb1cc9119fe808002b104860")
    bind += struct.pack("<I", 2)
    # a message of 72 bytes in a frame whose most part is in pieces
    reply = client.call(WRITE, write(handle, bind) + bytes(20000))
    assert reply.status == "SUCCESS"
    answer = client.call(READ, read(handle, 4096))
    assert answer.status == "SUCCESS"
    assert data_of(answer.body)[2] == 12  # bind_ack


@pytest.mark.parametrize("kind", ["HMAC", "CMAC", "GMAC"])
@pytest.mark.parametrize("at", [FIXED, HEAD - 1, HEAD, HEAD + PIECE, -1])
def test_every_piece_is_signed(kind: str, at: int, folder: Path) -> None:
    with connected(**PROTECTIONS[kind]) as client:
        handle = client.open("f")
        client.signing_messages = False
        head = client.header(WRITE)
        message = bytearray(
            sealed.sign(client.signing, client.signing_key, head + write(handle, SOURCE[:50000]))
        )
        message[at] ^= 0x40
        client.send_bytes(bytes(message))
        assert client.receive().status == "ACCESS_DENIED"
        assert (folder / "f").read_bytes() == b""


@pytest.mark.parametrize("kind", ["CCM", "GCM"])
@pytest.mark.parametrize("at", [SEALED, HEAD - 1, HEAD, HEAD + PIECE, -1])
def test_every_piece_is_authentic(kind: str, at: int, folder: Path) -> None:
    with connected(**PROTECTIONS[kind]) as client:
        handle = client.open("f")
        frame = bytearray(client.seal(client.header(WRITE) + write(handle, SOURCE[:50000])))
        frame[at] ^= 0x40
        Raw.send_bytes(client, bytes(frame))
        with pytest.raises(Gone):
            client.receive()
    assert (folder / "f").read_bytes() == b""


def test_answers_are_signed_to_their_end(folder: Path) -> None:
    for kind in ("HMAC", "CMAC", "GMAC"):
        with connected(**PROTECTIONS[kind]) as client:
            handle = fill(client, folder / "f", SOURCE)
            for length in (LARGE, PIECE + 1, 1 << 20):
                assert get(client, handle, length) == SOURCE[:length]
                answer = client.last_frame
                assert answer[16] & SIGNED
                assert sealed.sign(client.signing, client.signing_key, answer) == answer


def test_memory_is_not_used_again_before_it_is_sent(folder: Path) -> None:
    """Pieces that a client has not read yet stay as they are, whoever asks for more."""
    with connected(0x0302) as slow, connected(0x0302) as quick:
        a = fill(slow, folder / "a", b"a" * (1 << 20))
        b = fill(quick, folder / "b", b"b" * (1 << 20))
        for _ in range(10):
            slow.send(READ, read(a, 1 << 20), **charge(1 << 20))
        for _ in range(40):
            assert get(quick, b, 1 << 20) == b"b" * (1 << 20)
        for _ in range(10):
            assert data_of(slow.receive().body) == b"a" * (1 << 20)


def test_data_that_are_not_in_memory_are_fetched(client: Raw, folder: Path) -> None:
    handle = fill(client, folder / "f", SOURCE)
    os.sync()
    for length in (1, 4096, 5000, 65536):
        for offset in (0, 4095, len(SOURCE) - length, len(SOURCE) - 1):
            Path("/proc/sys/vm/drop_caches").write_text("3\n")
            for _ in range(2):
                assert get(client, handle, length, offset) == SOURCE[offset : offset + length]


@pytest.mark.parametrize("step", [1, 3, 515, 516, 517, 1000, 1 << 20])
def test_frames_that_come_in_bits_or_many_at_once(client: Raw, folder: Path, step: int) -> None:
    handle = fill(client, folder / "f", SOURCE)
    assert client.call(ECHO, echo(), credits=64).status == "SUCCESS"
    stream, expected = b"", {}
    for number in range(50):
        length = number * 13 + 1
        expected[client.message_id] = SOURCE[number : number + length]
        message = client.header(READ) + read(handle, length, number) + bytes(number * 11 % 700)
        stream += struct.pack(">I", len(message)) + message
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for at in range(0, len(stream), step):
        client.socket.sendall(stream[at : at + step])
    replies = [client.receive() for _ in expected]
    assert {reply.message_id: data_of(reply.body) for reply in replies} == expected
