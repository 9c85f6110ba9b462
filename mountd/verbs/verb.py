# SPDX-License-Identifier: GPL-2.0-only
"""What a verb of ksmbd.control is made of, and how its answers are shown."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ksmbd.shared.log import printable

DONE = 0
FAILED = 1
REFUSED = 2
"""The question was answered, with no: `explain-access`, `check --strict`."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One row.

    Attributes:
        read: it changes nothing, and has --json.
    """

    name: str
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    read: bool = True


def no_arguments(_: argparse.ArgumentParser) -> None:
    """Of a verb without any."""


def show_json(value: Any) -> None:
    """Writes one JSON document."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def say(text: str = "", *, mark: str = "", colour: str = "") -> None:
    """Writes one line; control characters of names are not for the terminal.

    Args:
        mark: a word in front of the text, in a colour.
    """
    sys.stdout.write(f"{paint(mark, colour) if mark else ''}{printable(text)}\n")


def colours() -> bool:
    """Whether the output may have colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(text: str, code: str) -> str:
    """The text in a colour, on a terminal."""
    return f"\x1b[{code}m{text}\x1b[0m" if colours() else text


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes aligned columns; numbers to the right."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [
        max(len(title), *(len(row[column]) for row in cells)) if cells else len(title)
        for column, title in enumerate(titles)
    ]
    right = [
        bool(cells)
        and all(row[column].lstrip("-").isdigit() or row[column] in ("", "-") for row in cells)
        for column in range(len(titles))
    ]

    def line(values: Sequence[str]) -> str:
        placed = (
            value.rjust(width) if to_the_right else value.ljust(width)
            for value, width, to_the_right in zip(values, widths, right, strict=True)
        )
        return "  ".join(placed).rstrip()

    sys.stdout.write(paint(line(titles), "1") + "\n")
    for row in cells:
        sys.stdout.write(line(row) + "\n")
