# SPDX-License-Identifier: GPL-2.0-only
"""What an RPC interface is: a UUID, a version and a table of operations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ksmbd.mountd.rpc.dtyp import NULL_HANDLE
from ksmbd.mountd.rpc.environment import RpcEnvironment
from ksmbd.mountd.rpc.ndr import ByteOrder, Parameters, Reader, Writer
from ksmbd.mountd.rpc.pdu import Syntax
from ksmbd.shared.errors import ProtocolError

# [C706] appendix E; the first two are Win32 codes, [MS-RPCE] 2.2.2.11 allows them.
FAULT_ACCESS_DENIED = 0x00000005
FAULT_BAD_STUB_DATA = 0x000006F7
FAULT_UNSPECIFIED = 0x1C000012
FAULT_CONTEXT_MISMATCH = 0x1C00001A
FAULT_NO_MEMORY = 0x1C00001B
FAULT_OP_RNG_ERROR = 0x1C010002
FAULT_UNKNOWN_IF = 0x1C010003
FAULT_PROTO_ERROR = 0x1C01000B

MAX_HANDLES = 1024

A = TypeVar("A")
R = TypeVar("R")
H = TypeVar("H")


class Fault(Exception):
    """Ends a call with a DCE/RPC fault PDU instead of a response."""

    def __init__(self, status: int) -> None:
        super().__init__(f"fault {status:#010x}")
        self.status = status


@dataclass(slots=True)
class Handles:
    """The context handles of one association; they end with it.

    A handle is random, so that one client's handle says nothing about another's.
    """

    token: Callable[[int], bytes]
    values: dict[bytes, object] = field(default_factory=dict)

    def add(self, value: object) -> bytes | None:
        """Returns a new handle, or None when this association has too many."""
        if len(self.values) >= MAX_HANDLES:
            return None
        handle = bytes(4) + self.token(16)
        self.values[handle] = value
        return handle

    def get(self, handle: bytes, kind: type[H]) -> H:
        """Looks a handle up.

        Raises:
            Fault: it is not one of ours, or of another kind.
        """
        value = self.values.get(handle)
        if not isinstance(value, kind):
            raise Fault(FAULT_CONTEXT_MISMATCH)
        return value

    def close(self, handle: bytes) -> bytes:
        """Forgets a handle; the zero handle tells the client so.

        Raises:
            Fault: it is not one of ours.
        """
        if self.values.pop(handle, None) is None:
            raise Fault(FAULT_CONTEXT_MISMATCH)
        return NULL_HANDLE


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls: what an operation needs besides its parameters."""

    env: RpcEnvironment
    handles: Handles
    restricted: bool = False
    """The session is a guest's or anonymous."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[A, R]):
    """One opnum: the parameters it takes and gives, and the function between them."""

    takes: Parameters[A]
    gives: Parameters[R]
    run: Callable[[Call, A], R]


def operation(takes: type[A], gives: type[R], run: Callable[[Call, A], R]) -> Operation[A, R]:
    return Operation(Parameters(takes), Parameters(gives), run)


@dataclass(frozen=True, slots=True)
class Interface:
    """One row per module in `ksmbd.mountd.rpc`; the pipe name picks it."""

    pipe: str
    syntax: Syntax
    operations: Mapping[int, Operation[Any, Any]]

    def serves(self, wanted: Syntax) -> bool:
        """Same UUID and major version, and no newer minor one.  [C706] 6.1.1.2"""
        ours = self.syntax
        return (
            wanted.uuid == ours.uuid
            and wanted.version[0] == ours.version[0]
            and wanted.version[1] <= ours.version[1]
        )

    def call(self, call: Call, opnum: int, stub: bytes, order: ByteOrder = "little") -> bytes:
        """Runs one operation on a request stub and returns the response stub.

        Raises:
            Fault: `opnum` is not implemented, refused, or its stub does not decode.
        """
        found = self.operations.get(opnum)
        if found is None:
            raise Fault(FAULT_OP_RNG_ERROR)
        if call.restricted and call.env.config().globals.restrict_anonymous >= 1:
            raise Fault(FAULT_ACCESS_DENIED)
        try:
            parameters = found.takes.read(Reader(stub, order=order))
        except ProtocolError as e:
            raise Fault(FAULT_BAD_STUB_DATA) from e
        writer = Writer(order)
        found.gives.write(writer, found.run(call, parameters))
        return bytes(writer.data)
