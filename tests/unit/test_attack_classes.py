# SPDX-License-Identifier: GPL-2.0-only
"""No attack class is silently missing: each number has a test, and no test an unknown number."""

from __future__ import annotations

import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "attack"))

from classes import CLASSES  # noqa: E402

MARK = re.compile(r"pytest\.mark\.attack\((\d+)\)")


def marked() -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for folder in ("attack", "vm"):
        for path in (TESTS / folder).glob("test_*.py"):
            for number in MARK.findall(path.read_text()):
                found.setdefault(int(number), set()).add(path.name)
    return found


def test_there_are_forty_seven_classes() -> None:
    assert sorted(CLASSES) == list(range(1, 48))


def test_every_class_has_a_test() -> None:
    assert sorted(marked()) == sorted(CLASSES)


def test_every_test_of_an_attack_says_which() -> None:
    for path in (TESTS / "attack").glob("test_*.py"):
        text = path.read_text()
        tests = re.findall(r"((?:^@.*\n(?:^[^@d\n].*\n)*)*)^def (test_\w+)", text, re.M)
        bare = [name for decorators, name in tests if "pytest.mark.attack(" not in decorators]
        assert not bare, f"{path.name}: {bare}"
