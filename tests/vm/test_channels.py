# SPDX-License-Identifier: GPL-2.0-only
"""Several connections for one session: [MS-SMB2] 3.3.5.5 step 4, 3.3.5.15.11, 3.3.7.1."""

from __future__ import annotations

import ipaddress
import json
import struct

import pytest
import raw
import sealed
from sealed import AES128_CCM, AES128_GCM, Sealed
from server import Server

GUID = bytes(range(16))
QUERY_NETWORK_INTERFACE_INFO = 0x001401FC
MAX_CHANNELS = 32
MULTI_CHANNEL = 8
SHARE_NONE = 0


@pytest.fixture
def port(multichannel: None, server: Server) -> int:
    return server.vm.smb_port


def connected(
    port: int, dialect: int = 0x0311, guid: bytes = GUID, **more: tuple[int, ...]
) -> Sealed:
    conn = Sealed(port)
    assert conn.offer((dialect,), guid=guid, **more).status == "SUCCESS"
    return conn


def first(port: int, dialect: int = 0x0311) -> Sealed:
    """The session's first channel, which signs, with a tree."""
    conn = connected(port, dialect)
    assert conn.login().status == "SUCCESS"
    conn.signing_messages = True
    assert conn.tree().status == "SUCCESS"
    return conn


def bound(port: int, to: Sealed, dialect: int = 0x0311) -> Sealed:
    """One more."""
    conn = connected(port, dialect)
    assert conn.login(bind=to).status == "SUCCESS"
    conn.signing_messages = True
    conn.tree_id = to.tree_id
    return conn


@pytest.mark.parametrize("dialect", [0x0300, 0x0302, 0x0311])
def test_what_one_channel_opened_the_other_writes(port: int, share: str, dialect: int) -> None:
    with first(port, dialect) as one, bound(port, one, dialect) as two:
        assert one.signing_key != two.signing_key
        handle = one.open("file")
        assert two.call(raw.WRITE, raw.write(handle, b"by the other")).status == "SUCCESS"
        assert two.last_frame[16] & sealed.SIGNED
        assert one.call(raw.READ, raw.read(handle, 12)).body[16:] == b"by the other"


def test_channels_of_an_encrypted_session_share_its_keys(port: int, share: str) -> None:
    with first(port) as one, bound(port, one) as two:
        for conn in (one, two):
            conn.signing_messages, conn.sealing = False, True
        handle = one.open("file")
        two.count = 1 << 32  # a nonce of its own
        assert two.call(raw.WRITE, raw.write(handle, b"x")).status == "SUCCESS"
        assert two.was_sealed


def test_a_session_lives_as_long_as_a_channel(port: int, share: str) -> None:
    with first(port) as one:
        handle = one.open("file", share=SHARE_NONE)
        two = bound(port, one)
        three = bound(port, one)
    with three:
        assert three.call(raw.WRITE, raw.write(handle, b"still")).status == "SUCCESS"
        two.socket.close()
        assert three.call(raw.READ, raw.read(handle, 5)).body[16:] == b"still"
    with connected(port) as back:
        # told of the old session, the server has closed what it had open
        assert back.login(previous=one.session_id).status == "SUCCESS"
        back.signing_messages = True
        assert back.tree().status == "SUCCESS"
        back.open("file", share=SHARE_NONE)


def test_who_comes_back_waits_for_what_is_being_closed(port: int, share: str) -> None:
    """The server has seen the loss and is closing hundreds of files: the reopen succeeds."""
    for _ in range(3):
        one = first(port)
        for number in range(150):
            one.open(f"file{number}", share=SHARE_NONE)
        one.socket.close()
        with connected(port) as back:
            assert back.login(previous=one.session_id).status == "SUCCESS"
            back.signing_messages = True
            assert back.tree().status == "SUCCESS"
            for number in (149, 0):
                back.open(f"file{number}", share=SHARE_NONE)


@pytest.mark.attack(14)
def test_a_logoff_on_one_channel_ends_the_session_on_all(port: int, share: str) -> None:
    with first(port) as one, bound(port, one) as two:
        handle = one.open("file")
        assert two.call(raw.LOGOFF, struct.pack("<HH", 4, 0)).status == "SUCCESS"
        assert one.call(raw.READ, raw.read(handle, 1)).status == "USER_SESSION_DELETED"
        assert two.call(raw.READ, raw.read(handle, 1)).status == "USER_SESSION_DELETED"
        with connected(port) as late:
            assert late.login(bind=one).status == "USER_SESSION_DELETED"


def test_a_channel_that_was_lost_can_be_bound_again(port: int, share: str) -> None:
    with first(port) as one:
        handle = one.open("file")
        for _ in range(2 * MAX_CHANNELS):
            two = bound(port, one)
            assert two.call(raw.WRITE, raw.write(handle, b"x")).status == "SUCCESS"
            two.socket.close()


def test_there_is_a_limit(port: int, share: str) -> None:
    with first(port) as one:
        others = [bound(port, one) for _ in range(MAX_CHANNELS - 1)]
        with connected(port) as more:
            assert more.login(bind=one).status == "INSUFFICIENT_RESOURCES"
        assert others[-1].call(raw.CREATE, raw.create("file")).status == "SUCCESS"
        for conn in others:
            conn.socket.close()


# --- refusals ---


def test_another_user_may_not_join(port: int, share: str) -> None:
    with first(port) as one, connected(port) as thief:
        assert thief.login("user2", bind=one).status == "ACCESS_DENIED"
        thief.tree_id = one.tree_id
        assert thief.call(raw.CREATE, raw.create("stolen")).status == "USER_SESSION_DELETED"
        assert one.call(raw.CREATE, raw.create("mine")).status == "SUCCESS"


def test_nor_may_who_proves_nothing(port: int, share: str) -> None:
    with first(port) as one, connected(port) as thief:
        assert thief.login(password="wrong", bind=one).status == "LOGON_FAILURE"
        assert one.call(raw.CREATE, raw.create("mine")).status == "SUCCESS"


def test_nor_who_does_not_have_the_key(port: int, share: str) -> None:
    with first(port) as one, connected(port) as thief:
        key, one.signing_key = one.signing_key, bytes(16)
        assert thief.login(bind=one).status == "ACCESS_DENIED"
        one.signing_key = key
        assert one.call(raw.CREATE, raw.create("mine")).status == "SUCCESS"


def test_half_a_binding_gives_nothing(port: int, share: str) -> None:
    """After its first leg the connection has no session, also not as a reauthentication."""
    with first(port) as one, connected(port) as half:
        half.session_id, half.signing_key = one.session_id, one.signing_key
        half.signing_messages = True
        context = sealed.spnego.client("user1", "x", hostname="127.0.0.1", service="cifs")
        token = context.step() or b""
        body = struct.pack("<HBBIIHHQ", 25, 1, 1, 0, 0, 88, len(token), 0) + token
        assert half.call(raw.SESSION_SETUP, body).status == "MORE_PROCESSING_REQUIRED"
        half.tree_id = one.tree_id
        assert half.call(raw.CREATE, raw.create("stolen")).status == "USER_SESSION_DELETED"
        assert half.setup(token).status == "USER_SESSION_DELETED"
        assert one.call(raw.CREATE, raw.create("mine")).status == "SUCCESS"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"dialect": 0x0302}, "INVALID_PARAMETER"),
        ({"dialect": 0x0210}, "REQUEST_NOT_ACCEPTED"),
        ({"ciphers": (AES128_CCM,)}, "INVALID_PARAMETER"),
        ({"guid": b"another" + bytes(9)}, "USER_SESSION_DELETED"),
        ({"signing": (sealed.AES_GMAC,)}, "NOT_SUPPORTED"),
    ],
)
def test_what_was_negotiated_differs(
    port: int, share: str, change: dict[str, object], status: str
) -> None:
    with first(port) as one, connected(port, **change) as other:  # type: ignore[arg-type]
        other.signing = one.signing  # the session's algorithm, as for its first channel
        assert one.cipher == AES128_GCM
        assert other.login(bind=one).status == status
        assert one.call(raw.CREATE, raw.create("mine")).status == "SUCCESS"


def test_twice_on_one_connection(port: int, share: str) -> None:
    with first(port) as one:
        assert one.login(bind=one).status == "REQUEST_NOT_ACCEPTED"


# --- what is offered ---


def test_negotiate_offers_it_from_3_0_on(port: int) -> None:
    for dialect, offered in ((0x0210, 0), (0x0300, 8), (0x0302, 8), (0x0311, 8)):
        with Sealed(port) as conn:
            reply = conn.offer((dialect,))
            (capabilities,) = struct.unpack_from("<I", reply.body, 24)
            assert capabilities & MULTI_CHANNEL == offered


def addresses(server: Server) -> set[bytes]:
    told = json.loads(server.vm.run("ip -j addr").out)
    return {ipaddress.ip_address(a["local"]).packed for link in told for a in link["addr_info"]}


def test_the_interfaces_are_told(server: Server, port: int, share: str) -> None:
    with first(port) as one:
        query = raw.ioctl(QUERY_NETWORK_INTERFACE_INFO, raw.RELATED_ID, room=65536)
        reply = one.call(raw.IOCTL, query)
        assert reply.status == "SUCCESS"
        offset, length = struct.unpack_from("<II", reply.body, 32)
        data = reply.body[offset - 64 : offset - 64 + length]
        at, found = 0, []
        while True:
            more, index, capability, zero, speed, family = struct.unpack_from("<IIIIQH", data, at)
            assert index and not zero and speed >= 1_000_000 and capability <= 1
            assert family in (2, 0x17)
            found.append(data[at + 28 : at + 32] if family == 2 else data[at + 32 : at + 48])
            if not more:
                break
            assert more == 152
            at += more
        assert at + 152 == length
        assert found and set(found) <= addresses(server)
        short = raw.ioctl(QUERY_NETWORK_INTERFACE_INFO, raw.RELATED_ID, room=16)
        assert one.call(raw.IOCTL, short).status == "BUFFER_TOO_SMALL"


# --- channel sequences: [MS-SMB2] 3.3.5.2.10 ---

REPLAY = 0x20000000


def test_what_comes_late_over_a_lost_channel_changes_nothing(port: int, share: str) -> None:
    with first(port) as one, bound(port, one) as two:
        handle = one.open("file")

        def written(conn: Sealed, text: bytes, sequence: int, flags: int = 0) -> str:
            body = raw.write(handle, text)
            return conn.call(raw.WRITE, body, sequence=sequence, flags=flags).status

        assert written(one, b"one", 0) == "SUCCESS"
        assert written(two, b"two", 1, REPLAY) == "SUCCESS"
        assert written(one, b"old", 0) == "FILE_NOT_AVAILABLE"
        assert written(one, b"old", 0x8001) == "FILE_NOT_AVAILABLE"
        flush = struct.pack("<HHI16s", 24, 0, 0, handle)
        assert one.call(raw.FLUSH, flush, sequence=0).status == "SUCCESS"  # harmless
        assert one.call(raw.READ, raw.read(handle, 3), sequence=0).body[16:] == b"two"
        assert written(one, b"new", 0x8000) == "SUCCESS"  # 0x7FFF ahead
        assert written(two, b"and", 0x8000) == "SUCCESS"


def test_a_replay_waits_for_what_it_would_meet(port: int, share: str) -> None:
    """A request of the old sequence still runs: no replay until it is done."""
    with first(port) as one, bound(port, one) as two:
        holder, waiter = one.open("file"), two.open("file")
        assert one.call(raw.LOCK, raw.lock(holder, (0, 10, 2))).status == "SUCCESS"
        message = one.send(raw.LOCK, raw.lock(waiter, (0, 10, 2)))
        assert one.receive().pending
        body = raw.write(waiter, b"x", 100)
        for _ in range(2):
            reply = two.call(raw.WRITE, body, sequence=1, flags=REPLAY)
            assert reply.status == "FILE_NOT_AVAILABLE"
        assert two.call(raw.WRITE, body, sequence=1).status == "SUCCESS"  # no replay, its turn
        assert two.call(raw.CLOSE, raw.close(holder)).status == "SUCCESS"
        done = one.receive()
        assert (done.message_id, done.status) == (message, "SUCCESS")
        assert two.call(raw.WRITE, body, sequence=1, flags=REPLAY).status == "SUCCESS"


def test_2_x_has_no_channel_sequences(port: int, share: str) -> None:
    with connected(port, 0x0210) as old:
        assert old.login().status == "SUCCESS"
        old.signing_messages = True
        assert old.tree().status == "SUCCESS"
        handle = old.open("file")
        for sequence in (5, 0):
            write = raw.write(handle, b"x")
            assert old.call(raw.WRITE, write, sequence=sequence).status == "SUCCESS"
