# SPDX-License-Identifier: GPL-2.0-only
"""The users and groups of the system.

NSS may block (LDAP, sssd, a slow disk), so the event loop asks it in a worker thread only.
A thread to and fro costs five times as much as the question, and most questions were
asked before: what was answered lately is kept in a `Memory`.
"""

import grp
import os
import pwd
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

LIFETIME = 10.0
"""Seconds that an answer is good for.  What serves accounts over a network caches for longer."""

LOCAL = (Path("/etc/passwd"), Path("/etc/group"), Path("/etc/nsswitch.conf"))
"""What local accounts are kept in: a change of theirs is seen at once."""

_MOST = 4096

_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of the system: as whom files are opened."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    home: str = ""


class System(Protocol):
    """The part of NSS that is needed; None for what does not exist."""

    def user(self, name: str) -> Identity | None:
        """A user with its supplementary groups, the primary one not among them."""

    def group(self, name: str) -> int | None:
        """A group's number."""


class Nss:
    """The real `System`."""

    def user(self, name: str) -> Identity | None:
        """Asks getpwnam and getgrouplist."""
        try:
            entry = pwd.getpwnam(name)
        except (KeyError, ValueError):
            return None
        groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
        others = dict.fromkeys(g for g in groups if g != entry.pw_gid)
        return Identity(entry.pw_uid, entry.pw_gid, tuple(others), entry.pw_dir)

    def group(self, name: str) -> int | None:
        """Asks getgrnam."""
        try:
            return grp.getgrnam(name).gr_gid
        except (KeyError, ValueError):
            return None


class NotRemembered(Exception):
    """Only the system knows, and asking it may block."""


_Value = TypeVar("_Value")


class _Table(Generic[_Value]):
    """Answers by name, each with the time it is good until and the files it is of."""

    def __init__(self, clock: Callable[[], float], files: Sequence[Path]) -> None:
        self._clock = clock
        self._files = files
        self._entries: dict[str, tuple[_Value, float, _Stamp]] = {}

    def ask(self, name: str, ask: Callable[[str], _Value | None]) -> _Value | None:
        stamp = self._stamp()  # first: a change while it is asked makes the answer old
        value = ask(name)
        if value is None:
            self._entries.pop(name, None)
            return None
        if len(self._entries) >= _MOST:
            self._entries.clear()
        self._entries[name] = (value, self._clock() + LIFETIME, stamp)
        return value

    def recall(self, name: str) -> _Value:
        entry = self._entries.get(name)
        if entry is None:
            raise NotRemembered
        value, until, stamp = entry
        if self._clock() >= until or stamp != self._stamp():
            raise NotRemembered
        return value

    def _stamp(self) -> _Stamp:
        return tuple(_state_of(file) for file in self._files)


def _state_of(file: Path) -> tuple[int, int, int]:
    try:
        state = file.stat()
    except OSError:
        return 0, 0, 0
    return state.st_ino, state.st_size, state.st_mtime_ns


class AtHand:
    """The part of a `Memory` that never blocks.

    Both raise NotRemembered for what the system was not asked lately.
    """

    def __init__(self, users: _Table[Identity], groups: _Table[int]) -> None:
        self._users = users
        self._groups = groups

    def user(self, name: str) -> Identity | None:
        """A user whom the system knew."""
        return self._users.recall(name)

    def group(self, name: str) -> int | None:
        """A group's number."""
        return self._groups.recall(name)


class Memory:
    """A `System` that asks another one and remembers; `at_hand` is what it remembers.

    Only what exists is remembered.  May be asked in any thread.
    """

    def __init__(
        self,
        system: System,
        clock: Callable[[], float] = time.monotonic,
        files: Sequence[Path] = LOCAL,
    ) -> None:
        self._system = system
        self._users = _Table[Identity](clock, files)
        self._groups = _Table[int](clock, files)
        self.at_hand = AtHand(self._users, self._groups)

    def user(self, name: str) -> Identity | None:
        """Asks the system."""
        return self._users.ask(name, self._system.user)

    def group(self, name: str) -> int | None:
        """Asks the system."""
        return self._groups.ask(name, self._system.group)
