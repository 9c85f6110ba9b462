# SPDX-License-Identifier: GPL-2.0-only
"""The netlink socket, against a kernel that is the other end of a socket pair."""

import asyncio
import errno
import logging
import socket
import struct
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.mountd.netlink import family
from ksmbd.mountd.netlink.family import Ack, Codec, Family, FamilyGone, Received
from ksmbd.shared.abi import Event, LoginRequest, LoginResponse, UserStatus
from ksmbd.shared.errors import ProtocolError
from pyroute2.netlink import genlmsg
from pyroute2.netlink.nlsocket import Marshal

FAMILY_ID = 0x21
KERNEL_PORT = 0

pytestmark = pytest.mark.skipif(sys.byteorder == "big", reason="messages are little-endian here")


def framed(command: int, payload: bytes, *, version: int = 1, kind: int | None = None) -> bytes:
    """A message as the kernel writes it: no flags, no sequence number, no port."""
    attribute = struct.pack("=HH", 4 + len(payload), command if kind is None else kind) + payload
    attribute = attribute.ljust(-(-len(attribute) // 4) * 4, b"\0")
    header = struct.pack("=IHHII", 20 + len(attribute), FAMILY_ID, 0, 0, 0)
    return header + struct.pack("=BBH", command, version, 0) + attribute


def acknowledged(message: bytes, error: int) -> bytes:
    echo = message[:16] if error == 0 else message
    sequence, port = struct.unpack_from("=II", message, 8)
    header = struct.pack("=IHHII", 20 + len(echo), 2, 0x100 if error == 0 else 0, sequence, port)
    return header + struct.pack("=i", -error) + echo


LOGIN = LoginRequest(7, "alice").pack()


def test_a_message_has_the_bytes_that_a_stock_mountd_sends() -> None:
    answer = LoginResponse(0, UserStatus.OK).pack()
    message = Codec(FAMILY_ID).encode(Event.LOGIN_RESPONSE, answer, 0x6B00DA67, 0xED)

    # Captured: mountd -> kernel LOGIN_RESPONSE.
    header = bytes.fromhex("ac0000002100050067da006bed0000000501000098000500")
    assert header + answer == message


def test_the_length_of_an_attribute_is_that_of_its_payload() -> None:
    message = Codec(FAMILY_ID).encode(Event.RPC_RESPONSE, bytes(13), 1, 1)
    assert (len(message), message[20]) == (16 + 4 + 4 + 16, 17)


def test_a_payload_that_does_not_fit_is_a_protocol_error() -> None:
    codec = Codec(FAMILY_ID)
    codec.encode(Event.RPC_RESPONSE, bytes(family.MAX_PAYLOAD), 1, 1)
    with pytest.raises(ProtocolError):
        codec.encode(Event.RPC_RESPONSE, bytes(family.MAX_PAYLOAD + 1), 1, 1)


@pytest.mark.parametrize(
    ("datagram", "expected"),
    [
        (framed(4, LOGIN), [Received(4, LOGIN)]),
        (framed(4, LOGIN, kind=0x8004), [Received(4, LOGIN)]),
        (framed(12, b"odd length!"), [Received(12, b"odd length!")]),
        (framed(4, LOGIN) + framed(1, bytes(4)), [Received(4, LOGIN), Received(1, bytes(4))]),
        (framed(4, LOGIN, version=2), []),
        (framed(4, LOGIN, version=0), []),
        (framed(4, LOGIN, kind=5), []),
        (framed(77, LOGIN), []),
        (framed(0, LOGIN), []),
        (framed(4, LOGIN)[:20], []),
        (b"", []),
        (acknowledged(framed(5, bytes(148)), 0), [Ack(0, 0)]),
        (acknowledged(framed(5, bytes(148)), errno.EINVAL), [Ack(0, errno.EINVAL)]),
    ],
)
def test_a_datagram_is_understood_or_left_out(
    datagram: bytes, expected: list[family.Incoming]
) -> None:
    assert expected == list(Codec(FAMILY_ID).decode(datagram))


def test_the_end_of_the_family_is_noticed() -> None:
    def control(command: int, family_id: int) -> bytes:
        body = struct.pack("=BBH", command, 2, 0) + struct.pack("=HHHH", 6, 1, family_id, 0)
        return struct.pack("=IHHII", 16 + len(body), 0x10, 0, 0, 0) + body

    codec = Codec(FAMILY_ID)
    assert [FamilyGone()] == list(codec.decode(control(2, FAMILY_ID)))
    assert list(codec.decode(control(2, FAMILY_ID + 1))) == []
    assert list(codec.decode(control(1, FAMILY_ID))) == []


def test_a_message_cut_anywhere_does_no_harm() -> None:
    logging.disable(logging.CRITICAL)
    codec = Codec(FAMILY_ID)
    message = framed(4, LOGIN)
    for size in range(len(message)):
        for incoming in codec.decode(message[:size]):
            assert isinstance(incoming, Received)
            assert len(incoming.payload) < len(LOGIN)
    logging.disable(logging.NOTSET)


class Pyroute2Message(genlmsg):  # type: ignore[misc]
    prefix = "SMBD_"
    nla_map = tuple((int(event), f"SMBD_{event.name}", "cdata") for event in Event)


@given(st.sampled_from(Event), st.binary(max_size=200), st.booleans())
def test_pyroute2_reads_what_is_written(event: Event, payload: bytes, acknowledge: bool) -> None:
    data = Codec(FAMILY_ID).encode(event, payload, 5, 9, acknowledge=acknowledge)
    marshal = Marshal()
    marshal.msg_map = {FAMILY_ID: Pyroute2Message}
    (message,) = marshal.parse(data)
    assert message["cmd"] == event
    assert message["version"] == 1
    assert message.get_attr(f"SMBD_{event.name}") == payload
    header = message["header"]
    assert (header["flags"], header["sequence_number"], header["pid"]) == (
        5 if acknowledge else 1,
        5,
        9,
    )
    assert list(Codec(FAMILY_ID).decode(data)) == [Received(event, payload)]


def test_other_attributes_are_passed_over() -> None:
    other = struct.pack("=HHI", 8, 3, 7)
    message = framed(4, LOGIN)
    message = struct.pack("=I", len(message) + 8) + message[4:20] + other + message[20:]
    assert list(Codec(FAMILY_ID).decode(message)) == [Received(4, LOGIN)]


@given(st.binary(max_size=80))
def test_any_bytes_do_no_harm(tail: bytes) -> None:
    logging.disable(logging.CRITICAL)
    list(Codec(FAMILY_ID).decode(struct.pack("=IHH", 16 + len(tail), FAMILY_ID, 0) + tail))
    logging.disable(logging.NOTSET)


class Pair:
    """A netlink socket whose kernel is in the test."""

    def __init__(self) -> None:
        self.ours, self.kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ours.setblocking(False)
        self.kernel.settimeout(5)
        self.sender = KERNEL_PORT

    def getsockname(self) -> tuple[int, int]:
        return 99, 0

    def fileno(self) -> int:
        return self.ours.fileno()

    def recvfrom(self, size: int) -> tuple[bytes, tuple[int, int]]:
        return self.ours.recv(size), (self.sender, 0)

    def sendto(self, data: bytes, _: object) -> int:
        return self.ours.send(data)

    def close(self) -> None:
        self.ours.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.ours.close()
    pair.kernel.close()


def opened(pair: Pair) -> Family:
    return Family(pair, FAMILY_ID)  # type: ignore[arg-type]


async def received(pair: Pair, *datagrams: bytes) -> list[tuple[int, bytes]]:
    """What a family hands out; the last datagram has to be one that is handed out."""
    seen: list[tuple[int, bytes]] = []
    done = asyncio.Event()

    def on_event(event: int, payload: bytes) -> None:
        seen.append((event, payload))
        if event == Event.HEARTBEAT_REQUEST:
            done.set()

    ours = opened(pair)
    ours.attach(asyncio.get_running_loop(), on_event, done.set)
    for datagram in (*datagrams, framed(1, bytes(4))):
        pair.kernel.send(datagram)
    if pair.sender == KERNEL_PORT:
        await asyncio.wait_for(done.wait(), 5)
    else:
        ours._readable(on_event, done.set)
    ours.close()
    return seen


def test_events_reach_the_handler_and_rubbish_between_them_does_not(pair: Pair) -> None:
    seen = asyncio.run(
        received(pair, framed(4, LOGIN), b"rubbish", framed(4, LOGIN, version=9), framed(6, b"x"))
    )
    assert [(4, LOGIN), (6, b"x"), (1, bytes(4))] == seen


def test_messages_of_other_processes_are_ignored(pair: Pair) -> None:
    pair.sender = 4711
    assert asyncio.run(received(pair, framed(4, LOGIN))) == []


def test_a_negative_acknowledgment_is_logged_and_harmless(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse() -> None:
        seen = asyncio.Event()
        ours = opened(pair)
        ours.attach(asyncio.get_running_loop(), lambda *_: seen.set(), seen.set)
        ours.send(Event.LOGIN_RESPONSE, bytes(148))
        answer = pair.kernel.recv(4096)
        assert struct.unpack_from("=H", answer, 6) == (1,)  # a refusal would come anyway
        pair.kernel.send(acknowledged(answer, errno.ERANGE))
        pair.kernel.send(framed(1, bytes(4)))
        await asyncio.wait_for(seen.wait(), 5)
        ours.close()

    asyncio.run(refuse())
    assert "refused LOGIN_RESPONSE" in caplog.text


@pytest.mark.parametrize("code", [0, errno.EINVAL])
def test_a_call_returns_its_acknowledgment(pair: Pair, code: int) -> None:
    async def play() -> int:
        ours = opened(pair)
        ours.attach(asyncio.get_running_loop(), lambda *_: None, lambda: None)
        call = asyncio.ensure_future(ours.call(Event.STARTING_UP, bytes(744), 5))
        await asyncio.sleep(0)
        pair.kernel.send(acknowledged(pair.kernel.recv(4096), code))
        result = await call
        ours.close()
        return result

    assert code == asyncio.run(play())


def test_a_call_without_an_acknowledgment_times_out(pair: Pair) -> None:
    async def play() -> None:
        ours = opened(pair)
        try:
            await ours.call(Event.STARTING_UP, bytes(744), 0.01)
        finally:
            ours.close()

    with pytest.raises(TimeoutError):
        asyncio.run(play())
