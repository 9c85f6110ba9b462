# SPDX-License-Identifier: GPL-2.0-only
"""The Server Service: shares, sessions, the server itself.  [MS-SRVS] 3.1.4

What a guest may not see ([MS-SRVS] asks for administrators there: paths, limits, other
people's sessions) is decided by `Call.restricted`; the pipe does not say who calls.
Open files are the kernel's and are not told to the daemon, so NetrFileEnum lists none.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import PurePosixPath
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from ksmbd.mountd.rpc import srvsvc_types as types
from ksmbd.mountd.rpc import win32
from ksmbd.mountd.rpc.environment import RpcEnvironment, TreeConnection
from ksmbd.mountd.rpc.interface import Call, Interface, operation
from ksmbd.mountd.rpc.ndr import Tagged, pack_stub
from ksmbd.mountd.rpc.pdu import Syntax
from ksmbd.shared.config import Share, fold_share_name

TYPE_DISK = 0x00000000
TYPE_IPC_SPECIAL = 0x80000003

# SV_TYPE_WORKSTATION, SERVER, XENIX_SERVER, NT and SERVER_NT: [MS-SRVS] 2.2.2.7
SERVER_TYPE = 0x00009803

TRANSPORT_NAME = "\\Device\\NetbiosSmb"
TRANSPORT_ADDRESS = "000000000000"

R = TypeVar("R")
Out: TypeAlias = Callable[[Tagged, int, int | None, int], R]

NEVER_DISCONNECT = 0xFFFFFFFF
ANNOUNCE_SECONDS = 240
ANNOUNCE_DELTA = 3000
TICK = 310  # ten-thousandths of a second


def share_type(share: Share) -> int:
    return TYPE_IPC_SPECIAL if share.is_ipc else TYPE_DISK


def dos_path(share: Share) -> str:
    """The share's path as clients expect one: the root is drive C."""
    if share.is_ipc or share.path is None:
        return ""
    return "C:" + str(PurePosixPath("/") / share.path).replace("/", "\\")


@dataclass(frozen=True, slots=True)
class _Page:
    """A part of a list, as preferred length and resume handle cut it."""

    rows: tuple[Any, ...]
    total: int
    resume: int
    status: int


def paginate(rows: Sequence[Any], preferred: int, resume: int) -> _Page:
    """Cuts a list.  [MS-SRVS] 3.1.4.8 and its siblings share these rules.

    The total counts from the resume position; a handle of 0 says that the end is reached.
    """
    rest = rows[resume:]
    if preferred == win32.UNLIMITED:
        return _Page(tuple(rest), len(rest), 0, win32.SUCCESS)
    taken = room = 0
    for row in rest:
        room += len(pack_stub(type(row), row))
        if room > preferred:
            break
        taken += 1
    if taken == len(rest):
        return _Page(tuple(rest), len(rest), 0, win32.SUCCESS)
    if taken == 0:
        return _Page((), len(rest), resume, win32.BUF_TOO_SMALL)
    return _Page(tuple(rest[:taken]), len(rest), resume + taken, win32.MORE_DATA)


def _listing(out: Out[R], level: int, rows: Sequence[Any], preferred: int, resume: int | None) -> R:
    page = paginate(rows, preferred, resume or 0)
    info = Tagged(level, types.Container(page.rows))
    return out(info, page.total, None if resume is None else page.resume, page.status)


def _no_listing(out: Out[R], level: int, resume: int | None, status: int) -> R:
    return out(Tagged(level, None), 0, resume, status)


# Shares


def _uses(env: RpcEnvironment) -> Counter[str]:
    """How many trees each share has, counted once for a whole listing."""
    return Counter(fold_share_name(tree.share) for tree in env.trees())


def _share_row(share: Share, level: int, uses: Counter[str]) -> Any:
    basic = (share.name, share_type(share), share.comment)
    limits = (0, share.max_connections or win32.UNLIMITED, uses[fold_share_name(share.name)])
    full = (*basic, *limits, dos_path(share), None)
    values: Mapping[int, tuple[Any, ...]] = {
        0: (share.name,),
        1: basic,
        2: full,
        501: (*basic, 0),
        502: (*full, 0, None),
        503: (*full, "*", 0, None),
        1005: (0,),
    }
    return types.SHARE_LEVELS[level](*values[level])


def _shares(env: RpcEnvironment) -> list[Share]:
    """The shares that are there, in an order that a resume handle can rely on."""
    config = env.config()
    return [share for _, share in sorted(config.shares.items()) if share.available]


def _enumerate_shares(
    call: Call, args: types.ShareEnumIn, shares: Sequence[Share], allowed: frozenset[int]
) -> types.ShareEnumOut:
    level = args.info.tag
    if level not in allowed:
        return _no_listing(types.ShareEnumOut, level, args.resume, win32.INVALID_LEVEL)
    if call.restricted and level not in (0, 1):
        return _no_listing(types.ShareEnumOut, level, args.resume, win32.ACCESS_DENIED)
    uses = _uses(call.env)
    rows = [_share_row(share, level, uses) for share in shares]
    return _listing(types.ShareEnumOut, level, rows, args.preferred, args.resume)


def share_enum(call: Call, args: types.ShareEnumIn) -> types.ShareEnumOut:
    """NetrShareEnum: the shares that are to be seen, the pipe share with them."""
    shares = [share for share in _shares(call.env) if share.browseable]
    return _enumerate_shares(call, args, shares, frozenset((0, 1, 2, 501, 502, 503)))


def share_enum_sticky(call: Call, args: types.ShareEnumIn) -> types.ShareEnumOut:
    """NetrShareEnumSticky: the configured ones; the pipe share is made at every start."""
    shares = [share for share in _shares(call.env) if share.browseable and not share.is_ipc]
    return _enumerate_shares(call, args, shares, frozenset((0, 1, 2, 502, 503)))


def share_get_info(call: Call, args: types.ShareInfoIn) -> types.ShareInfoOut:
    if args.level not in types.SHARE_LEVELS:
        return types.ShareInfoOut(Tagged(args.level, None), win32.INVALID_LEVEL)
    if call.restricted and args.level in (2, 502, 503):
        return types.ShareInfoOut(Tagged(args.level, None), win32.ACCESS_DENIED)
    share = call.env.config().share(args.name)
    if share is None or not share.available:
        return types.ShareInfoOut(Tagged(args.level, None), win32.NET_NAME_NOT_FOUND)
    row = _share_row(share, args.level, _uses(call.env))
    return types.ShareInfoOut(Tagged(args.level, row), win32.SUCCESS)


def share_check(call: Call, args: types.ShareCheckIn) -> types.ShareCheckOut:
    """NetrShareCheck: whether a local path is shared, and as what."""
    if call.restricted:
        return types.ShareCheckOut(0, win32.ACCESS_DENIED)
    for share in _shares(call.env):
        if dos_path(share) == args.device:
            return types.ShareCheckOut(share_type(share), win32.SUCCESS)
    return types.ShareCheckOut(0, win32.DEVICE_NOT_SHARED)


# Sessions, connections, files


def _seconds(delta: timedelta) -> int:
    return max(0, min(int(delta.total_seconds()), 0xFFFFFFFF))


def _unc(name: str) -> str:
    return name.removeprefix("\\\\").casefold()


def connection_enum(call: Call, args: types.ConnectionEnumIn) -> types.ConnectionEnumOut:
    """NetrConnectionEnum: of one share, or from one client named as \\\\client."""
    level, out = args.info.tag, types.ConnectionEnumOut
    if level not in types.CONNECTION_LEVELS:
        return _no_listing(out, level, args.resume, win32.INVALID_LEVEL)
    if call.restricted:
        return _no_listing(out, level, args.resume, win32.ACCESS_DENIED)
    qualifier = args.qualifier
    if not qualifier:
        return _no_listing(out, level, args.resume, win32.INVALID_PARAMETER)
    from_client = qualifier.startswith("\\\\")
    rows = [
        _connection_row(call.env, tree, level, tree.share if from_client else tree.peer)
        for tree in call.env.trees()
        if (
            _unc(tree.peer) == _unc(qualifier)
            if from_client
            else fold_share_name(tree.share) == fold_share_name(qualifier)
        )
    ]
    return _listing(out, level, rows, args.preferred, args.resume)


def _connection_row(env: RpcEnvironment, tree: TreeConnection, level: int, netname: str) -> Any:
    number = tree.tree_id & 0xFFFFFFFF
    if level == 0:
        return types.ConnectionInfo0(number)
    share = env.config().share(tree.share)
    kind = share_type(share) if share else TYPE_DISK
    since = _seconds(env.now() - tree.since)
    return types.ConnectionInfo1(number, kind, 0, 1, since, tree.account, netname)


def session_enum(call: Call, args: types.SessionEnumIn) -> types.SessionEnumOut:
    """NetrSessionEnum: the sessions that have a tree, each once."""
    level, out = args.info.tag, types.SessionEnumOut
    if level not in types.SESSION_LEVELS:
        return _no_listing(out, level, args.resume, win32.INVALID_LEVEL)
    if call.restricted:
        return _no_listing(out, level, args.resume, win32.ACCESS_DENIED)
    sessions: dict[int, TreeConnection] = {}
    for tree in call.env.trees():
        oldest = sessions.setdefault(tree.session_id, tree)
        if tree.since < oldest.since:
            sessions[tree.session_id] = tree
    rows = [
        _session_row(call.env, tree, level)
        for _, tree in sorted(sessions.items())
        if (not args.client or _unc(tree.peer) == _unc(args.client))
        and (not args.user or tree.account.casefold() == args.user.casefold())
    ]
    return _listing(out, level, rows, args.preferred, args.resume)


def _session_row(env: RpcEnvironment, tree: TreeConnection, level: int) -> Any:
    since = _seconds(env.now() - tree.since)
    names = (tree.peer, tree.account)
    # Opens and idle time are the kernel's and read 0; SESS_GUEST is 1.
    numbers = (0, since, 0, 0 if tree.account else 1)
    values: Mapping[int, tuple[Any, ...]] = {
        0: (tree.peer,),
        1: (*names, *numbers),
        2: (*names, *numbers, ""),
        10: (*names, since, 0),
        502: (*names, *numbers, "", TRANSPORT_NAME),
    }
    return types.SESSION_LEVELS[level](*values[level])


def file_enum(call: Call, args: types.FileEnumIn) -> types.FileEnumOut:
    level = args.info.tag
    if level not in types.FILE_LEVELS:
        return _no_listing(types.FileEnumOut, level, args.resume, win32.INVALID_LEVEL)
    if call.restricted:
        return _no_listing(types.FileEnumOut, level, args.resume, win32.ACCESS_DENIED)
    return _listing(types.FileEnumOut, level, (), args.preferred, args.resume)


# The server


def server_get_info(call: Call, args: types.ServerInfoIn) -> types.ServerInfoOut:
    if args.level not in types.SERVER_LEVELS:
        return types.ServerInfoOut(Tagged(args.level, None), win32.INVALID_LEVEL)
    if call.restricted and args.level > 101:
        return types.ServerInfoOut(Tagged(args.level, None), win32.ACCESS_DENIED)
    settings = call.env.config().globals
    brief = (win32.PLATFORM_NT, call.env.server_name)
    version = (win32.VERSION_MAJOR, win32.VERSION_MINOR, SERVER_TYPE, settings.server_string)
    values: Mapping[int, tuple[Any, ...]] = {
        100: brief,
        101: (*brief, *version),
        102: (
            *brief,
            *version,
            settings.max_connections or win32.UNLIMITED,
            settings.deadtime or NEVER_DISCONNECT,
            0,
            ANNOUNCE_SECONDS,
            ANNOUNCE_DELTA,
            0,
            "C:\\",
        ),
    }
    row = types.SERVER_LEVELS[args.level](*values[args.level])
    return types.ServerInfoOut(Tagged(args.level, row), win32.SUCCESS)


def disk_enum(call: Call, args: types.DiskEnumIn) -> types.DiskEnumOut:
    """NetrServerDiskEnum: drive C, where `dos_path` puts every share."""
    if args.level != 0:
        return types.DiskEnumOut(None, 0, args.resume, win32.INVALID_LEVEL)
    if call.restricted:
        return types.DiskEnumOut(None, 0, args.resume, win32.ACCESS_DENIED)
    resume = None if args.resume is None else 0
    return types.DiskEnumOut(("C:",), 1, resume, win32.SUCCESS)


def transport_enum(call: Call, args: types.TransportEnumIn) -> types.TransportEnumOut:
    """NetrServerTransportEnum: the one that serves SMB over TCP."""
    level = args.info.tag
    if level not in types.TRANSPORT_LEVELS:
        return _no_listing(types.TransportEnumOut, level, args.resume, win32.INVALID_LEVEL)
    sessions = len({tree.session_id for tree in call.env.trees()})
    address = TRANSPORT_ADDRESS.encode()
    rows = [
        types.TransportInfo0(sessions, TRANSPORT_NAME, address, len(address), TRANSPORT_ADDRESS)
    ]
    return _listing(types.TransportEnumOut, level, rows, args.preferred, args.resume)


def remote_tod(call: Call, _args: types.ServerIn) -> types.RemoteTodOut:
    """NetrRemoteTOD: the time in UTC, and how many minutes the server is west of it."""
    now = call.env.now()
    offset = now.utcoffset() or timedelta()
    utc = now.astimezone(UTC)
    stamp = now.timestamp()
    west = -int(offset.total_seconds()) // 60
    return types.RemoteTodOut(
        types.TimeOfDay(
            elapsed=int(stamp) & 0xFFFFFFFF,
            msecs=int(stamp * 1000) & 0xFFFFFFFF,
            hours=utc.hour,
            mins=utc.minute,
            secs=utc.second,
            hunds=utc.microsecond // 10_000,
            timezone=west & 0xFFFFFFFF,
            tinterval=TICK,
            day=utc.day,
            month=utc.month,
            year=utc.year,
            weekday=(utc.weekday() + 1) % 7,
        ),
        win32.SUCCESS,
    )


@dataclass(frozen=True, slots=True)
class _NameRule:
    """One row of [MS-SRVS] 2.2.2.8."""

    shortest: int
    longest: int
    more_invalid: str = ""
    secret: bool = False

    def allows(self, name: str) -> bool:
        if not self.shortest <= len(name) <= self.longest:
            return False
        if self.secret:
            # Anything but names made of dots and spaces only.
            return not name or bool(name.strip(". "))
        invalid = _DEFAULT_INVALID + self.more_invalid
        return all(c >= " " and c not in invalid for c in name)


_DEFAULT_INVALID = '"/\\[]:|<>+=;,?'
_NAME_MESSAGEDEST = 11
_NAME_COMPUTER = 4
_NAME_RULES: Mapping[int, _NameRule] = {
    1: _NameRule(1, 256),
    2: _NameRule(0, 256, secret=True),
    3: _NameRule(1, 256),
    _NAME_COMPUTER: _NameRule(1, 260, "*"),
    5: _NameRule(1, 16),
    6: _NameRule(1, 15, "* "),
    7: _NameRule(1, 80),
    8: _NameRule(1, 260),
    9: _NameRule(1, 80),
    10: _NameRule(1, 15),
    _NAME_MESSAGEDEST: _NameRule(1, 260),
    12: _NameRule(0, 8, secret=True),
    13: _NameRule(1, 15),
}


def name_validate(_call: Call, args: types.NameValidateIn) -> types.StatusOut:
    """NetprNameValidate: whether a name may be one of its type."""
    rule = _NAME_RULES.get(args.name_type)
    if rule is None or args.flags:
        return types.StatusOut(win32.INVALID_PARAMETER)
    name = args.name
    valid = rule.allows(name)
    if args.name_type == _NAME_COMPUTER:
        valid = valid and name == name.strip(" ")
    if args.name_type == _NAME_MESSAGEDEST:
        starred = name.endswith("*")
        valid = valid and "*" not in name[:-1] and (starred or len(name) < rule.longest)
    return types.StatusOut(win32.SUCCESS if valid else win32.INVALID_NAME)


SRVSVC = Interface(
    "srvsvc",
    Syntax(UUID("4b324fc8-1670-01d3-1278-5a47bf6ee188"), (3, 0)),
    {
        8: operation(types.ConnectionEnumIn, types.ConnectionEnumOut, connection_enum),
        9: operation(types.FileEnumIn, types.FileEnumOut, file_enum),
        12: operation(types.SessionEnumIn, types.SessionEnumOut, session_enum),
        15: operation(types.ShareEnumIn, types.ShareEnumOut, share_enum),
        16: operation(types.ShareInfoIn, types.ShareInfoOut, share_get_info),
        20: operation(types.ShareCheckIn, types.ShareCheckOut, share_check),
        21: operation(types.ServerInfoIn, types.ServerInfoOut, server_get_info),
        23: operation(types.DiskEnumIn, types.DiskEnumOut, disk_enum),
        26: operation(types.TransportEnumIn, types.TransportEnumOut, transport_enum),
        28: operation(types.ServerIn, types.RemoteTodOut, remote_tod),
        33: operation(types.NameValidateIn, types.StatusOut, name_validate),
        36: operation(types.ShareEnumIn, types.ShareEnumOut, share_enum_sticky),
    },
)
