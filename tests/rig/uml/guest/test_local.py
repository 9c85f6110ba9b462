# SPDX-License-Identifier: GPL-2.0-only
"""What processes of the server's machine do to files that clients cache."""

from __future__ import annotations

import os
import random
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from caching import (
    BATCH,
    EXCLUSIVE,
    HANDLE,
    LEVEL_II,
    NONE,
    READ,
    WRITES,
    acknowledge,
    acknowledge_lease,
    granted,
    lease_of,
    leased,
)
from contexts import create_with
from raw import (
    CLOSE,
    CREATE,
    OPLOCK_BREAK,
    SET_INFO,
    WRITE,
    Gone,
    Raw,
    Reply,
    close,
    create,
    file_id,
    set_info,
    write,
)

ALL = READ | HANDLE | WRITES
DISPOSITION = 13
STORM_SECONDS = 8


@pytest.fixture
def here() -> Iterator[ThreadPoolExecutor]:
    """A process's second thread: what it does may have to wait."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def lease(client: Raw, name: str, key: int, state: int = ALL, **more: int) -> tuple[bytes, int]:
    reply = client.call(CREATE, leased(name, key, state))
    return file_id(reply), lease_of(reply)


def broken(client: Raw) -> tuple[int, int, bool]:
    """From, to, and whether it has to be acknowledged; of a lease."""
    notice = client.receive()
    assert notice.command == OPLOCK_BREAK and len(notice.body) == 44, notice
    flags, now, then = struct.unpack_from("<I16xII", notice.body, 4)
    return now, then, bool(flags & 1)


def answering(wire: Raw, command: int, body: bytes) -> Reply:
    """The final answer; breaks that come meanwhile are acknowledged."""
    message = wire.send(command, body)
    while (reply := wire.receive()).message_id != message or reply.pending:
        if reply.is_break:
            flags, key, then = struct.unpack_from("<I16s4xI", reply.body, 4)
            if flags & 1:
                wire.send(OPLOCK_BREAK, acknowledge_lease(key[0], then))
    return reply


def read_local(path: Path) -> bytes:
    return path.read_bytes()


def still_waits(work: Future[bytes]) -> bool:
    return not work.done()


def test_a_reader_waits_for_what_a_client_has_written(
    client: Raw, folder: Path, here: ThreadPoolExecutor
) -> None:
    handle, state = lease(client, "f", 1)
    assert state == ALL
    work = here.submit(read_local, folder / "f")
    assert broken(client) == (ALL, READ | HANDLE, True)
    assert still_waits(work)
    assert client.call(WRITE, write(handle, b"cached until now")).status == "SUCCESS"
    assert client.call(OPLOCK_BREAK, acknowledge_lease(1, READ | HANDLE)).status == "SUCCESS"
    assert work.result(20) == b"cached until now"


def test_a_reader_waits_for_an_oplock_as_well(
    client: Raw, folder: Path, here: ThreadPoolExecutor
) -> None:
    handle, level = granted(client, "f", BATCH)
    assert level == BATCH
    work = here.submit(read_local, folder / "f")
    assert client.receive().body[2] == LEVEL_II
    assert still_waits(work)
    assert client.call(OPLOCK_BREAK, acknowledge(handle, LEVEL_II)).status == "SUCCESS"
    assert work.result(20) == b""


def test_who_does_not_want_to_wait_does_not(client: Raw, folder: Path) -> None:
    handle, _ = granted(client, "f", EXCLUSIVE)
    with pytest.raises(BlockingIOError):
        os.open(folder / "f", os.O_RDONLY | os.O_NONBLOCK)
    assert client.receive().body[2] == LEVEL_II
    assert client.call(OPLOCK_BREAK, acknowledge(handle, NONE)).status == "SUCCESS"
    os.close(os.open(folder / "f", os.O_RDONLY | os.O_NONBLOCK))


def test_a_kernel_that_waits_no_longer_is_caught_up_with(
    client: Raw, folder: Path, here: ThreadPoolExecutor
) -> None:
    """An administrator may have it wait less than clients are given."""
    patience = Path("/proc/sys/fs/lease-break-time")
    usual = patience.read_text()
    patience.write_text("1")
    try:
        lease(client, "f", 1)
        work = here.submit(read_local, folder / "f")
        assert broken(client)[1] == READ | HANDLE
        assert work.result(20) == b""
    finally:
        patience.write_text(usual)
    client.call(OPLOCK_BREAK, acknowledge_lease(1, READ | HANDLE))
    assert lease(client, "f", 1)[1] == READ | HANDLE | WRITES
    work = here.submit(read_local, folder / "f")
    assert broken(client) == (READ | HANDLE | WRITES, READ | HANDLE, True)
    assert still_waits(work)
    client.call(OPLOCK_BREAK, acknowledge_lease(1, READ | HANDLE))
    work.result(20)


def test_a_close_is_an_answer(client: Raw, folder: Path, here: ThreadPoolExecutor) -> None:
    handle, _ = lease(client, "f", 1)
    work = here.submit(read_local, folder / "f")
    assert broken(client)[1] == READ | HANDLE
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"
    assert work.result(20) == b""


def test_a_client_that_is_lost_keeps_nobody_waiting(folder: Path, here: ThreadPoolExecutor) -> None:
    with Raw(445) as lost:
        lease(lost.ready("share", 0x0302), "f", 1)
        work = here.submit(read_local, folder / "f")
        broken(lost)
    assert work.result(20) == b""


def test_a_kept_handle_of_a_client_that_is_gone_keeps_nobody_waiting(
    folder: Path, here: ThreadPoolExecutor
) -> None:
    with Raw(445) as lost:
        lost.ready("share", 0x0302)
        body = create_with("f", (b"DHnQ", bytes(16)))
        handle = file_id(lost.call(CREATE, body))
        lost.call(WRITE, write(handle, b"written"))
    begin = time.monotonic()
    assert here.submit(read_local, folder / "f").result(60) == b"written"
    assert time.monotonic() - begin < 20


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"x")


CHANGES: dict[str, Callable[[Path], object]] = {
    "write": rewrite,
    "truncate": lambda path: os.truncate(path, 0),
    "unlink": os.unlink,
    "rename": lambda path: path.rename(path.with_name("g")),
    "chmod": lambda path: path.chmod(0o640),
    "replace": lambda path: (path.with_name("new").touch(), path.with_name("new").replace(path)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("state", [READ, READ | HANDLE])
def test_a_change_takes_what_is_cached(client: Raw, folder: Path, change: str, state: int) -> None:
    """And does not wait: there is nothing to be lost."""
    _, has = lease(client, "f", 1, state)
    assert has == state
    CHANGES[change](folder / "f")
    assert broken(client) == (state, 0, bool(state & HANDLE))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_waits_for_what_a_client_has_written(
    client: Raw, folder: Path, change: str, here: ThreadPoolExecutor
) -> None:
    lease(client, "f", 1)
    work = here.submit(CHANGES[change], folder / "f")
    now, then, _ = broken(client)
    assert now == ALL and not work.done()
    client.call(OPLOCK_BREAK, acknowledge_lease(1, then))
    if then:
        assert broken(client)[1] == 0
    work.result(20)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(os.O_RDONLY, READ | HANDLE), (os.O_WRONLY, 0), (os.O_RDWR, 0), (os.O_PATH, ALL)],
)
def test_what_is_open_here_limits_what_is_granted(
    client: Raw, folder: Path, mode: int, expected: int
) -> None:
    client.call(CLOSE, close(client.open("f")))
    fd = os.open(folder / "f", mode)
    handle, state = lease(client, "f", 1)
    assert state == expected
    client.call(CLOSE, close(handle))
    os.close(fd)
    assert lease(client, "f", 1)[1] == ALL


def test_two_handles_of_one_lease_are_no_strangers(
    client: Raw, folder: Path, here: ThreadPoolExecutor
) -> None:
    """Also when the first of them, which the kernel's lease was set on, has closed."""
    first, state = lease(client, "f", 1, READ)
    assert state == READ
    second, state = lease(client, "f", 1)
    assert state == ALL
    assert client.call(CLOSE, close(first)).status == "SUCCESS"
    third, state = lease(client, "f", 1)
    assert state == ALL
    work = here.submit(read_local, folder / "f")
    assert broken(client) == (ALL, READ | HANDLE, True)
    assert still_waits(work)
    client.call(OPLOCK_BREAK, acknowledge_lease(1, READ | HANDLE))
    assert work.result(20) == b""
    # nobody is there any more, so it may have all of it again
    assert client.call(CLOSE, close(second)).status == "SUCCESS"
    assert lease(client, "f", 1)[1] == ALL
    assert client.call(CLOSE, close(third)).status == "SUCCESS"


def test_a_handle_on_attributes_caches_under_guard_too(
    client: Raw, folder: Path, here: ThreadPoolExecutor
) -> None:
    (folder / "f").touch()
    (folder / "f").chmod(0o666)
    body = bytearray(leased("f", 1, ALL))
    body[24:28] = struct.pack("<I", 0x80)
    assert lease_of(client.call(CREATE, bytes(body))) == ALL
    work = here.submit(read_local, folder / "f")
    assert broken(client) == (ALL, READ | HANDLE, True)
    assert still_waits(work)
    client.call(OPLOCK_BREAK, acknowledge_lease(1, READ | HANDLE))
    work.result(20)


def test_clients_among_themselves_are_judged_by_the_protocol(
    client: Raw, other: Raw, folder: Path
) -> None:
    """What one does to a file never breaks what another caches by way of the kernel."""
    _, state = lease(client, "f", 1, READ | HANDLE)
    assert state == READ | HANDLE
    handle, state = lease(other, "f", 2, READ | HANDLE)
    assert state == READ | HANDLE
    # both share for reading and writing, so opening to write breaks nothing
    assert other.call(CREATE, create("f")).status == "SUCCESS"
    times = struct.pack("<4QII", 0, 0, 132_000_000_000_000_000, 0, 0, 0)
    assert other.call(SET_INFO, set_info(handle, 1, 4, times)).status == "SUCCESS"
    assert not client.breaks and not other.breaks
    assert client.call(CREATE, create("f")).status == "SUCCESS"
    assert not client.breaks


def test_deletion_by_a_client_is_not_in_its_own_way(client: Raw, folder: Path) -> None:
    handle, state = lease(client, "f", 1)
    assert state == ALL
    assert client.call(SET_INFO, set_info(handle, 1, DISPOSITION, b"\1")).status == "SUCCESS"
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"
    assert not (folder / "f").exists()


def test_a_storm_of_both_kinds(folder: Path) -> None:
    """A writer of the machine's and clients that cache: nobody hangs, nothing is left."""
    until = time.monotonic() + STORM_SECONDS
    errors: list[BaseException] = []
    turns = [0, 0]

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    def local() -> None:
        pick = random.Random(1)
        while time.monotonic() < until:
            try:
                path = folder / f"f{pick.randrange(3)}"
                pick.choice([read_local, rewrite, *CHANGES.values()])(path)
            except FileNotFoundError:
                continue
            turns[0] += 1

    def remote(seed: int) -> None:
        pick = random.Random(seed)
        with Raw(445, timeout=120) as wire:
            wire.ready("share", 0x0302)
            while time.monotonic() < until:
                body = leased(f"f{pick.randrange(3)}", pick.randrange(3), READ | HANDLE | WRITES)
                reply = answering(wire, CREATE, body)
                assert reply.status in {
                    "SUCCESS", "SHARING_VIOLATION", "INVALID_PARAMETER", "ACCESS_DENIED"
                }, reply  # fmt: skip
                if reply.status != "SUCCESS":
                    continue
                answering(wire, WRITE, write(file_id(reply), b"y"))
                if pick.random() < 0.8:
                    answering(wire, CLOSE, close(file_id(reply)))
                turns[1] += 1

    threads = [threading.Thread(target=guarded, args=(local,))] + [
        threading.Thread(target=guarded, args=(lambda seed=seed: remote(seed),))
        for seed in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STORM_SECONDS + 120)
        assert not thread.is_alive()
    assert not [error for error in errors if not isinstance(error, Gone)], errors
    assert min(turns) > 5, turns
    print(f"{turns[0]} turns here, {turns[1]} of clients")
