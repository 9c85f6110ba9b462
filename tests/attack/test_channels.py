# SPDX-License-Identifier: GPL-2.0-only
"""Classes 14 and 34 over two channels, 23 and 46 with keys: what one side ends, the other uses."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
from collections.abc import Callable, Iterator

import pytest
import raw as r
import sealed
from raw import Gone, Raw
from sealed import AES_CMAC, AES_GMAC, SIGNED, Sealed
from server import Server

GUID = b"two channels of."
LOCK_ALONE = (0, 10, 0x12)
LOCK_WAIT = (0, 10, 0x02)
UNLOCK = (0, 10, 0x04)
ENDED = {"CANCELLED", "RANGE_NOT_LOCKED", "FILE_CLOSED", "USER_SESSION_DELETED",
         "NETWORK_NAME_DELETED", "SUCCESS"}  # fmt: skip


def keyed(
    port: int, *, mode: int = 1, bind: Sealed | None = None, cipher: int = sealed.AES128_GCM,
    signing: int = AES_CMAC,
) -> Sealed:  # fmt: skip
    """A channel that signs, of a new session or of another's."""
    conn = Sealed(port, timeout=30)
    conn.offer(guid=GUID, ciphers=(cipher,), signing=(signing,))
    reply = conn.login(mode=mode, bind=bind)
    assert reply.status == "SUCCESS", reply
    conn.signing_messages = True
    if bind is None:
        assert conn.tree().status == "SUCCESS"
    else:
        conn.tree_id = bind.tree_id
    return conn


# --- 14 and 34 ---


@pytest.fixture
def channels(multichannel: None, server: Server) -> int:
    """The port of a server that has them."""
    return server.vm.smb_port


def cut(conn: Sealed) -> None:
    conn.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.socket.close()


def final_of(conn: Sealed, message_id: int) -> str:
    """The one answer to a request that waited; an ECHO says that there is no second one."""
    conn.send(r.ECHO, r.echo())
    finals = []
    while True:
        reply = conn.receive()
        if reply.message_id == message_id and not reply.pending:
            finals.append(reply.status)
        if reply.command == r.ECHO:
            if finals:
                assert len(finals) == 1
                return finals[0]
            conn.send(r.ECHO, r.echo())


ENDS: dict[str, Callable[[Sealed, bytes], object]] = {
    "close": lambda conn, handle: conn.send(r.CLOSE, r.close(handle)),
    "unlock": lambda conn, handle: conn.send(r.LOCK, r.lock(handle, UNLOCK)),
    "tree disconnect": lambda conn, _: conn.send(r.TREE_DISCONNECT, r.echo()),
    "logoff": lambda conn, _: conn.send(r.LOGOFF, r.echo()),
    "cut": lambda conn, _: cut(conn),
}


@pytest.mark.attack(34)
@pytest.mark.parametrize("how", ENDS)
def test_a_lock_on_one_channel_and_a_close_on_another(channels: int, how: str) -> None:
    with Raw(channels) as holder, keyed(channels) as one, keyed(channels, bind=one) as two:
        holder.ready()
        held = holder.open("file")
        assert holder.call(r.LOCK, r.lock(held, LOCK_ALONE)).status == "SUCCESS"
        two.call(r.ECHO, r.echo(), credits=64)
        handle = one.open("file")
        message_id = two.send(r.LOCK, r.lock(handle, LOCK_WAIT))
        assert two.receive().pending
        ENDS[how](one, handle)
        if how in ("cut", "unlock"):
            # the other channel, or another range of the handle: the wait goes on
            assert holder.call(r.LOCK, r.lock(held, UNLOCK)).status == "SUCCESS"
        status = final_of(two, message_id)
        assert status in ENDED
        assert (status == "SUCCESS") == (how in ("cut", "unlock"))
        # what the handle had is the session's, and goes with it
        two.send(r.LOGOFF, r.echo())
        with contextlib.suppress(Gone):
            two.receive()
        holder.send(r.LOCK, r.lock(held, UNLOCK if how not in ("cut", "unlock") else LOCK_WAIT))
        reply = holder.receive()
        assert (holder.receive() if reply.pending else reply).status == "SUCCESS"


@pytest.mark.attack(34)
def test_the_channel_that_waits_is_cut(channels: int) -> None:
    for _ in range(20):
        with Raw(channels) as holder, keyed(channels) as one:
            holder.ready()
            held = holder.open("file")
            assert holder.call(r.LOCK, r.lock(held, LOCK_ALONE)).status == "SUCCESS"
            with keyed(channels, bind=one) as two:
                handle = one.open("file")
                two.send(r.LOCK, r.lock(handle, LOCK_WAIT))
                assert two.receive().pending
                cut(two)
            # whether the wait has ended or not by then, nothing of it is left in the end
            assert holder.call(r.LOCK, r.lock(held, UNLOCK)).status == "SUCCESS"
            assert one.call(r.CLOSE, r.close(handle)).status == "SUCCESS"
            assert holder.call(r.LOCK, r.lock(held, LOCK_ALONE)).status == "SUCCESS"


@pytest.mark.attack(14)
@pytest.mark.parametrize("how", ["tree disconnect", "logoff", "cut"])
def test_one_channel_ends_what_the_other_works_with(channels: int, how: str) -> None:
    for delay in range(12):
        with keyed(channels) as one, keyed(channels, bind=one) as two:
            two.call(r.ECHO, r.echo(), credits=128)
            handle = one.open("file")
            parts = [
                (r.WRITE, r.write(handle, b"x" * 100)), (r.READ, r.read(handle, 100)),
                (r.CREATE, r.create("other")), (r.LOCK, r.lock(handle, (0, 1, 0x12))),
                (r.QUERY_INFO, r.query_info(handle, 1, 5)), (r.CLOSE, r.close(handle)),
            ]  # fmt: skip
            sent = 0
            for number, (command, body) in enumerate(parts * 2):
                if number == delay:
                    ENDS[how](one, handle)
                two.send(command, body)
                sent += 1
            statuses = [two.receive().status for _ in range(sent)]
            assert len(statuses) == sent
            if how == "cut":
                assert two.call(r.ECHO, r.echo()).status == "SUCCESS"
                assert "USER_SESSION_DELETED" not in statuses


# --- 23 ---


def chain(conn: Sealed, names: list[str]) -> list[bytes]:
    """CREATEs of these names as the elements of one frame, not signed yet."""
    elements = []
    for number, name in enumerate(names):
        body = r.create(name, disposition=2)
        last = number == len(names) - 1
        body += b"" if last else bytes(-(64 + len(body)) % 8)
        head = conn.header(r.CREATE, credits=4, next_offset=0 if last else 64 + len(body))
        elements.append(head + body)
    return elements


def flipped(element: bytes, at: int) -> bytes:
    changed = bytearray(element)
    changed[at] ^= 1
    return bytes(changed)


BAD: dict[str, Callable[[bytes, bytes], bytes]] = {
    "signature": lambda signed, _: flipped(signed, 48),
    "body": lambda signed, _: flipped(signed, 64 + 24 + 4),
    "last byte": lambda signed, _: flipped(signed, -1),
    "message id": lambda signed, _: flipped(signed, 36),
    "none": lambda _, bare: bare,
    "a zero one": lambda signed, _: signed[:48] + bytes(16) + signed[64:],
}


@pytest.mark.attack(23)
@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("signing", [AES_CMAC, AES_GMAC])
def test_a_wrong_signature_inside_a_signed_chain(
    port: int, what: str, at: int, signing: int
) -> None:
    """It alone is refused, and what follows is looked at: the walk always advances."""
    with keyed(port, mode=2, signing=signing) as conn:
        names = [f"link{number}" for number in range(3)]
        bare = chain(conn, names)
        signed = [sealed.sign(conn.signing, conn.signing_key, element) for element in bare]
        signed[at] = BAD[what](signed[at], bare[at])
        conn.signing_messages = False
        conn.send_bytes(b"".join(signed))
        statuses = []
        with contextlib.suppress(Gone):
            while len(statuses) < 3:
                reply = conn.receive()
                statuses.append(reply.status)
        if what != "message id":
            assert statuses == ["ACCESS_DENIED" if n == at else "SUCCESS" for n in range(3)]
        conn.socket.close()
    with Raw(port) as other:
        other.ready()
        bad = other.call(r.CREATE, r.create(names[at], disposition=1)).status
        assert bad == "OBJECT_NAME_NOT_FOUND"


@pytest.mark.attack(23)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_related_ones_behind_a_wrong_signature(port: int, at: int) -> None:
    with keyed(port, mode=2) as conn:
        elements = []
        bodies = [r.create("related"), r.write(r.RELATED_ID, b"data"), r.close(r.RELATED_ID)]
        for number, body in enumerate(bodies):
            padding = b"" if number == 2 else bytes(-(64 + len(body)) % 8)
            head = conn.header(
                (r.CREATE, r.WRITE, r.CLOSE)[number], credits=4, flags=r.RELATED if number else 0,
                next_offset=0 if number == 2 else 64 + len(body) + len(padding),
            )  # fmt: skip
            element = sealed.sign(conn.signing, conn.signing_key, head + body + padding)
            elements.append(flipped(element, 50) if number == at else element)
        conn.signing_messages = False
        conn.send_bytes(b"".join(elements))
        statuses = [conn.receive().status for _ in range(3)]
        assert statuses[at] == "ACCESS_DENIED"
        assert statuses[:at] == ["SUCCESS"] * at
        if at == 0:
            assert "SUCCESS" not in statuses
        conn.signing_messages = True
        reply = conn.call(r.CREATE, r.create("related", disposition=1))
        assert (reply.status == "SUCCESS") == (at > 0)
        if at:
            data = conn.call(r.READ, r.read(r.file_id(reply), 10))
            assert data.status == ("SUCCESS" if at == 2 else "END_OF_FILE")


@pytest.mark.attack(23)
def test_every_answer_of_a_signed_chain_is_signed(port: int) -> None:
    with keyed(port, mode=2) as conn:
        conn.compound([(r.CREATE, r.create("whole")), (r.ECHO, r.echo()), (r.CREATE, bytes(8))],
                      related=False)  # fmt: skip
        frame = conn.receive_bytes()
        count = 0
        while frame:
            step = struct.unpack_from("<I", frame, 20)[0] or len(frame)
            element, frame = frame[:step], frame[step:]
            assert element[16] & SIGNED
            assert sealed.sign(conn.signing, conn.signing_key, element) == element
            count += 1
        assert count == 3


# --- 46 ---


class Sniffed(Sealed):
    """Notes what comes as it came."""

    frames: list[bytes]

    def receive_bytes(self) -> bytes:
        message = super().receive_bytes()
        self.frames.append(self.last_frame)
        return message


@pytest.fixture
def sniffed(port: int) -> Iterator[Sniffed]:
    conn = Sniffed(port, timeout=30)
    conn.frames = []
    conn.offer()
    assert conn.login().status == "SUCCESS"
    conn.sealing = True
    assert conn.tree().status == "SUCCESS"
    assert conn.call(r.ECHO, r.echo(), credits=64).status == "SUCCESS"
    conn.frames.clear()
    yield conn
    # No plaintext, and no nonce twice: with GCM that would give the key stream away.
    assert all(frame[:4] == b"\xfdSMB" for frame in conn.frames)
    nonces = [frame[20:32] for frame in conn.frames]
    assert len(set(nonces)) == len(nonces)
    conn.socket.close()


@pytest.mark.attack(46)
@pytest.mark.parametrize("how", ["cancel", "cancel by id", "unlock", "close", "logoff"])
def test_an_asynchronous_answer_on_an_encrypted_session(sniffed: Sniffed, how: str) -> None:
    with Raw(sniffed.socket.getpeername()[1]) as holder:
        holder.ready()
        held = holder.open("file")
        assert holder.call(r.LOCK, r.lock(held, LOCK_ALONE)).status == "SUCCESS"
        handle = sniffed.open("file")
        message_id = sniffed.send(r.LOCK, r.lock(handle, LOCK_WAIT))
        interim = sniffed.receive()
        assert interim.pending
        assert not interim.flags & SIGNED
        if how == "cancel":
            sniffed.send(r.CANCEL, r.echo(), message_id=message_id, async_id=interim.async_id)
        elif how == "cancel by id":
            sniffed.send(r.CANCEL, r.echo(), message_id=message_id)
        elif how == "unlock":
            assert holder.call(r.LOCK, r.lock(held, UNLOCK)).status == "SUCCESS"
        else:
            ENDS[how](sniffed, handle)
        finals, wanted = [], 1 if "cancel" in how or how == "unlock" else 2
        while len(finals) < wanted:
            reply = sniffed.receive()
            assert not reply.pending
            finals.append(reply)
        (final,) = [reply for reply in finals if reply.message_id == message_id]
        assert final.status in ENDED
        assert (final.status == "SUCCESS") == (how == "unlock")
        if "cancel" in how:
            assert final.status == "CANCELLED"


@pytest.mark.attack(46)
@pytest.mark.parametrize("change", ["session", "nonce", "size", "tag", "flags", "no session"])
def test_a_transform_that_is_not_right_while_a_request_waits(port: int, change: str) -> None:
    with keyed(port) as conn:
        conn.signing_messages, conn.sealing = False, True
        top = conn.open("watched", options=1)
        watch = struct.pack("<HHI", 32, 0, 4096) + top + struct.pack("<II", 0xFFF, 0)
        conn.send(r.CHANGE_NOTIFY, watch)
        assert conn.receive().pending
        frame = bytearray(conn.seal(conn.header(r.ECHO) + r.echo()))
        at = {"session": 44, "nonce": 20, "size": 36, "tag": 4, "flags": 42}
        if change == "no session":
            frame[44:52] = bytes(8)
        else:
            frame[at[change]] ^= 1
        Raw.send_bytes(conn, bytes(frame))
        with pytest.raises(Gone):
            while True:
                assert conn.receive().command != r.ECHO


@pytest.mark.attack(46)
def test_many_asynchronous_answers_on_an_encrypted_session(sniffed: Sniffed) -> None:
    top = sniffed.open("watched", options=1)
    watch = struct.pack("<HHI", 32, 0, 4096) + top + struct.pack("<II", 0xFFF, 0)
    waiting = {sniffed.send(r.CHANGE_NOTIFY, watch): 0 for _ in range(20)}
    for _ in waiting:
        interim = sniffed.receive()
        assert interim.pending
        waiting[interim.message_id] = interim.async_id
    for message_id, async_id in itertools.islice(waiting.items(), 10):
        sniffed.send(r.CANCEL, r.echo(), message_id=message_id, async_id=async_id)
    sniffed.send(r.CLOSE, r.close(top))
    answers: dict[int, str] = {}
    while len(answers) < 21:
        reply = sniffed.receive()
        assert reply.message_id not in answers
        answers[reply.message_id] = reply.status
    assert sorted(answers.values()).count("CANCELLED") == 10
