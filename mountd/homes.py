# SPDX-License-Identifier: GPL-2.0-only
"""Shares by name, those among them that [homes] makes of a user's name.

Looks users up in the system, which may block: for a worker thread.
"""

import logging

from ksmbd.mountd.nss import System
from ksmbd.shared.config import Config, Share, fold_share_name, home_share
from ksmbd.shared.users import UserDb

log = logging.getLogger(__name__)

_NO_HOMES = frozenset({"", "/", "/nonexistent", "/dev/null"})


def find_share(name: str, config: Config, users: UserDb, system: System) -> Share | None:
    """The share of a name in any case: a section's, or a user's home."""
    share = config.share(name)
    if share is not None or config.homes is None:
        return share
    return _home(fold_share_name(name), config.homes, users, system)


def _home(folded: str, pattern: Share, users: UserDb, system: System) -> Share | None:
    owners = [user.name for user in users if fold_share_name(user.name) == folded]
    # Two names that differ in case only have one name of a share: it is nobody's.
    if len(owners) != 1 or "/" in owners[0] or owners[0] in (".", ".."):
        return None
    identity = system.user(owners[0])
    if identity is None:
        return None
    if pattern.path is None and identity.home in _NO_HOMES:
        log.info("the home of %r is %r, it is not shared", owners[0], identity.home)
        return None
    return home_share(pattern, owners[0], identity.home)
