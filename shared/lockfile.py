# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.lock: who is the running mountd, and that there is one only.

The file holds the pid in decimal and a line feed, and a flock for life.  The stock tools do
less (one generation has the lock but no line feed, the other no lock and leaves the file
behind), so a writer also asks whether the pid of a foreign file is a living mountd.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ksmbd.shared.errors import KsmbdError

_READ = 32  # a pid has 7 digits at most


class LockedError(KsmbdError):
    """Another mountd has the lock file."""


def running_pid(path: Path) -> int | None:
    """The pid of the mountd that a lock file names, or None when none is running."""
    try:
        with path.open("rb") as file:
            pid = _parse_pid(file.read(_READ))
    except OSError:
        return None
    return pid if pid is not None and _is_mountd(pid) else None


def _parse_pid(content: bytes) -> int | None:
    line = content.partition(b"\n")[0].strip()
    if not line.isdigit() or len(line) > 9:
        return None
    pid = int(line)
    return pid if pid > 1 else None


def _is_mountd(pid: int) -> bool:
    """Whether a pid is a living mountd; a pid is used again after its owner's death."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True  # /proc is hidden: alive is all that can be known
    return b"mountd" in command


class LockFile:
    """The lock file while it is held."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    @classmethod
    def acquire(cls, path: Path, pid: int | None = None) -> LockFile:
        """Takes the lock and writes a pid, this process's by default.

        Raises:
            LockedError: a mountd is running.
            OSError: the file cannot be written.
        """
        pid = os.getpid() if pid is None else pid
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _is_file_at(fd, path):
                    # The previous owner removed it between our open and our lock.
                    os.close(fd)
                    continue
                _refuse_living(path, _parse_pid(os.pread(fd, _READ, 0)), pid)
                lock = cls(path, fd)
                lock.write_pid(pid)
            except BlockingIOError:
                holder = _parse_pid(os.pread(fd, _READ, 0))
                os.close(fd)
                raise LockedError(_running(path, holder)) from None
            except BaseException:
                with suppress(OSError):
                    os.close(fd)
                raise
            return lock

    def write_pid(self, pid: int) -> None:
        """Names another process as the owner, as after a fork."""
        os.pwrite(self._fd, f"{pid}\n".encode(), 0)
        os.ftruncate(self._fd, len(f"{pid}\n"))

    def release(self) -> None:
        """Removes the file, if it is still ours, and gives the lock up."""
        if self._fd < 0:
            return
        with suppress(OSError):
            if _is_file_at(self._fd, self.path):
                self.path.unlink()
        os.close(self._fd)
        self._fd = -1

    def __enter__(self) -> LockFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def _is_file_at(fd: int, path: Path) -> bool:
    ours = os.fstat(fd)
    try:
        there = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def _refuse_living(path: Path, holder: int | None, ours: int) -> None:
    if holder is not None and holder not in (ours, os.getpid()) and _is_mountd(holder):
        raise LockedError(_running(path, holder))


def _running(path: Path, holder: int | None) -> str:
    who = "ksmbd.mountd" if holder is None else f"ksmbd.mountd with pid {holder}"
    return f"{path}: {who} is already running; stop it with ksmbd.control --shutdown"
