# SPDX-License-Identifier: GPL-2.0-only
"""The administration family, ksmbd-admin: who is connected, what is open, and ending it.

kernel/ipc/admin_abi.h has the numbers, kernel/ipc/ksmbd-admin.yaml describes them to other
programs, and a test compares the three.
"""

from __future__ import annotations

import dataclasses
import enum
import errno
import itertools
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ksmbd.mountd.netlink.family import (
    FamilyAbsent,
    finish_message,
    look_up_family,
    open_netlink,
)
from ksmbd.shared.errors import KsmbdError
from pyroute2.netlink import NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, genlmsg
from pyroute2.netlink.nlsocket import Marshal

FAMILY_NAME = "ksmbd-admin"
FAMILY_VERSION = 1

_LONGEST_DATAGRAM = 1 << 17
_TIMEOUT = 10.0


class Cmd(enum.IntEnum):
    """What can be asked."""

    SERVER_GET = 1
    CONNECTION_GET = 2
    SESSION_GET = 3
    TREE_GET = 4
    OPEN_GET = 5
    LOCK_GET = 6
    COMMAND_GET = 7
    CONNECTION_CLOSE = 8
    SESSION_CLOSE = 9
    TREE_CLOSE = 10
    OPEN_CLOSE = 11
    SHARE_CLOSE = 12


class Attr(enum.IntEnum):
    """What is answered; the name in lower case is a field of the classes below."""

    ID = 1
    SERIAL = 2
    SESSION = 3
    TREE = 4
    CONNECTION = 5
    PEER = 6
    USER = 7
    SHARE = 8
    PATH = 9
    NAME = 10
    UID = 11
    DIALECT = 12
    SIGNING = 13
    CIPHER = 14
    FLAGS = 15
    AGE = 16
    IDLE = 17
    CONNECTIONS = 18
    SESSIONS = 19
    TREES = 20
    OPENS = 21
    LOCKS = 22
    REQUESTS = 23
    WAITING = 24
    ACCESS = 25
    SHARE_ACCESS = 26
    OPTIONS = 27
    OFFSET = 28
    LENGTH = 29
    STATE = 30
    PORT = 31
    COUNT = 32
    ERRORS = 33
    TIME = 34
    BYTES = 35
    HISTOGRAM = 36
    PAD = 37


U64 = frozenset(
    {
        Attr.ID, Attr.SERIAL, Attr.SESSION, Attr.AGE, Attr.IDLE, Attr.OFFSET, Attr.LENGTH,
        Attr.COUNT, Attr.ERRORS, Attr.TIME, Attr.BYTES,
    }
)  # fmt: skip
TEXT = frozenset({Attr.PEER, Attr.USER, Attr.SHARE, Attr.PATH, Attr.NAME})


class Flag(enum.IntFlag):
    """Of sessions, trees, opens and locks."""

    GUEST = 0x1
    ANONYMOUS = 0x2
    SIGNED = 0x4
    WRITABLE = 0x8
    PIPE = 0x10
    DIRECTORY = 0x20
    DELETE_ON_CLOSE = 0x40
    EXCLUSIVE = 0x80
    ENCRYPTED = 0x100


STATES = ("startup", "running", "reset", "shutdown")


@dataclass(frozen=True, slots=True)
class Server:
    """The server as a whole; `age` is since it began to listen, in milliseconds as everywhere."""

    name: str = ""
    state: int = 0
    port: int = 0
    age: int = 0
    connections: int = 0
    sessions: int = 0
    opens: int = 0


@dataclass(frozen=True, slots=True)
class Connection:
    """One client's transport."""

    id: int = 0
    peer: str = ""
    dialect: int = 0
    signing: int = 0
    cipher: int = 0
    age: int = 0
    idle: int = 0
    sessions: int = 0
    opens: int = 0
    requests: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """One log-on."""

    id: int = 0
    user: str = ""
    uid: int = 0
    peer: str = ""
    connection: tuple[int, ...] = ()
    dialect: int = 0
    flags: int = 0
    age: int = 0
    idle: int = 0
    trees: int = 0
    opens: int = 0


@dataclass(frozen=True, slots=True)
class Tree:
    """A session's use of a share."""

    session: int = 0
    tree: int = 0
    user: str = ""
    peer: str = ""
    share: str = ""
    flags: int = 0
    access: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """A handle.  `id` may be another's later, `serial` never."""

    id: int = 0
    serial: int = 0
    session: int = 0
    tree: int = 0
    user: str = ""
    peer: str = ""
    share: str = ""
    path: str = ""
    flags: int = 0
    access: int = 0
    share_access: int = 0
    options: int = 0
    locks: int = 0


@dataclass(frozen=True, slots=True)
class Lock:
    """A byte-range lock of a handle."""

    id: int = 0
    serial: int = 0
    session: int = 0
    user: str = ""
    share: str = ""
    path: str = ""
    offset: int = 0
    length: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """What a command cost: `time` in nanoseconds; `histogram[n]` took less than 2**n us."""

    id: int = 0
    name: str = ""
    count: int = 0
    errors: int = 0
    time: int = 0
    bytes: int = 0
    histogram: tuple[int, ...] = ()


Row = TypeVar("Row", Server, Connection, Session, Tree, Open, Lock, Command)


class AdminMessage(genlmsg):  # type: ignore[misc]
    """A message of the family; values stay bytes until `_fields` reads them."""

    prefix = "ADMIN_"
    nla_map = tuple((int(attr), f"ADMIN_{attr.name}", "cdata") for attr in Attr)


def read_fields(message: Any) -> dict[str, Any]:
    """The attributes of a message as values; those that are not known are left out."""
    fields: dict[str, Any] = {}
    for name, value in message["attrs"]:
        try:
            attr = Attr[str(name).removeprefix("ADMIN_")]
        except KeyError:
            continue  # of a newer module
        data = bytes(value)
        key = attr.name.lower()
        if attr in TEXT:
            fields[key] = data.rstrip(b"\0").decode(errors="surrogateescape")
        elif attr is Attr.HISTOGRAM:
            fields[key] = struct.unpack(f"={len(data) // 8}Q", data[: len(data) // 8 * 8])
        elif attr is Attr.CONNECTION:
            fields[key] = (*fields.get(key, ()), struct.unpack("=I", data)[0])
        elif attr is not Attr.PAD:
            fields[key] = struct.unpack("=Q" if attr in U64 else "=I", data)[0]
    return fields


def make_row(kind: type[Row], fields: dict[str, Any]) -> Row:
    """One object out of its attributes."""
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in fields.items() if name in names})


class Admin:
    """An open socket on the family; blocks, for tools and worker threads."""

    def __init__(self, sock: socket.socket, family_id: int) -> None:
        self._socket = sock
        self._family = family_id
        self._port = int(sock.getsockname()[0])
        self._sequence = itertools.count(1)
        self._marshal = Marshal()
        self._marshal.msg_map = {family_id: AdminMessage}

    @classmethod
    def open(cls) -> Admin:
        """Opens a socket.

        Raises:
            FamilyAbsent: there is no module, or it is stock ksmbd's.
            KsmbdError: the system refuses.
        """
        sock = open_netlink()
        try:
            sock.settimeout(_TIMEOUT)
            family_id, _ = look_up_family(sock, FAMILY_NAME)
            return cls(sock, family_id)
        except FamilyAbsent:
            sock.close()
            raise FamilyAbsent(
                "the kernel has no ksmbd-admin: the module is not loaded (modprobe ksmbd), "
                "or it is stock ksmbd, which cannot be looked into"
            ) from None
        except OSError as e:
            sock.close()
            raise KsmbdError(f"cannot look {FAMILY_NAME} up: {e}") from e

    def __enter__(self) -> Admin:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def server(self) -> Server:
        """The server as a whole."""
        (row,) = self._ask(Cmd.SERVER_GET, NLM_F_REQUEST, ())
        return make_row(Server, row)

    def connections(self) -> list[Connection]:
        return self._dump(Cmd.CONNECTION_GET, Connection)

    def sessions(self) -> list[Session]:
        return self._dump(Cmd.SESSION_GET, Session)

    def trees(self) -> list[Tree]:
        return self._dump(Cmd.TREE_GET, Tree)

    def opens(self) -> list[Open]:
        return self._dump(Cmd.OPEN_GET, Open)

    def locks(self) -> list[Lock]:
        return self._dump(Cmd.LOCK_GET, Lock)

    def commands(self) -> list[Command]:
        return self._dump(Cmd.COMMAND_GET, Command)

    def close_connection(self, connection: int) -> bool:
        """Ends a connection; False: it is gone already.  So for the others."""
        return self._order(Cmd.CONNECTION_CLOSE, (Attr.ID, connection))

    def close_session(self, session: int) -> bool:
        return self._order(Cmd.SESSION_CLOSE, (Attr.ID, session))

    def close_tree(self, session: int, tree: int) -> bool:
        return self._order(Cmd.TREE_CLOSE, (Attr.SESSION, session), (Attr.TREE, tree))

    def close_open(self, number: int, serial: int) -> bool:
        return self._order(Cmd.OPEN_CLOSE, (Attr.ID, number), (Attr.SERIAL, serial))

    def close_share(self, share: str) -> bool:
        return self._order(Cmd.SHARE_CLOSE, (Attr.SHARE, share))

    def _dump(self, cmd: Cmd, kind: type[Row]) -> list[Row]:
        return [make_row(kind, row) for row in self._ask(cmd, NLM_F_REQUEST | NLM_F_DUMP, ())]

    def _order(self, cmd: Cmd, *values: tuple[Attr, int | str]) -> bool:
        try:
            list(self._ask(cmd, NLM_F_REQUEST | NLM_F_ACK, values))
        except _Refused as e:
            if e.errno != errno.ENOENT:
                raise
            return False
        return True

    def _ask(
        self, cmd: Cmd, flags: int, values: Sequence[tuple[Attr, int | str]]
    ) -> Iterator[dict[str, Any]]:
        sequence = next(self._sequence)
        message = AdminMessage()
        message["cmd"] = int(cmd)
        message["version"] = FAMILY_VERSION
        message["attrs"] = [(f"ADMIN_{attr.name}", _packed(attr, value)) for attr, value in values]
        data = finish_message(message, self._family, flags, sequence, self._port)
        try:
            self._socket.sendto(data, (0, 0))
            while True:
                for answer in self._marshal.parse(self._socket.recv(_LONGEST_DATAGRAM)):
                    header = answer["header"]
                    if header["sequence_number"] != sequence:
                        continue
                    if header["type"] == NLMSG_ERROR:
                        _check(header.get("error"))
                        return
                    if header["type"] == NLMSG_DONE:
                        return
                    yield read_fields(answer)
                    if not flags & (NLM_F_DUMP | NLM_F_ACK):
                        return
        except OSError as e:
            raise KsmbdError(f"{FAMILY_NAME}: {e.strerror or e}") from e


class _Refused(KsmbdError):
    """The kernel says no to a request."""

    def __init__(self, code: int) -> None:
        hint = ": run it as root" if code == errno.EPERM else ""
        super().__init__(f"the kernel refuses: {os.strerror(code)}{hint}")
        self.errno = code


def _check(failed: Any) -> None:
    code = getattr(failed, "code", 0)
    if code:
        raise _Refused(int(code))


def _packed(attr: Attr, value: int | str) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="surrogateescape") + b"\0"
    return struct.pack("=Q" if attr in U64 else "=I", value)
