# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.log: what a log line looks like."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import syslog
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.shared import log as logs

PREFIX = f"[tool/{os.getpid()}]: "


@pytest.fixture(autouse=True)
def untouched_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_has_tool_pid_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("tool", verbose=False, to_syslog=False)
    logging.getLogger("x").error("text %d", 1)
    logging.getLogger("x").info("more")
    logging.getLogger("x").debug("unseen")
    assert f"{PREFIX}ERROR: text 1\n{PREFIX}INFO: more\n" == capsys.readouterr().err


def test_verbose_shows_debug_messages(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("tool", verbose=True, to_syslog=False)
    logging.getLogger("x").debug("seen")
    assert f"{PREFIX}DEBUG: seen\n" == capsys.readouterr().err


def test_a_name_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("tool", verbose=False, to_syslog=False)
    logging.getLogger("x").info("user %s", "a\n[tool/1]: ERROR: \x1b[31mforged")
    assert capsys.readouterr().err.count("\n") == 1


def test_a_traceback_has_the_prefix_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("tool", verbose=False, to_syslog=False)
    try:
        raise ValueError("x")
    except ValueError:
        logging.getLogger("x").exception("failed")
    lines = capsys.readouterr().err.splitlines()
    assert [PREFIX] * len(lines) == [line[: len(PREFIX)] for line in lines]
    assert lines[-1].endswith("ValueError: x")


def test_the_journal_gets_priorities(tmp_path: Path) -> None:
    script = (
        "import logging; from ksmbd.shared import log; log.setup('tool', True, False);"
        "[getattr(logging, level)(level) for level in ('error', 'warning', 'info', 'debug')]"
    )
    with (tmp_path / "journal").open("w+") as journal:
        status = os.fstat(journal.fileno())
        environment = os.environ | {
            "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        subprocess.run([sys.executable, "-c", script], env=environment, stderr=journal, check=True)
        journal.seek(0)
        assert [line[:4] for line in journal] == ["<3>[", "<4>[", "<6>[", "<7>["]


def test_detached_lines_go_to_syslog(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, str]] = []
    opened: list[tuple[str, int, int]] = []
    monkeypatch.setattr(syslog, "openlog", lambda *arguments: opened.append(arguments))
    monkeypatch.setattr(syslog, "syslog", lambda *arguments: sent.append(arguments))
    logs.setup("tool", verbose=False, to_syslog=True)
    logging.getLogger("x").warning("text")
    assert opened == [("ksmbd", syslog.LOG_PID, syslog.LOG_LOCAL5)]
    assert [(syslog.LOG_WARNING, f"{PREFIX}WARNING: text")] == sent


@given(st.text())
def test_any_text_is_one_line(text: str) -> None:
    assert len(logs.printable(text).splitlines()) <= 1
