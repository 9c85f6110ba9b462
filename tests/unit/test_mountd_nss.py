# SPDX-License-Identifier: GPL-2.0-only
"""What is remembered of the system's accounts, and for how long."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ksmbd.mountd.nss import LIFETIME, Identity, Memory, NotRemembered


class FakeSystem:
    """Has the users it is given, and counts the questions."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.asked = 0

    def user(self, name: str) -> Identity | None:
        self.asked += 1
        return Identity(1000, 1000, (7, self.asked)) if name in self.names else None

    def group(self, name: str) -> int | None:
        self.asked += 1
        return 100 + self.asked if name in self.names else None


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "passwd").write_text("alice\n")
    return [tmp_path / "passwd", tmp_path / "absent"]


def fails(ask: Callable[[str], object], name: str) -> bool:
    try:
        ask(name)
    except NotRemembered:
        return True
    return False


def test_what_was_asked_is_at_hand_for_a_while(files: list[Path]) -> None:
    system, clock = FakeSystem("alice"), Clock()
    memory = Memory(system, clock, files)
    assert fails(memory.at_hand.user, "alice")
    assert fails(memory.at_hand.group, "alice")
    alice, group = memory.user("alice"), memory.group("alice")
    clock.now = LIFETIME - 0.1
    assert memory.at_hand.user("alice") == alice
    assert memory.at_hand.group("alice") == group
    assert system.asked == 2
    clock.now = LIFETIME
    assert fails(memory.at_hand.user, "alice")
    assert fails(memory.at_hand.group, "alice")


def test_a_change_of_local_accounts_is_seen_at_once(files: list[Path]) -> None:
    memory = Memory(FakeSystem("alice"), Clock(), files)
    for change in (
        lambda: files[0].write_text("alice, bob\n"),
        lambda: files[1].write_text(""),
        files[0].unlink,
    ):
        memory.user("alice")
        assert not fails(memory.at_hand.user, "alice")
        change()
        assert fails(memory.at_hand.user, "alice")


def test_a_change_while_the_system_is_asked_makes_the_answer_old(files: list[Path]) -> None:
    system = FakeSystem("alice")
    answer = system.user

    def slowly(name: str) -> Identity | None:
        found = answer(name)
        files[0].write_text("somebody else\n")
        return found

    system.user = slowly  # type: ignore[method-assign]
    memory = Memory(system, Clock(), files)
    assert memory.user("alice") is not None
    assert fails(memory.at_hand.user, "alice")


def test_who_does_not_exist_is_asked_for_every_time(files: list[Path]) -> None:
    system = FakeSystem("alice")
    memory = Memory(system, Clock(), files)
    assert memory.user("bob") is None
    assert fails(memory.at_hand.user, "bob")
    memory.user("alice")
    system.names.clear()
    assert memory.user("alice") is None
    assert fails(memory.at_hand.user, "alice")


def test_the_table_is_bounded(files: list[Path]) -> None:
    names = [str(n) for n in range(5000)]
    memory = Memory(FakeSystem(*names), Clock(), files)
    for name in names:
        memory.user(name)
    assert sum(not fails(memory.at_hand.user, name) for name in names) <= 4096


def test_threads_may_ask_while_the_loop_remembers(files: list[Path]) -> None:
    memory = Memory(FakeSystem("alice"), Clock(), files)

    async def play() -> None:
        with ThreadPoolExecutor(4) as workers:
            loop = asyncio.get_running_loop()
            asking = [loop.run_in_executor(workers, memory.user, "alice") for _ in range(200)]
            for one in asking:
                await one
                assert memory.at_hand.user("alice") is not None

    asyncio.run(play())
