# SPDX-License-Identifier: GPL-2.0-only
"""Many handles and many locks: each costs as much as the first."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from raw import CREATE, LOCK, READ, WRITE, Raw, create, lock, read, write

EXCLUSIVE, UNLOCK, FAIL_IMMEDIATELY = 2, 4, 0x10


TOO_MANY_OPENED_FILES = "0xc000011f"


def timed(call: Callable[[int], object], numbers: range) -> float:
    begin = time.monotonic()
    for number in numbers:
        call(number)
    return time.monotonic() - begin


def test_the_thousandth_lock_costs_what_the_first_did(
    client: Raw, other: Raw, folder: Path
) -> None:
    mine, theirs = client.open("locked"), other.open("locked")

    def take(number: int) -> None:
        body = lock(mine, (number * 10, 5, EXCLUSIVE | FAIL_IMMEDIATELY))
        assert client.call(LOCK, body).status == "SUCCESS"

    def look(number: int) -> None:
        assert other.call(WRITE, write(theirs, b"12345", number * 10 + 5)).status == "SUCCESS"

    few = timed(take, range(100)) + timed(look, range(100))
    for start in range(100, 6100, 60):
        ranges = [(n * 10, 5, EXCLUSIVE | FAIL_IMMEDIATELY) for n in range(start, start + 60)]
        assert client.call(LOCK, lock(mine, *ranges)).status == "SUCCESS"
    many = timed(take, range(6100, 6200)) + timed(look, range(6100, 6200))
    print(f"100 locks and 100 writes: {few:.2f} s at first, {many:.2f} s beside 6000 locks")
    assert many < 3 * few

    assert other.call(READ, read(theirs, 5, 4000)).status == "FILE_LOCK_CONFLICT"
    assert client.call(LOCK, lock(mine, (4000, 5, UNLOCK))).status == "SUCCESS"
    assert client.call(LOCK, lock(mine, (4000, 5, UNLOCK))).status == "RANGE_NOT_LOCKED"
    assert other.call(READ, read(theirs, 5, 4000)).status == "SUCCESS"


def test_the_next_handle_on_a_file_costs_what_the_first_did(
    client: Raw, folder: Path, handles: int
) -> None:
    def open_one(name: str) -> Callable[[int], object]:
        return lambda number: client.open(name)

    few = timed(open_one("file"), range(200))
    timed(open_one("file"), range(handles))
    many = timed(open_one("file"), range(200))
    print(f"200 opens: {few:.2f} s at first, {many:.2f} s beside {handles} on the same file")
    assert many < 3 * few
    # who shares nothing is still refused, and so is who asks for what they refuse
    assert client.call(CREATE, create("file", share=0)).status == "SHARING_VIOLATION"


def test_the_limit_of_a_session_has_a_clear_answer(client: Raw, folder: Path, handles: int) -> None:
    if handles < 16384:
        pytest.skip("takes minutes: only with --handles=16384")
    answers = {client.call(CREATE, create("file")).status for _ in range(16384)}
    assert answers == {"SUCCESS"}
    assert client.call(CREATE, create("file")).status == TOO_MANY_OPENED_FILES


def test_a_lock_that_is_asked_for_twice_is_taken_once(client: Raw, folder: Path) -> None:
    """[MS-SMB2] 3.3.5.14: the same LockSequence is the answer that got lost."""
    handle = client.open("locked")

    def call(sequence: int, flags: int) -> str:
        body = bytearray(lock(handle, (0, 1, flags)))
        body[4:8] = sequence.to_bytes(4, "little")
        return client.call(LOCK, bytes(body)).status

    take = EXCLUSIVE | FAIL_IMMEDIATELY
    assert call(1 << 4 | 3, take) == "SUCCESS"
    assert call(1 << 4 | 3, take) == "SUCCESS"
    assert call(1 << 4 | 4, take) == "LOCK_NOT_GRANTED"
    assert call(1 << 4 | 3, take) == "LOCK_NOT_GRANTED"  # forgotten by the other number
    assert call(64 << 4 | 0, UNLOCK) == "SUCCESS"
    assert call(64 << 4 | 0, UNLOCK) == "SUCCESS"
    assert call(64 << 4 | 1, UNLOCK) == "RANGE_NOT_LOCKED"
    assert call(0, UNLOCK) == "RANGE_NOT_LOCKED"
    assert call(65 << 4 | 1, take) == "SUCCESS"
    assert call(65 << 4 | 1, take) == "LOCK_NOT_GRANTED"  # beyond the array: not kept
