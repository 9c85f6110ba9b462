# SPDX-License-Identifier: GPL-2.0-only
"""Files that are replaced whole: readers see the old one or the new one, never a part."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Writes `content` to `path` so that a crash at any point leaves a whole file there.

    The temporary file lives in the same directory (a rename must not cross file systems) and
    is created 0600, so a secret is not readable before its final mode is set.  A symbolic link
    keeps pointing where it points, and the owner of a file stays its owner: mountd may run
    as a user of its own.

    Raises:
        OSError: nothing was replaced.
    """
    path = path.resolve()
    fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as out:
            out.write(content)
            out.flush()
            _keep_owner(out.fileno(), path)
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    sync_directory(path.parent)


def _keep_owner(fd: int, path: Path) -> None:
    with suppress(FileNotFoundError):
        old, new = path.stat(), os.fstat(fd)
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            os.fchown(fd, old.st_uid, old.st_gid)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keeps other writers of `path` out.

    The lock is a file of its own, because `replace_file()` leaves a lock on the file itself with
    a file that is no longer there; and it stays, because removing it would race.
    """
    path = path.resolve()
    path.parent.mkdir(mode=0o755, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def sync_directory(directory: Path) -> None:
    """Makes a rename or an unlink in `directory` survive a power cut."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
