# SPDX-License-Identifier: GPL-2.0-only
"""The server's side of one association: PDUs in, PDUs out.  [C706] 9.3, [MS-RPCE] 3.3.3.

An association begins with a bind, which agrees on presentation contexts; then each call
is a request, in one fragment or several, and a response, a fault, or nothing.  No
authentication is offered above the session's own: a bind that brings a verifier gets a
bind_nak that says so, and clients then bind without one.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from ksmbd.mountd.rpc import pdu
from ksmbd.mountd.rpc.environment import RpcEnvironment
from ksmbd.mountd.rpc.interface import (
    FAULT_ACCESS_DENIED,
    FAULT_NO_MEMORY,
    FAULT_PROTO_ERROR,
    FAULT_UNKNOWN_IF,
    FAULT_UNSPECIFIED,
    Call,
    Fault,
    Handles,
    Interface,
)
from ksmbd.mountd.rpc.pdu import Flags, Header, NakReason, PacketType
from ksmbd.shared.errors import ProtocolError

log = logging.getLogger(__name__)

MAX_FRAGMENT = 4096
"""What the kernel carries in one write and one answer."""

MAX_STUB = 256 * 1024
"""The largest request put together from fragments."""

MAX_CONTEXTS = 256


@dataclass(slots=True)
class _Pending:
    """A request whose last fragment has not come."""

    header: Header
    context_id: int
    opnum: int
    stub: bytearray


@dataclass(slots=True)
class Association:
    """State of one pipe's association.  `receive` is the only way in."""

    interfaces: Sequence[Interface]
    address: str
    env: RpcEnvironment
    group: int
    handles: Handles = field(init=False)
    broken: bool = False

    _incoming: bytearray = field(default_factory=bytearray, init=False)
    _contexts: dict[int, Interface] = field(default_factory=dict, init=False)
    _pending: _Pending | None = field(default=None, init=False)
    _max_fragment: int = field(default=MAX_FRAGMENT, init=False)
    _bound: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.handles = Handles(self.env.token)

    @property
    def buffered(self) -> int:
        """Bytes held for what is not complete yet."""
        return len(self._incoming) + (len(self._pending.stub) if self._pending else 0)

    def receive(self, data: bytes, restricted: bool) -> list[bytes]:
        """Takes bytes of the stream, in whatever pieces, and returns the PDUs to answer.

        Raises:
            ProtocolError: this is no DCE/RPC, or not in this state; the association is
                broken and takes nothing more.
        """
        if self.broken:
            raise ProtocolError("the association is broken")
        self._incoming += data
        answers: list[bytes] = []
        try:
            while not self.broken and (whole := self._next_pdu()) is not None:
                answers += self._dispatch(*whole, restricted)
        except ProtocolError:
            self.broken = True
            raise
        finally:
            if self.broken:
                self._incoming.clear()
                self._pending = None
        return answers

    def _next_pdu(self) -> tuple[Header, bytes] | None:
        if len(self._incoming) < pdu.HEADER_SIZE:
            return None
        header = pdu.parse_header(bytes(self._incoming[: pdu.HEADER_SIZE]))
        if len(self._incoming) < header.length:
            return None
        whole = bytes(self._incoming[: header.length])
        del self._incoming[: header.length]
        return header, whole

    def _dispatch(self, header: Header, data: bytes, restricted: bool) -> list[bytes]:
        if header.version not in ((5, 0), (5, 1)):
            if header.type == PacketType.BIND:
                return [pdu.pack_bind_nak(header, NakReason.PROTOCOL_VERSION)]
            raise ProtocolError(f"RPC version {header.version}")
        match header.type:
            case PacketType.BIND | PacketType.ALTER_CONTEXT:
                return [self._bind(header, data)]
            case PacketType.REQUEST:
                return self._request(header, data, restricted)
            case PacketType.ORPHANED:
                if self._pending and self._pending.header.call_id == header.call_id:
                    self._pending = None
                return []
            case PacketType.CO_CANCEL | PacketType.AUTH3:
                # Calls are over before a cancel can be read; AUTH3 has no answer, and no
                # security context here that it could complete.
                return []
        raise ProtocolError(f"PDU of type {header.type} from a client")

    def _bind(self, header: Header, data: bytes) -> bytes:
        alter = header.type == PacketType.ALTER_CONTEXT
        if alter != self._bound:
            raise ProtocolError("alter_context before bind" if alter else "a second bind")
        if header.auth_length:
            if alter:
                return pdu.pack_fault(header, 0, FAULT_ACCESS_DENIED, executed=False)
            return pdu.pack_bind_nak(header, NakReason.AUTHENTICATION_TYPE)
        bind = pdu.parse_bind(header, data)
        if not alter:
            self._bound = True
            self._max_fragment = _clamp(bind.max_recv)
            # An unknown group is taken as named: handles never leave their association,
            # so nothing is shared by it.
            self.group = bind.group or self.group
        results = tuple(self._negotiate(context) for context in bind.contexts)
        address = "" if alter else self.address
        ack = pdu.BindAck(self._max_fragment, _clamp(bind.max_xmit), self.group, address, results)
        return pdu.pack_bind_ack(header, ack)

    def _negotiate(self, context: pdu.Context) -> pdu.ContextResult:
        if any(pdu.is_bind_time_features(each) for each in context.transfers):
            # The reason is the set of the features granted: none is needed on a pipe.
            return pdu.ContextResult(pdu.Result.NEGOTIATE_ACK, 0, pdu.NO_SYNTAX)
        interface = next((i for i in self.interfaces if i.serves(context.abstract)), None)
        if interface is None:
            reason = pdu.Reason.ABSTRACT_SYNTAX
        elif pdu.NDR32 not in context.transfers:
            reason = pdu.Reason.TRANSFER_SYNTAXES
        elif len(self._contexts) >= MAX_CONTEXTS:
            reason = pdu.Reason.NOT_SPECIFIED
        else:
            self._contexts[context.id] = interface
            return pdu.ContextResult(pdu.Result.ACCEPTANCE, 0, pdu.NDR32)
        return pdu.ContextResult(pdu.Result.PROVIDER_REJECTION, reason, pdu.NO_SYNTAX)

    def _request(self, header: Header, data: bytes, restricted: bool) -> list[bytes]:
        request = pdu.parse_request(header, data)
        if not self._bound:
            return [pdu.pack_fault(header, request.context_id, FAULT_PROTO_ERROR, executed=False)]
        if header.auth_length:
            return [pdu.pack_fault(header, request.context_id, FAULT_ACCESS_DENIED, executed=False)]
        pending = self._reassemble(header, request)
        if len(pending.stub) > MAX_STUB:
            self.broken = True
            return [pdu.pack_fault(header, pending.context_id, FAULT_NO_MEMORY, executed=False)]
        if not header.flags & Flags.LAST_FRAG:
            self._pending = pending
            return []
        self._pending = None
        return self._run(pending, restricted)

    def _reassemble(self, header: Header, request: pdu.Request) -> _Pending:
        """Adds a fragment to its request.

        Raises:
            ProtocolError: it does not continue the request that is under way.
        """
        if header.flags & Flags.FIRST_FRAG:
            if self._pending:
                raise ProtocolError("a new request before the end of the last")
            stub = bytearray(request.stub)
            return _Pending(header, request.context_id, request.opnum, stub)
        pending = self._pending
        if pending is None or pending.header.call_id != header.call_id:
            raise ProtocolError(f"a fragment of call {header.call_id} without its first one")
        if (pending.context_id, pending.opnum) != (request.context_id, request.opnum):
            raise ProtocolError("a fragment of another operation")
        pending.stub += request.stub
        return pending

    def _run(self, request: _Pending, restricted: bool) -> list[bytes]:
        header, context_id = request.header, request.context_id
        interface = self._contexts.get(context_id)
        if interface is None:
            return [pdu.pack_fault(header, context_id, FAULT_UNKNOWN_IF, executed=False)]
        call = Call(self.env, self.handles, restricted)
        try:
            stub = interface.call(call, request.opnum, bytes(request.stub), header.order)
        except Fault as fault:
            log.debug("%s opnum %d: %s", interface.pipe, request.opnum, fault)
            return [pdu.pack_fault(header, context_id, fault.status)]
        except Exception:
            # A mistake of ours in one operation must not take the daemon from everyone.
            log.exception("%s opnum %d failed", interface.pipe, request.opnum)
            return [pdu.pack_fault(header, context_id, FAULT_UNSPECIFIED)]
        return pdu.pack_response(header, context_id, stub, self._max_fragment)


def _clamp(fragment: int) -> int:
    return max(pdu.MUST_RECEIVE, min(fragment, MAX_FRAGMENT))
