# SPDX-License-Identifier: GPL-2.0-only
"""What a client may not send, or only just: raw PDUs. After each, the server serves on."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
from collections.abc import Iterator

import pytest
import raw as r
from client import connected
from raw import Gone, Raw
from server import Server

BAD = {"INVALID_PARAMETER"}


@pytest.fixture
def port(server: Server, share: str) -> Iterator[int]:
    """The server's port; a well-behaved client must be served when the test is over."""
    yield server.vm.smb_port
    with connected(server.vm.smb_port) as client:
        client.tree().put("afterwards", b"fine")


@pytest.fixture
def wire(port: int) -> Iterator[Raw]:
    with Raw(port) as wire:
        yield wire.ready()


def served_or_gone(wire: Raw) -> None:
    """Any answer, or the end of the connection; silence is a failure (a timeout)."""
    try:
        wire.receive_bytes()
    except Gone:
        return


# --- frames ---


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x04\xfeSMB",
        b"\x00\x00\x00\x3f" + b"\xfeSMB" + bytes(59),
        b"\x00\x00\x00\x40" + b"\xfdSMB" + bytes(60),
        b"\x00\x00\x00\x40" + b"\xfcSMB" + bytes(60),
        b"\x00\x00\x00\x40" + b"\xffSMB" + bytes(60),
        b"\x00\xff\xff\xff" + b"\xfeSMB" + bytes(60),
        b"\x85\x00\x00\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        os.urandom(256),
    ],
    ids=[
        "empty", "no header", "short header", "transform", "compressed", "SMB1",
        "huge length", "NetBIOS keepalive", "HTTP", "noise",
    ],
)  # fmt: skip
def test_a_first_frame_that_is_none(port: int, frame: bytes) -> None:
    with Raw(port) as wire:
        wire.socket.sendall(frame)
        with contextlib.suppress(OSError):  # it may have been reset by now
            wire.socket.shutdown(socket.SHUT_WR)
        served_or_gone(wire)


def test_a_frame_larger_than_negotiated_ends_the_connection(wire: Raw) -> None:
    wire.socket.sendall(struct.pack(">I", 0x00FFFFFF) + wire.header(r.WRITE) + bytes(1 << 16))
    assert wire.gone()


def test_a_message_that_comes_byte_by_byte_is_understood(wire: Raw) -> None:
    message = wire.header(r.ECHO) + r.echo()
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in struct.pack(">I", len(message)) + message:
        wire.socket.sendall(bytes([byte]))
    assert wire.receive().status == "SUCCESS"


# --- negotiate ---


def test_the_multi_protocol_negotiate_of_smb1_leads_to_smb2(port: int) -> None:
    dialects = b"".join(b"\x02" + name + b"\0" for name in
                        (b"NT LM 0.12", b"SMB 2.002", b"SMB 2.???"))  # fmt: skip
    fields = (0x72, 0, 0x18, 0xC853, 0, bytes(8), 0, 0xFFFF, 0xFEFF, 0, 0)
    smb1 = b"\xffSMB" + struct.pack("<BIBHH8sHHHHH", *fields)
    smb1 += struct.pack("<BH", 0, len(dialects))
    with Raw(port) as wire:
        wire.send_bytes(smb1 + dialects)
        reply = wire.receive()
        assert reply.status == "SUCCESS"
        assert struct.unpack_from("<H", reply.body, 4) == (0x02FF,)
        wire.message_id = 1
        assert wire.negotiate(0x0202, 0x0210).status == "SUCCESS"
        assert wire.login().status == "SUCCESS"


def test_the_highest_common_dialect_is_chosen(port: int) -> None:
    for offered, chosen in (
        ((0x0202,), 0x0202),
        ((0x0210, 0x0202), 0x0210),
        ((0x0302, 0x0300, 0x0210), 0x0302),
        ((0x0300, 0x9999), 0x0300),
    ):
        with Raw(port) as wire:
            assert wire.negotiate(*offered).status == "SUCCESS"
            assert wire.dialect == chosen


def test_no_common_dialect_is_not_supported(port: int) -> None:
    with Raw(port) as wire:
        assert wire.negotiate(0x1234).status == "NOT_SUPPORTED"


def test_a_second_negotiate_ends_the_connection(port: int) -> None:
    """[MS-SMB2] 3.3.5.4"""
    with Raw(port) as wire:
        wire.negotiate()
        body = struct.pack("<HHHHI16sQH", 36, 1, 1, 0, 0, bytes(16), 0, 0x0210)
        wire.send(r.NEGOTIATE, body)
        assert wire.gone()


@pytest.mark.parametrize(
    "body",
    [
        struct.pack("<HHHHI16sQ", 36, 0, 1, 0, 0, bytes(16), 0),
        struct.pack("<HHHHI16sQ", 36, 500, 1, 0, 0, bytes(16), 0) + bytes(2),
        struct.pack("<HHHHI16sQ", 35, 1, 1, 0, 0, bytes(16), 0) + b"\x10\x02",
    ],
    ids=["no dialects", "more than there are", "wrong structure size"],
)
def test_a_negotiate_that_does_not_decode(port: int, body: bytes) -> None:
    with Raw(port) as wire:
        wire.send(r.NEGOTIATE, body)
        with contextlib.suppress(Gone):
            assert wire.receive().status in BAD


def contexts_311(*contexts: tuple[int, bytes]) -> bytes:
    body = struct.pack("<HHHHI16sIHHH", 36, 1, 1, 0, 0x40, os.urandom(16), 104, len(contexts), 0,
                       0x0311) + bytes(2)  # fmt: skip
    for kind, data in contexts:
        body += bytes(-len(body) % 8) + struct.pack("<HHI", kind, len(data), 0) + data
    return body


PREAUTH = struct.pack("<HHH32s", 1, 32, 1, bytes(32))


@pytest.mark.parametrize(
    "contexts",
    [
        [],
        [(1, PREAUTH), (1, PREAUTH)],
        [(1, struct.pack("<HHH", 0, 0, 0))],
        [(1, struct.pack("<HHHH", 1, 0, 7, 0))],
        [(1, struct.pack("<HHH", 9, 0, 1))],
        [(1, PREAUTH), (2, struct.pack("<HH", 500, 1))],
        [(1, PREAUTH), (2, b"")],
    ],
    ids=[
        "none", "preauth twice", "no hash", "unknown hash", "more hashes than there are",
        "more ciphers than there are", "empty ciphers",
    ],
)  # fmt: skip
def test_negotiate_contexts_that_are_wrong(port: int, contexts: list[tuple[int, bytes]]) -> None:
    with Raw(port) as wire:
        wire.send(r.NEGOTIATE, contexts_311(*contexts))
        with contextlib.suppress(Gone):
            assert wire.receive().status != "SUCCESS"


def test_unknown_negotiate_contexts_are_ignored(port: int) -> None:
    with Raw(port) as wire:
        wire.send(
            r.NEGOTIATE, contexts_311((0x7777, b"abc"), (1, PREAUTH), (5, "x".encode("utf-16-le")))
        )
        assert wire.receive().status == "SUCCESS"


# --- who one is ---


@pytest.mark.parametrize("command", [n for n in range(1, 19) if n != r.CANCEL])
def test_before_a_session_nothing_is_served(port: int, command: int) -> None:
    with Raw(port) as wire:
        wire.negotiate()
        body = {r.ECHO: r.echo(), r.SESSION_SETUP: b""}.get(command, bytes(64))
        wire.send(command, body, session_id=0x1234)
        try:
            reply = wire.receive()
        except Gone:
            return
        allowed = {r.ECHO: {"SUCCESS", "USER_SESSION_DELETED"}}
        assert reply.status in allowed.get(
            command, {"USER_SESSION_DELETED", "INVALID_PARAMETER", "ACCESS_DENIED"}
        )


def test_anything_before_negotiate_ends_the_connection(port: int) -> None:
    for command in (r.SESSION_SETUP, r.ECHO, r.CREATE):
        with Raw(port) as wire:
            wire.send(command, bytes(64))
            assert wire.gone()


@pytest.mark.parametrize(
    "token",
    [
        b"", b"\0", b"NTLMSSP\0", b"NTLMSSP\0" + struct.pack("<I", 3) + b"\xff" * 52,
        b"NTLMSSP\0" + struct.pack("<I", 1), b"NTLMSSP\0" + struct.pack("<I", 2) + bytes(48),
        b"\x60\x84\xff\xff\xff\xff\x06\x06", b"\x60\x02\x06\x80", b"\xa1\x03\x30\x01\xa2",
        b"\x60" * 500, os.urandom(1000),
    ],
)  # fmt: skip
def test_a_security_token_that_is_none(port: int, token: bytes) -> None:
    with Raw(port) as wire:
        wire.negotiate()
        with contextlib.suppress(Gone):
            assert wire.setup(token).status not in {"SUCCESS"}


def test_an_authenticate_message_cut_anywhere_is_refused(port: int) -> None:
    import spnego

    for cut in range(1, 400, 37):
        context = spnego.client("user1", "Pass-word.1", hostname="h", service="cifs",
                                protocol="ntlm")  # fmt: skip
        with Raw(port) as wire:
            wire.negotiate()
            reply = wire.setup(context.step() or b"")
            if reply.status != "MORE_PROCESSING_REQUIRED":
                pytest.fail(f"raw NTLMSSP: {reply}")
            wire.session_id = reply.session_id
            offset, length = struct.unpack_from("<HH", reply.body, 4)
            token = context.step(reply.body[offset - 64 : offset - 64 + length]) or b""
            with contextlib.suppress(Gone):
                assert wire.setup(token[: min(cut, len(token) - 1)]).status != "SUCCESS"


def test_a_previous_session_of_the_same_user_ends(port: int) -> None:
    """[MS-SMB2] 3.3.5.5.3: PreviousSessionId"""
    with Raw(port) as first, Raw(port) as second:
        first.ready()
        handle = first.open("held", share=0)
        second.negotiate()
        assert second.login(previous=first.session_id).status == "SUCCESS"
        second.tree()
        assert second.call(r.CREATE, r.create("held", share=0)).status == "SUCCESS"
        with contextlib.suppress(Gone):
            assert first.call(r.CLOSE, r.close(handle)).status == "USER_SESSION_DELETED"


def test_a_previous_session_of_another_user_stays(port: int) -> None:
    with Raw(port) as first, Raw(port) as second:
        first.ready()
        second.negotiate()
        second.login("user2", previous=first.session_id)
        assert first.call(r.CREATE, r.create("still here")).status == "SUCCESS"


def test_another_connections_session_is_unknown(port: int) -> None:
    with Raw(port) as first, Raw(port) as second:
        first.ready()
        second.negotiate()
        reply = second.call(
            r.CREATE, r.create("x"), session_id=first.session_id, tree_id=first.tree_id
        )
        assert reply.status == "USER_SESSION_DELETED"


def test_an_unsigned_request_on_a_signing_session_is_refused(port: int) -> None:
    """[MS-SMB2] 3.3.5.2.4"""
    with Raw(port) as wire:
        wire.negotiate(0x0210, mode=2)
        assert wire.login(mode=2).status == "SUCCESS"
        path = "\\\\127.0.0.1\\share".encode("utf-16-le")
        body = struct.pack("<HHHH", 9, 0, 72, len(path)) + path
        with contextlib.suppress(Gone):
            assert wire.call(r.TREE_CONNECT, body).status == "ACCESS_DENIED"


def test_a_wrong_signature_is_refused(wire: Raw) -> None:
    handle = wire.open("file")
    body = r.write(handle, b"forged")
    head = bytearray(wire.header(r.WRITE, flags=8))
    head[48:64] = os.urandom(16)
    wire.send_bytes(bytes(head) + body)
    try:
        assert wire.receive().status == "ACCESS_DENIED"
        assert wire.call(r.READ, r.read(handle, 10)).status == "END_OF_FILE"
    except Gone:
        pass


# --- bodies ---


def bodies(handle: bytes) -> dict[str, tuple[int, bytes]]:
    path = "\\\\127.0.0.1\\share".encode("utf-16-le")
    return {
        "tree_connect": (r.TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(path)) + path),
        "create": (r.CREATE, r.create("some name")),
        "close": (r.CLOSE, r.close(bytes(16))),
        "flush": (r.FLUSH, struct.pack("<HHI", 24, 0, 0) + handle),
        "read": (r.READ, r.read(handle, 10)),
        "write": (r.WRITE, r.write(handle, b"data")),
        "lock": (r.LOCK, r.lock(handle, (0, 1, 0x12))),
        "ioctl": (r.IOCTL, r.ioctl(0x00140204, b"\xff" * 16, bytes(24))),
        "query_directory": (r.QUERY_DIRECTORY, r.query_directory(handle)),
        "change_notify": (r.CHANGE_NOTIFY, struct.pack("<HHI", 32, 0, 64) + handle + bytes(8)),
        "query_info": (r.QUERY_INFO, r.query_info(handle, 1, 5)),
        "set_info": (r.SET_INFO, r.set_info(handle, 1, 20, bytes(8))),
        "oplock_break": (r.OPLOCK_BREAK, struct.pack("<HBBI", 24, 0, 0, 0) + handle),
    }


NAMES = list(bodies(bytes(16)))


@pytest.mark.parametrize("name", NAMES)
def test_every_prefix_of_a_body_is_answered(wire: Raw, name: str) -> None:
    handle = wire.open("file")
    command, body = bodies(handle)[name]
    minimum = struct.unpack_from("<H", body)[0] & ~1
    for cut in range(min(len(body), minimum)):
        reply = wire.call(command, body[:cut])
        assert reply.status in BAD, f"{name} cut at {cut}: {reply}"


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_structure_size_is_an_invalid_parameter(wire: Raw, name: str) -> None:
    handle = wire.open("file")
    command, body = bodies(handle)[name]
    for size in (0, 1, 0xFFFF, struct.unpack_from("<H", body)[0] ^ 2):
        assert wire.call(command, struct.pack("<H", size) + body[2:]).status in BAD


@pytest.mark.parametrize("name", NAMES)
def test_any_field_may_hold_anything(wire: Raw, port: int, name: str) -> None:
    """Each 16-bit word of a body in turn at its extremes: answered, or disconnected."""
    handle = wire.open("file")
    for at in range(2, len(bodies(handle)[name][1]) - 1, 2):
        for value in (0x0000, 0x7FFF, 0x8000, 0xFFFF):
            command, body = bodies(handle)[name]
            body = body[:at] + struct.pack("<H", value) + body[at + 2 :]
            try:
                message_id = wire.send(command, body)
                reply = wire.receive()
                if reply.pending:
                    wire.send(r.CANCEL, r.echo(), message_id=message_id, async_id=reply.async_id)
                    reply = wire.receive()
            except Gone:
                wire.socket.close()
                wire.__init__(port)  # type: ignore[misc]
                handle = wire.ready().open("file")


def test_noise_behind_a_good_header_is_answered(wire: Raw, port: int) -> None:
    source = random.Random(5)
    handle = wire.open("file")
    for _ in range(300):
        command, body = bodies(handle)[source.choice(NAMES)]
        noisy = bytearray(body)
        for _ in range(source.randrange(1, 6)):
            noisy[source.randrange(2, len(noisy))] = source.randrange(256)
        try:
            message_id = wire.send(command, bytes(noisy))
            reply = wire.receive()
            if reply.pending:
                wire.send(r.CANCEL, r.echo(), message_id=message_id, async_id=reply.async_id)
                wire.receive()
        except Gone:
            wire.socket.close()
            wire.__init__(port)  # type: ignore[misc]
            handle = wire.ready().open("file")


@pytest.mark.parametrize("command", [19, 20, 255, 0xFFFF])
def test_an_unknown_command_is_an_invalid_parameter(wire: Raw, command: int) -> None:
    assert wire.call(command, bytes(32)).status in BAD


@pytest.mark.parametrize("file", [bytes(16), b"\xff" * 16, b"\x01" * 16])
def test_a_handle_that_never_was_is_closed(wire: Raw, file: bytes) -> None:
    for command, body in (
        (r.READ, r.read(file, 10)), (r.WRITE, r.write(file, b"x")), (r.CLOSE, r.close(file)),
        (r.QUERY_INFO, r.query_info(file, 1, 5)), (r.LOCK, r.lock(file, (0, 1, 0x12))),
        (r.QUERY_DIRECTORY, r.query_directory(file)),
    ):  # fmt: skip
        assert wire.call(command, body).status == "FILE_CLOSED"


def test_a_handle_of_another_session_is_closed(port: int) -> None:
    with Raw(port) as one, Raw(port) as two:
        handle = one.ready().open("file")
        two.negotiate()
        two.login("user2")
        two.tree()
        assert two.call(r.READ, r.read(handle, 10)).status == "FILE_CLOSED"
        assert one.call(r.CLOSE, r.close(handle)).status == "SUCCESS"
        assert one.call(r.CLOSE, r.close(handle)).status == "FILE_CLOSED"


def test_no_locks_and_mixed_locks_are_invalid(wire: Raw) -> None:
    handle = wire.open("file")
    for ranges in ([], [(0, 1, 0)], [(0, 1, 3)], [(0, 1, 0x14)], [(0, 1, 0x12), (5, 1, 4)],
                   [(0, 1, 2), (5, 1, 2)]):  # fmt: skip
        assert wire.call(r.LOCK, r.lock(handle, *ranges)).status in BAD, ranges


@pytest.mark.parametrize("code", [0x00093FFC, 0x00147FFC, 0x00111FFC, 0xFFFFFFFF, 0])
def test_an_unknown_control_code_is_refused(wire: Raw, code: int) -> None:
    reply = wire.call(r.IOCTL, r.ioctl(code, wire.open("file")))
    assert reply.status in {"NOT_SUPPORTED", "INVALID_DEVICE_REQUEST"}


def test_a_control_that_is_no_fsctl_is_not_supported(wire: Raw) -> None:
    """[MS-SMB2] 3.3.5.15: Flags must be SMB2_0_IOCTL_IS_FSCTL."""
    body = bytearray(r.ioctl(0x00140204, b"\xff" * 16, bytes(24)))
    body[48:52] = bytes(4)
    assert wire.call(r.IOCTL, bytes(body)).status == "NOT_SUPPORTED"


@pytest.mark.parametrize("info_class", [0, 2, 99, 255])
def test_an_unknown_information_class_is_refused(wire: Raw, info_class: int) -> None:
    handle = wire.open("file")
    refused = {"INVALID_INFO_CLASS", "NOT_SUPPORTED"}
    assert wire.call(r.QUERY_INFO, r.query_info(handle, 1, info_class)).status in refused
    assert wire.call(r.SET_INFO, r.set_info(handle, 1, info_class, bytes(64))).status in refused
    reply = wire.call(
        r.QUERY_DIRECTORY, r.query_directory(wire.open("", options=1, access=0x81), "*", 200)
    )
    assert reply.status in refused


def test_an_unknown_information_type_is_an_invalid_parameter(wire: Raw) -> None:
    handle = wire.open("file")
    assert wire.call(r.QUERY_INFO, r.query_info(handle, 9, 4)).status in BAD
    assert wire.call(r.SET_INFO, r.set_info(handle, 9, 4, bytes(40))).status in BAD


def test_an_unknown_disposition_is_an_invalid_parameter(wire: Raw) -> None:
    for disposition in (6, 7, 0xFFFFFFFF):
        assert wire.call(r.CREATE, r.create("x", disposition=disposition)).status in BAD


# --- compound ---


def test_unrelated_requests_in_one_frame_are_answered_each(wire: Raw) -> None:
    wire.compound([(r.CREATE, r.create("a")), (r.CREATE, r.create("b")), (r.ECHO, r.echo())],
                  related=False)  # fmt: skip
    assert [wire.receive().status for _ in range(3)] == ["SUCCESS"] * 3


def test_a_related_chain_uses_the_handle_it_opened(wire: Raw) -> None:
    wire.compound(
        [
            (r.CREATE, r.create("chain")),
            (r.WRITE, r.write(r.RELATED_ID, b"content")),
            (r.READ, r.read(r.RELATED_ID, 100)),
            (r.QUERY_INFO, r.query_info(r.RELATED_ID, 1, 5)),
            (r.CLOSE, r.close(r.RELATED_ID)),
        ]
    )
    replies = [wire.receive() for _ in range(5)]
    assert [reply.status for reply in replies] == ["SUCCESS"] * 5
    assert b"content" in replies[2].body
    assert struct.unpack_from("<QQ", replies[3].body, 8)[1] == 7


def test_a_failed_create_fails_the_related_rest(wire: Raw) -> None:
    """[MS-SMB2] 3.3.5.2.7.2"""
    wire.compound(
        [
            (r.CREATE, r.create("missing", disposition=1)),
            (r.READ, r.read(r.RELATED_ID, 10)),
            (r.CLOSE, r.close(r.RELATED_ID)),
        ]
    )
    assert [wire.receive().status for _ in range(3)] == ["OBJECT_NAME_NOT_FOUND"] * 3


def test_a_chain_goes_on_after_an_unrelated_failure(wire: Raw) -> None:
    wire.compound([(r.READ, r.read(bytes(16), 10)), (r.ECHO, r.echo())], related=False)
    assert [wire.receive().status for _ in range(2)] == ["FILE_CLOSED", "SUCCESS"]


def test_a_related_first_request_is_invalid(wire: Raw) -> None:
    """[MS-SMB2] 3.3.5.2.7.2"""
    body = r.create("x")
    body += bytes(-len(body) % 8)
    frame = wire.header(r.CREATE, flags=r.RELATED, next_offset=64 + len(body)) + body
    wire.send_bytes(frame + wire.header(r.CLOSE, flags=r.RELATED) + r.close(r.RELATED_ID))
    assert {wire.receive().status for _ in range(2)} == BAD


@pytest.mark.parametrize("offset", [1, 4, 63, 65, 72, 1000, 0xFFFFFFF8])
def test_a_bad_next_command(wire: Raw, offset: int) -> None:
    wire.send(r.ECHO, r.echo(), next_offset=offset)
    served_or_gone(wire)


def test_a_compound_of_a_hundred_requests(wire: Raw) -> None:
    wire.call(r.ECHO, r.echo(), credits=200)
    try:
        wire.compound([(r.ECHO, r.echo())] * 100, related=False)
        for _ in range(100):
            assert wire.receive().status in {"SUCCESS", "INVALID_PARAMETER"}
    except Gone:
        pass


# --- credits and cancel ---


def test_credits_are_granted_and_bounded(wire: Raw) -> None:
    granted = 0
    for _ in range(200):
        reply = wire.call(r.ECHO, r.echo(), credits=512)
        granted += reply.credits - 1
        assert reply.credits >= 1 or granted > 0
    assert 31 <= granted <= 65536


def test_a_message_id_out_of_the_window_ends_the_connection(wire: Raw) -> None:
    """[MS-SMB2] 3.3.5.2.3"""
    wire.send(r.ECHO, r.echo(), message_id=1 << 40)
    assert wire.gone()


def test_a_message_id_twice_ends_the_connection(wire: Raw) -> None:
    used = wire.message_id - 1
    wire.send(r.ECHO, r.echo(), message_id=used)
    assert wire.gone()


def test_a_charge_too_small_for_the_size_is_invalid(wire: Raw) -> None:
    """[MS-SMB2] 3.3.5.2.5"""
    handle = wire.open("file")
    wire.call(r.ECHO, r.echo(), credits=64)
    assert wire.call(r.READ, r.read(handle, 1 << 20), charge=1).status in BAD
    assert wire.call(r.WRITE, r.write(handle, bytes(200_000)), charge=1).status in BAD


def test_a_waiting_lock_is_cancelled(wire: Raw) -> None:
    one, two = wire.open("file"), wire.open("file")
    assert wire.call(r.LOCK, r.lock(one, (0, 10, 0x12))).status == "SUCCESS"
    message_id = wire.send(r.LOCK, r.lock(two, (0, 10, 0x02)))
    interim = wire.receive()
    assert interim.pending
    assert interim.async_id
    wire.send(r.CANCEL, r.echo(), message_id=message_id, async_id=interim.async_id)
    final = wire.receive()
    assert (final.status, final.message_id, final.async_id) == (
        "CANCELLED", message_id, interim.async_id,
    )  # fmt: skip
    assert wire.call(r.ECHO, r.echo()).status == "SUCCESS"


def test_a_waiting_lock_ends_with_its_handle(wire: Raw) -> None:
    one, two = wire.open("file"), wire.open("file")
    wire.call(r.LOCK, r.lock(one, (0, 10, 0x12)))
    waiting = wire.send(r.LOCK, r.lock(two, (0, 10, 0x02)))
    assert wire.receive().pending
    wire.send(r.CLOSE, r.close(two))
    replies = {reply.message_id: reply.status for reply in (wire.receive(), wire.receive())}
    assert replies.pop(waiting) in {"RANGE_NOT_LOCKED", "CANCELLED", "FILE_CLOSED"}
    assert list(replies.values()) == ["SUCCESS"]


def test_a_cancel_of_nothing_has_no_answer(wire: Raw) -> None:
    wire.send(r.CANCEL, r.echo(), message_id=12345)
    wire.send(r.CANCEL, r.echo(), message_id=0, async_id=0x7777)
    reply = wire.call(r.ECHO, r.echo())
    assert reply.status == "SUCCESS"
    assert reply.command == r.ECHO


def test_a_client_that_leaves_in_the_middle_leaves_nothing(server: Server, port: int) -> None:
    for _ in range(20):
        wire = Raw(port)
        wire.ready()
        handle = wire.open("held", share=0)
        wire.call(r.LOCK, r.lock(handle, (0, 10, 0x12)))
        wire.send(r.READ, r.read(handle, 60000))
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.socket.close()
    with Raw(port) as wire:
        wire.ready()
        deadline = 40
        while wire.call(r.CREATE, r.create("held", share=0)).status != "SUCCESS":
            deadline -= 1
            assert deadline, "the handle outlives its client"
            server.vm.run(["sleep", "0.2"])
