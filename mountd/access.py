# SPDX-License-Identifier: GPL-2.0-only
"""Whether a log-in may use a share, and how.

The order of the rules, each final when it refuses: availability, hosts, guests,
`invalid users`, `valid users`; then `read list` before `write list` before `read only`.
The stock tools let `read list`, `write list` and `admin users` overrule the lists that
refuse; here a refusal stands.

Groups are looked up in the system, which may block: for a worker thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ksmbd.mountd import hosts
from ksmbd.mountd.homes import find_share
from ksmbd.mountd.nss import System
from ksmbd.shared import macros
from ksmbd.shared.abi import (
    TreeConnectRequest,
    TreeFlag,
    TreeRequestFlag,
    TreeStatus,
    UserStatus,
)
from ksmbd.shared.config import Config, Share
from ksmbd.shared.users import UserDb
from ksmbd.shared.values import Encryption

_NO_FLAGS = TreeFlag(0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a tree connect, and for a refusal the reason."""

    status: TreeStatus
    flags: TreeFlag = _NO_FLAGS
    reason: str = ""


class _Refused(Exception):
    def __init__(self, status: TreeStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Person:
    """A user or guest account, as the items of a list may mean it."""

    def __init__(self, name: str, users: UserDb, system: System) -> None:
        self.name = name
        self._users = users
        self._system = system
        self._gids: frozenset[int] | None = None

    def allowed_by(self, items: Sequence[str]) -> bool:
        """Whether a list that gives something means this account."""
        return any(self._is(item) for item in items)

    def refused_by(self, items: Sequence[str]) -> bool:
        """Whether a list that takes something away may mean it: in any case of letters."""
        folded = self.name.casefold()
        return any(item.casefold() == folded or self._is(item) for item in items)

    def _is(self, item: str) -> bool:
        if item in macros.OF_USER or item in macros.PRIMARY_GROUP:
            return True  # whoever connects is who he is, and in his own group
        if item.startswith("@"):
            gid = self._system.group(item[1:])
            return gid is not None and gid in self._groups()
        meant = self._users.find(item)
        return (meant.name if meant is not None else item) == self.name

    def _groups(self) -> frozenset[int]:
        if self._gids is None:
            identity = self._system.user(self.name)
            self._gids = (
                frozenset((identity.gid, *identity.groups)) if identity is not None else frozenset()
            )
        return self._gids


def decide(
    request: TreeConnectRequest, config: Config, users: UserDb, system: System
) -> tuple[Verdict, Share | None]:
    """The verdict on a tree connect, limits on the number of connections apart."""
    share = find_share(request.share, config, users, system)
    if share is None:
        return Verdict(TreeStatus.NO_SHARE, reason="there is no such share"), None
    try:
        return Verdict(TreeStatus.OK, _flags(request, share, config, users, system)), share
    except _Refused as e:
        return Verdict(e.status, reason=str(e)), share


def _flags(
    request: TreeConnectRequest, share: Share, config: Config, users: UserDb, system: System
) -> TreeFlag:
    if not share.available:
        raise _Refused(TreeStatus.NO_SHARE, "it is not available (available = no)")
    unwelcome = hosts.refusal(share.hosts_allow, share.hosts_deny, request.peer_addr)
    if unwelcome is not None:
        raise _Refused(TreeStatus.HOST_DENIED, unwelcome)

    flags = _protection(request, share)
    if not request.account or request.account_flags & UserStatus.GUEST_ACCOUNT:
        _admit_guest(share, config)
        flags |= TreeFlag.GUEST_ACCOUNT
        name = share.guest_account or config.globals.guest_account
    else:
        # The database may have changed since this account logged in.
        if request.account not in users:
            raise _Refused(TreeStatus.NO_USER, "the user is no longer in the database")
        name = request.account
    person = _Person(name, users, system)
    _admit(person, share)

    if person.allowed_by(share.admin_users) and not flags & TreeFlag.GUEST_ACCOUNT:
        flags |= TreeFlag.ADMIN_ACCOUNT
    if _may_write(person, share):
        return flags | TreeFlag.WRITABLE
    return flags | TreeFlag.READ_ONLY


def _protection(request: TreeConnectRequest, share: Share) -> TreeFlag:
    if share.encryption is not Encryption.MANDATORY:
        return TreeFlag(0)
    if TreeRequestFlag.ENCRYPTS not in request.flags:
        raise _Refused(
            TreeStatus.ERROR,
            "it has to be encrypted (smb3 encryption), on which this kernel module cannot insist",
        )
    return TreeFlag.ENCRYPT


def _admit_guest(share: Share, config: Config) -> None:
    """Guests need `guest ok`.

    For pipes it is enough that some share has it: who may connect to a share should
    be able to find it.  `restrict anonymous` closes the pipes to guests.
    """
    if share.is_ipc:
        if config.globals.restrict_anonymous:
            raise _Refused(TreeStatus.ERROR, "guests have no pipes (restrict anonymous)")
        if share.guest_ok or any(s.guest_ok for s in config.shares.values()):
            return
        raise _Refused(TreeStatus.ERROR, "guests have no pipes, as no share has guest ok = yes")
    if not share.guest_ok:
        raise _Refused(TreeStatus.ERROR, "guests may not connect to it (guest ok = no)")


def _admit(person: _Person, share: Share) -> None:
    if person.refused_by(share.invalid_users):
        raise _Refused(TreeStatus.INVALID_USER, f"{person.name!r} is in invalid users")
    if share.valid_users_set and not person.allowed_by(share.valid_users):
        raise _Refused(TreeStatus.INVALID_USER, f"{person.name!r} is not in valid users")


def _may_write(person: _Person, share: Share) -> bool:
    if share.is_ipc:
        return True  # a pipe is there to be written to
    if person.refused_by(share.read_list):
        return False
    return not share.read_only or person.allowed_by(share.write_list)
