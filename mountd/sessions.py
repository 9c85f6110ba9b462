# SPDX-License-Identifier: GPL-2.0-only
"""What mountd remembers of its clients: connected trees, and failed log-ins.

The kernel's numbers are the truth; these are the counts that limits are held against.
A mountd that was restarted under connected clients begins to count at zero.
"""

import itertools
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from ksmbd.mountd.rpc.environment import TreeConnection

MAX_FAILURES = 10
"""As many wrong passwords are free; from then on each one is delayed by the kernel."""

_UNDECIDED_FOR = 30.0
_FORGET_AFTER = 900.0

_Key = TypeVar("_Key")


class Trees:
    """The connected trees: one for each tree connect that mountd said yes to."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._trees: dict[tuple[int, int], TreeConnection] = {}
        self._of_share: Counter[str] = Counter()
        self._of_session: Counter[int] = Counter()

    def connect(self, session_id: int, tree_id: int, share: str, account: str, peer: str) -> None:
        """Counts a tree.  The kernel never has two with the same numbers."""
        self.disconnect(session_id, tree_id)
        tree = TreeConnection(session_id, tree_id, share, account, peer, self._now())
        self._trees[session_id, tree_id] = tree
        self._of_share[share] += 1
        self._of_session[session_id] += 1

    def disconnect(self, session_id: int, tree_id: int) -> TreeConnection | None:
        """Forgets a tree; None if it was connected before this mountd started."""
        tree = self._trees.pop((session_id, tree_id), None)
        if tree is not None:
            _take_one(self._of_share, tree.share)
            _take_one(self._of_session, session_id)
        return tree

    def on_share(self, share: str) -> int:
        """How many trees a share has."""
        return self._of_share.get(share, 0)

    def sessions_besides(self, session_id: int) -> int:
        """How many other sessions have a tree."""
        return len(self._of_session) - (session_id in self._of_session)

    def snapshot(self) -> tuple[TreeConnection, ...]:
        """All trees; may be called from another thread."""
        return tuple(self._trees.values())


def _take_one(counter: Counter[_Key], key: _Key) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


@dataclass(slots=True)
class _Record:
    failures: int = 0
    last: float = 0.0
    undecided: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_FAILURES + 1))


class Failures:
    """Counts wrong passwords, account by account.

    The kernel tells of a wrong password only after it has compared it, so attempts made in
    parallel would all be let through before the first is counted.  Each answered log-in
    is therefore a failure until the kernel says otherwise or some time has passed.
    Only accounts of the database are counted, which bounds the table.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def attempt(self, account: str) -> bool:
        """Notes a log-in; True if a wrong password is to be delayed."""
        now = self._clock()
        record = self._records.setdefault(account, _Record())
        if record.failures and now - record.last > _FORGET_AFTER:
            record.failures = 0
        while record.undecided and now - record.undecided[0] > _UNDECIDED_FOR:
            record.undecided.popleft()
        delayed = record.failures + len(record.undecided) >= MAX_FAILURES
        record.undecided.append(now)
        return delayed

    def failed(self, account: str) -> int:
        """The password was wrong; returns how many were."""
        record = self._records.get(account)
        if record is None:
            return 0
        if record.undecided:
            record.undecided.popleft()
        record.failures = min(record.failures + 1, MAX_FAILURES)
        record.last = self._clock()
        return record.failures

    def ended(self, account: str) -> None:
        """A log-in ended without a wrong password.

        That forgives nothing: a client that gives up before it proves a password ends so, too.
        """
        record = self._records.get(account)
        if record is not None and record.undecided:
            record.undecided.popleft()

    def succeeded(self, account: str) -> None:
        """The account uses a share, so its password was right: what was counted is forgiven."""
        self._records.pop(account, None)

    def keep(self, accounts: Callable[[str], bool]) -> None:
        """Forgets accounts that are gone from the database."""
        for account in itertools.filterfalse(accounts, tuple(self._records)):
            del self._records[account]
