# SPDX-License-Identifier: GPL-2.0-only
"""The Local Security Authority: policy, and names for SIDs.  [MS-LSAD] 3.1.4, [MS-LSAT] 3.1.4"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from ksmbd.mountd.rpc import lsarpc_types as types
from ksmbd.mountd.rpc import ntstatus
from ksmbd.mountd.rpc.dtyp import NULL_HANDLE, Sid
from ksmbd.mountd.rpc.interface import FAULT_ACCESS_DENIED, Call, Fault, Interface, operation
from ksmbd.mountd.rpc.ndr import Tagged
from ksmbd.mountd.rpc.pdu import Syntax
from ksmbd.mountd.rpc.principals import Directory, Domain, Principal, Use

NO_DOMAIN = 0xFFFFFFFF

ROLE_PRIMARY = 3
"""PolicyServerRolePrimary: what a machine without a domain is for itself."""

MAX_NAMES = 1000
MAX_SIDS = 0x5000

LEVELS = range(1, 8)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a policy handle stands for."""


def _open(call: Call) -> types.HandleOut:
    handle = call.handles.add(Policy())
    if handle is None:
        return types.HandleOut(NULL_HANDLE, ntstatus.INSUFFICIENT_RESOURCES)
    return types.HandleOut(handle, ntstatus.SUCCESS)


def open_policy(call: Call, _args: types.OpenPolicyIn) -> types.HandleOut:
    return _open(call)


def open_policy2(call: Call, _args: types.OpenPolicy2In) -> types.HandleOut:
    return _open(call)


def close(call: Call, args: types.HandleIn) -> types.HandleOut:
    return types.HandleOut(call.handles.close(args.handle), ntstatus.SUCCESS)


def query_policy(call: Call, args: types.QueryPolicyIn) -> types.QueryPolicyOut:
    """LsarQueryInformationPolicy: a member of a workgroup, which has a name and no SID."""
    call.handles.get(args.handle, Policy)
    workgroup = call.env.workgroup()
    machine = Directory(call.env).machine
    info: object
    match args.info_class:
        case types.POLICY_PRIMARY_DOMAIN:
            info = types.DomainInfo(workgroup, None)
        case types.POLICY_PD_ACCOUNT:
            info = types.DomainName("")
        case types.POLICY_ACCOUNT_DOMAIN | types.POLICY_LOCAL_ACCOUNT_DOMAIN:
            info = types.DomainInfo(machine.name, machine.sid)
        case types.POLICY_SERVER_ROLE:
            info = ROLE_PRIMARY
        case types.POLICY_DNS_DOMAIN | types.POLICY_DNS_DOMAIN_INT:
            info = types.DnsDomainInfo(workgroup, "", "", UUID(int=0), None)
        case _:
            return types.QueryPolicyOut(None, ntstatus.INVALID_PARAMETER)
    return types.QueryPolicyOut(Tagged(args.info_class, info), ntstatus.SUCCESS)


@dataclass(slots=True)
class _Translation:
    """Collects what was found: each domain once, and how many were."""

    domains: list[Domain] = field(default_factory=list)
    mapped: int = 0

    def note(self, found: Principal | None) -> int:
        """Counts one result and returns the index of its domain."""
        if found is None:
            return NO_DOMAIN
        self.mapped += 1
        if found.domain not in self.domains:
            self.domains.append(found.domain)
        return self.domains.index(found.domain)

    def referenced(self) -> types.ReferencedDomains:
        rows = tuple(types.DomainInfo(each.name, each.sid) for each in self.domains)
        return types.ReferencedDomains(rows or None, len(rows))

    def status(self, wanted: int) -> int:
        if self.mapped == wanted:
            return ntstatus.SUCCESS
        return ntstatus.SOME_NOT_MAPPED if self.mapped else ntstatus.NONE_MAPPED


def _find_names(
    call: Call, names: Sequence[str | None], row: Callable[[Principal | None, int], T]
) -> tuple[_Translation, tuple[T, ...]]:
    directory, translation = Directory(call.env), _Translation()
    rows = []
    for name in names:
        found = directory.by_name(name) if name else None
        rows.append(row(found, translation.note(found)))
    return translation, tuple(rows)


def _names_fault(count: int, names: Sequence[str | None], level: int) -> bool:
    return count != len(names) or count > MAX_NAMES or level not in LEVELS


def lookup_names(call: Call, args: types.LookupNamesIn) -> types.LookupNamesOut:
    call.handles.get(args.handle, Policy)
    if _names_fault(args.count, args.names, args.level):
        return types.LookupNamesOut(None, None, 0, ntstatus.INVALID_PARAMETER)
    done, rows = _find_names(
        call,
        args.names,
        lambda found, index: types.TranslatedSid(*_use_and_rid(found), index),
    )
    status = done.status(len(rows))
    return types.LookupNamesOut(done.referenced(), rows, done.mapped, status)


def lookup_names2(call: Call, args: types.LookupNames2In) -> types.LookupNames2Out:
    call.handles.get(args.handle, Policy)
    if _names_fault(args.count, args.names, args.level):
        return types.LookupNames2Out(None, None, 0, ntstatus.INVALID_PARAMETER)
    done, rows = _find_names(
        call,
        args.names,
        lambda found, index: types.TranslatedSidEx(*_use_and_rid(found), index, 0),
    )
    status = done.status(len(rows))
    return types.LookupNames2Out(done.referenced(), rows, done.mapped, status)


def lookup_names3(call: Call, args: types.LookupNames3In) -> types.LookupNames3Out:
    call.handles.get(args.handle, Policy)
    if _names_fault(args.count, args.names, args.level):
        return types.LookupNames3Out(None, None, 0, ntstatus.INVALID_PARAMETER)
    done, rows = _find_names(
        call,
        args.names,
        lambda found, index: types.TranslatedSidEx2(
            found.use if found else Use.UNKNOWN, found.sid if found else None, index, 0
        ),
    )
    status = done.status(len(rows))
    return types.LookupNames3Out(done.referenced(), rows, done.mapped, status)


def _use_and_rid(found: Principal | None) -> tuple[int, int]:
    return (found.use, found.rid) if found else (Use.UNKNOWN, 0)


def _find_sids(
    call: Call, wanted: Sequence[Sid | None], row: Callable[[int, str, int], T]
) -> tuple[_Translation, tuple[T, ...]]:
    """Translates SIDs.  One without a name is its own text, so that a client can show it."""
    directory, translation = Directory(call.env), _Translation()
    rows = []
    for sid in wanted:
        found = directory.by_sid(sid) if sid else None
        index = translation.note(found)
        if found:
            rows.append(row(found.use, found.name, index))
        else:
            rows.append(row(Use.UNKNOWN, str(sid) if sid else "", index))
    return translation, tuple(rows)


def lookup_sids(call: Call, args: types.LookupSidsIn) -> types.LookupSidsOut:
    call.handles.get(args.handle, Policy)
    wanted = [box.sid for box in args.sids or ()]
    if len(wanted) > MAX_SIDS or args.level not in LEVELS:
        return types.LookupSidsOut(None, None, 0, ntstatus.INVALID_PARAMETER)
    done, rows = _find_sids(call, wanted, types.TranslatedName)
    return types.LookupSidsOut(done.referenced(), rows, done.mapped, done.status(len(rows)))


def lookup_sids2(call: Call, args: types.LookupSids2In) -> types.LookupSids2Out:
    call.handles.get(args.handle, Policy)
    wanted = [box.sid for box in args.sids or ()]
    if len(wanted) > MAX_SIDS or args.level not in LEVELS:
        return types.LookupSids2Out(None, None, 0, ntstatus.INVALID_PARAMETER)
    done, rows = _find_sids(
        call, wanted, lambda use, name, index: types.TranslatedNameEx(use, name, index, 0)
    )
    return types.LookupSids2Out(done.referenced(), rows, done.mapped, done.status(len(rows)))


def needs_secure_channel(_call: Call, _args: types.NothingIn) -> types.NothingIn:
    """LsarLookupSids3 and LsarLookupNames4 are for a domain's secure channel only.

    [MS-LSAT] 3.1.4.9 and 3.1.4.4; nothing here has one.
    """
    raise Fault(FAULT_ACCESS_DENIED)


LSARPC = Interface(
    "lsarpc",
    Syntax(UUID("12345778-1234-abcd-ef00-0123456789ab"), (0, 0)),
    {
        0: operation(types.HandleIn, types.HandleOut, close),
        6: operation(types.OpenPolicyIn, types.HandleOut, open_policy),
        7: operation(types.QueryPolicyIn, types.QueryPolicyOut, query_policy),
        14: operation(types.LookupNamesIn, types.LookupNamesOut, lookup_names),
        15: operation(types.LookupSidsIn, types.LookupSidsOut, lookup_sids),
        44: operation(types.OpenPolicy2In, types.HandleOut, open_policy2),
        46: operation(types.QueryPolicyIn, types.QueryPolicyOut, query_policy),
        57: operation(types.LookupSids2In, types.LookupSids2Out, lookup_sids2),
        58: operation(types.LookupNames2In, types.LookupNames2Out, lookup_names2),
        68: operation(types.LookupNames3In, types.LookupNames3Out, lookup_names3),
        76: operation(types.NothingIn, types.NothingIn, needs_secure_channel),
        77: operation(types.NothingIn, types.NothingIn, needs_secure_channel),
    },
)
