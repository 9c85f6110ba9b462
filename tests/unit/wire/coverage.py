#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""How much of kernel/wire the native tests run: coverage.py FOLDER [MINIMUM]

FOLDER holds the objects of a --coverage build that has run. Prints each file and the lines
that no test reached; ends with 1 below MINIMUM percent of all lines (95).
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path


def main(folder: Path, minimum: float) -> int:
    data = [str(path.resolve()) for path in sorted(folder.glob("*.gcda"))]
    subprocess.run(["gcov", "--json-format", *data], cwd=folder, check=True, capture_output=True)
    lines: dict[str, dict[int, int]] = {}
    for report in folder.glob("*.gcov.json.gz"):
        for file in json.loads(gzip.decompress(report.read_bytes()))["files"]:
            if "kernel/wire/" not in file["file"]:
                continue
            counts = lines.setdefault(Path(file["file"]).name, {})
            for line in file["lines"]:
                number = line["line_number"]
                counts[number] = counts.get(number, 0) + line["count"]
    total = sum(map(len, lines.values()))
    run = sum(count > 0 for counts in lines.values() for count in counts.values())
    for name, counts in sorted(lines.items()):
        missed = [number for number, count in sorted(counts.items()) if not count]
        text = f"   not run: {', '.join(map(str, missed))}" if missed else ""
        print(f"{name:22}{100 * (1 - len(missed) / len(counts)):6.1f} % of {len(counts)}{text}")
    percent = 100 * run / total
    print(f"{'kernel/wire':22}{percent:6.1f} % of {total}, at least {minimum:g} %")
    return 0 if percent >= minimum else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 95.0))
