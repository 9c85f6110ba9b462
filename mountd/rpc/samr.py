# SPDX-License-Identifier: GPL-2.0-only
"""The Security Account Manager: the machine's accounts, for reading.  [MS-SAMR] 3.1.5

Two domains: the machine's own, with the users of the password database, and Builtin with
the aliases that every Windows machine has.  Nothing can be changed by way of this
interface; accounts are made with ksmbd.adduser.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ksmbd.mountd.rpc import descriptor, ntstatus
from ksmbd.mountd.rpc import samr_types as types
from ksmbd.mountd.rpc.dtyp import NEVER, NULL_HANDLE, Sid
from ksmbd.mountd.rpc.environment import RpcEnvironment
from ksmbd.mountd.rpc.interface import Call, Interface, operation
from ksmbd.mountd.rpc.ndr import Tagged, pack_stub
from ksmbd.mountd.rpc.pdu import Syntax
from ksmbd.mountd.rpc.principals import (
    BUILTIN,
    BUILTIN_ALIASES,
    GROUP_OF_USERS,
    RID_USERS,
    Directory,
    Domain,
    Principal,
    Use,
)

MAX_NAMES = 1000
UNKNOWN_RID = 0

NORMAL_ACCOUNT = 0x00000010
DONT_EXPIRE_PASSWORD = 0x00000200
ACCOUNT_CONTROL = NORMAL_ACCOUNT | DONT_EXPIRE_PASSWORD

# SE_GROUP_MANDATORY, ENABLED_BY_DEFAULT and ENABLED: [MS-SAMR] 2.2.1.10
GROUP_ATTRIBUTES = 0x7

ALL_FIELDS = 0x00FFFFFF
"""USER_ALL_* of everything but the passwords."""

ANY_HOUR = b"\xff" * 21

# [MS-SAMR] 3.1.1.6's defaults for a user object
USER_ALL_ACCESS = 0x000F07FF
USER_READ_EXECUTE = 0x0002035B
USER_WRITE = 0x00020044
EVERYONE = Sid.parse("S-1-1-0")
ADMINISTRATORS = BUILTIN.sid.child(544)


@dataclass(frozen=True, slots=True)
class ServerObject:
    """What a handle of one of the Connect methods stands for."""


@dataclass(frozen=True, slots=True)
class DomainObject:
    domain: Domain

    @property
    def builtin(self) -> bool:
        return self.domain == BUILTIN


@dataclass(frozen=True, slots=True)
class UserObject:
    user: Principal


def _handle(call: Call, value: object) -> types.HandleOut:
    handle = call.handles.add(value)
    if handle is None:
        return types.HandleOut(NULL_HANDLE, ntstatus.INSUFFICIENT_RESOURCES)
    return types.HandleOut(handle, ntstatus.SUCCESS)


def connect(call: Call, _args: types.ConnectIn) -> types.HandleOut:
    return _handle(call, ServerObject())


def connect2(call: Call, _args: types.Connect2In) -> types.HandleOut:
    return _handle(call, ServerObject())


def connect4(call: Call, _args: types.Connect4In) -> types.HandleOut:
    return _handle(call, ServerObject())


def connect5(call: Call, args: types.Connect5In) -> types.Connect5Out:
    """SamrConnect5.  The feature bits are about AES passwords and RIDs, which we have not."""
    info = Tagged(1, types.Revision1(3, 0))
    if args.version != 1 or args.info.tag != 1:
        return types.Connect5Out(1, info, NULL_HANDLE, ntstatus.INVALID_PARAMETER)
    opened = _handle(call, ServerObject())
    return types.Connect5Out(1, info, opened.handle, opened.status)


def close(call: Call, args: types.HandleIn) -> types.HandleOut:
    return types.HandleOut(call.handles.close(args.handle), ntstatus.SUCCESS)


def query_security(call: Call, args: types.QuerySecurityIn) -> types.QuerySecurityOut:
    """SamrQuerySecurityObject: everybody may read, the user may change the own password."""
    target = call.handles.get(args.handle, object)
    dacl = [
        descriptor.Allow(EVERYONE, USER_READ_EXECUTE),
        descriptor.Allow(ADMINISTRATORS, USER_ALL_ACCESS),
    ]
    if isinstance(target, UserObject):
        dacl.append(descriptor.Allow(target.user.sid, USER_WRITE))
    raw = descriptor.pack(args.information, ADMINISTRATORS, ADMINISTRATORS, dacl)
    return types.QuerySecurityOut(types.SecurityDescriptor(raw), ntstatus.SUCCESS)


# Domains


def _domains(env: RpcEnvironment) -> tuple[Domain, Domain]:
    return Directory(env).machine, Domain("Builtin", BUILTIN.sid)


def lookup_domain(call: Call, args: types.LookupDomainIn) -> types.LookupDomainOut:
    call.handles.get(args.handle, ServerObject)
    if not args.name:
        return types.LookupDomainOut(None, ntstatus.INVALID_PARAMETER)
    for domain in _domains(call.env):
        if domain.name.casefold() == args.name.casefold():
            return types.LookupDomainOut(domain.sid, ntstatus.SUCCESS)
    return types.LookupDomainOut(None, ntstatus.NO_SUCH_DOMAIN)


def _enumerate(
    rows: Sequence[types.RidEnumeration], context: int, preferred: int
) -> types.EnumerateOut:
    """One answer of an enumeration; the context is the number of rows already given.

    At least one row is given, or an impatient client would never come to an end.
    """
    rest = rows[context:]
    taken = room = 0
    for row in rest:
        room += len(pack_stub(types.RidEnumeration, row))
        if taken and room > preferred:
            break
        taken += 1
    status = ntstatus.SUCCESS if taken == len(rest) else ntstatus.MORE_ENTRIES
    page = tuple(rest[:taken])
    after = min(context + taken, 0xFFFFFFFF)
    return types.EnumerateOut(after, types.EnumerationBuffer(page), taken, status)


def enumerate_domains(call: Call, args: types.EnumerateIn) -> types.EnumerateOut:
    call.handles.get(args.handle, ServerObject)
    rows = [
        types.RidEnumeration(index, domain.name) for index, domain in enumerate(_domains(call.env))
    ]
    return _enumerate(rows, args.context, args.preferred)


def open_domain(call: Call, args: types.OpenDomainIn) -> types.HandleOut:
    call.handles.get(args.handle, ServerObject)
    for domain in (Directory(call.env).machine, BUILTIN):
        if domain.sid == args.sid:
            return _handle(call, DomainObject(domain))
    return types.HandleOut(NULL_HANDLE, ntstatus.NO_SUCH_DOMAIN)


def query_domain(call: Call, args: types.QueryIn) -> types.QueryDomainOut:
    """SamrQueryInformationDomain: no policy on passwords, a standalone server."""
    target = call.handles.get(args.handle, DomainObject)
    name = target.domain.name
    info: object
    match args.info_class:
        case 1:
            info = types.DomainPassword(0, 0, 0, 0, 0)
        case 2:
            users = 0 if target.builtin else len(Directory(call.env).users())
            groups, aliases = (0, len(BUILTIN_ALIASES)) if target.builtin else (1, 0)
            info = types.DomainGeneral(NEVER, "", name, "", 0, 1, 3, 1, users, groups, aliases)
        case 3:
            info = NEVER
        case 4 | 6:
            info = types.OneString("")
        case 5:
            info = types.OneString(name)
        case 7:
            info = 3  # DomainServerRolePrimary
        case 8:
            info = types.DomainModified(0, 0)
        case 9:
            info = 1  # DomainServerEnabled
        case _:
            return types.QueryDomainOut(None, ntstatus.INVALID_INFO_CLASS)
    return types.QueryDomainOut(Tagged(args.info_class, info), ntstatus.SUCCESS)


def enumerate_users(call: Call, args: types.EnumerateUsersIn) -> types.EnumerateOut:
    target = call.handles.get(args.handle, DomainObject)
    users = [] if target.builtin else Directory(call.env).users()
    if args.account_control and not args.account_control & ACCOUNT_CONTROL:
        users = []
    rows = [types.RidEnumeration(user.rid, user.name) for user in users]
    return _enumerate(rows, args.context, args.preferred)


def enumerate_groups(call: Call, args: types.EnumerateIn) -> types.EnumerateOut:
    target = call.handles.get(args.handle, DomainObject)
    rows = [] if target.builtin else [types.RidEnumeration(RID_USERS, GROUP_OF_USERS)]
    return _enumerate(rows, args.context, args.preferred)


def enumerate_aliases(call: Call, args: types.EnumerateIn) -> types.EnumerateOut:
    target = call.handles.get(args.handle, DomainObject)
    aliases = BUILTIN_ALIASES.items() if target.builtin else ()
    rows = [types.RidEnumeration(rid, name) for rid, name in aliases]
    return _enumerate(rows, args.context, args.preferred)


def alias_membership(call: Call, args: types.AliasMembershipIn) -> types.AliasMembershipOut:
    """SamrGetAliasMembership: no alias has members."""
    call.handles.get(args.handle, DomainObject)
    return types.AliasMembershipOut((), ntstatus.SUCCESS)


# Names and RIDs


def _find_name(call: Call, target: DomainObject, name: str | None) -> Principal | None:
    if not name:
        return None
    directory = Directory(call.env)
    if target.builtin:
        return directory.by_name(f"{BUILTIN.name}\\{name}")
    return directory.account(name)


def _find_rid(call: Call, target: DomainObject, rid: int) -> Principal | None:
    directory = Directory(call.env)
    if target.builtin:
        return directory.by_sid(BUILTIN.sid.child(rid))
    return directory.by_rid(rid)


def _mapped(found: Sequence[Principal | None]) -> int:
    known = sum(each is not None for each in found)
    if known == len(found):
        return ntstatus.SUCCESS
    return ntstatus.SOME_NOT_MAPPED if known else ntstatus.NONE_MAPPED


def lookup_names(call: Call, args: types.LookupNamesIn) -> types.LookupNamesOut:
    target = call.handles.get(args.handle, DomainObject)
    if args.count != len(args.names) or args.count > MAX_NAMES:
        return types.LookupNamesOut(None, None, ntstatus.INVALID_PARAMETER)
    found = [_find_name(call, target, name) for name in args.names]
    return types.LookupNamesOut(
        tuple(each.rid if each else UNKNOWN_RID for each in found),
        tuple(each.use if each else Use.UNKNOWN for each in found),
        _mapped(found),
    )


def lookup_ids(call: Call, args: types.LookupIdsIn) -> types.LookupIdsOut:
    target = call.handles.get(args.handle, DomainObject)
    if args.count != len(args.rids) or args.count > MAX_NAMES:
        return types.LookupIdsOut(None, None, ntstatus.INVALID_PARAMETER)
    found = [_find_rid(call, target, rid) for rid in args.rids]
    return types.LookupIdsOut(
        tuple(each.name if each else None for each in found),
        tuple(each.use if each else Use.UNKNOWN for each in found),
        _mapped(found),
    )


# Users


def open_user(call: Call, args: types.OpenRidIn) -> types.HandleOut:
    target = call.handles.get(args.handle, DomainObject)
    found = _find_rid(call, target, args.rid)
    if found is None or found.use is not Use.USER:
        return types.HandleOut(NULL_HANDLE, ntstatus.NO_SUCH_USER)
    return _handle(call, UserObject(found))


def query_user(call: Call, args: types.QueryIn) -> types.QueryUserOut:
    user = call.handles.get(args.handle, UserObject).user
    info: object
    match args.info_class:
        case 1:
            info = types.UserGeneral(user.name, user.name, RID_USERS, "", "")
        case 6:
            info = types.UserName(user.name, user.name)
        case 7 | 8:
            info = types.OneString(user.name)
        case 9:
            info = RID_USERS
        case 10:
            info = types.UserHome("", "")
        case 11 | 12 | 13 | 14:
            info = types.OneString("")
        case 16:
            info = ACCOUNT_CONTROL
        case 17:
            info = NEVER
        case 21:
            info = _user_all(user)
        case _:
            return types.QueryUserOut(None, ntstatus.INVALID_INFO_CLASS)
    return types.QueryUserOut(Tagged(args.info_class, info), ntstatus.SUCCESS)


def _user_all(user: Principal) -> types.UserAll:
    return types.UserAll(
        last_logon=0,
        last_logoff=NEVER,
        password_last_set=0,
        account_expires=NEVER,
        password_can_change=0,
        password_must_change=NEVER,
        user_name=user.name,
        full_name=user.name,
        home_directory="",
        home_drive="",
        script_path="",
        profile_path="",
        admin_comment="",
        work_stations="",
        user_comment="",
        parameters="",
        lm_password=None,
        nt_password=None,
        private_data=None,
        security_descriptor=None,
        user_id=user.rid,
        primary_group=RID_USERS,
        account_control=ACCOUNT_CONTROL,
        which_fields=ALL_FIELDS,
        logon_hours=ANY_HOUR,
        bad_password_count=0,
        logon_count=0,
        country_code=0,
        code_page=0,
        lm_password_present=0,
        nt_password_present=0,
        password_expired=0,
        private_data_sensitive=0,
    )


def groups_for_user(call: Call, args: types.HandleIn) -> types.GroupsOut:
    call.handles.get(args.handle, UserObject)
    groups = types.Groups((types.GroupMembership(RID_USERS, GROUP_ATTRIBUTES),))
    return types.GroupsOut(groups, ntstatus.SUCCESS)


SAMR = Interface(
    "samr",
    Syntax(UUID("12345778-1234-abcd-ef00-0123456789ac"), (1, 0)),
    {
        0: operation(types.ConnectIn, types.HandleOut, connect),
        1: operation(types.HandleIn, types.HandleOut, close),
        3: operation(types.QuerySecurityIn, types.QuerySecurityOut, query_security),
        5: operation(types.LookupDomainIn, types.LookupDomainOut, lookup_domain),
        6: operation(types.EnumerateIn, types.EnumerateOut, enumerate_domains),
        7: operation(types.OpenDomainIn, types.HandleOut, open_domain),
        8: operation(types.QueryIn, types.QueryDomainOut, query_domain),
        11: operation(types.EnumerateIn, types.EnumerateOut, enumerate_groups),
        13: operation(types.EnumerateUsersIn, types.EnumerateOut, enumerate_users),
        15: operation(types.EnumerateIn, types.EnumerateOut, enumerate_aliases),
        16: operation(types.AliasMembershipIn, types.AliasMembershipOut, alias_membership),
        17: operation(types.LookupNamesIn, types.LookupNamesOut, lookup_names),
        18: operation(types.LookupIdsIn, types.LookupIdsOut, lookup_ids),
        34: operation(types.OpenRidIn, types.HandleOut, open_user),
        36: operation(types.QueryIn, types.QueryUserOut, query_user),
        39: operation(types.HandleIn, types.GroupsOut, groups_for_user),
        46: operation(types.QueryIn, types.QueryDomainOut, query_domain),
        47: operation(types.QueryIn, types.QueryUserOut, query_user),
        57: operation(types.Connect2In, types.HandleOut, connect2),
        62: operation(types.Connect4In, types.HandleOut, connect4),
        64: operation(types.Connect5In, types.Connect5Out, connect5),
    },
)
