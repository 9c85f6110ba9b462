# SPDX-License-Identifier: GPL-2.0-only
"""The Workstation Service: who this machine is.  [MS-WKST] 3.2.4

The machine has no SMB client of its own and nobody logged on at it, so the lists of users
and transports of the redirector are empty.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from ksmbd.mountd.rpc import win32
from ksmbd.mountd.rpc.dtyp import UNICODE_STRING
from ksmbd.mountd.rpc.interface import Call, Interface, operation
from ksmbd.mountd.rpc.ndr import (
    U16,
    U32,
    Counted,
    LongPtr,
    Pointer,
    StringPtr,
    Struct,
    Tagged,
)
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

USE_LEVELS = (0, 1, 2)

JOINED_WORKGROUP = 2
"""NetSetupWorkgroupName, 2.2.3.1"""

PRIMARY_NAME, ALTERNATE_NAMES, ALL_NAMES = 0, 1, 2
"""NET_COMPUTER_NAME_TYPE, 2.2.3.3"""

UserEnum: TypeAlias = Annotated[Tagged, EnumStruct(USER_LEVELS)]
# Nothing is ever listed, so the rows of these levels need no description.
UseEnum: TypeAlias = Annotated[Tagged, EnumStruct({}, USE_LEVELS)]
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
class UseEnumIn:
    server: StringPtr
    info: UseEnum
    preferred: U32
    resume: LongPtr


@dataclass(frozen=True, slots=True)
class UseEnumOut:
    info: UseEnum
    total: U32
    resume: LongPtr
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


@dataclass(frozen=True, slots=True)
class JoinInformationIn:
    server: StringPtr
    name: StringPtr


@dataclass(frozen=True, slots=True)
class JoinInformationOut:
    name: StringPtr
    kind: U16
    status: U32


@dataclass(frozen=True, slots=True)
class ComputerNamesIn:
    server: StringPtr
    name_type: U16
    reserved: U32


@dataclass(frozen=True, slots=True)
class ComputerNames:
    """NET_COMPUTER_NAME_ARRAY, 2.2.5.21"""

    names: Annotated[tuple[str | None, ...] | None, Counted(UNICODE_STRING)]


@dataclass(frozen=True, slots=True)
class ComputerNamesOut:
    names: Annotated[ComputerNames | None, Pointer(Struct(ComputerNames))]
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


def use_enum(call: Call, args: UseEnumIn) -> UseEnumOut:
    """NetrUseEnum: no connections to other servers."""
    status = _enum_status(call, args.info.tag, USE_LEVELS)
    rows = None if status else Container(())
    return UseEnumOut(Tagged(args.info.tag, rows), 0, args.resume, status)


def get_join_information(call: Call, _args: JoinInformationIn) -> JoinInformationOut:
    return JoinInformationOut(call.env.workgroup(), JOINED_WORKGROUP, win32.SUCCESS)


def enumerate_computer_names(call: Call, args: ComputerNamesIn) -> ComputerNamesOut:
    """NetrEnumerateComputerNames: one name, and no alternate ones."""
    if args.name_type in (PRIMARY_NAME, ALL_NAMES):
        return ComputerNamesOut(ComputerNames((call.env.server_name,)), win32.SUCCESS)
    if args.name_type == ALTERNATE_NAMES:
        return ComputerNamesOut(ComputerNames(()), win32.SUCCESS)
    return ComputerNamesOut(None, win32.INVALID_PARAMETER)


def _enum_status(call: Call, level: int, levels: Collection[int]) -> int:
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
        11: operation(UseEnumIn, UseEnumOut, use_enum),
        20: operation(JoinInformationIn, JoinInformationOut, get_join_information),
        30: operation(ComputerNamesIn, ComputerNamesOut, enumerate_computer_names),
    },
)
