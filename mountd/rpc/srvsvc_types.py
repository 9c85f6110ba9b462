# SPDX-License-Identifier: GPL-2.0-only
"""Structures of the Server Service.  [MS-SRVS] 2.2.4"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from ksmbd.mountd.rpc.ndr import (
    LONG,
    U32,
    Bytes,
    Codec,
    Counted,
    LongPtr,
    Pointer,
    Reader,
    String,
    StringPtr,
    Struct,
    Tagged,
    Union,
    Writer,
)
from ksmbd.shared.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class ShareInfo0:
    """2.2.4.22"""

    netname: StringPtr


@dataclass(frozen=True, slots=True)
class ShareInfo1:
    """2.2.4.23"""

    netname: StringPtr
    type: U32
    remark: StringPtr


@dataclass(frozen=True, slots=True)
class ShareInfo2:
    """2.2.4.24"""

    netname: StringPtr
    type: U32
    remark: StringPtr
    permissions: U32
    max_uses: U32
    current_uses: U32
    path: StringPtr
    passwd: StringPtr


@dataclass(frozen=True, slots=True)
class ShareInfo501:
    """2.2.4.25"""

    netname: StringPtr
    type: U32
    remark: StringPtr
    flags: U32


@dataclass(frozen=True, slots=True)
class ShareInfo502:
    """2.2.4.26; without a security descriptor the length is 0 and the pointer NULL."""

    netname: StringPtr
    type: U32
    remark: StringPtr
    permissions: U32
    max_uses: U32
    current_uses: U32
    path: StringPtr
    passwd: StringPtr
    reserved: U32
    security_descriptor: Annotated[bytes | None, Pointer(Bytes())]


@dataclass(frozen=True, slots=True)
class ShareInfo503:
    """2.2.4.27"""

    netname: StringPtr
    type: U32
    remark: StringPtr
    permissions: U32
    max_uses: U32
    current_uses: U32
    path: StringPtr
    passwd: StringPtr
    servername: StringPtr
    reserved: U32
    security_descriptor: Annotated[bytes | None, Pointer(Bytes())]


@dataclass(frozen=True, slots=True)
class ShareInfo1005:
    """2.2.4.29"""

    flags: U32


@dataclass(frozen=True, slots=True)
class ConnectionInfo0:
    """2.2.4.1"""

    id: U32


@dataclass(frozen=True, slots=True)
class ConnectionInfo1:
    """2.2.4.2"""

    id: U32
    type: U32
    num_opens: U32
    num_users: U32
    time: U32
    username: StringPtr
    netname: StringPtr


@dataclass(frozen=True, slots=True)
class FileInfo2:
    """2.2.4.6"""

    id: U32


@dataclass(frozen=True, slots=True)
class FileInfo3:
    """2.2.4.7"""

    id: U32
    permissions: U32
    num_locks: U32
    pathname: StringPtr
    username: StringPtr


@dataclass(frozen=True, slots=True)
class SessionInfo0:
    """2.2.4.11"""

    cname: StringPtr


@dataclass(frozen=True, slots=True)
class SessionInfo1:
    """2.2.4.12"""

    cname: StringPtr
    username: StringPtr
    num_opens: U32
    time: U32
    idle_time: U32
    user_flags: U32


@dataclass(frozen=True, slots=True)
class SessionInfo2:
    """2.2.4.13"""

    cname: StringPtr
    username: StringPtr
    num_opens: U32
    time: U32
    idle_time: U32
    user_flags: U32
    cltype_name: StringPtr


@dataclass(frozen=True, slots=True)
class SessionInfo10:
    """2.2.4.14"""

    cname: StringPtr
    username: StringPtr
    time: U32
    idle_time: U32


@dataclass(frozen=True, slots=True)
class SessionInfo502:
    """2.2.4.15"""

    cname: StringPtr
    username: StringPtr
    num_opens: U32
    time: U32
    idle_time: U32
    user_flags: U32
    cltype_name: StringPtr
    transport: StringPtr


@dataclass(frozen=True, slots=True)
class ServerInfo100:
    """2.2.4.40"""

    platform_id: U32
    name: StringPtr


@dataclass(frozen=True, slots=True)
class ServerInfo101:
    """2.2.4.41"""

    platform_id: U32
    name: StringPtr
    version_major: U32
    version_minor: U32
    type: U32
    comment: StringPtr


@dataclass(frozen=True, slots=True)
class ServerInfo102:
    """2.2.4.42"""

    platform_id: U32
    name: StringPtr
    version_major: U32
    version_minor: U32
    type: U32
    comment: StringPtr
    users: U32
    disc: U32
    hidden: U32
    announce: U32
    anndelta: U32
    licenses: U32
    userpath: StringPtr


@dataclass(frozen=True, slots=True)
class TransportInfo0:
    """2.2.4.93"""

    vcs: U32
    name: StringPtr
    address: Annotated[bytes | None, Pointer(Bytes())]
    address_length: U32
    network_address: StringPtr


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """2.2.4.105"""

    elapsed: U32
    msecs: U32
    hours: U32
    mins: U32
    secs: U32
    hunds: U32
    timezone: U32
    tinterval: U32
    day: U32
    month: U32
    year: U32
    weekday: U32


class DiskName(Codec[str]):
    """DISK_INFO, 2.2.4.92: a varying string in an array of three units."""

    size = 8

    def read_inline(self, r: Reader) -> str:
        offset, count = r.u32(), r.count(2)
        if offset or count > 3:
            raise ProtocolError(f"disk name of {count} units at {offset}")
        return r.utf16(count).split("\0", 1)[0]

    def write_inline(self, w: Writer, value: str) -> None:
        raw = w.utf16(value + "\0")
        w.count(0)
        w.count(len(raw) // 2)
        w.put(raw)


class DiskContainer(Codec[tuple[str, ...] | None]):
    """DISK_ENUM_CONTAINER, 2.2.4.91: a count and a pointer to a conformant varying array."""

    size = 8

    def read_inline(self, r: Reader) -> tuple[int, bool]:
        return r.u32(), r.referent() != 0

    def read_deferred(self, r: Reader, part: tuple[int, bool]) -> tuple[str, ...] | None:
        if not part[1]:
            return None
        max_count, offset, count = r.u32(), r.u32(), r.count(DiskName.size)
        if offset or count > max_count:
            raise ProtocolError(f"array counts {max_count}, {offset}, {count}")
        return tuple([DiskName().read(r) for _ in range(count)])

    def write_inline(self, w: Writer, value: tuple[str, ...] | None) -> None:
        w.u32(len(value or ()))
        w.referent(value is not None)

    def write_deferred(self, w: Writer, value: tuple[str, ...] | None) -> None:
        if value is None:
            return
        for count in (len(value), 0, len(value)):
            w.count(count)
        for each in value:
            DiskName().write(w, each)


SHARE_LEVELS: Mapping[int, type[Any]] = {
    0: ShareInfo0,
    1: ShareInfo1,
    2: ShareInfo2,
    501: ShareInfo501,
    502: ShareInfo502,
    503: ShareInfo503,
    1005: ShareInfo1005,
}
CONNECTION_LEVELS: Mapping[int, type[Any]] = {0: ConnectionInfo0, 1: ConnectionInfo1}
FILE_LEVELS: Mapping[int, type[Any]] = {2: FileInfo2, 3: FileInfo3}
SESSION_LEVELS: Mapping[int, type[Any]] = {
    0: SessionInfo0,
    1: SessionInfo1,
    2: SessionInfo2,
    10: SessionInfo10,
    502: SessionInfo502,
}
SERVER_LEVELS: Mapping[int, type[Any]] = {
    100: ServerInfo100,
    101: ServerInfo101,
    102: ServerInfo102,
}
TRANSPORT_LEVELS: Mapping[int, type[Any]] = {0: TransportInfo0}


@dataclass(frozen=True, slots=True)
class Container:
    """Any *_INFO_n_CONTAINER; the entries are of the level's own type."""

    entries: Any


class _ContainerOf(Codec[Container]):
    def __init__(self, element: Codec[Any]) -> None:
        self.counted = Counted(element)
        self.size = self.counted.size

    def read_inline(self, r: Reader) -> tuple[int, bool]:
        return self.counted.read_inline(r)

    def read_deferred(self, r: Reader, part: tuple[int, bool]) -> Container:
        return Container(self.counted.read_deferred(r, part))

    def write_inline(self, w: Writer, value: Container) -> None:
        self.counted.write_inline(w, value.entries)

    def write_deferred(self, w: Writer, value: Container) -> None:
        self.counted.write_deferred(w, value.entries)


def info_union(levels: Mapping[int, type[Any]], unserved: Iterable[int] = ()) -> Union:
    """A union of pointers to one structure each, as the GetInfo methods return it.

    The levels of the specification that are not served have an arm too, for clients read
    its pointer before they read that the level is invalid.
    """
    arms: dict[int, Codec[Any]] = {level: Pointer(LONG) for level in unserved}
    arms.update((level, Pointer(Struct(row))) for level, row in levels.items())
    return Union(LONG, arms)


class EnumStruct(Codec[Tagged]):
    """Any *_ENUM_STRUCT: the level, and a union of pointers to containers switched by it."""

    size = 8

    def __init__(self, levels: Mapping[int, type[Any]], unserved: Iterable[int] = ()) -> None:
        arms = {level: Pointer(_ContainerOf(LONG)) for level in unserved}
        arms.update((level, Pointer(_ContainerOf(Struct(row)))) for level, row in levels.items())
        self.union = Union(LONG, arms)

    def read_inline(self, r: Reader) -> tuple[int, Any]:
        level = r.u32()
        tag, part = self.union.read_inline(r)
        if tag != level:
            raise ProtocolError(f"level {level} with an arm for {tag}")
        return tag, part

    def read_deferred(self, r: Reader, part: tuple[int, Any]) -> Tagged:
        return self.union.read_deferred(r, part)

    def write_inline(self, w: Writer, value: Tagged) -> None:
        w.u32(value.tag)
        self.union.write_inline(w, value)

    def write_deferred(self, w: Writer, value: Tagged) -> None:
        self.union.write_deferred(w, value)


ShareEnum: TypeAlias = Annotated[Tagged, EnumStruct(SHARE_LEVELS)]
ConnectionEnum: TypeAlias = Annotated[Tagged, EnumStruct(CONNECTION_LEVELS)]
FileEnum: TypeAlias = Annotated[Tagged, EnumStruct(FILE_LEVELS)]
SessionEnum: TypeAlias = Annotated[Tagged, EnumStruct(SESSION_LEVELS)]
TransportEnum: TypeAlias = Annotated[Tagged, EnumStruct(TRANSPORT_LEVELS, (1, 2, 3))]
Disks: TypeAlias = Annotated[tuple[str, ...] | None, DiskContainer()]


@dataclass(frozen=True, slots=True)
class ShareEnumIn:
    server: StringPtr
    info: ShareEnum
    preferred: U32
    resume: LongPtr


@dataclass(frozen=True, slots=True)
class ShareEnumOut:
    info: ShareEnum
    total: U32
    resume: LongPtr
    status: U32


@dataclass(frozen=True, slots=True)
class ShareInfoIn:
    server: StringPtr
    name: String
    level: U32


@dataclass(frozen=True, slots=True)
class ShareInfoOut:
    info: Annotated[Tagged, info_union(SHARE_LEVELS, (1004, 1006, 1501))]
    status: U32


@dataclass(frozen=True, slots=True)
class ShareCheckIn:
    server: StringPtr
    device: String


@dataclass(frozen=True, slots=True)
class ShareCheckOut:
    type: U32
    status: U32


@dataclass(frozen=True, slots=True)
class ConnectionEnumIn:
    server: StringPtr
    qualifier: StringPtr
    info: ConnectionEnum
    preferred: U32
    resume: LongPtr


@dataclass(frozen=True, slots=True)
class ConnectionEnumOut:
    info: ConnectionEnum
    total: U32
    resume: LongPtr
    status: U32


@dataclass(frozen=True, slots=True)
class FileEnumIn:
    server: StringPtr
    base_path: StringPtr
    user: StringPtr
    info: FileEnum
    preferred: U32
    resume: LongPtr


@dataclass(frozen=True, slots=True)
class FileEnumOut:
    info: FileEnum
    total: U32
    resume: LongPtr
    status: U32


@dataclass(frozen=True, slots=True)
class SessionEnumIn:
    server: StringPtr
    client: StringPtr
    user: StringPtr
    info: SessionEnum
    preferred: U32
    resume: LongPtr


@dataclass(frozen=True, slots=True)
class SessionEnumOut:
    info: SessionEnum
    total: U32
    resume: LongPtr
    status: U32


@dataclass(frozen=True, slots=True)
class ServerInfoIn:
    server: StringPtr
    level: U32


@dataclass(frozen=True, slots=True)
class ServerInfoOut:
    info: Annotated[Tagged, info_union(SERVER_LEVELS, (103, 502, 503, 599))]
    status: U32


@dataclass(frozen=True, slots=True)
class DiskEnumIn:
    server: StringPtr
    level: U32
    disks: Disks
    preferred: U32
    resume: LongPtr


@dataclass(frozen=True, slots=True)
class DiskEnumOut:
    disks: Disks
    total: U32
    resume: LongPtr
    status: U32


@dataclass(frozen=True, slots=True)
class TransportEnumIn:
    server: StringPtr
    info: TransportEnum
    preferred: U32
    resume: LongPtr


@dataclass(frozen=True, slots=True)
class TransportEnumOut:
    info: TransportEnum
    total: U32
    resume: LongPtr
    status: U32


@dataclass(frozen=True, slots=True)
class ServerIn:
    server: StringPtr


@dataclass(frozen=True, slots=True)
class RemoteTodOut:
    time: Annotated[TimeOfDay | None, Pointer(Struct(TimeOfDay))]
    status: U32


@dataclass(frozen=True, slots=True)
class NameValidateIn:
    server: StringPtr
    name: String
    name_type: U32
    flags: U32


@dataclass(frozen=True, slots=True)
class StatusOut:
    status: U32
