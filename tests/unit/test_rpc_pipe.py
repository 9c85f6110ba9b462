# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import logging
import struct
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ksmbd.mountd.rpc.association import MAX_STUB
from ksmbd.mountd.rpc.ndr import pack_stub
from ksmbd.mountd.rpc.pdu import NDR32, Flags, NakReason, PacketType, Result, Syntax
from ksmbd.mountd.rpc.pipe import MAX_PIPES, MAX_UNREAD, Pipes
from ksmbd.mountd.rpc.services import INTERFACES
from ksmbd.mountd.rpc.srvsvc import SRVSVC
from ksmbd.mountd.rpc.srvsvc_types import NameValidateIn, ServerIn
from ksmbd.shared.abi import RpcStatus
from ksmbd.tests.unit.rpc_support import environment

WHOLE = Flags.FIRST_FRAG | Flags.LAST_FRAG
NDR64 = Syntax(UUID("71710533-beba-4937-8319-b5dbef9ccc36"), (1, 0))
FEATURES = Syntax(UUID("6cb71c2c-9812-4540-0300-000000000000"), (1, 0))
REMOTE_TOD = 28
NAME_VALIDATE = 33
TOD_STUB = pack_stub(ServerIn, ServerIn(None))


def mark(order):
    return "<" if order == "little" else ">"


def packet(kind, body, flags=WHOLE, call=1, order="little", auth=0, version=(5, 0)):
    drep = bytes([0x10 if order == "little" else 0, 0, 0, 0])
    lengths = struct.pack(f"{mark(order)}HHI", 16 + len(body), auth, call)
    return bytes([*version, kind, flags]) + drep + lengths + body


def packed_syntax(syntax, order):
    raw = syntax.uuid.bytes_le if order == "little" else syntax.uuid.bytes
    major, minor = syntax.version
    return raw + struct.pack(f"{mark(order)}I", major | minor << 16)


def bind(*contexts, kind=PacketType.BIND, order="little", recv=4280, **more):
    body = struct.pack(f"{mark(order)}HHIBxxx", 4280, recv, 0, len(contexts))
    for number, (abstract, *transfers) in enumerate(contexts):
        body += struct.pack(f"{mark(order)}HBx", number, len(transfers))
        body += b"".join(packed_syntax(each, order) for each in (abstract, *transfers))
    return packet(kind, body, order=order, **more)


def request(opnum, stub, context=0, order="little", **more):
    head = struct.pack(f"{mark(order)}IHH", len(stub), context, opnum)
    return packet(PacketType.REQUEST, head + stub, order=order, **more)


def fault_status(answer):
    assert answer[2] == PacketType.FAULT
    (status,) = struct.unpack_from("<I", answer, 24)
    return status


def results(ack):
    (size,) = struct.unpack_from("<H", ack, 24)
    at = -(-(26 + size) // 4) * 4
    return [struct.unpack_from("<HH", ack, at + 4 + 24 * i) for i in range(ack[at])]


@pytest.fixture
def pipes():
    opened = Pipes(environment(), INTERFACES)
    assert opened.open(0, "srvsvc") == RpcStatus.OK
    return opened


@pytest.fixture
def bound(pipes):
    status, ack = pipes.ioctl(0, bind((SRVSVC.syntax, NDR32)))
    assert status == RpcStatus.OK
    assert ack[2] == PacketType.BIND_ACK
    return pipes


def test_a_bind_is_acknowledged_with_sizes_address_and_group(pipes):
    _, ack = pipes.ioctl(0, bind((SRVSVC.syntax, NDR32)))

    assert struct.unpack_from("<HH", ack, 16) == (4096, 4096)
    assert struct.unpack_from("<I", ack, 20)[0]
    assert ack[24:39] == b"\x0d\0\\PIPE\\srvsvc\0"
    assert results(ack) == [(Result.ACCEPTANCE, 0)]
    assert len(ack) == struct.unpack_from("<H", ack, 8)[0]


def test_each_context_is_judged_by_itself(pipes):
    other = Syntax(UUID(int=7), (1, 0))
    newer = Syntax(SRVSVC.syntax.uuid, (3, 1))
    contexts = [
        (SRVSVC.syntax, NDR64, NDR32),
        (SRVSVC.syntax, NDR64),
        (SRVSVC.syntax, FEATURES),
        (other, NDR32),
        (newer, NDR32),
    ]
    _, ack = pipes.ioctl(0, bind(*contexts))

    assert results(ack) == [(0, 0), (2, 2), (3, 0), (2, 1), (2, 1)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": (4, 0)}, NakReason.PROTOCOL_VERSION),
        ({"auth": 8}, NakReason.AUTHENTICATION_TYPE),
    ],
)
def test_a_bind_that_cannot_be_has_its_reason(pipes, change, reason):
    _, nak = pipes.ioctl(0, bind((SRVSVC.syntax, NDR32), **change))

    assert nak[2] == PacketType.BIND_NAK
    assert reason == struct.unpack_from("<H", nak, 16)[0]


def test_after_a_refused_bind_another_may_follow(pipes):
    pipes.ioctl(0, bind((SRVSVC.syntax, NDR32), auth=8))
    _, ack = pipes.ioctl(0, bind((SRVSVC.syntax, NDR32)))

    assert ack[2] == PacketType.BIND_ACK


def test_a_context_can_be_added_later(bound):
    ack = bound.ioctl(0, bind((SRVSVC.syntax, NDR32), kind=PacketType.ALTER_CONTEXT))[1]

    assert ack[2] == PacketType.ALTER_CONTEXT_RESP
    assert results(ack) == [(0, 0)]


def test_a_call_is_answered_in_the_byte_order_of_the_client(pipes):
    pipes.ioctl(0, bind((SRVSVC.syntax, NDR32), order="big"))
    _, answer = pipes.ioctl(0, request(REMOTE_TOD, bytes(4), order="big", call=9))

    assert (answer[2], answer[4]) == (PacketType.RESPONSE, 0)
    assert struct.unpack_from(">I", answer, 12)[0] == 9
    assert struct.unpack_from(">I", answer, 24 + 4 + 40)[0] == 2026


def test_a_request_in_fragments_runs_when_it_is_whole(bound):
    stub = pack_stub(NameValidateIn, NameValidateIn(None, "a" * 100, 9, 0))
    cut = 64
    first = request(NAME_VALIDATE, stub[:cut], flags=Flags.FIRST_FRAG)
    last = request(NAME_VALIDATE, stub[cut:], flags=Flags.LAST_FRAG)

    assert bound.write(0, first) == RpcStatus.OK
    assert bound.read(0) == (RpcStatus.EBAD_DATA, b"")
    assert (123).to_bytes(4, "little") == bound.ioctl(0, last)[1][24:]


def test_pieces_of_a_pdu_and_several_at_once_are_a_stream(bound):
    stream = request(REMOTE_TOD, TOD_STUB, call=1) + request(REMOTE_TOD, TOD_STUB, call=2)
    for byte in stream[:50]:
        assert bound.write(0, bytes([byte])) == RpcStatus.OK
    assert bound.write(0, stream[50:]) == RpcStatus.OK

    assert [struct.unpack_from("<I", bound.read(0)[1], 12)[0] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("recv", [0, 1432, 2000, 4280, 65535])
def test_a_long_answer_is_cut_to_what_both_sides_carry(recv):
    shares = "".join(f"[s{i:03}]\npath = /s\n" for i in range(300))
    pipes = Pipes(environment(shares=shares), INTERFACES)
    pipes.open(0, "srvsvc")
    pipes.ioctl(0, bind((SRVSVC.syntax, NDR32), recv=recv))
    long = struct.Struct("<I").pack
    stub = b"".join(map(long, (0, 0, 0, 1, 0, 0, 0xFFFFFFFF, 0)))
    assert pipes.write(0, request(15, stub)) == RpcStatus.OK
    fragments = []
    while (answer := pipes.read(0))[0] == RpcStatus.OK:
        fragments.append(answer[1])

    assert max(1432, min(recv, 4096)) >= max(map(len, fragments))
    middle = len(fragments) - 2
    assert [Flags.FIRST_FRAG, *[Flags(0)] * middle, Flags.LAST_FRAG] == [f[3] for f in fragments]
    stubs = [fragment[24:] for fragment in fragments]
    hints = [struct.unpack_from("<I", fragment, 16)[0] for fragment in fragments]
    assert [sum(map(len, stubs[i:])) for i in range(len(stubs))] == hints
    assert bytes(4) == stubs[-1][-4:]


@pytest.mark.parametrize(
    ("pdu_bytes", "status"),
    [
        (request(99, b""), 0x1C010002),
        (request(REMOTE_TOD, b"\1"), 0x6F7),
        (request(REMOTE_TOD, TOD_STUB, context=5), 0x1C010003),
        (request(REMOTE_TOD, TOD_STUB, auth=4), 5),
    ],
)
def test_a_call_that_fails_is_a_fault_and_the_next_one_runs(bound, pdu_bytes, status):
    assert status == fault_status(bound.ioctl(0, pdu_bytes)[1])
    assert bound.ioctl(0, request(REMOTE_TOD, TOD_STUB))[1][2] == PacketType.RESPONSE


def test_a_call_before_the_bind_is_a_fault(pipes):
    assert fault_status(pipes.ioctl(0, request(REMOTE_TOD, TOD_STUB))[1]) == 0x1C01000B


@pytest.mark.parametrize("kind", [PacketType.ORPHANED, PacketType.CO_CANCEL, PacketType.AUTH3])
def test_pdus_without_an_answer_change_nothing(bound, kind):
    assert bound.write(0, packet(kind, bytes(4))) == RpcStatus.OK
    assert bound.ioctl(0, request(REMOTE_TOD, TOD_STUB))[1][2] == PacketType.RESPONSE


def test_an_orphaned_call_is_dropped(bound):
    bound.write(0, request(REMOTE_TOD, b"", flags=Flags.FIRST_FRAG, call=3))
    bound.write(0, packet(PacketType.ORPHANED, b"", call=3))

    assert bound.ioctl(0, request(REMOTE_TOD, TOD_STUB))[1][2] == PacketType.RESPONSE


@pytest.mark.parametrize(
    "stream",
    [
        packet(PacketType.RESPONSE, bytes(8)),
        packet(77, b""),
        request(REMOTE_TOD, TOD_STUB, version=(4, 0)),
        bind((SRVSVC.syntax, NDR32)),
        request(REMOTE_TOD, b"", flags=Flags.LAST_FRAG),
        request(REMOTE_TOD, b"", flags=Flags.FIRST_FRAG) * 2,
        request(REMOTE_TOD, b"", flags=Flags.FIRST_FRAG)
        + request(REMOTE_TOD, b"", flags=Flags.LAST_FRAG, call=2),
        request(REMOTE_TOD, b"", flags=Flags.FIRST_FRAG)
        + request(REMOTE_TOD + 1, b"", flags=Flags.LAST_FRAG),
        packet(PacketType.REQUEST, bytes(4)),
        struct.pack("<BBBB4sHHI", 5, 0, 0, 3, b"\x10\0\0\0", 15, 0, 1),
        packet(PacketType.REQUEST, bytes(8), auth=9),
    ],
)
def test_what_breaks_the_protocol_breaks_the_association(bound, stream):
    assert bound.write(0, stream) == RpcStatus.EBAD_DATA
    assert bound.write(0, request(REMOTE_TOD, TOD_STUB)) == RpcStatus.EBAD_DATA
    assert bound.close(0) == RpcStatus.OK


def test_a_request_put_together_is_bounded(bound):
    part = bytes(4000)
    flags = Flags.FIRST_FRAG
    for _ in range(MAX_STUB // len(part)):
        assert bound.write(0, request(REMOTE_TOD, part, flags=flags)) == RpcStatus.OK
        flags = Flags(0)

    assert fault_status(bound.ioctl(0, request(REMOTE_TOD, part, flags=flags))[1]) == 0x1C00001B
    assert bound.write(0, b"\5") == RpcStatus.EBAD_DATA


def test_answers_that_nobody_reads_are_bounded(bound):
    one = request(REMOTE_TOD, TOD_STUB)
    statuses = [bound.write(0, one) for _ in range(MAX_UNREAD // 50)]

    assert statuses[-1] == RpcStatus.ENOMEM
    assert statuses.count(RpcStatus.OK) * 80 < 2 * MAX_UNREAD
    bound.read(0)
    assert bound.write(0, one) == RpcStatus.OK


def test_what_is_held_returns_to_nothing(bound):
    bound.write(0, request(REMOTE_TOD, TOD_STUB) + b"\5\0")
    bound.open(1, "wkssvc")
    bound.write(1, bytes(3))
    assert bound.held
    bound.read(0)
    bound.close(0)
    bound.close(1)

    assert (bound.held, len(bound)) == (0, 0)


def test_handles_that_are_not_open(pipes):
    assert pipes.write(7, b"") == RpcStatus.EBAD_FID
    assert pipes.read(7) == (RpcStatus.EBAD_FID, b"")
    assert pipes.ioctl(7, b"") == (RpcStatus.EBAD_FID, b"")
    assert pipes.close(7) == RpcStatus.EBAD_FID


def test_a_service_that_is_not_there(pipes):
    assert pipes.open(1, "spoolss") == RpcStatus.ENOTIMPLEMENTED


def test_a_number_opened_again_is_a_new_pipe(bound):
    assert bound.open(0, "srvsvc") == RpcStatus.OK
    assert len(bound) == 1
    assert fault_status(bound.ioctl(0, request(REMOTE_TOD, TOD_STUB))[1]) == 0x1C01000B


def test_pipes_are_bounded(pipes):
    statuses = [pipes.open(handle, "samr") for handle in range(1, MAX_PIPES + 1)]

    assert {RpcStatus.OK} == set(statuses[:-1])
    assert statuses[-1] == RpcStatus.ENOMEM


def test_a_write_can_tell_that_the_session_is_a_guests():
    pipes = Pipes(environment(settings="restrict anonymous = 1"), INTERFACES)
    pipes.open(0, "srvsvc")
    pipes.ioctl(0, bind((SRVSVC.syntax, NDR32)), restricted=True)

    assert fault_status(pipes.ioctl(0, request(REMOTE_TOD, TOD_STUB))[1]) == 5


GOOD = bind((SRVSVC.syntax, NDR32)) + request(REMOTE_TOD, TOD_STUB)


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_every_prefix_waits_for_the_rest(pipes, size):
    assert pipes.write(0, GOOD[:size]) == RpcStatus.OK
    assert pipes.write(0, GOOD[size:]) == RpcStatus.OK
    assert [pipes.read(0)[1][2] for _ in range(2)] == [PacketType.BIND_ACK, PacketType.RESPONSE]


@pytest.mark.parametrize("kind", [PacketType.BIND, PacketType.ALTER_CONTEXT, PacketType.REQUEST])
def test_a_body_cut_anywhere_is_handled(kind, caplog):
    whole = bind((SRVSVC.syntax, NDR32, NDR64))[16:]
    for size, alter in product(range(len(whole)), (False, True)):
        pipes = Pipes(environment(), INTERFACES)
        pipes.open(0, "srvsvc")
        if alter:
            pipes.ioctl(0, bind((SRVSVC.syntax, NDR32)))
        assert pipes.write(0, packet(kind, whole[:size])) in (RpcStatus.OK, RpcStatus.EBAD_DATA)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def survives(stream, service="srvsvc", interface=SRVSVC):
    """Feeds a stream; nothing may escape, and no operation may fail inside."""
    failures = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = failures.append
    log = logging.getLogger("ksmbd.mountd.rpc")
    log.addHandler(handler)
    try:
        pipes = Pipes(environment(), INTERFACES)
        pipes.open(0, service)
        pipes.ioctl(0, bind((interface.syntax, NDR32)))
        for part in stream:
            assert pipes.write(0, part) in set(RpcStatus)
            assert pipes.held <= MAX_UNREAD + MAX_STUB + (1 << 17)
            while (answer := pipes.read(0))[0] == RpcStatus.OK:
                assert 16 <= len(answer[1]) <= 4096
        pipes.close(0)
        assert pipes.held == 0
    finally:
        log.removeHandler(handler)
    assert failures == []


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_are_survived(parts):
    survives(parts)


KINDS = st.sampled_from([*PacketType, 1, 250])
FLAGS = st.integers(0, 255)


@settings(deadline=None)
@given(st.lists(st.tuples(KINDS, st.binary(max_size=80), FLAGS, st.integers(1, 2)), max_size=6))
def test_any_bodies_are_survived(parts):
    survives([packet(kind, body, flags, call) for kind, body, flags, call in parts])


OPNUMS = st.sampled_from([(i, op) for i in INTERFACES for op in i.operations])


@settings(deadline=None, max_examples=400)
@given(
    OPNUMS,
    st.lists(
        st.one_of(st.sampled_from([0, 1, 2, 5, 100, 502, 0xFFFFFFFF]), st.integers(0, 0xFFFFFFFF)),
        max_size=30,
    ),
)
def test_any_stubs_are_survived(target, words):
    interface, opnum = target
    stub = b"".join(word.to_bytes(4, "little") for word in words)
    survives([request(opnum, stub)], interface.pipe, interface)
