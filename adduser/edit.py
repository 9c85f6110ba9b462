# SPDX-License-Identifier: GPL-2.0-only
"""Changes of ksmbdpwd.db, and the checks around them."""

from __future__ import annotations

import logging
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ksmbd.shared import config
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.nthash import nt_hash
from ksmbd.shared.users import UserDb, name_fault

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: add, update or delete; None adds or updates."""

    action: str | None
    user: str
    pwddb: Path
    config: Path


def check(plan: Plan) -> None:
    """Refuses what cannot work before anybody is asked for a password.

    Raises:
        ConfigError: the change is impossible.
    """
    fault = name_fault(plan.user)
    if fault is not None:
        raise ConfigError(f"user name {plan.user!r} {fault}")
    db = UserDb.load(plan.pwddb)
    if plan.action == "add" and plan.user in db:
        raise ConfigError(f"user {plan.user!r} already exists in {plan.pwddb}; update with -u")
    if plan.action in ("update", "delete") and plan.user not in db:
        raise ConfigError(
            f"user {plan.user!r} does not exist in {plan.pwddb}{_hint(db, plan.user)}"
        )


def _hint(db: UserDb, name: str) -> str:
    similar = db.find(name)
    return "" if similar is None else f"; {similar.name!r} does"


def store(plan: Plan, password: str) -> str:
    """Adds the user or changes the password; returns what was done.

    Raises:
        ConfigError: the name is taken, missing, or the password cannot be one.
    """
    new_hash = nt_hash(password)
    with UserDb.edit(plan.pwddb) as db:
        if plan.action == "update" or (plan.action is None and plan.user in db):
            db.update(plan.user, new_hash)
            done = "updated"
        else:
            db.add(plan.user, new_hash)
            done = "added"
        twins = [other.name for other in db if _same_but_case(other.name, plan.user)]
    if twins:
        log.warning(
            "%s differs from %s in case only: clients must then spell either one exactly",
            plan.user,
            ", ".join(twins),
        )
    _explain_unix_account(plan.user)
    _explain_guest(plan)
    return done


def delete(plan: Plan) -> str:
    """Removes the user.

    Raises:
        ConfigError: there is no such user, or the configuration needs it.
    """
    for reason in _needed_by(plan):
        raise ConfigError(f"user {plan.user!r} is not deleted: {reason}")
    with UserDb.edit(plan.pwddb) as db:
        db.remove(plan.user)
    return "deleted"


def _same_but_case(one: str, other: str) -> bool:
    return one != other and one.casefold() == other.casefold()


def _explain_unix_account(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        log.warning(
            "there is no Unix user %s, without which the server cannot tell what %s may do: "
            "log-ins will be refused until there is one (useradd -M -s /usr/sbin/nologin %s)",
            name,
            name,
            name,
        )


def _explain_guest(plan: Plan) -> None:
    try:
        settings = config.load(plan.config)
    except ConfigError:
        return
    guests = {settings.globals.guest_account}
    guests.update(share.guest_account or "" for share in settings.shares.values())
    if plan.user in guests:
        log.warning(
            "%s is also a guest account: a stock ksmbd.mountd would take whoever logs in by that "
            "name for a guest, with any password",
            plan.user,
        )


def _needed_by(plan: Plan) -> Iterator[str]:
    """Why a user must stay.  A configuration that cannot be read may need anybody.

    Raises:
        ConfigError: the configuration is there but wrong.
    """
    if not plan.config.exists():
        return
    settings = config.load(plan.config)
    if settings.globals.guest_account == plan.user:
        yield f"it is the guest account in {plan.config}"
    for share in settings.shares.values():
        where = f"share [{share.name}] in {plan.config}"
        if share.guest_account == plan.user:
            yield f"it is the guest account of {where}"
        for title, users in (
            ("admin users", share.admin_users),
            ("valid users", share.valid_users),
            ("write list", share.write_list),
        ):
            if plan.user in users:
                yield f"it is in {title} of {where}"
