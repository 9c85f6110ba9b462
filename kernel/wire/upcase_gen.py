#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes upcase_table.inc: the upper-case map of user names, as runs.

[MS-NLMP] 3.3.2 wants the upper-casing of [MS-UCODEREF] 3.1.5.3, which is one
UTF-16 unit to one.  That is Unicode's simple upper case, less

* mappings that do not come back (MICRO SIGN, DOTLESS I, LONG S, the title-case
  digraphs, symbols shaped like Greek letters); the final sigma is the exception;
* Georgian and Cherokee, whose pairs came after that table, and the pairs of
  Unicode 16, so that every Python writes the same file.

Run it as `./upcase_gen.py >upcase_table.inc`.
"""

from __future__ import annotations

from dataclasses import dataclass

FINAL_SIGMA = 0x03C2
LATE_PAIRS = (
    *(range(0x10D0, 0x1100), range(0x13F8, 0x1400), range(0xAB70, 0xABC0)),
    *(range(0x019B, 0x019C), range(0x0264, 0x0265), range(0x1C89, 0x1C8B)),
    *(range(0xA7CB, 0xA7D0), range(0xA7DA, 0xA7DD)),
)


def simple_upper(code: int) -> int:
    """The simple upper case of UnicodeData.txt, inside the BMP."""
    char = chr(code)
    upper = char.upper()
    if len(upper) > 1:
        # The full mapping is longer (U+1FB3); its simple one is the title case.
        upper = char.title()
    if len(upper) > 1 or ord(upper) > 0xFFFF:
        return code
    return ord(upper)


def upper(code: int) -> int:
    """The upper case of one UTF-16 unit, itself when it has none."""
    to = simple_upper(code)
    if to == code or 0xD800 <= code < 0xE000 or any(code in late for late in LATE_PAIRS):
        return code
    back = chr(to).lower()
    return to if back == chr(code) or code == FINAL_SIGMA else code


@dataclass(slots=True)
class Run:
    """Units first, first + step ... last, each mapped by adding delta."""

    first: int
    last: int
    step: int
    delta: int


def runs() -> list[Run]:
    """The shortest greedy cover of the map; a run is dense or every second unit."""
    found: list[Run] = []
    for code in range(0x10000):
        delta = upper(code) - code
        if not delta:
            continue
        run = found[-1] if found else None
        if run and run.delta == delta:
            gap = code - run.last
            if run.first == run.last and gap in (1, 2):
                run.step, run.last = gap, code
                continue
            if gap == run.step:
                run.last = code
                continue
        found.append(Run(code, code, 1, delta))
    return found


def main() -> None:
    """Prints the table."""
    print("/* SPDX-License-Identifier: GPL-2.0 */")
    print("/* Made by upcase_gen.py; sorted. */")
    for run in runs():
        print(f"{{ 0x{run.first:04x}, 0x{run.last:04x}, {run.step}, {run.delta} }},")


if __name__ == "__main__":
    main()
