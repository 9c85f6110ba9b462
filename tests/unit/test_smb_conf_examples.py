# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of the configurations that people copy from manuals, line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ksmbd.shared.config import Examination, Kind, examine
from ksmbd.shared.macros import Server

EXAMPLES = Path(__file__).parents[1] / "data" / "smb-conf-examples.txt"
_VERDICT = re.compile(r"; (?P<kind>[a-z ]+)$")


class NoFiles:
    """Nothing can be included."""

    def read(self, path: Path) -> bytes:
        raise FileNotFoundError(2, "not there", str(path))

    def glob(self, folder: Path, pattern: str) -> list[Path]:
        return []


def examples() -> dict[str, str]:
    """Texts by their titles."""
    _, *texts = EXAMPLES.read_text().split("\n### ")
    return dict(text.split("\n", 1) for text in texts)


def judged(text: str) -> Examination:
    return examine(text.encode(), Path("f"), NoFiles(), Server("host"))


@pytest.mark.parametrize("title", examples())
def test_every_line_of_a_published_example_has_its_verdict(title: str) -> None:
    text = examples()[title]
    expected = {
        number: match["kind"]
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _VERDICT.search(line))
    }
    assert expected == {line.line: line.kind.value for line in judged(text).lines}


def test_there_are_enough_examples_and_no_line_is_without_a_verdict() -> None:
    assert len(examples()) >= 30
    for text in examples().values():
        for line in text.splitlines():
            assert line.strip()[:1] in ("", "[") or _VERDICT.search(line), line
    kinds = {match["kind"] for text in examples().values() for match in _VERDICT.finditer(text)}
    kinds |= {
        m["kind"] for t in examples().values() for m in map(_VERDICT.search, t.splitlines()) if m
    }
    assert {kind.value for kind in Kind} == kinds


def test_what_is_not_honoured_says_why() -> None:
    for text in examples().values():
        result = judged(text)
        said = {(c.file, c.line) for c in (*result.complaints, *result.faults)}
        for line in result.lines:
            silent = line.kind in (Kind.HONOURED, Kind.UNUSED)
            assert silent or (line.file, line.line) in said, line
