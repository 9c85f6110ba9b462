# SPDX-License-Identifier: GPL-2.0-only
"""The generic netlink family SMBD_GENL: one socket between mountd and the kernel.

pyroute2 has the message formats; the socket is our own, because it belongs to
mountd's event loop.  Each message carries one attribute whose type is the
command number and whose value is one struct of `ksmbd.shared.abi`.
"""

import asyncio
import errno
import itertools
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
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
    genlmsg,
)
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nlsocket import Marshal

log = logging.getLogger(__name__)

MAX_PAYLOAD = 0xFFFF - 4
"""An attribute's length is 16 bits and counts its 4-byte header."""

_RECEIVE_BUFFER = 4 << 20
_LONGEST_DATAGRAM = 1 << 17
_MAX_UNACKNOWLEDGED = 4096
_LOOKUP_TIMEOUT = 5.0
_LOOKUP_SEQUENCE = 0xFA
_SO_RCVBUFFORCE = 33
_MESSAGES_PER_WAKEUP = 64


class FamilyAbsent(KsmbdError):
    """The kernel has no SMBD_GENL: the module is not loaded."""


class SmbdMessage(genlmsg):  # type: ignore[misc]
    """A message of the family; the attribute's type says which event it is."""

    prefix = "SMBD_"
    nla_map = tuple((int(event), f"SMBD_{event.name}", "cdata") for event in Event)


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the kernel that is to be handled."""

    event: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """What the kernel said to a message of ours: 0 or an errno."""

    sequence: int
    error: int


@dataclass(frozen=True, slots=True)
class FamilyGone:
    """The family was unregistered: the module is being unloaded."""


Incoming = Received | Ack | FamilyGone


class Codec:
    """Messages of the family to bytes and back; pure."""

    def __init__(self, family_id: int) -> None:
        self.family_id = family_id
        self._marshal = Marshal()
        self._marshal.msg_map = {family_id: SmbdMessage, GENL_ID_CTRL: ctrlmsg}

    def encode(self, event: Event, payload: bytes, sequence: int, port: int) -> bytes:
        """One message that asks for an acknowledgment.

        Raises:
            ProtocolError: the payload does not fit an attribute.
        """
        if len(payload) > MAX_PAYLOAD:
            raise ProtocolError(f"{event.name} of {len(payload)} bytes does not fit a message")
        message = SmbdMessage()
        message["cmd"] = int(event)
        message["version"] = FAMILY_VERSION
        message["attrs"] = [(f"SMBD_{event.name}", payload)]
        return finish_message(message, self.family_id, NLM_F_REQUEST | NLM_F_ACK, sequence, port)

    def decode(self, datagram: bytes) -> Iterator[Incoming]:
        """The messages in a datagram; what cannot be understood is logged and left out."""
        try:
            messages = list(self._marshal.parse(datagram))
        except Exception:
            # pyroute2 promises no set of exceptions for malformed input.
            log.warning("cannot parse %d bytes from netlink", len(datagram), exc_info=True)
            return
        left = len(datagram)
        for message in messages:
            try:
                left -= int(message["header"]["length"])
                if left < 0:
                    log.warning("ignoring a netlink message without its end")
                    return
                incoming = self._understand(message)
            except Exception:
                log.warning("cannot understand a netlink message", exc_info=True)
                continue
            if incoming is not None:
                yield incoming

    def _understand(self, message: Any) -> Incoming | None:
        kind = message["header"]["type"]
        if kind == NLMSG_ERROR:
            failed = message["header"].get("error")
            code = failed.code if isinstance(failed, NetlinkError) else 0
            return Ack(message["header"]["sequence_number"], code)
        if kind == GENL_ID_CTRL:
            gone = message["cmd"] == CTRL_CMD_DELFAMILY
            return FamilyGone() if gone and _family_id(message) == self.family_id else None
        if kind != self.family_id:
            log.debug("ignoring a netlink message of type %d", kind)
            return None
        if message["version"] != FAMILY_VERSION:
            log.warning("ignoring a kernel message of version %d", message["version"])
            return None
        return self._understand_event(message)

    @staticmethod
    def _understand_event(message: Any) -> Received | None:
        command = int(message["cmd"])
        try:
            name = f"SMBD_{Event(command).name}"
        except ValueError:
            log.warning("ignoring the unknown event %d", command)
            return None
        payload = message.get_attr(name)
        if not isinstance(payload, bytes | bytearray):
            log.warning("ignoring %s without its attribute", name)
            return None
        return Received(command, bytes(payload))


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
        self._unacknowledged: dict[int, tuple[Event, asyncio.Future[int] | None]] = {}
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
        """Sends a message; a negative acknowledgment will be logged and has no other effect.

        Raises:
            ProtocolError: it does not fit a message.
            OSError: the kernel does not take it.
        """
        self._transmit(event, payload, None)

    async def call(self, event: Event, payload: bytes, timeout: float) -> int:
        """Sends a message and returns its acknowledgment: 0 or an errno.

        Raises:
            TimeoutError: none came.
            OSError: the kernel does not take the message.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._transmit(event, payload, done)
        return await asyncio.wait_for(done, timeout)

    def close(self) -> None:
        """Closes the socket; to the kernel this mountd is then gone."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop = None
        for _, done in self._unacknowledged.values():
            if done is not None:
                done.cancel()
        self._unacknowledged.clear()
        self._socket.close()

    def _transmit(self, event: Event, payload: bytes, done: asyncio.Future[int] | None) -> None:
        sequence = next(self._sequence) & 0xFFFFFFFF
        data = self._codec.encode(event, payload, sequence, self._port)
        # An acknowledgment is lost when the receive buffer overruns: keep the newest only.
        while len(self._unacknowledged) >= _MAX_UNACKNOWLEDGED:
            del self._unacknowledged[next(iter(self._unacknowledged))]
        self._unacknowledged[sequence] = (event, done)
        try:
            self._socket.sendto(data, (0, 0))
        except BaseException:
            self._unacknowledged.pop(sequence, None)
            raise

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
            case Ack(sequence, error):
                self._acknowledged(sequence, error)
            case FamilyGone():
                on_gone()

    def _acknowledged(self, sequence: int, error: int) -> None:
        event, done = self._unacknowledged.pop(sequence, (None, None))
        if done is not None:
            if not done.done():
                done.set_result(error)
        elif error:
            name = event.name if event is not None else f"message {sequence}"
            log.warning("the kernel refused %s: %s", name, os.strerror(error))


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
