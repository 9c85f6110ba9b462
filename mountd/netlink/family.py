# SPDX-License-Identifier: GPL-2.0-only
"""The generic netlink family SMBD_GENL: one socket between mountd and the kernel.

The socket is our own, because it belongs to mountd's event loop.  Each message
carries one attribute whose type is the command number and whose value is one struct
of `ksmbd.shared.abi`.  pyroute2 knows the messages about families; those of the
family itself are three fixed headers, which `struct` reads and writes here: a log-on is
eight of them, and the general parser took more time than all else that mountd does
for it.
"""

import asyncio
import errno
import itertools
import logging
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ksmbd.shared.abi import FAMILY_NAME, FAMILY_VERSION, Event
from ksmbd.shared.errors import KsmbdError, ProtocolError
from pyroute2.netlink import (
    CTRL_CMD_DELFAMILY,
    CTRL_CMD_GETFAMILY,
    CTRL_CMD_NEWFAMILY,
    GENL_ID_CTRL,
    NETLINK_ADD_MEMBERSHIP,
    NETLINK_GENERIC,
    NLM_F_ACK,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    SOL_NETLINK,
    ctrlmsg,
)
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nlsocket import Marshal

log = logging.getLogger(__name__)

MAX_PAYLOAD = 0xFFFF - 4
"""An attribute's length is 16 bits and counts its 4-byte header."""

_RECEIVE_BUFFER = 4 << 20
_LONGEST_DATAGRAM = 1 << 17
_LOOKUP_TIMEOUT = 5.0
_LOOKUP_SEQUENCE = 0xFA
_SO_RCVBUFFORCE = 33
_MESSAGES_PER_WAKEUP = 64

_HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""
_GENERIC = struct.Struct("=BBxx")
"""struct genlmsghdr: command, version."""
_ATTRIBUTE = struct.Struct("=HH")
"""struct nlattr: length, type."""
_ERRNO = struct.Struct("=i")
"""struct nlmsgerr up to the message that it answers, which follows."""
_MESSAGE = struct.Struct("=IHHII BBxx HH")
"""All headers of a message of the family."""
_TYPE_MASK = 0x3FFF
"""The bits of an attribute's type that are no flags: NLA_TYPE_MASK."""


class FamilyAbsent(KsmbdError):
    """The kernel has no SMBD_GENL: the module is not loaded."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the kernel that is to be handled."""

    event: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """What the kernel said to a message of ours: 0 or an errno.

    A refusal comes with the message that was refused; `event` is what that was.
    """

    sequence: int
    error: int
    event: Event | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FamilyGone:
    """The family was unregistered: the module is being unloaded."""


Incoming = Received | Ack | FamilyGone


class Codec:
    """Messages of the family to bytes and back; pure."""

    def __init__(self, family_id: int) -> None:
        self.family_id = family_id
        self._control = Marshal()
        self._control.msg_map = {GENL_ID_CTRL: ctrlmsg}

    def encode(
        self, event: Event, payload: bytes, sequence: int, port: int, *, acknowledge: bool = True
    ) -> bytes:
        """One message, which asks for an acknowledgment or only for a refusal.

        Raises:
            ProtocolError: the payload does not fit an attribute.
        """
        if len(payload) > MAX_PAYLOAD:
            raise ProtocolError(f"{event.name} of {len(payload)} bytes does not fit a message")
        padding = bytes(-len(payload) % 4)
        headers = _MESSAGE.pack(
            _MESSAGE.size + len(payload) + len(padding),
            self.family_id,
            NLM_F_REQUEST | NLM_F_ACK if acknowledge else NLM_F_REQUEST,
            sequence,
            port,
            event,
            FAMILY_VERSION,
            _ATTRIBUTE.size + len(payload),
            event,
        )
        return headers + payload + padding

    def decode(self, datagram: bytes) -> Iterator[Incoming]:
        """The messages in a datagram; what cannot be understood is logged and left out."""
        at = 0
        while at < len(datagram):
            size = 0
            if len(datagram) - at >= _HEADER.size:
                (size, *_) = _HEADER.unpack_from(datagram, at)
            if not _HEADER.size <= size <= len(datagram) - at:
                log.warning("ignoring a netlink message without its end")
                return
            incoming = self._understand(datagram[at : at + size])
            if incoming is not None:
                yield incoming
            at += size + -size % 4

    def _understand(self, message: bytes) -> Incoming | None:
        _, kind, _, sequence, _ = _HEADER.unpack_from(message)
        if kind == self.family_id:
            return _understand_event(message)
        if kind == NLMSG_ERROR:
            return _understand_ack(message, sequence)
        if kind == GENL_ID_CTRL:
            return self._understand_control(message)
        log.debug("ignoring a netlink message of type %d", kind)
        return None

    def _understand_control(self, message: bytes) -> FamilyGone | None:
        try:
            (parsed,) = self._control.parse(message)
            gone = parsed["cmd"] == CTRL_CMD_DELFAMILY and _family_id(parsed) == self.family_id
        except Exception:
            # pyroute2 promises no set of exceptions for malformed input.
            log.warning("cannot understand a message about families", exc_info=True)
            return None
        return FamilyGone() if gone else None


_EVENTS = {int(event): event for event in Event}


def _understand_event(message: bytes) -> Received | None:
    at = _HEADER.size
    if len(message) < at + _GENERIC.size:
        log.warning("ignoring a kernel message of %d bytes", len(message))
        return None
    command, version = _GENERIC.unpack_from(message, at)
    if version != FAMILY_VERSION:
        log.warning("ignoring a kernel message of version %d", version)
        return None
    if command not in _EVENTS:
        log.warning("ignoring the unknown event %d", command)
        return None
    payload = _attribute(message, at + _GENERIC.size, command)
    if payload is None:
        log.warning("ignoring %s without its attribute", _EVENTS[command].name)
        return None
    return Received(command, payload)


def _attribute(message: bytes, at: int, wanted: int) -> bytes | None:
    """The value of the attribute of type `wanted` among those from `at` on."""
    while len(message) - at >= _ATTRIBUTE.size:
        size, kind = _ATTRIBUTE.unpack_from(message, at)
        if not _ATTRIBUTE.size <= size <= len(message) - at:
            return None
        if kind & _TYPE_MASK == wanted:
            return message[at + _ATTRIBUTE.size : at + size]
        at += size + -size % 4
    return None


def _understand_ack(message: bytes, sequence: int) -> Ack | None:
    at = _HEADER.size
    if len(message) < at + _ERRNO.size:
        log.warning("ignoring an acknowledgment of %d bytes", len(message))
        return None
    (negative,) = _ERRNO.unpack_from(message, at)
    at += _ERRNO.size + _HEADER.size
    refused = None
    if negative and len(message) >= at + _GENERIC.size:
        refused = _EVENTS.get(_GENERIC.unpack_from(message, at)[0])
    return Ack(sequence, -negative, refused)


def finish_message(message: Any, kind: int, flags: int, sequence: int, port: int) -> bytes:
    """The bytes of a message, with its header."""
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message["header"]["sequence_number"] = sequence
    message["header"]["pid"] = port
    message.encode()
    return bytes(message.data)


def _family_id(message: Any) -> int | None:
    value = message.get_attr("CTRL_ATTR_FAMILY_ID")
    return int(value) if value is not None else None


class Family:
    """An open socket on the family, with the acknowledgments it still waits for.

    The kernel unicasts to the socket that sent STARTING_UP, so there is one of
    these in a mountd and it lives as long as mountd serves.
    """

    def __init__(self, sock: socket.socket, family_id: int) -> None:
        self._socket = sock
        self._codec = Codec(family_id)
        self._port = int(sock.getsockname()[0])
        self._sequence = itertools.count(1)
        self._calls: dict[int, asyncio.Future[int]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def open(cls) -> "Family":
        """Opens a socket and looks the family up.  Blocks for a moment.

        Raises:
            FamilyAbsent: the module is not loaded.
            KsmbdError: the system refuses a netlink socket.
        """
        sock = open_netlink()
        try:
            _enlarge(sock)
            family_id, _ = look_up_family(sock, FAMILY_NAME)
            _hear_of_families(sock)
            sock.setblocking(False)
            return cls(sock, family_id)
        except OSError as e:
            sock.close()
            raise KsmbdError(f"cannot look {FAMILY_NAME} up: {e}") from e
        except BaseException:
            sock.close()
            raise

    def attach(
        self,
        loop: asyncio.AbstractEventLoop,
        on_event: Callable[[int, bytes], None],
        on_gone: Callable[[], None],
    ) -> None:
        """Starts to receive on `loop`: kernel messages go to `on_event`."""
        self._loop = loop
        loop.add_reader(self._socket.fileno(), self._readable, on_event, on_gone)

    def send(self, event: Event, payload: bytes) -> None:
        """Sends a message; that the kernel refuses it will be logged and has no other effect.

        Raises:
            ProtocolError: it does not fit a message.
            OSError: the kernel does not take it.
        """
        self._transmit(self._next_sequence(), event, payload, acknowledge=False)

    async def call(self, event: Event, payload: bytes, timeout: float) -> int:
        """Sends a message and returns its acknowledgment: 0 or an errno.

        Raises:
            TimeoutError: none came.
            OSError: the kernel does not take the message.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        sequence = self._next_sequence()
        self._calls[sequence] = done
        try:
            self._transmit(sequence, event, payload, acknowledge=True)
            return await asyncio.wait_for(done, timeout)
        finally:
            self._calls.pop(sequence, None)

    def close(self) -> None:
        """Closes the socket; to the kernel this mountd is then gone."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop = None
        for done in self._calls.values():
            done.cancel()
        self._calls.clear()
        self._socket.close()

    def _next_sequence(self) -> int:
        return next(self._sequence) & 0xFFFFFFFF

    def _transmit(self, sequence: int, event: Event, payload: bytes, *, acknowledge: bool) -> None:
        data = self._codec.encode(event, payload, sequence, self._port, acknowledge=acknowledge)
        self._socket.sendto(data, (0, 0))

    def _readable(
        self, on_event: Callable[[int, bytes], None], on_gone: Callable[[], None]
    ) -> None:
        # Bounded, so that a busy kernel does not keep signals and timers waiting.
        for _ in range(_MESSAGES_PER_WAKEUP):
            if self._loop is None:
                return  # closed by a handler
            try:
                datagram, (port, _) = self._socket.recvfrom(_LONGEST_DATAGRAM)
            except BlockingIOError:
                return
            except InterruptedError:
                continue
            except OSError as e:
                if e.errno == errno.ENOBUFS:
                    log.error("netlink receive buffer overrun: kernel requests were lost")
                    continue
                log.error("cannot receive from the kernel: %s", e.strerror)
                on_gone()
                return
            if port != 0:
                log.warning("ignoring a message of netlink port %d, which is not the kernel", port)
                continue
            for incoming in self._codec.decode(datagram):
                self._deliver(incoming, on_event, on_gone)

    def _deliver(
        self,
        incoming: Incoming,
        on_event: Callable[[int, bytes], None],
        on_gone: Callable[[], None],
    ) -> None:
        match incoming:
            case Received(event, payload):
                on_event(event, payload)
            case Ack():
                self._acknowledged(incoming)
            case FamilyGone():
                on_gone()

    def _acknowledged(self, ack: Ack) -> None:
        done = self._calls.pop(ack.sequence, None)
        if done is not None:
            if not done.done():
                done.set_result(ack.error)
        elif ack.error:
            name = ack.event.name if ack.event is not None else f"message {ack.sequence}"
            log.warning("the kernel refused %s: %s", name, os.strerror(ack.error))


async def wait_for_family() -> None:
    """Returns once the family is there, which may be at once.

    Raises:
        KsmbdError: the system refuses a netlink socket.
    """
    loop = asyncio.get_running_loop()
    with open_netlink() as sock:
        # Listen first: a module loaded between the look and the wait is not missed.
        _hear_of_families(sock)
        marshal = Marshal()
        marshal.msg_map = {GENL_ID_CTRL: ctrlmsg}
        while True:
            with suppress(FamilyAbsent):
                sock.settimeout(_LOOKUP_TIMEOUT)
                look_up_family(sock, FAMILY_NAME)
                return
            sock.setblocking(False)
            while not any(
                message["header"]["type"] == GENL_ID_CTRL and message["cmd"] == CTRL_CMD_NEWFAMILY
                for message in marshal.parse(await loop.sock_recv(sock, _LONGEST_DATAGRAM))
            ):
                pass


def open_netlink() -> socket.socket:
    """A bound generic netlink socket.

    Raises:
        KsmbdError: the system refuses.
    """
    try:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
    except OSError as e:
        raise KsmbdError(f"cannot open a netlink socket: {e.strerror}") from e
    try:
        sock.bind((0, 0))
    except OSError as e:
        sock.close()
        raise KsmbdError(f"cannot bind a netlink socket: {e.strerror}") from e
    sock.settimeout(_LOOKUP_TIMEOUT)
    return sock


def _hear_of_families(sock: socket.socket) -> None:
    """Has the kernel tell this socket which families come and go."""
    _, groups = look_up_family(sock, "nlctrl")
    if "notify" in groups:
        sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, groups["notify"])


def _enlarge(sock: socket.socket) -> None:
    """A burst of log-ins must not overrun the buffer: what is lost there is never resent."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _RECEIVE_BUFFER)


def look_up_family(sock: socket.socket, name: str) -> tuple[int, dict[str, int]]:
    """The id of a generic netlink family and the ids of its multicast groups."""
    message = ctrlmsg()
    message["cmd"] = CTRL_CMD_GETFAMILY
    message["version"] = 1
    message["attrs"] = [("CTRL_ATTR_FAMILY_NAME", name)]
    port = sock.getsockname()[0]
    sock.sendto(
        finish_message(message, GENL_ID_CTRL, NLM_F_REQUEST, _LOOKUP_SEQUENCE, port), (0, 0)
    )
    marshal = Marshal()
    marshal.msg_map = {GENL_ID_CTRL: ctrlmsg}
    # News of families that come and go have sequence number 0.
    while True:
        (reply, *_) = marshal.parse(sock.recv(_LONGEST_DATAGRAM))
        if reply["header"]["sequence_number"] == _LOOKUP_SEQUENCE:
            break
    failed = reply["header"].get("error")
    if isinstance(failed, NetlinkError):
        if failed.code == errno.ENOENT:
            raise FamilyAbsent(f"the kernel has no {name}: the ksmbd module is not loaded")
        raise OSError(failed.code, os.strerror(failed.code))
    family_id = _family_id(reply)
    if family_id is None:
        raise OSError(errno.EPROTO, f"no id for {name}")
    groups = {
        group.get_attr("CTRL_ATTR_MCAST_GRP_NAME"): group.get_attr("CTRL_ATTR_MCAST_GRP_ID")
        for group in reply.get_attr("CTRL_ATTR_MCAST_GROUPS") or ()
    }
    return family_id, groups
