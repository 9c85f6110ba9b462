# SPDX-License-Identifier: GPL-2.0-only
"""Who a log-in is: the password database, the system's accounts, guests.

May block if its `System` does.
"""

import logging

from ksmbd.mountd.netlink.family import MAX_PAYLOAD
from ksmbd.mountd.nss import System
from ksmbd.shared.abi import LoginResponse, LoginResponseExt, UserStatus
from ksmbd.shared.config import Globals, MapToGuest
from ksmbd.shared.users import UserDb

log = logging.getLogger(__name__)

MAX_GROUPS = (MAX_PAYLOAD - LoginResponseExt.LAYOUT.size) // 4
"""What one message holds; NGROUPS_MAX is four times as many."""


class Accounts:
    """Answers log-ins from one state of configuration and database."""

    def __init__(self, settings: Globals, users: UserDb, system: System) -> None:
        self._settings = settings
        self._users = users
        self._system = system

    def login(self, handle: int, name: str) -> LoginResponse:
        """The account behind a name, as typed by a client."""
        user = self._users.find(name) if name else None
        if user is None:
            return self._guest(handle, name)
        identity = self._system.user(user.name)
        if identity is None:
            log.warning(
                "login of %r refused: it has a password but is no user of this system "
                "(create one with: useradd %s)",
                name,
                user.name,
            )
            return LoginResponse(handle, UserStatus.BAD_USER)
        status = UserStatus.OK
        if identity.groups:
            status |= UserStatus.EXTENSION
        log.debug("login of %r: uid %d, gid %d", name, identity.uid, identity.gid)
        return LoginResponse(
            handle, status, identity.uid, identity.gid, account=user.name, hash=user.nt_hash
        )

    def groups(self, handle: int, name: str) -> LoginResponseExt:
        """The supplementary groups of an account that logged in."""
        user = self._users.find(name) if name else None
        identity = self._system.user(user.name) if user is not None else None
        groups = identity.groups if identity is not None else ()
        if len(groups) > MAX_GROUPS:
            log.warning("%r is in %d groups; the first %d count", name, len(groups), MAX_GROUPS)
            groups = groups[:MAX_GROUPS]
        return LoginResponseExt(handle, groups)

    def _guest(self, handle: int, name: str) -> LoginResponse:
        """An anonymous or an unknown user; a guest session needs no password.

        A guest account that has a password is found before and stays an ordinary user.
        """
        account = self._settings.guest_account
        mapped = self._settings.map_to_guest is MapToGuest.BAD_USER
        if name and not mapped:
            log.warning("login of %r refused: no such user (ksmbd.adduser adds one)", name)
            return LoginResponse(handle, UserStatus.BAD_USER)
        identity = self._system.user(account)
        if identity is None:
            log.warning(
                "guest login of %r refused: the guest account %r is no user of this system",
                name,
                account,
            )
            return LoginResponse(handle, UserStatus.BAD_USER)
        log.debug("login of %r as the guest %r", name, account)
        status = UserStatus.OK | UserStatus.GUEST_ACCOUNT
        return LoginResponse(handle, status, identity.uid, identity.gid)
