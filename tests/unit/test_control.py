# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.control, run as its main() against a stand-in for mountd and for sysfs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from ksmbd.mountd import control
from ksmbd.mountd.control import main

# Waits for signals as mountd does: HUP reads again, USR1 lists, TERM ends.
MOUNTD = """
import os, signal, sys
run, manner = sys.argv[1:3]
wanted = {signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print("up", flush=True)
while True:
    info = signal.sigwaitinfo(wanted)
    print(signal.Signals(info.si_signo).name, flush=True)
    if info.si_signo == signal.SIGUSR1 and manner == "answers":
        with open(f"{run}/ksmbd.fifo.{info.si_pid}", "w") as fifo:
            for line in ("Name Comment\\n", "demo first\\n"):
                fifo.write(line)
                fifo.flush()
    elif info.si_signo == signal.SIGUSR1 and manner == "dies":
        break
    elif info.si_signo == signal.SIGTERM and manner != "hangs":
        break
"""


class Machine:
    """A run directory and a sysfs."""

    def __init__(self, root: Path) -> None:
        self.run = root / "run"
        self.lock = self.run / "ksmbd.lock"
        self.sysfs = root / "sys"
        self.run.mkdir()

    def load_module(self) -> None:
        control = self.sysfs / "class" / "ksmbd-control"
        module = self.sysfs / "module" / "ksmbd"
        for directory in (control, module):
            directory.mkdir(parents=True)
        (control / "kill_server").write_text("")
        (control / "debug").write_text("")
        (module / "version").write_text("3.5.4\n")

    @property
    def killed(self) -> str:
        return (self.sysfs / "class" / "ksmbd-control" / "kill_server").read_text()

    def control(self, *arguments: str) -> int:
        paths = ["--lock", str(self.lock), "--run", str(self.run), "--sysfs", str(self.sysfs)]
        try:
            return main([*paths, *arguments])
        except SystemExit as stop:
            assert isinstance(stop.code, int)
            return stop.code

    @contextmanager
    def mountd(self, manner: str = "answers") -> Iterator[Popen[str]]:
        with Popen(
            [sys.executable, "-c", MOUNTD, str(self.run), manner, "ksmbd.mountd"],
            stdout=PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "up\n"
            self.lock.write_text(f"{child.pid}\n")
            try:
                yield child
            finally:
                child.kill()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def heard(child: Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.mark.parametrize("option", ["-s", "--shutdown"])
def test_shutdown_ends_mountd_and_resets_the_module(machine: Machine, option: str) -> None:
    machine.load_module()
    with machine.mountd() as child:
        assert machine.control(option) == 0
        # It has ended by now: the tool waits where the stock one does not.
        assert heard(child) == "SIGTERM"
        assert child.wait(timeout=30) == 0
    assert machine.killed == "hard"


def test_shutdown_waits_for_the_module(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.load_module()
    stats = machine.sysfs / "class" / "ksmbd-control" / "stats"
    stats.write_text("2 running 445 0\n")
    polls: list[str] = []

    class Poll:
        """As the module's: it is resetting when told so, and done at the second look."""

        def register(self, fd: int, events: int) -> None: ...

        def poll(self, milliseconds: float) -> list[tuple[int, int]]:
            polls.append(stats.read_text())
            stats.write_text("2 startup 445 0\n" if len(polls) > 1 else "2 reset 445 0\n")
            return []

    real = control.write_word

    def told(path: Path, word: str) -> None:
        real(path, word)
        stats.write_text("2 reset 445 0\n")

    monkeypatch.setattr(control, "write_word", told)
    monkeypatch.setattr("select.poll", Poll)
    assert machine.control("-s") == 1  # there is no mountd
    assert polls == ["2 reset 445 0\n"] * 2


def test_a_module_that_does_not_finish_is_not_waited_for_without_end(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.load_module()
    (machine.sysfs / "class" / "ksmbd-control" / "stats").write_text("2 reset 445 0\n")
    monkeypatch.setattr(control, "RESET_SECONDS", 0.1)
    with machine.mountd():
        assert machine.control("-s", "-t", "0.1") == 1
    assert "the module is still busy" in capsys.readouterr().err


def test_the_module_is_reset_even_without_mountd(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.load_module()
    assert machine.control("-s") == 1
    assert "ksmbd.mountd is not running" in capsys.readouterr().err
    assert machine.killed == "hard"


def test_mountd_is_ended_even_without_the_module(machine: Machine) -> None:
    with machine.mountd() as child:
        assert machine.control("-s") == 1
        assert child.wait(timeout=30) == 0


def test_a_mountd_that_hangs_is_not_waited_for_without_end(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.load_module()
    with machine.mountd("hangs") as child:
        assert machine.control("-s", "-t", "0.2") == 1
        assert heard(child) == "SIGTERM"
        assert child.poll() is None
    assert "has not ended in time" in capsys.readouterr().err
    assert machine.killed == "hard"


def test_reload_signals_mountd(machine: Machine) -> None:
    assert machine.control("-r") == 1
    with machine.mountd() as child:
        assert machine.control("--reload") == 0
        assert heard(child) == "SIGHUP"


def test_a_dead_mountds_pid_is_not_signalled(machine: Machine) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=PIPE) as stranger:
        machine.lock.write_text(f"{stranger.pid}\n")
        assert [machine.control(option) for option in ("-r", "-l", "-s")] == [1, 1, 1]
        assert stranger.poll() is None


def test_list_copies_the_answer_and_removes_the_fifo(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    with machine.mountd():
        assert machine.control("--list") == 0
    assert capsys.readouterr().out == "Name Comment\ndemo first\n"
    assert [machine.lock] == list(machine.run.iterdir())


@pytest.mark.parametrize(
    ("manner", "reason"),
    [("dies", "has ended without an answer"), ("hangs", "has not answered in time")],
)
def test_list_does_not_wait_for_an_answer_that_will_not_come(
    machine: Machine, manner: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with machine.mountd(manner):
        seconds = "60" if manner == "dies" else "0.2"
        assert machine.control("-l", "-t", seconds) == 1
    assert reason in capsys.readouterr().err
    assert [machine.lock] == list(machine.run.iterdir())


def test_debug_writes_the_component_and_shows_the_state(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.control("-d", "vfs") == 1
    assert "modprobe ksmbd" in capsys.readouterr().err
    machine.load_module()
    assert machine.control("--debug=vfs") == 0
    assert capsys.readouterr().out == "vfs\n"
    assert machine.control("-d", "nosuch") == 1


def test_the_version_of_the_module_is_shown(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.control("-c") == 1
    machine.load_module()
    assert machine.control("--ksmbd-version") == 0
    assert capsys.readouterr().out == "ksmbd version : 3.5.4\n"


@pytest.mark.parametrize("arguments", [[], ["-s", "-r"], ["-z"], ["-d"]])
def test_one_action_a_call_or_usage(
    machine: Machine, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.control(*arguments) == 1
    assert capsys.readouterr().err.startswith("usage: ksmbd.control")


@pytest.mark.parametrize("option", ["-h", "-V"])
def test_help_and_version_are_exit_code_0(machine: Machine, option: str) -> None:
    assert machine.control(option) == 0
