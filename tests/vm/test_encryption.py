# SPDX-License-Identifier: GPL-2.0-only
"""Encrypted messages, whole and broken: [MS-SMB2] 3.3.5.2.1.1, 3.3.5.2.9, 3.3.4.1.4."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator

import pytest
import raw
import sealed
from sealed import AES128_CCM, AES128_GCM, AES256_CCM, AES256_GCM, Sealed
from server import CONFIG, Server

CIPHERS = [AES128_CCM, AES128_GCM, AES256_CCM, AES256_GCM]


def ready(port: int, dialect: int = 0x0311, cipher: int = AES128_GCM, **more: int) -> Sealed:
    """Logged in and connected, and from here on encrypted."""
    conn = Sealed(port)
    assert conn.offer((dialect,), ciphers=(cipher,)).status == "SUCCESS"
    assert conn.cipher == cipher
    assert conn.login().status == "SUCCESS"
    conn.sealing = True
    assert conn.tree().status == "SUCCESS" and conn.was_sealed
    return conn


@pytest.mark.parametrize(
    ("dialect", "cipher"),
    [(0x0300, AES128_CCM), (0x0302, AES128_CCM), *((0x0311, cipher) for cipher in CIPHERS)],
)
def test_a_file_goes_there_and_back_with(
    server: Server, share: str, dialect: int, cipher: int
) -> None:
    data = os.urandom(70_001)
    with ready(server.vm.smb_port, dialect, cipher) as conn:
        handle = conn.open("file")
        assert conn.call(raw.WRITE, raw.write(handle, data), charge=2).status == "SUCCESS"
        reply = conn.call(raw.READ, raw.read(handle, len(data)), charge=2)
        assert conn.was_sealed
        assert data == reply.body[16:]
        assert reply.flags & sealed.SIGNED == 0
        assert conn.call(raw.CLOSE, raw.close(handle)).status == "SUCCESS"
    assert server.vm.run(["stat", "-c%s", f"{share}/file"]).out == "70001\n"


def test_a_megabyte_is_decrypted_where_it_lies(server: Server, share: str) -> None:
    data = os.urandom(1 << 20)
    with ready(server.vm.smb_port) as conn:
        conn.call(raw.ECHO, struct.pack("<HH", 4, 0), credits=64)
        handle = conn.open("large")
        for offset in (0, 1):
            reply = conn.call(raw.WRITE, raw.write(handle, data, offset), charge=16, credits=64)
            assert reply.status == "SUCCESS"
        reply = conn.call(raw.READ, raw.read(handle, 1 << 20, 1), charge=16, credits=64)
        assert data == reply.body[16:]


def test_nonces_of_the_server_never_repeat(server: Server, share: str) -> None:
    with ready(server.vm.smb_port) as conn:
        seen = set()
        for _ in range(200):
            assert conn.call(raw.ECHO, struct.pack("<HH", 4, 0)).status == "SUCCESS"
            seen.add(conn.last_frame[20:36])
        assert len(seen) == 200


def test_a_compound_is_one_encrypted_frame(server: Server, share: str) -> None:
    with ready(server.vm.smb_port) as conn:
        conn.compound(
            [
                (raw.CREATE, raw.create("both")),
                (raw.WRITE, raw.write(raw.RELATED_ID, b"x" * 13)),
                (raw.CLOSE, raw.close(raw.RELATED_ID)),
            ]
        )
        assert conn.receive().status == "SUCCESS" and conn.was_sealed
        assert [conn.receive().status for _ in range(2)] == ["SUCCESS", "SUCCESS"]


def test_what_waits_is_announced_and_answered_encrypted(server: Server, share: str) -> None:
    with ready(server.vm.smb_port) as conn:
        first, second = conn.open("locked"), conn.open("locked")
        assert conn.call(raw.LOCK, raw.lock(first, (0, 10, 0x12))).status == "SUCCESS"
        conn.send(raw.LOCK, raw.lock(second, (0, 10, 0x02)))
        assert conn.receive().pending and conn.was_sealed
        conn.send(raw.LOCK, raw.lock(first, (0, 10, 0x04)))
        assert [conn.receive().status for _ in range(2)] == ["SUCCESS", "SUCCESS"]
        assert conn.was_sealed


def test_who_encrypts_may_also_speak_in_clear_where_nothing_forbids_it(
    server: Server, share: str
) -> None:
    with ready(server.vm.smb_port) as conn:
        conn.sealing = False
        assert conn.call(raw.ECHO, struct.pack("<HH", 4, 0)).status == "SUCCESS"
        assert not conn.was_sealed


def flip(at: int) -> Callable[[Sealed, bytes], bytes]:
    def change(conn: Sealed, message: bytes) -> bytes:
        frame = bytearray(conn.seal(message))
        frame[at] ^= 1
        return bytes(frame)

    return change


def cut(conn: Sealed, message: bytes) -> bytes:
    return conn.seal(message)[:-1]


def other_key(conn: Sealed, message: bytes) -> bytes:
    conn.in_key = os.urandom(len(conn.in_key))
    return conn.seal(message)


BROKEN: dict[str, Callable[[Sealed, bytes], bytes]] = {
    "a bad tag": flip(4),
    "a changed nonce": flip(20),
    "a changed size": flip(36),
    "reserved bytes that were changed": flip(40),
    "other flags": lambda conn, message: conn.seal(message, flags=0),
    "no such session": lambda conn, message: conn.seal(message, session_id=conn.session_id ^ 1),
    "no session": lambda conn, message: conn.seal(message, session_id=0),
    "a changed message": flip(60),
    "one byte missing": cut,
    "one byte more": lambda conn, message: conn.seal(message) + b"\0",
    "a size that is too large": lambda conn, message: conn.seal(message, size=1 << 31),
    "another key": other_key,
    "only a header": lambda conn, message: conn.seal(message)[:52],
    "half a header": lambda conn, message: conn.seal(message)[:30],
    "a message too short for a header": lambda conn, message: conn.seal(message[:63]),
    "an empty message": lambda conn, message: conn.seal(b""),
    "a transform in a transform": lambda conn, message: conn.seal(conn.seal(message)),
    "SMB1 in a transform": lambda conn, message: conn.seal(b"\xffSMB" + bytes(100)),
    "a compressed message in a transform": lambda conn, message: conn.seal(b"\xfcSMB" + bytes(90)),
    "another session inside": lambda conn, message: conn.seal(
        message[:40] + struct.pack("<Q", conn.session_id ^ 1) + message[48:]
    ),
    "no session inside": lambda conn, message: conn.seal(message[:40] + bytes(8) + message[48:]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_connection_ends_for(server: Server, share: str, what: str) -> None:
    with ready(server.vm.smb_port) as conn:
        conn.open("before")
        conn.sealing = False
        message = conn.header(raw.ECHO) + struct.pack("<HH", 4, 0)
        raw.Raw.send_bytes(conn, BROKEN[what](conn, message))
        assert conn.gone()
    with ready(server.vm.smb_port) as conn:
        conn.open("after")


def test_a_second_request_of_a_chain_may_not_be_of_another_session(
    server: Server, share: str
) -> None:
    with ready(server.vm.smb_port) as conn:
        body = struct.pack("<HH", 4, 0)
        first = conn.header(raw.ECHO, next_offset=72) + body + bytes(4)
        second = conn.header(raw.ECHO, session_id=conn.session_id ^ 1) + body
        conn.sealing = False
        raw.Raw.send_bytes(conn, conn.seal(first + second))
        assert conn.gone()


def test_a_transform_before_anything_else_ends_the_connection(server: Server) -> None:
    with raw.Raw(server.vm.smb_port) as conn:
        conn.send_bytes(b"\xfdSMB" + bytes(48) + bytes(100))
        assert conn.gone()
    with Sealed(server.vm.smb_port) as sealing:
        sealing.offer()
        sealing.in_key = os.urandom(16)
        raw.Raw.send_bytes(sealing, sealing.seal(bytes(100), session_id=5))
        assert sealing.gone()


def test_a_session_in_setup_cannot_be_encrypted(server: Server) -> None:
    with Sealed(server.vm.smb_port) as conn:
        conn.offer()
        reply = conn.setup(sealed.spnego.client("user1", "x").step() or b"")
        assert reply.status == "MORE_PROCESSING_REQUIRED"
        conn.in_key = bytes(16)
        raw.Raw.send_bytes(conn, conn.seal(bytes(100), session_id=reply.session_id))
        assert conn.gone()


def test_ciphers_are_chosen_by_the_server(server: Server) -> None:
    for offered, chosen in {
        (AES128_CCM, AES128_GCM): AES128_GCM,
        (AES256_CCM, AES128_CCM, AES256_GCM): AES256_GCM,
        (AES256_CCM, AES128_CCM): AES128_CCM,
        (AES256_CCM,): AES256_CCM,
        (77, 5): 0,
        (): 0,
    }.items():
        with Sealed(server.vm.smb_port) as conn:
            assert conn.offer(ciphers=offered).status == "SUCCESS"
            assert conn.cipher == chosen, offered


def test_3_0_encrypts_only_for_clients_that_say_they_can(server: Server) -> None:
    for dialect in (0x0300, 0x0302):
        for capabilities in (0x7F, 0x3F):
            with Sealed(server.vm.smb_port) as conn:
                conn.offer((dialect,), capabilities=capabilities)
                assert conn.cipher == (AES128_CCM if capabilities & 0x40 else 0)


@pytest.fixture
def mandatory(server: Server) -> Iterator[Server]:
    """The server with encryption insisted on."""
    yield from configured(server, "smb3 encryption = mandatory")


@pytest.fixture
def off(server: Server) -> Iterator[Server]:
    yield from configured(server, "smb3 encryption = off")


def configured(server: Server, line: str) -> Iterator[Server]:
    server.stop()
    server.config = CONFIG.replace("[global]\n", f"[global]\n\t{line}\n", 1)
    server.start()
    yield server
    server.stop()
    server.config = CONFIG
    server.start()


def test_where_all_has_to_be_encrypted_nothing_else_is_served(mandatory: Server) -> None:
    port = mandatory.vm.smb_port
    with Sealed(port) as conn:
        conn.offer()
        reply = conn.login()
        assert reply.status == "SUCCESS"
        assert struct.unpack_from("<H", reply.body, 2)[0] & 4, "ENCRYPT_DATA"
        for command, body in {
            raw.TREE_CONNECT: struct.pack("<HHHH", 9, 0, 72, 2) + b"\\\0",
            raw.ECHO: struct.pack("<HH", 4, 0),
            raw.LOGOFF: struct.pack("<HH", 4, 0),
        }.items():
            assert conn.call(command, body).status == "ACCESS_DENIED"
        conn.sealing = True
        assert conn.tree().status == "SUCCESS"
        conn.open("file")
        conn.sealing, conn.signing_messages = False, True
        assert conn.call(raw.CREATE, raw.create("file")).status == "ACCESS_DENIED"
        conn.sealing, conn.signing_messages = True, False
        assert conn.call(raw.LOGOFF, struct.pack("<HH", 4, 0)).status == "SUCCESS"
    for dialect in (0x0202, 0x0210):
        with raw.Raw(port) as plain:
            assert plain.negotiate(dialect).status == "SUCCESS"
            assert plain.login().status == "ACCESS_DENIED"
    with Sealed(port) as conn:
        conn.offer(ciphers=(9,))
        assert conn.login().status == "ACCESS_DENIED"
    with Sealed(port) as conn:
        conn.offer((0x0302,), capabilities=0)
        assert conn.login().status == "ACCESS_DENIED"


def test_encryption_can_be_switched_off(off: Server) -> None:
    with Sealed(off.vm.smb_port) as conn:
        reply = conn.offer()
        assert conn.cipher == 0 and reply.status == "SUCCESS"
        assert conn.login().status == "SUCCESS"
        conn.cipher = AES128_GCM
        raw.Raw.send_bytes(conn, conn.seal(conn.header(raw.ECHO) + struct.pack("<HH", 4, 0)))
        assert conn.gone()
    with Sealed(off.vm.smb_port) as conn:
        conn.offer((0x0302,))
        assert conn.cipher == 0
