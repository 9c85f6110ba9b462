# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.lockfile: one mountd, and who it is."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.shared.lockfile import LockedError, LockFile, running_pid

# Says that it is up, then waits for its standard input to end.
WAITER = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ksmbd.lock"


@contextmanager
def process(name: str) -> Iterator[int]:
    """A living process whose command line has `name` in it."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child.pid


def dead_pid() -> int:
    with process("ksmbd.mountd") as pid:
        pass
    return pid


def test_the_file_has_the_pid_and_a_line_feed_and_goes_with_its_owner(path: Path) -> None:
    with LockFile.acquire(path):
        assert f"{os.getpid()}\n" == path.read_text()
        assert path.stat().st_mode & 0o777 == 0o644
    assert not path.exists()


def test_the_pid_of_another_process_can_be_written(path: Path) -> None:
    with LockFile.acquire(path, 123456) as lock:
        assert path.read_text() == "123456\n"
        lock.write_pid(77)
        assert path.read_text() == "77\n"


def test_a_second_owner_is_refused_with_the_pid_of_the_first(path: Path) -> None:
    with LockFile.acquire(path):
        with pytest.raises(LockedError, match=f"with pid {os.getpid()} is already running"):
            LockFile.acquire(path)
        assert f"{os.getpid()}\n" == path.read_text()
    LockFile.acquire(path).release()


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_living_mountd_of_either_stock_generation_keeps_us_out(path: Path, end: str) -> None:
    with process("ksmbd.mountd") as pid:
        path.write_text(f"{pid}{end}")
        assert pid == running_pid(path)
        with pytest.raises(LockedError, match=f"pid {pid}"):
            LockFile.acquire(path)
        assert f"{pid}{end}" == path.read_text()


def test_a_lock_without_a_pid_yet_keeps_us_out(path: Path) -> None:
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match=r"ksmbd\.mountd is already running"):
            LockFile.acquire(path)


def test_a_dead_owners_file_is_taken_over(path: Path) -> None:
    path.write_text(f"{dead_pid()}\nand more text than a pid needs\n")
    with LockFile.acquire(path):
        assert f"{os.getpid()}\n" == path.read_text()


def test_a_pid_that_is_somebody_elses_now_is_not_mountd(path: Path) -> None:
    with process("innocent") as pid:
        path.write_text(f"{pid}\n")
        assert running_pid(path) is None
        LockFile.acquire(path).release()


def test_a_file_removed_between_open_and_lock_is_made_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock
    calls: list[int] = []

    def late(fd: int, operation: int) -> None:
        if not calls:
            path.unlink()  # as the previous owner does when it ends
        calls.append(fd)
        real(fd, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with LockFile.acquire(path):
        assert len(calls) == 2
        assert f"{os.getpid()}\n" == path.read_text()


def test_a_file_that_somebody_replaced_is_not_removed(path: Path) -> None:
    lock = LockFile.acquire(path)
    path.unlink()
    path.write_text("1234\n")
    lock.release()
    lock.release()
    assert path.read_text() == "1234\n"


def test_a_symbolic_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("x")
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        LockFile.acquire(path)
    assert target.read_text() == "x"


@pytest.mark.parametrize("content", [b"", b"\n", b"0\n", b"1\n", b"-5\n", b"12x\n", b"9" * 40])
def test_what_is_no_pid_names_nobody(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert running_pid(path) is None


def test_no_file_names_nobody(path: Path) -> None:
    assert running_pid(path) is None


@given(st.binary(max_size=50))
def test_any_content_is_a_pid_or_nobody(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("lock") / "lock"
    path.write_bytes(content)
    pid = running_pid(path)
    assert pid is None or pid > 1
