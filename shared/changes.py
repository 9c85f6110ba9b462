# SPDX-License-Identifier: GPL-2.0-only
"""What a reload changes, and when each change is in force."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ksmbd.shared.config import Config
from ksmbd.shared.parameters import PARAMETERS, Applies, Scope
from ksmbd.shared.users import UserDb


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was."""

    section: str
    what: str
    applies: Applies

    def __str__(self) -> str:
        return f"[{self.section}] {self.what}: {self.applies.value}"


def changes(
    before: Config, after: Config, old_users: UserDb, new_users: UserDb
) -> Iterator[Change]:
    """The differences, the server's first."""
    yield from _values("global", before.globals, after.globals, Scope.GLOBAL)
    for key in sorted(before.shares.keys() | after.shares.keys()):
        old, new = before.shares.get(key), after.shares.get(key)
        if old is None and new is not None:
            yield Change(new.name, "the share is new", Applies.NOW)
        elif new is None and old is not None:
            yield Change(
                old.name,
                "the share is gone; connected clients stay: ksmbd.control close --share",
                Applies.NOW,
            )
        elif old is not None and new is not None:
            yield from _values(new.name, old, new, Scope.SHARE)
    if (before.homes is None) != (after.homes is None):
        yield Change("homes", "homes are shared" if after.homes else "no homes", Applies.NOW)
    elif before.homes is not None and after.homes is not None:
        yield from _values("homes", before.homes, after.homes, Scope.SHARE)
    yield from _users(old_users, new_users)


def _values(section: str, old: object, new: object, scope: Scope) -> Iterator[Change]:
    for row in PARAMETERS:
        if row.scope is not scope:
            continue
        was, now = getattr(old, row.attribute), getattr(new, row.attribute)
        if was != now:
            yield Change(section, f"{row.name} = {_shown(now)} (was {_shown(was)})", row.applies)


def _users(old: UserDb, new: UserDb) -> Iterator[Change]:
    before, after = old.users, new.users
    for name in sorted(after.keys() - before.keys()):
        yield Change("users", f"{name} may log on", Applies.NOW)
    for name in sorted(before.keys() - after.keys()):
        yield Change(
            "users", f"{name} may not log on; sessions stay: ksmbd.control kick", Applies.NOW
        )
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield Change("users", f"{name} has changed", Applies.NOW)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, enum.Enum):
        return value.name.lower()
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "(none)"
    return str(value) if value not in (None, "") else "(none)"
