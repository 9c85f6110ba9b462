# SPDX-License-Identifier: GPL-2.0-only
"""The password database, ksmbdpwd.db.

One `name:BASE64` line per user, where BASE64 is the 16-byte NT hash; no comments.  Both
generations of ksmbd-tools read what is written here and the other way round.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ksmbd.shared.errors import ConfigError
from ksmbd.shared.files import locked, replace_file

MAX_NAME_BYTES = 47  # the ABI's account field is 48 bytes and holds a NUL
HASH_SIZE = 16
_DELETE = 0x7F


@dataclass(frozen=True, slots=True)
class User:
    """One line of the database."""

    name: str
    nt_hash: bytes


def name_fault(name: str) -> str | None:
    """Says what is wrong with a user name, or None when it can be stored."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "is not UTF-8"
    if size == 0:
        return "is empty"
    if size > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    if ":" in name:
        return "contains a colon"
    if any(ord(c) < ord(" ") or ord(c) == _DELETE for c in name):
        return "contains a control character"
    return None


class UserDb:
    """The users of one database file, in memory until `save()`."""

    def __init__(self, path: Path, users: Mapping[str, User] | None = None) -> None:
        self.path = path
        self._users: dict[str, User] = dict(users or {})

    @classmethod
    def load(cls, path: Path) -> UserDb:
        """Reads `path`; a file that is not there is an empty database.

        Raises:
            ConfigError: a line cannot be read; the text names file and line.
            OSError: the file is there but cannot be opened.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return cls(path)
        return cls(path, _parse(path, content))

    @classmethod
    @contextmanager
    def edit(cls, path: Path) -> Iterator[UserDb]:
        """Reads, lets the caller change, and saves, with every other writer kept out.

        Nothing is written when the body raises or changes nothing.
        """
        with locked(path):
            db = cls.load(path)
            before = dict(db._users)
            yield db
            if db._users != before or not path.exists():
                db._write()

    @property
    def users(self) -> Mapping[str, User]:
        """All entries by their name as written."""
        return MappingProxyType(self._users)

    def __len__(self) -> int:
        return len(self._users)

    def __iter__(self) -> Iterator[User]:
        return iter(sorted(self._users.values(), key=lambda user: user.name))

    def __contains__(self, name: str) -> bool:
        return name in self._users

    def find(self, name: str) -> User | None:
        """Looks a user up as a client spells it.

        The exact name comes first.  Otherwise case is ignored, because Windows sends what was
        typed; two users who differ in case only are then nobody, rather than either of them.
        """
        exact = self._users.get(name)
        if exact is not None:
            return exact
        folded = name.casefold()
        similar = [user for user in self._users.values() if user.name.casefold() == folded]
        return similar[0] if len(similar) == 1 else None

    def add(self, name: str, nt_hash: bytes) -> None:
        """Adds a user.

        Raises:
            ConfigError: the name cannot be stored or is taken.
        """
        if name in self._users:
            raise ConfigError(f"user {name!r} already exists in {self.path}")
        self._users[name] = _checked(name, nt_hash)

    def update(self, name: str, nt_hash: bytes) -> None:
        """Gives a user another password.

        Raises:
            ConfigError: there is no such user.
        """
        if name not in self._users:
            raise ConfigError(f"user {name!r} does not exist in {self.path}")
        self._users[name] = _checked(name, nt_hash)

    def remove(self, name: str) -> None:
        """Removes a user.

        Raises:
            ConfigError: there is no such user.
        """
        if name not in self._users:
            raise ConfigError(f"user {name!r} does not exist in {self.path}")
        del self._users[name]

    def save(self) -> None:
        """Replaces the file: sorted, 0600, under the writers' lock.

        For read-modify-write use `edit()`, which holds the lock from the read on.
        """
        with locked(self.path):
            self._write()

    def _write(self) -> None:
        lines = (f"{user.name}:{base64.b64encode(user.nt_hash).decode()}\n" for user in self)
        replace_file(self.path, "".join(lines).encode(), 0o600)


def _checked(name: str, nt_hash: bytes) -> User:
    fault = name_fault(name)
    if fault is not None:
        raise ConfigError(f"user name {name!r} {fault}")
    if len(nt_hash) != HASH_SIZE:
        raise ConfigError(f"the NT hash of {name!r} has {len(nt_hash)} bytes, not {HASH_SIZE}")
    return User(name, nt_hash)


def _parse(path: Path, content: bytes) -> dict[str, User]:
    users: dict[str, User] = {}
    for number, raw in enumerate(content.split(b"\n"), start=1):
        line = raw.removesuffix(b"\r")
        if not line.strip():
            continue
        try:
            user = _parse_line(line)
        except ConfigError as error:
            raise ConfigError(f"{path}:{number}: {error}") from None
        # As in the newest stock tool, a later line for a user replaces the earlier one.
        users[user.name] = user
    return users


def _parse_line(line: bytes) -> User:
    raw_name, colon, encoded = line.partition(b":")
    if not colon:
        raise ConfigError("no ':' between user and password hash; expected name:BASE64")
    try:
        name = raw_name.decode()
    except UnicodeDecodeError:
        raise ConfigError("the user name is not UTF-8") from None
    try:
        nt_hash = base64.b64decode(encoded.rstrip(b" \t"), validate=True)
    except binascii.Error:
        raise ConfigError(
            f"the password hash of {name!r} is not base64; set it again with ksmbd.adduser"
        ) from None
    return _checked(name, nt_hash)
