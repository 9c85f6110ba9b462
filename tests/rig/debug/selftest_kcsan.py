# SPDX-License-Identifier: GPL-2.0-only
"""Proves the KCSAN kernel: a planted data race is reported, and none where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from selftest import RIG, commit, last_line

if TYPE_CHECKING:
    from vm import Vm


@pytest.fixture(scope="module")
def module() -> Path:
    return last_line(RIG / "build-module.sh", "-p", "kcsan", RIG.parent / "kernel" / "selftest")


@pytest.fixture(scope="module")
def vm() -> Iterator[Vm]:
    from vm import TOP, Vm

    with Vm(TOP / "build" / "vm" / "console-selftest-kcsan.log") as vm:
        yield vm.boot(last_line(RIG / "build.sh", "kcsan"))


def test_the_kernels_own_races_are_passed_over(vm: Vm, module: Path) -> None:
    assert commit(vm, module, "none") == ""


def test_a_race_of_a_module_is_reported(vm: Vm, module: Path) -> None:
    splat = commit(vm, module, "data_race")
    assert "BUG: KCSAN: data-race in race [rig_selftest]" in splat, splat
