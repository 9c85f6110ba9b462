# SPDX-License-Identifier: GPL-2.0-only
"""The role of this machine in a domain: none.  [MS-DSSP]; it lives on the lsarpc pipe."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from ksmbd.mountd.rpc import win32
from ksmbd.mountd.rpc.interface import Call, Interface, operation
from ksmbd.mountd.rpc.ndr import SHORT, U16, U32, Pointer, StringPtr, Struct, Tagged, Union, Uuid
from ksmbd.mountd.rpc.pdu import Syntax

ROLE_STANDALONE_SERVER = 2

BASIC, UPGRADE, OPERATION = 1, 2, 3


@dataclass(frozen=True, slots=True)
class BasicInfo:
    """DSROLER_PRIMARY_DOMAIN_INFO_BASIC, 2.2.3"""

    role: U16
    flags: U32
    domain_flat: StringPtr
    domain_dns: StringPtr
    forest: StringPtr
    guid: Uuid


@dataclass(frozen=True, slots=True)
class UpgradeInfo:
    """DSROLE_UPGRADE_STATUS_INFO, 2.2.5"""

    state: U32
    previous_role: U16


@dataclass(frozen=True, slots=True)
class RoleIn:
    level: U16


@dataclass(frozen=True, slots=True)
class RoleOut:
    info: Annotated[
        Tagged | None,
        Pointer(
            Union(SHORT, {BASIC: Struct(BasicInfo), UPGRADE: Struct(UpgradeInfo), OPERATION: SHORT})
        ),
    ]
    status: U32


def get_primary_domain_information(call: Call, args: RoleIn) -> RoleOut:
    """DsRolerGetPrimaryDomainInformation: standalone, no upgrade, nothing under way."""
    info: object
    match args.level:
        case 1:
            info = BasicInfo(
                ROLE_STANDALONE_SERVER, 0, call.env.workgroup(), None, None, UUID(int=0)
            )
        case 2:
            info = UpgradeInfo(0, 0)
        case 3:
            info = 0
        case _:
            return RoleOut(None, win32.INVALID_PARAMETER)
    return RoleOut(Tagged(args.level, info), win32.SUCCESS)


DSSETUP = Interface(
    "lsarpc",
    Syntax(UUID("3919286a-b10c-11d0-9ba8-00c04fd92ef5"), (0, 0)),
    {0: operation(RoleIn, RoleOut, get_primary_domain_information)},
)
