#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Finds what a kernel must not say in its log; exit 1 if it said it.

scan_log.py LOG                      prints every splat with its lines
scan_log.py --resolve DIR REPORT     prints a kmemleak report, with the
                                     addresses of unloaded modules named
                                     from DIR/symbols.*
"""

from __future__ import annotations

import bisect
import re
import sys
from pathlib import Path

SPLAT = re.compile(
    r"BUG:|BUG \w+|WARNING:|KASAN|UBSAN|possible .* locking|suspicious RCU"
    r"|unreferenced object|new suspected memory leaks|refcount_t|Segfault with no mm"
    r"|Oops|leaked|Kernel panic|blocked for more than|ODEBUG|workqueue lockup"
    r"|general protection|corruption|Objects remaining|still in use"
    r"|^ *not ok \d"  # a KUnit suite of the module
)
# fork() on UML reads the maple tree outside RCU: there at every boot of a
# kernel with PROVE_RCU, before any module is loaded, and not ours to repair.
EXCUSED = re.compile(r"lib/maple_tree\.c:\d+ suspicious rcu_dereference_check\(\) usage")
EXCUSED_TITLE = re.compile(r"WARNING: suspicious RCU usage")
TITLE_TO_PLACE = 5
SHOWN_LINES = 40
SHOWN_SPLATS = 5

STAMP = re.compile(r"^\[ *\d+\.\d+\](?:\[[^]]*\])? ?")
ADDRESS = re.compile(r"\b(?:0x)?([0-9a-f]{16}|[0-9a-f]{8,12})\b")


def is_excused(lines: list[str], at: int) -> bool:
    """Whether line `at` is a part of the one report that is expected."""
    if EXCUSED.search(lines[at]):
        return True
    if not EXCUSED_TITLE.search(lines[at]):
        return False
    return any(EXCUSED.search(line) for line in lines[at : at + TITLE_TO_PLACE])


def splats(lines: list[str]) -> list[int]:
    """Returns the line numbers of the splats, one for each report.

    A report has several telling lines; those within `SHOWN_LINES` of the
    first are shown with it and not counted again.
    """
    found: list[int] = []
    for at, line in enumerate(lines):
        if not SPLAT.search(line) or is_excused(lines, at):
            continue
        if found and at - found[-1] < SHOWN_LINES:
            continue
        found.append(at)
    return found


def scan(log: Path) -> int:
    """Prints the splats of a console log; returns the exit status."""
    text = log.read_text(errors="replace")
    lines = [STAMP.sub("", line) for line in text.splitlines()]
    if not lines:
        print(f"{log}: empty: the kernel never spoke")
        return 1
    found = splats(lines)
    for at in found[:SHOWN_SPLATS]:
        print(f"--- {log}:{at + 1}")
        print("\n".join(lines[at : at + SHOWN_LINES]))
    if found:
        print(f"--- {len(found)} splat(s) in {log}")
    return 1 if found else 0


def load_symbols(folder: Path) -> list[tuple[int, str]]:
    """Reads the kallsyms extracts that rig_insmod() left, sorted by address."""
    symbols = []
    for extract in folder.glob("symbols.*"):
        for line in extract.read_text().splitlines():
            address, _, name, *module = line.split()
            symbols.append((int(address, 16), f"{name} {' '.join(module)}".rstrip()))
    return sorted(symbols)


def resolve(folder: Path, report: Path) -> int:
    """Prints `report` with the addresses of unloaded modules named."""
    symbols = load_symbols(folder)
    starts = [address for address, _ in symbols]

    def name(match: re.Match[str]) -> str:
        address = int(match[1], 16)
        at = bisect.bisect_right(starts, address) - 1
        if at < 0 or address > starts[-1] + 0x10000:
            return match[0]
        return f"{match[0]} {symbols[at][1]}+{address - starts[at]:#x}"

    for line in report.read_text(errors="replace").splitlines():
        print(ADDRESS.sub(name, line) if symbols and "[<" in line else line)
    return 1


def main(argv: list[str]) -> int:
    """Runs the tool; returns the exit status."""
    if len(argv) == 3 and argv[0] == "--resolve":
        return resolve(Path(argv[1]), Path(argv[2]))
    if len(argv) == 1:
        return scan(Path(argv[0]))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
