#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sums the counters of several runs: coverage.py OBJECTS DATA

OBJECTS is the module's build folder with its .gcno files, DATA a folder of a folder of .gcda
files for each run. Prints each source with its share, then the lines of no run.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

Lines = dict[str, dict[int, int]]


def add_run(objects: Path, run: Path, lines: Lines) -> None:
    with tempfile.TemporaryDirectory() as work:
        for path in run.glob("*.gcda"):
            name = path.name.split("+")
            source = Path(*name[name.index(objects.name) + 1 :])
            flat = "+".join(source.parts)
            note = objects / source.with_suffix(".gcno")
            if not note.exists():
                continue
            shutil.copy(path, Path(work) / flat)
            shutil.copy(note, (Path(work) / flat).with_suffix(".gcno"))
        data = [str(path) for path in Path(work).glob("*.gcda")]
        if not data:
            sys.exit(f"{run}: no counters")
        subprocess.run(["gcov", "--json-format", *data], cwd=work, check=True, capture_output=True)
        for report in Path(work).glob("*.gcov.json.gz"):
            for file in json.loads(gzip.decompress(report.read_bytes()))["files"]:
                if f"/{objects.name}/" in file["file"] or not file["file"].startswith("/"):
                    name_in_module = file["file"].split(f"/{objects.name}/")[-1]
                    for line in file["lines"]:
                        lines[name_in_module][line["line_number"]] += line["count"]


def ranges(numbers: list[int]) -> str:
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number - parts[-1][-1] <= 2:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)


def main(objects: Path, data: Path) -> int:
    lines: Lines = defaultdict(lambda: defaultdict(int))
    for run in sorted(data.iterdir()):
        add_run(objects, run, lines)
    total = hit = 0
    for name, counts in sorted(lines.items()):
        missed = [number for number, count in sorted(counts.items()) if not count]
        total += len(counts)
        hit += len(counts) - len(missed)
        share = 100 * (1 - len(missed) / len(counts))
        print(f"{name:32}{share:6.1f} % of {len(counts):5}   {ranges(missed)}")
    print(f"{'all':32}{100 * hit / max(total, 1):6.1f} % of {total:5}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
