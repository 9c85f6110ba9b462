# SPDX-License-Identifier: GPL-2.0-only
"""Classes 7 to 18: who one is, and whose session it is."""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import time

import pytest
import raw as r
import spnego
from raw import Gone, Raw
from server import PASSWORD, Server
from vm import TOP

NEGOTIATE_TOKEN = b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(16)
REFUSED = {
    "LOGON_FAILURE", "INVALID_PARAMETER", "ACCESS_DENIED", "USER_SESSION_DELETED",
    "REQUEST_NOT_ACCEPTED", "NOT_SUPPORTED",
}  # fmt: skip


def refused(wire: Raw, body: bytes, **fields: int) -> None:
    """Sends a SESSION_SETUP that must not lead to a session."""
    try:
        reply = wire.call(r.SESSION_SETUP, body, **fields)
    except Gone:
        return
    assert reply.status in REFUSED | {"MORE_PROCESSING_REQUIRED"}, reply


def setup_body(token: bytes, *, flags: int = 0, offset: int = 88, length: int | None = None,
               previous: int = 0) -> bytes:  # fmt: skip
    size = len(token) if length is None else length
    return struct.pack("<HBBIIHHQ", 25, flags, 1, 0, 0, offset, size, previous) + token


# --- 7 ---


@pytest.mark.attack(7)
@pytest.mark.parametrize("offset", [0, 1, 63, 64, 87, 89, 0x7FFF, 0x8000, 0xFFFF])
@pytest.mark.parametrize("length", [0, 1, 40, 41, 0x7FFF, 0xFFFF])
def test_a_security_buffer_anywhere(port: int, offset: int, length: int) -> None:
    with Raw(port) as wire:
        wire.negotiate()
        refused(wire, setup_body(NEGOTIATE_TOKEN, offset=offset, length=length))


def authenticate(wire: Raw, user: str = "user1", password: str = PASSWORD) -> bytes:
    """A correct AUTHENTICATE for the challenge of this connection, not sent yet."""
    context = spnego.client(user, password, hostname="h", service="cifs", protocol="ntlm")
    reply = wire.setup(context.step() or b"")
    assert reply.status == "MORE_PROCESSING_REQUIRED"
    wire.session_id = reply.session_id
    offset, length = struct.unpack_from("<HH", reply.body, 4)
    return context.step(reply.body[offset - 64 : offset - 64 + length]) or b""


FIELDS = {"lm": 12, "nt": 20, "domain": 28, "user": 36, "workstation": 44, "key": 52}
"""[MS-NLMP] 2.2.1.3: (Len, MaxLen, BufferOffset) of each."""


@pytest.mark.attack(7)
@pytest.mark.parametrize("field", list(FIELDS))
def test_an_authenticate_field_anywhere(port: int, field: str) -> None:
    """Only the name of the workstation means nothing: it may be cut, never followed."""
    for length, offset in (
        (0xFFFF, 88), (16, 0xFFFFFFFF), (16, 0xFFFFFFF0), (0xFFFF, 0xFFFF0000), (16, 1 << 31),
        (1, 100_000), (0xFFFF, 0), (4096, 64),
    ):  # fmt: skip
        with Raw(port) as wire:
            wire.negotiate()
            token = bytearray(authenticate(wire))
            struct.pack_into("<HHI", token, FIELDS[field], length, length, offset)
            refused(wire, setup_body(bytes(token)))


@pytest.mark.attack(7)
@pytest.mark.parametrize(("field", "lengths"), [
    ("nt", (*range(25), 43, 44)), ("key", (0, 15, 17, 65535)),
])  # fmt: skip
def test_a_response_or_key_of_another_length(port: int, field: str, lengths: tuple[int]) -> None:
    for length in lengths:
        with Raw(port) as wire:
            wire.negotiate()
            token = bytearray(authenticate(wire))
            struct.pack_into("<HH", token, FIELDS[field], length, length)
            refused(wire, setup_body(bytes(token)))


# --- 8 ---

DER = {
    "length of length 127": b"\x60\xff" + b"\x01" * 127,
    "length of length 5": b"\x60\x85\x00\x00\x00\x00\x10" + bytes(16),
    "indefinite": b"\x60\x80\x06\x06\x2b\x06\x01\x05\x05\x02\x00\x00",
    "length beyond the end": b"\x60\x82\xff\xff\x06\x06\x2b\x06\x01\x05\x05\x02",
    "nested": b"\x30\x82\x0f\xf0" * 1000,
    "nested deep, short": b"\x60\x7f" + b"\xa0\x7d" * 60,
    "not minimal": b"\x60\x84\x00\x00\x00\x01\x06",
    "empty oid": b"\x60\x02\x06\x00",
    "tag only": b"\x60",
}


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    return bytes([tag, 0x82]) + struct.pack(">H", len(body)) + body


NTLM_OID = bytes.fromhex("060a2b06010401823702020a")


def init_token(*fields: bytes) -> bytes:
    return der(0x60, bytes.fromhex("06062b0601050502"), der(0xA0, der(0x30, *fields)))


@pytest.mark.attack(8)
@pytest.mark.parametrize("name", list(DER))
def test_a_token_that_is_not_der_is_refused(port: int, name: str) -> None:
    with Raw(port) as wire:
        wire.negotiate()
        with contextlib.suppress(Gone):
            assert wire.setup(DER[name]).status in REFUSED


@pytest.mark.attack(8)
def test_an_error_after_the_mech_token_leaks_nothing(server: Server, port: int) -> None:
    """Thousands of tries: what each leaves would show in the slab; kmemleak sees single ones."""
    mech_types = der(0xA0, der(0x30, NTLM_OID))
    token = der(0xA2, der(0x04, NEGOTIATE_TOKEN))
    bad = [
        init_token(mech_types, token, token),
        init_token(mech_types, token, der(0xA3, b"\x04\x7f")),
        init_token(mech_types, token) + b"\x30\x80",
        init_token(mech_types, token, b"\xa9\x81"),
    ]

    def rounds(count: int) -> None:
        for number in range(count):
            with Raw(port) as wire:
                wire.negotiate()
                with contextlib.suppress(Gone):
                    for _ in range(10):
                        refused(wire, setup_body(bad[number % len(bad)]))

    rounds(20)
    before = slab_kib(server)
    rounds(200)
    assert slab_kib(server) - before < 2048


def slab_kib(server: Server) -> int:
    server.vm.run("sync; echo 3 > /proc/sys/vm/drop_caches; sleep 0.5; "
                  "echo 3 > /proc/sys/vm/drop_caches")  # fmt: skip
    return int(server.vm.run("awk '/^SUnreclaim:/ { print $2 }' /proc/meminfo").out)


# --- 9 ---


@pytest.mark.attack(9)
def test_setups_that_never_finish_are_bounded_on_a_connection(port: int) -> None:
    with Raw(port) as wire:
        wire.negotiate()
        started = 0
        for _ in range(200):
            reply = wire.call(r.SESSION_SETUP, setup_body(NEGOTIATE_TOKEN))
            started += reply.status == "MORE_PROCESSING_REQUIRED"
        assert started <= 32


@pytest.mark.attack(9)
def test_setups_that_never_finish_cost_no_memory(server: Server, port: int) -> None:
    """Connection after connection, all abandoned in the middle."""

    def rounds(count: int) -> None:
        for _ in range(count):
            with Raw(port) as wire:
                wire.negotiate()
                for _ in range(10):
                    wire.call(r.SESSION_SETUP, setup_body(NEGOTIATE_TOKEN))

    rounds(20)
    before = slab_kib(server)
    rounds(100)
    assert slab_kib(server) - before < 2048


# --- 10 ---


@pytest.mark.attack(10)
def test_the_same_last_leg_twice_at_once_makes_one_session(port: int) -> None:
    for _ in range(5):
        with Raw(port) as wire:
            wire.negotiate()
            wire.call(r.ECHO, r.echo(), credits=64)
            token = authenticate(wire)
            frames = b""
            for _ in range(4):
                frame = wire.header(r.SESSION_SETUP) + setup_body(token)
                frames += struct.pack(">I", len(frame)) + frame
            wire.socket.sendall(frames)
            answers = []
            with contextlib.suppress(Gone):
                answers += [wire.receive().status for _ in range(4)]
            assert answers.count("SUCCESS") <= 1, answers


@pytest.mark.attack(10)
def test_the_last_leg_on_another_connection_is_refused(port: int) -> None:
    with Raw(port) as one, Raw(port) as two:
        one.negotiate()
        two.negotiate()
        token = authenticate(one)
        two.session_id = one.session_id
        assert two.setup(token).status == "USER_SESSION_DELETED"
        assert one.setup(token).status == "SUCCESS"


# --- 11 ---


@pytest.mark.attack(11)
@pytest.mark.parametrize("whose", ["user1", "user2", "nobody"])
def test_a_previous_session_survives_a_wrong_password(port: int, whose: str) -> None:
    with Raw(port) as first, Raw(port) as second:
        first.ready()
        second.negotiate()
        with contextlib.suppress(Gone):
            reply = second.login(whose, "wrong", previous=first.session_id)
            assert reply.status == "LOGON_FAILURE"
        assert first.call(r.CREATE, r.create("still here")).status == "SUCCESS"


@pytest.mark.attack(11)
@pytest.mark.parametrize("previous", ["own", "unknown"])
def test_a_previous_session_that_is_none(port: int, previous: str) -> None:
    with Raw(port) as wire:
        wire.negotiate()
        token = authenticate(wire)
        known = wire.session_id if previous == "own" else 0x1122334455667788
        assert wire.setup(token, previous=known).status == "SUCCESS"
        assert wire.tree().status == "SUCCESS"


# --- 12 ---

BINDING = 1


@pytest.mark.attack(12)
@pytest.mark.parametrize("dialect", [0x0202, 0x0210, 0x0300, 0x0302])
def test_binding_to_a_session_without_a_signature_is_refused(port: int, dialect: int) -> None:
    """And neither the session nor the connection is worse for it."""
    with Raw(port) as victim, Raw(port) as thief:
        victim.ready("share", 0x0302)
        thief.negotiate(dialect)
        for session_id in (victim.session_id, 0, 0x99):
            refused(thief, setup_body(NEGOTIATE_TOKEN, flags=BINDING), session_id=session_id)
            reply = thief.call(r.CREATE, r.create("stolen"), session_id=victim.session_id,
                               tree_id=victim.tree_id)  # fmt: skip
            assert reply.status in {"USER_SESSION_DELETED", "ACCESS_DENIED"}
        assert victim.call(r.CREATE, r.create("mine")).status == "SUCCESS"
        assert thief.login("user2").status == "SUCCESS"
        assert thief.tree().status == "SUCCESS"


@pytest.mark.attack(12)
def test_binding_to_a_session_in_setup_is_refused(port: int) -> None:
    with Raw(port) as victim, Raw(port) as thief:
        victim.negotiate(0x0302)
        token = authenticate(victim)
        thief.negotiate(0x0302)
        refused(thief, setup_body(NEGOTIATE_TOKEN, flags=BINDING), session_id=victim.session_id)
        assert victim.setup(token).status == "SUCCESS"


@pytest.mark.attack(12)
def test_a_binding_that_is_signed_with_a_wrong_key_is_refused(port: int) -> None:
    with Raw(port) as victim, Raw(port) as thief:
        victim.ready("share", 0x0302)
        thief.negotiate(0x0302)
        head = bytearray(thief.header(r.SESSION_SETUP, flags=8, session_id=victim.session_id))
        head[48:64] = os.urandom(16)
        thief.send_bytes(bytes(head) + setup_body(NEGOTIATE_TOKEN, flags=BINDING))
        with contextlib.suppress(Gone):
            assert thief.receive().status in REFUSED
        assert victim.call(r.CREATE, r.create("mine")).status == "SUCCESS"


# --- 13 ---


@pytest.mark.attack(13)
@pytest.mark.parametrize("command", [n for n in range(2, 19) if n not in (r.CANCEL, r.ECHO)])
def test_a_session_of_another_connection_is_unknown(port: int, command: int) -> None:
    with Raw(port) as first, Raw(port) as second:
        first.ready()
        handle = first.open("file")
        second.negotiate()
        body = {r.CLOSE: r.close(handle), r.READ: r.read(handle, 1), r.LOGOFF: r.echo()}
        reply = second.call(command, body.get(command, bytes(64)), session_id=first.session_id,
                            tree_id=first.tree_id)  # fmt: skip
        assert reply.status == "USER_SESSION_DELETED"
        assert first.call(r.CLOSE, r.close(handle)).status == "SUCCESS"


# --- 14 ---


@pytest.mark.attack(14)
def test_a_logoff_while_everything_else_runs(port: int) -> None:
    """On one connection: the same objects, from many workers at once."""
    for _ in range(30):
        with Raw(port) as wire:
            wire.ready()
            wire.call(r.ECHO, r.echo(), credits=128)
            handle = wire.open("file")
            parts = [
                (r.READ, r.read(handle, 100)), (r.CREATE, r.create("other")),
                (r.LOCK, r.lock(handle, (0, 1, 0x12))), (r.LOGOFF, r.echo()),
                (r.WRITE, r.write(handle, b"x")), (r.TREE_DISCONNECT, r.echo()),
                (r.QUERY_INFO, r.query_info(handle, 1, 5)), (r.CLOSE, r.close(handle)),
                (r.CREATE, r.create("third")), (r.LOGOFF, r.echo()),
            ]  # fmt: skip
            frames = b""
            for command, body in parts:
                frame = wire.header(command) + body
                frames += struct.pack(">I", len(frame)) + frame
            wire.socket.sendall(frames)
            statuses = {wire.receive().status for _ in parts}
            assert "USER_SESSION_DELETED" in statuses
            assert wire.call(r.ECHO, r.echo(), session_id=0).status == "SUCCESS"


# --- 15 ---


@pytest.mark.attack(15)
def test_a_kerberos_ticket_for_a_session_that_exists(port: int) -> None:
    with Raw(port) as wire:
        wire.ready()
        ap_req = der(0x60, bytes.fromhex("06092a864886f712010202"), b"\x01\x00", os.urandom(64))
        krb5 = der(0xA0, der(0x30, bytes.fromhex("06092a864886f712010202")))
        reply = wire.setup(init_token(krb5, der(0xA2, der(0x04, ap_req))))
        assert reply.status == "LOGON_FAILURE"
        assert wire.call(r.CREATE, r.create("gone")).status == "USER_SESSION_DELETED"


@pytest.mark.attack(15)
def test_a_ticket_that_is_none_leaves_ntlm_with_its_mic(port: int) -> None:
    """Kerberos was the first choice, so NTLM needs the MIC over the list of mechanisms."""
    ap_req = der(0x60, bytes.fromhex("06092a864886f712010202"), b"\x01\x00", os.urandom(64))
    ntlm = bytes.fromhex("060a2b06010401823702020a")
    krb5 = bytes.fromhex("06092a864886f712010202")
    with Raw(port) as wire:
        wire.negotiate()
        token = init_token(der(0xA0, der(0x30, krb5, ntlm)), der(0xA2, der(0x04, ap_req)))
        reply = wire.setup(token)
        wire.session_id = reply.session_id
        assert reply.status == "MORE_PROCESSING_REQUIRED"
        offset, length = struct.unpack_from("<HH", reply.body, 4)
        answer = reply.body[offset - 64 : offset - 64 + length]
        assert ntlm in answer and bytes.fromhex("a0030a0103") in answer  # request-mic


# --- 16 ---


@pytest.mark.attack(16)
def test_wrong_passwords_in_parallel_are_delayed_as_one_sequence(port: int) -> None:
    """Twelve at once take no less time than twelve in a row would be made to wait, and the
    owner with the right password is not locked out by them.
    """
    wires = [Raw(port, timeout=120) for _ in range(12)]
    done: list[float] = []

    def guess(wire: Raw) -> None:
        wire.negotiate()
        with contextlib.suppress(Gone, OSError):
            assert wire.login("user2", f"wrong{id(wire)}").status != "SUCCESS"
        done.append(time.monotonic())

    begin = time.monotonic()
    threads = [threading.Thread(target=guess, args=(wire,)) for wire in wires]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(done) == len(wires)
    # One penalty shared by all would end them together.
    assert max(done) - begin > 4, "guessing in parallel is free"
    for wire in wires:
        wire.socket.close()
    with Raw(port, timeout=120) as owner:
        owner.negotiate()
        assert owner.login("user2").status == "SUCCESS"


# --- 17 ---


@pytest.mark.attack(17)
def test_no_key_or_password_is_logged(server: Server, port: int) -> None:
    """With every debug message on, and mountd's log."""
    debug = "/sys/class/ksmbd-control/debug"
    before = server.vm.read(debug)
    server.vm.write(debug, "all")
    try:
        with Raw(port) as wire:
            wire.negotiate()
            context = spnego.client("user1", PASSWORD, hostname="h", service="cifs",
                                    protocol="ntlm")  # fmt: skip
            reply = wire.setup(context.step() or b"")
            wire.session_id = reply.session_id
            offset, length = struct.unpack_from("<HH", reply.body, 4)
            wire.setup(context.step(reply.body[offset - 64 : offset - 64 + length]) or b"")
            key = context.session_key
        log = server.log().lower().replace(" ", "").replace(":", "")
    finally:
        while server.vm.read(debug) != before:
            server.vm.write(debug, "all")
    from ksmbd.shared.nthash import nt_hash

    for secret in (PASSWORD.encode(), nt_hash(PASSWORD), key):
        assert secret.hex() not in log
    assert PASSWORD.lower() not in log


@pytest.mark.attack(17)
def test_secrets_are_compared_in_constant_time_and_wiped() -> None:
    """By the source: no memcmp() of a MAC or a response, and every key ends wiped."""
    auth = TOP / "kernel" / "auth"
    for path in set(auth.glob("*.c")) - {auth / "selftest.c"}:
        text = path.read_text()
        for line in text.splitlines():
            if "memcmp(" in line and "crypto_memneq" not in line:
                assert "signature" not in line and "mic" not in line, f"{path.name}: {line}"
    assert "crypto_memneq" in (auth / "sign.c").read_text()
    session = (TOP / "kernel" / "server" / "session.c").read_text()
    assert "memzero_explicit(s->session_key" in session


# --- 18 ---


@pytest.mark.attack(18)
def test_a_message_id_is_taken_once(port: int) -> None:
    with Raw(port) as wire:
        wire.ready()
        handle = wire.open("file")
        used = wire.send(r.WRITE, r.write(handle, b"once"))
        assert wire.receive().status == "SUCCESS"
        wire.send(r.WRITE, r.write(handle, b"again"), message_id=used)
        assert wire.gone()
    with Raw(port) as wire:
        reply = wire.ready().call(r.READ, r.read(wire.open("file"), 10))
        assert reply.body[16:20] == b"once"


@pytest.mark.attack(18)
@pytest.mark.parametrize("command", [r.CREATE, r.LOGOFF, r.TREE_CONNECT, r.SESSION_SETUP, r.ECHO])
def test_nothing_unsigned_is_done_on_a_signing_session(port: int, command: int) -> None:
    with Raw(port) as wire:
        wire.negotiate(0x0210, mode=2)
        assert wire.login(mode=2).status == "SUCCESS"
        body = {r.CREATE: r.create("x"), r.SESSION_SETUP: setup_body(NEGOTIATE_TOKEN)}
        head = wire.header(command, flags=0)
        wire.send_bytes(head + body.get(command, r.echo()))
        with contextlib.suppress(Gone):
            assert wire.receive().status == "ACCESS_DENIED"


@pytest.mark.attack(18)
@pytest.mark.parametrize("command", [r.CREATE, r.LOGOFF, r.TREE_CONNECT, r.SESSION_SETUP])
def test_nothing_with_a_wrong_signature_is_done(port: int, command: int) -> None:
    with Raw(port) as wire:
        wire.ready()
        body = {r.CREATE: r.create("forged"), r.SESSION_SETUP: setup_body(NEGOTIATE_TOKEN)}
        head = bytearray(wire.header(command, flags=8))
        head[48:64] = os.urandom(16)
        wire.send_bytes(bytes(head) + body.get(command, r.echo()))
        try:
            assert wire.receive().status == "ACCESS_DENIED"
            assert wire.call(r.CREATE, r.create("forged", disposition=1)).status == (
                "OBJECT_NAME_NOT_FOUND"
            )
        except Gone:
            pass
