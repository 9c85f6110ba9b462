# SPDX-License-Identifier: GPL-2.0-only
"""Connection-oriented DCE/RPC PDUs.  [C706] chapter 12, [MS-RPCE] 2.2.2.

Pure: bytes to dataclasses and back.  The common header of every PDU:

    0  rpc_vers (5)   1  rpc_vers_minor   2  PTYPE   3  pfc_flags
    4  packed_drep: 0x10 little-endian, 0x00 big-endian in its first byte
    8  frag_length    10 auth_length      12 call_id
"""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from uuid import UUID

from ksmbd.mountd.rpc.ndr import ByteOrder
from ksmbd.shared.errors import ProtocolError

HEADER_SIZE = 16
MUST_RECEIVE = 1432
"""The fragment size every implementation can receive.  [C706] 12.6.3.1"""


class PacketType(IntEnum):
    REQUEST = 0
    RESPONSE = 2
    FAULT = 3
    BIND = 11
    BIND_ACK = 12
    BIND_NAK = 13
    ALTER_CONTEXT = 14
    ALTER_CONTEXT_RESP = 15
    AUTH3 = 16
    CO_CANCEL = 18
    ORPHANED = 19


class Flags(IntFlag):
    FIRST_FRAG = 0x01
    LAST_FRAG = 0x02
    DID_NOT_EXECUTE = 0x20
    OBJECT_UUID = 0x80


class Result(IntEnum):
    """p_cont_def_result_t, [MS-RPCE] 2.2.2.4 adds the last one."""

    ACCEPTANCE = 0
    PROVIDER_REJECTION = 2
    NEGOTIATE_ACK = 3


class Reason(IntEnum):
    """p_provider_reason_t"""

    NOT_SPECIFIED = 0
    ABSTRACT_SYNTAX = 1
    TRANSFER_SYNTAXES = 2


class NakReason(IntEnum):
    """p_reject_reason_t; 8 is of [MS-RPCE] 2.2.2.5."""

    NOT_SPECIFIED = 0
    PROTOCOL_VERSION = 4
    AUTHENTICATION_TYPE = 8


@dataclass(frozen=True, slots=True)
class Header:
    version: tuple[int, int]
    type: int
    flags: Flags
    order: ByteOrder
    drep: bytes
    length: int
    auth_length: int
    call_id: int


@dataclass(frozen=True, slots=True)
class Syntax:
    """p_syntax_id_t: an interface or a transfer syntax, and its version.

    The version is one 32-bit number, the major version in its low half: in a big-endian
    PDU the minor one comes first.
    """

    uuid: UUID
    version: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Context:
    """One presentation context that a client proposes."""

    id: int
    abstract: Syntax
    transfers: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Bind:
    max_xmit: int
    max_recv: int
    group: int
    contexts: tuple[Context, ...]


@dataclass(frozen=True, slots=True)
class ContextResult:
    result: Result
    reason: int
    transfer: Syntax


@dataclass(frozen=True, slots=True)
class BindAck:
    max_xmit: int
    max_recv: int
    group: int
    address: str
    results: tuple[ContextResult, ...]


@dataclass(frozen=True, slots=True)
class Request:
    alloc_hint: int
    context_id: int
    opnum: int
    stub: bytes


NDR32 = Syntax(UUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), (2, 0))
NO_SYNTAX = Syntax(UUID(int=0), (0, 0))

_BIND_TIME_PREFIX = UUID("6cb71c2c-9812-4540-0000-000000000000").bytes[:8]


def is_bind_time_features(syntax: Syntax) -> bool:
    """Not a syntax but a question for features, coded in the UUID.  [MS-RPCE] 3.3.1.5.3"""
    return syntax.uuid.bytes[:8] == _BIND_TIME_PREFIX and syntax.version == (1, 0)


def parse_header(data: bytes) -> Header:
    """Reads the common header.

    Raises:
        ProtocolError: fewer than 16 bytes, or lengths that contradict each other.
    """
    if len(data) < HEADER_SIZE:
        raise ProtocolError(f"{len(data)} bytes are no PDU header")
    order: ByteOrder = "little" if data[4] & 0xF0 else "big"
    length, auth_length, call_id = struct.unpack_from(f"{_mark(order)}HHI", data, 8)
    if length < HEADER_SIZE or auth_length > length - HEADER_SIZE:
        raise ProtocolError(f"PDU of {length} bytes with {auth_length} of authentication")
    return Header(
        (data[0], data[1]), data[2], Flags(data[3]), order, data[4:8], length, auth_length, call_id
    )


def _mark(order: ByteOrder) -> str:
    return "<" if order == "little" else ">"


@dataclass(slots=True)
class _Cursor:
    data: bytes
    order: ByteOrder
    pos: int = HEADER_SIZE

    def unpack(self, layout: str) -> tuple[int, ...]:
        layout = _mark(self.order) + layout
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def take(self, size: int) -> bytes:
        end = self.pos + size
        if end > len(self.data):
            raise ProtocolError(f"PDU ends at {len(self.data)}, need {end}")
        self.pos = end
        return self.data[end - size : end]

    def syntax(self) -> Syntax:
        raw = self.take(16)
        uuid = UUID(bytes_le=raw) if self.order == "little" else UUID(bytes=raw)
        (version,) = self.unpack("I")
        return Syntax(uuid, (version & 0xFFFF, version >> 16))


def parse_bind(header: Header, data: bytes) -> Bind:
    """Reads bind and alter_context: u16 max_xmit, u16 max_recv, u32 group, contexts.

    Raises:
        ProtocolError: the contexts do not fit the PDU.
    """
    cursor = _Cursor(data, header.order)
    max_xmit, max_recv, group, count = cursor.unpack("HHIBxxx")
    contexts = []
    for _ in range(count):
        context_id, transfers = cursor.unpack("HBx")
        abstract = cursor.syntax()
        contexts.append(
            Context(context_id, abstract, tuple(cursor.syntax() for _ in range(transfers)))
        )
    return Bind(max_xmit, max_recv, group, tuple(contexts))


def parse_request(header: Header, data: bytes) -> Request:
    """Reads one request fragment, without its object UUID.

    Raises:
        ProtocolError: it is cut short.
    """
    cursor = _Cursor(data, header.order)
    alloc_hint, context_id, opnum = cursor.unpack("IHH")
    if header.flags & Flags.OBJECT_UUID:
        cursor.take(16)
    return Request(alloc_hint, context_id, opnum, data[cursor.pos :])


def _pack(reply_to: Header, kind: PacketType, flags: Flags, body: bytes) -> bytes:
    """A PDU in the client's own byte order and version."""
    head = bytes([5, min(reply_to.version[1], 1), kind, flags])
    # Character and float formats stay ASCII and IEEE whatever the client says.
    drep = bytes([0x10 if reply_to.order == "little" else 0, 0, 0, 0])
    lengths = struct.pack(
        f"{_mark(reply_to.order)}HHI", HEADER_SIZE + len(body), 0, reply_to.call_id
    )
    return head + drep + lengths + body


def _pack_syntax(order: ByteOrder, syntax: Syntax) -> bytes:
    raw = syntax.uuid.bytes_le if order == "little" else syntax.uuid.bytes
    major, minor = syntax.version
    return raw + struct.pack(f"{_mark(order)}I", major | minor << 16)


def pack_bind_ack(to: Header, ack: BindAck) -> bytes:
    """bind_ack, or alter_context_resp if `to` is an alter_context.

    The secondary address counts its NUL; an absent one is the length 0.
    """
    mark = _mark(to.order)
    raw = ack.address.encode("ascii") + b"\0" if ack.address else b""
    body = struct.pack(f"{mark}HHIH", ack.max_xmit, ack.max_recv, ack.group, len(raw)) + raw
    body += bytes(-len(body) % 4) + bytes([len(ack.results), 0, 0, 0])
    for each in ack.results:
        body += struct.pack(f"{mark}HH", each.result, each.reason)
        body += _pack_syntax(to.order, each.transfer)
    alter = to.type == PacketType.ALTER_CONTEXT
    kind = PacketType.ALTER_CONTEXT_RESP if alter else PacketType.BIND_ACK
    return _pack(to, kind, Flags.FIRST_FRAG | Flags.LAST_FRAG, body)


def pack_bind_nak(to: Header, reason: NakReason) -> bytes:
    """bind_nak: the reason, then the protocol versions we do speak."""
    body = struct.pack(f"{_mark(to.order)}H", reason) + bytes([1, 5, 0])
    return _pack(to, PacketType.BIND_NAK, Flags.FIRST_FRAG | Flags.LAST_FRAG, body + bytes(3))


def pack_fault(to: Header, context_id: int, status: int, executed: bool = True) -> bytes:
    """fault: alloc_hint, context, cancel count, status, 4 reserved bytes."""
    body = struct.pack(f"{_mark(to.order)}IHBxI4x", 0, context_id, 0, status)
    flags = Flags.FIRST_FRAG | Flags.LAST_FRAG
    if not executed:
        flags |= Flags.DID_NOT_EXECUTE
    return _pack(to, PacketType.FAULT, flags, body)


RESPONSE_OVERHEAD = HEADER_SIZE + 8


def pack_response(to: Header, context_id: int, stub: bytes, max_fragment: int) -> list[bytes]:
    """The fragments of a response, none longer than `max_fragment`.

    Each but the last carries a multiple of 8 bytes, which keeps the alignment of the
    stub visible in every fragment.  [C706] 12.6.3.5
    """
    room = (max_fragment - RESPONSE_OVERHEAD) & ~7
    starts = range(0, len(stub), room) if stub else range(1)
    fragments = []
    for start in starts:
        part = stub[start : start + room]
        flags = Flags(0)
        if start == 0:
            flags |= Flags.FIRST_FRAG
        if start + room >= len(stub):
            flags |= Flags.LAST_FRAG
        body = struct.pack(f"{_mark(to.order)}IHBx", len(stub) - start, context_id, 0) + part
        fragments.append(_pack(to, PacketType.RESPONSE, flags, body))
    return fragments
