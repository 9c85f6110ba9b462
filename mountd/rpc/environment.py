# SPDX-License-Identifier: GPL-2.0-only
"""What the RPC services know of the machine: handed in, so that they own no state."""

import grp
import pwd
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ksmbd.mountd.rpc.dtyp import Sid
from ksmbd.shared.config import Config
from ksmbd.shared.users import UserDb


class Accounts(Protocol):
    """The machine's users and groups by number and by name; None for who does not exist."""

    def uid(self, user: str) -> int | None: ...

    def user(self, uid: int) -> str | None: ...

    def gid(self, group: str) -> int | None: ...

    def group(self, gid: int) -> str | None: ...


class UnixAccounts:
    """`Accounts` of the system's own databases."""

    def uid(self, user: str) -> int | None:
        try:
            return pwd.getpwnam(user).pw_uid
        except (KeyError, ValueError):
            return None

    def user(self, uid: int) -> str | None:
        # The C library takes (uid_t)-1 for no user, Python for an overflow.
        try:
            return pwd.getpwuid(uid).pw_name
        except (KeyError, OverflowError):
            return None

    def gid(self, group: str) -> int | None:
        try:
            return grp.getgrnam(group).gr_gid
        except (KeyError, ValueError):
            return None

    def group(self, gid: int) -> str | None:
        try:
            return grp.getgrgid(gid).gr_name
        except (KeyError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class TreeConnection:
    """One tree connect as the daemon counts it: for the lists of sessions and connections."""

    session_id: int
    tree_id: int
    share: str
    account: str
    peer: str
    since: datetime


@dataclass(frozen=True, slots=True)
class RpcEnvironment:
    """Everything an operation may ask about.

    `config` and `users` are calls, because a reload replaces what they return.
    """

    config: Callable[[], Config]
    users: Callable[[], UserDb]
    server_name: str
    workgroup: Callable[[], str]
    sub_auth: tuple[int, int, int]
    now: Callable[[], datetime]
    accounts: Accounts = field(default_factory=UnixAccounts)
    token: Callable[[int], bytes] = secrets.token_bytes
    trees: Callable[[], Sequence[TreeConnection]] = tuple

    @property
    def machine_sid(self) -> Sid:
        return Sid(5, (21, *self.sub_auth))
