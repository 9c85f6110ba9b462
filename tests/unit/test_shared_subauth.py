# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.subauth: the numbers of the machine's SID."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.subauth import load_or_create, parse

U32 = st.integers(0, 0xFFFFFFFF)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ksmbd.subauth"


def counter() -> Callable[[], int]:
    numbers = iter((0, 7, 0xFFFFFFFF))
    return lambda: next(numbers)


def test_a_missing_file_is_made_once_and_kept(path: Path) -> None:
    assert load_or_create(path, counter()) == (0, 7, 0xFFFFFFFF)
    assert path.read_text() == "0:7:4294967295\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert load_or_create(path) == (0, 7, 0xFFFFFFFF)


def test_a_bad_file_is_named_and_left_as_it_is(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("1:2\n")
    assert load_or_create(path, counter()) == (0, 7, 0xFFFFFFFF)
    assert path.read_text() == "1:2\n"
    assert [(r.levelno, str(path) in r.message) for r in caplog.records] == [(logging.ERROR, True)]


def test_a_directory_that_is_not_there_costs_the_numbers_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert load_or_create(tmp_path / "no" / "file", counter()) == (0, 7, 0xFFFFFFFF)
    assert "cannot be written" in caplog.text


def test_made_up_numbers_differ(tmp_path: Path) -> None:
    assert load_or_create(tmp_path / "a") != load_or_create(tmp_path / "b")


@given(U32, U32, U32)
def test_numbers_are_read_as_the_stock_tools_write_them(a: int, b: int, c: int) -> None:
    assert (a, b, c) == parse(f"{a}:{b}:{c}\n".encode()) == parse(f"{a}:{b}:{c}".encode())


@pytest.mark.parametrize("text", ["", "1:2:3:4", "1:2:-3", "1:2:4294967296", "1:2:3x", "1: 2:3"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text.encode())


@given(st.binary())
def test_any_bytes_are_numbers_or_a_config_error(content: bytes) -> None:
    try:
        assert len(parse(content)) == 3
    except ConfigError:
        return
