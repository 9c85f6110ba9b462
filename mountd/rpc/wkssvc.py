# SPDX-License-Identifier: GPL-2.0-only
"""The Workstation Service: who this machine is.  [MS-WKST] 3.2.4

The machine has no SMB client of its own and nobody logged on at it, so the lists of users
and transports of the redirector are empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from ksmbd.mountd.rpc import win32
from ksmbd.mountd.rpc.interface import Call, Interface, operation
from ksmbd.mountd.rpc.ndr import U32, LongPtr, StringPtr, Tagged
from ksmbd.mountd.rpc.pdu import Syntax
from ksmbd.mountd.rpc.srvsvc_types import Container, EnumStruct, info_union


@dataclass(frozen=True, slots=True)
class WkstaInfo100:
    """2.2.5.1"""

    platform_id: U32
    computername: StringPtr
    langroup: StringPtr
    ver_major: U32
    ver_minor: U32


@dataclass(frozen=True, slots=True)
class WkstaInfo101:
    """2.2.5.2"""

    platform_id: U32
    computername: StringPtr
    langroup: StringPtr
    ver_major: U32
    ver_minor: U32
    lanroot: StringPtr


@dataclass(frozen=True, slots=True)
class WkstaInfo102:
    """2.2.5.3"""

    platform_id: U32
    computername: StringPtr
    langroup: StringPtr
    ver_major: U32
    ver_minor: U32
    lanroot: StringPtr
    logged_on_users: U32


@dataclass(frozen=True, slots=True)
class UserInfo0:
    """2.2.5.9"""

    username: StringPtr


@dataclass(frozen=True, slots=True)
class UserInfo1:
    """2.2.5.10"""

    username: StringPtr
    logon_domain: StringPtr
    other_domains: StringPtr
    logon_server: StringPtr


@dataclass(frozen=True, slots=True)
class TransportInfo0:
    """2.2.5.13"""

    quality_of_service: U32
    number_of_vcs: U32
    transport_name: StringPtr
    transport_address: StringPtr
    wan_ish: U32


INFO_LEVELS: Mapping[int, type[Any]] = {
    100: WkstaInfo100,
    101: WkstaInfo101,
    102: WkstaInfo102,
}
USER_LEVELS: Mapping[int, type[Any]] = {0: UserInfo0, 1: UserInfo1}
TRANSPORT_LEVELS: Mapping[int, type[Any]] = {0: TransportInfo0}

UserEnum: TypeAlias = Annotated[Tagged, EnumStruct(USER_LEVELS)]
TransportEnum: TypeAlias = Annotated[Tagged, EnumStruct(TRANSPORT_LEVELS)]


@dataclass(frozen=True, slots=True)
class GetInfoIn:
    server: StringPtr
    level: U32


@dataclass(frozen=True, slots=True)
class GetInfoOut:
    info: Annotated[Tagged, info_union(INFO_LEVELS, (502, 1013, 1018, 1046))]
    status: U32


@dataclass(frozen=True, slots=True)
class UserEnumIn:
    server: StringPtr
    info: UserEnum
    preferred: U32
    resume: LongPtr


@dataclass(frozen=True, slots=True)
class UserEnumOut:
    info: UserEnum
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


def get_info(call: Call, args: GetInfoIn) -> GetInfoOut:
    """NetrWkstaGetInfo.  Level 100 is for everybody, [MS-WKST] 3.2.4.1."""
    if args.level not in INFO_LEVELS:
        return GetInfoOut(Tagged(args.level, None), win32.INVALID_LEVEL)
    if call.restricted and args.level > 100:
        return GetInfoOut(Tagged(args.level, None), win32.ACCESS_DENIED)
    brief = (
        win32.PLATFORM_NT,
        call.env.server_name,
        call.env.workgroup(),
        win32.VERSION_MAJOR,
        win32.VERSION_MINOR,
    )
    values: Mapping[int, tuple[Any, ...]] = {
        100: brief,
        101: (*brief, ""),
        102: (*brief, "", 0),
    }
    row = INFO_LEVELS[args.level](*values[args.level])
    return GetInfoOut(Tagged(args.level, row), win32.SUCCESS)


def user_enum(call: Call, args: UserEnumIn) -> UserEnumOut:
    """NetrWkstaUserEnum: nobody is logged on at a server without a console of ours."""
    status = _enum_status(call, args.info.tag, USER_LEVELS)
    rows = None if status else Container(())
    return UserEnumOut(Tagged(args.info.tag, rows), 0, args.resume, status)


def transport_enum(call: Call, args: TransportEnumIn) -> TransportEnumOut:
    """NetrWkstaTransportEnum: there is no redirector that could use one."""
    status = _enum_status(call, args.info.tag, TRANSPORT_LEVELS)
    rows = None if status else Container(())
    return TransportEnumOut(Tagged(args.info.tag, rows), 0, args.resume, status)


def _enum_status(call: Call, level: int, levels: Mapping[int, type[Any]]) -> int:
    if level not in levels:
        return win32.INVALID_LEVEL
    return win32.ACCESS_DENIED if call.restricted else win32.SUCCESS


WKSSVC = Interface(
    "wkssvc",
    Syntax(UUID("6bffd098-a112-3610-9833-46c3f87e345a"), (1, 0)),
    {
        0: operation(GetInfoIn, GetInfoOut, get_info),
        2: operation(UserEnumIn, UserEnumOut, user_enum),
        5: operation(TransportEnumIn, TransportEnumOut, transport_enum),
    },
)
