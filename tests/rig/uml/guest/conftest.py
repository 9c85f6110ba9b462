# SPDX-License-Identifier: GPL-2.0-only
"""A client and the folder that it is served, on one machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw import Raw

PORT = 445


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--handles", type=int, default=2000, help="opened on one file")


@pytest.fixture
def handles(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--handles"))


@pytest.fixture
def client() -> Iterator[Raw]:
    with Raw(PORT, timeout=120) as raw:
        yield raw.ready("share", 0x0302)


@pytest.fixture
def other() -> Iterator[Raw]:
    with Raw(PORT, timeout=120) as raw:
        yield raw.ready("share", 0x0302)


@pytest.fixture
def folder() -> Path:
    """The share's, empty; what a test makes there is everybody's."""
    os.umask(0)
    path = Path("/srv/share")
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    return path
