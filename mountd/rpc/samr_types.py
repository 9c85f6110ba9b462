# SPDX-License-Identifier: GPL-2.0-only
"""Structures of the Security Account Manager.  [MS-SAMR] 2.2"""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from ksmbd.mountd.rpc.dtyp import (
    LONGS,
    SID_BOXES,
    UNICODE_STRING,
    Handle,
    LargeUnicodeStr,
    SidBox,
    SidPtr,
    SidValue,
    UnicodeStr,
    UnicodeString,
)
from ksmbd.mountd.rpc.ndr import (
    LONG,
    SHORT,
    U8,
    U16,
    U32,
    Array,
    Bytes,
    Codec,
    Counted,
    OldLargeInteger,
    Pointer,
    Reader,
    StringPtr,
    Struct,
    Tagged,
    Union,
    Writer,
)
from ksmbd.shared.errors import ProtocolError

OldTime: TypeAlias = Annotated[int, OldLargeInteger()]


@dataclass(frozen=True, slots=True)
class ConnectIn:
    """The oldest form names the server by its first character only."""

    server: Annotated[int | None, Pointer(SHORT)]
    access: U32


@dataclass(frozen=True, slots=True)
class Connect2In:
    server: StringPtr
    access: U32


@dataclass(frozen=True, slots=True)
class Connect4In:
    server: StringPtr
    revision: U32
    access: U32


@dataclass(frozen=True, slots=True)
class Revision1:
    """SAMPR_REVISION_INFO_V1, 2.2.7.15"""

    revision: U32
    features: U32


RevisionInfo: TypeAlias = Annotated[Tagged, Union(LONG, {1: Struct(Revision1)})]


@dataclass(frozen=True, slots=True)
class Connect5In:
    server: StringPtr
    access: U32
    version: U32
    info: RevisionInfo


@dataclass(frozen=True, slots=True)
class Connect5Out:
    version: U32
    info: RevisionInfo
    handle: Handle
    status: U32


@dataclass(frozen=True, slots=True)
class HandleIn:
    handle: Handle


@dataclass(frozen=True, slots=True)
class HandleOut:
    handle: Handle
    status: U32


@dataclass(frozen=True, slots=True)
class QuerySecurityIn:
    handle: Handle
    information: U32


class ByteCount(Codec[bytes | None]):
    """SAMPR_SR_SECURITY_DESCRIPTOR, 2.2.7.1: a length, then a pointer to that many bytes."""

    size = 8
    _pointer = Pointer(Bytes())

    def read_inline(self, r: Reader) -> tuple[int, bool]:
        return r.u32(), self._pointer.read_inline(r)

    def read_deferred(self, r: Reader, part: tuple[int, bool]) -> bytes | None:
        value = self._pointer.read_deferred(r, part[1])
        if value is not None and len(value) != part[0]:
            raise ProtocolError(f"{len(value)} bytes announced as {part[0]}")
        return value

    def write_inline(self, w: Writer, value: bytes | None) -> None:
        w.u32(len(value or b""))
        self._pointer.write_inline(w, value)

    def write_deferred(self, w: Writer, value: bytes | None) -> None:
        self._pointer.write_deferred(w, value)


@dataclass(frozen=True, slots=True)
class SecurityDescriptor:
    data: Annotated[bytes | None, ByteCount()]


@dataclass(frozen=True, slots=True)
class QuerySecurityOut:
    descriptor: Annotated[SecurityDescriptor | None, Pointer(Struct(SecurityDescriptor))]
    status: U32


@dataclass(frozen=True, slots=True)
class LookupDomainIn:
    handle: Handle
    name: UnicodeStr


@dataclass(frozen=True, slots=True)
class LookupDomainOut:
    sid: SidPtr
    status: U32


@dataclass(frozen=True, slots=True)
class RidEnumeration:
    """SAMPR_RID_ENUMERATION, 2.2.3.9"""

    rid: U32
    name: UnicodeStr


@dataclass(frozen=True, slots=True)
class EnumerationBuffer:
    """SAMPR_ENUMERATION_BUFFER, 2.2.3.10"""

    entries: Annotated[tuple[RidEnumeration, ...] | None, Counted(Struct(RidEnumeration))]


@dataclass(frozen=True, slots=True)
class EnumerateIn:
    handle: Handle
    context: U32
    preferred: U32


@dataclass(frozen=True, slots=True)
class EnumerateUsersIn:
    handle: Handle
    context: U32
    account_control: U32
    preferred: U32


@dataclass(frozen=True, slots=True)
class EnumerateOut:
    context: U32
    buffer: Annotated[EnumerationBuffer | None, Pointer(Struct(EnumerationBuffer))]
    count: U32
    status: U32


@dataclass(frozen=True, slots=True)
class OpenDomainIn:
    handle: Handle
    access: U32
    sid: SidValue


@dataclass(frozen=True, slots=True)
class DomainPassword:
    """DOMAIN_PASSWORD_INFORMATION, 2.2.4.5"""

    min_length: U16
    history: U16
    properties: U32
    max_age: OldTime
    min_age: OldTime


@dataclass(frozen=True, slots=True)
class DomainGeneral:
    """SAMPR_DOMAIN_GENERAL_INFORMATION, 2.2.4.10"""

    force_logoff: OldTime
    oem: UnicodeStr
    name: UnicodeStr
    replica_source: UnicodeStr
    modified_count: OldTime
    state: U32
    role: U32
    uas_compatible: U8
    users: U32
    groups: U32
    aliases: U32


@dataclass(frozen=True, slots=True)
class DomainModified:
    """SAMPR_DOMAIN_MODIFIED_INFORMATION"""

    count: OldTime
    created: OldTime


@dataclass(frozen=True, slots=True)
class OneString:
    """The information classes that are one RPC_UNICODE_STRING."""

    value: UnicodeStr


@dataclass(frozen=True, slots=True)
class QueryIn:
    handle: Handle
    info_class: U16


DOMAIN_INFORMATION = Union(
    SHORT,
    {
        1: Struct(DomainPassword),
        2: Struct(DomainGeneral),
        3: OldLargeInteger(),
        4: Struct(OneString),
        5: Struct(OneString),
        6: Struct(OneString),
        7: LONG,
        8: Struct(DomainModified),
        9: LONG,
    },
)


@dataclass(frozen=True, slots=True)
class QueryDomainOut:
    info: Annotated[Tagged | None, Pointer(DOMAIN_INFORMATION)]
    status: U32


Ulongs: TypeAlias = Annotated[tuple[int, ...] | None, LONGS]


@dataclass(frozen=True, slots=True)
class AliasMembershipIn:
    handle: Handle
    sids: Annotated[tuple[SidBox, ...] | None, SID_BOXES]


@dataclass(frozen=True, slots=True)
class AliasMembershipOut:
    membership: Ulongs
    status: U32


@dataclass(frozen=True, slots=True)
class LookupNamesIn:
    handle: Handle
    count: U32
    names: Annotated[tuple[str | None, ...], Array(UNICODE_STRING, varying=True)]


@dataclass(frozen=True, slots=True)
class LookupNamesOut:
    rids: Ulongs
    uses: Ulongs
    status: U32


@dataclass(frozen=True, slots=True)
class LookupIdsIn:
    handle: Handle
    count: U32
    rids: Annotated[tuple[int, ...], Array(LONG, varying=True)]


@dataclass(frozen=True, slots=True)
class LookupIdsOut:
    names: Annotated[tuple[str | None, ...] | None, Counted(UnicodeString())]
    uses: Ulongs
    status: U32


@dataclass(frozen=True, slots=True)
class OpenRidIn:
    handle: Handle
    access: U32
    rid: U32


@dataclass(frozen=True, slots=True)
class GroupMembership:
    """GROUP_MEMBERSHIP, 2.2.3.12"""

    rid: U32
    attributes: U32


@dataclass(frozen=True, slots=True)
class Groups:
    """SAMPR_GET_GROUPS_BUFFER, 2.2.7.4"""

    groups: Annotated[tuple[GroupMembership, ...] | None, Counted(Struct(GroupMembership))]


@dataclass(frozen=True, slots=True)
class GroupsOut:
    groups: Annotated[Groups | None, Pointer(Struct(Groups))]
    status: U32


class LogonHours(Codec[bytes]):
    """SAMPR_LOGON_HOURS, 2.2.6.5: a bit an hour, and a pointer to a conformant varying array."""

    size = 8
    MAX_BYTES = 1260

    def read_inline(self, r: Reader) -> tuple[int, bool]:
        r.align(4)
        return r.u16(), r.referent() != 0

    def read_deferred(self, r: Reader, part: tuple[int, bool]) -> bytes:
        units, present = part
        if not present:
            return b""
        max_count, offset, count = r.u32(), r.u32(), r.count()
        if offset or count > max_count or count != (units + 7) // 8:
            raise ProtocolError(f"logon hours {units}, counts {max_count}, {offset}, {count}")
        return r.take(count)

    def write_inline(self, w: Writer, value: bytes) -> None:
        w.align(4)
        w.u16(8 * len(value))
        w.referent(bool(value))

    def write_deferred(self, w: Writer, value: bytes) -> None:
        if not value:
            return
        w.count(self.MAX_BYTES)
        w.count(0)
        w.count(len(value))
        w.put(value)


@dataclass(frozen=True, slots=True)
class UserGeneral:
    """SAMPR_USER_GENERAL_INFORMATION, class 1"""

    user_name: UnicodeStr
    full_name: UnicodeStr
    primary_group: U32
    admin_comment: UnicodeStr
    user_comment: UnicodeStr


@dataclass(frozen=True, slots=True)
class UserName:
    """SAMPR_USER_NAME_INFORMATION, class 6"""

    user_name: UnicodeStr
    full_name: UnicodeStr


@dataclass(frozen=True, slots=True)
class UserHome:
    """SAMPR_USER_HOME_INFORMATION, class 10"""

    directory: UnicodeStr
    drive: UnicodeStr


@dataclass(frozen=True, slots=True)
class UserAll:
    """SAMPR_USER_ALL_INFORMATION, 2.2.6.6: class 21.

    The two password blobs look like strings, and are always empty here.
    """

    last_logon: OldTime
    last_logoff: OldTime
    password_last_set: OldTime
    account_expires: OldTime
    password_can_change: OldTime
    password_must_change: OldTime
    user_name: LargeUnicodeStr
    full_name: LargeUnicodeStr
    home_directory: LargeUnicodeStr
    home_drive: LargeUnicodeStr
    script_path: LargeUnicodeStr
    profile_path: LargeUnicodeStr
    admin_comment: LargeUnicodeStr
    work_stations: LargeUnicodeStr
    user_comment: LargeUnicodeStr
    parameters: LargeUnicodeStr
    lm_password: UnicodeStr
    nt_password: UnicodeStr
    private_data: LargeUnicodeStr
    security_descriptor: Annotated[bytes | None, ByteCount()]
    user_id: U32
    primary_group: U32
    account_control: U32
    which_fields: U32
    logon_hours: Annotated[bytes, LogonHours()]
    bad_password_count: U16
    logon_count: U16
    country_code: U16
    code_page: U16
    lm_password_present: U8
    nt_password_present: U8
    password_expired: U8
    private_data_sensitive: U8


USER_INFORMATION = Union(
    SHORT,
    {
        1: Struct(UserGeneral),
        6: Struct(UserName),
        7: Struct(OneString),
        8: Struct(OneString),
        9: LONG,
        10: Struct(UserHome),
        11: Struct(OneString),
        12: Struct(OneString),
        13: Struct(OneString),
        14: Struct(OneString),
        16: LONG,
        17: OldLargeInteger(),
        21: Struct(UserAll),
    },
)


@dataclass(frozen=True, slots=True)
class QueryUserOut:
    info: Annotated[Tagged | None, Pointer(USER_INFORMATION)]
    status: U32
