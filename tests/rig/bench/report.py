# SPDX-License-Identifier: GPL-2.0-only
"""The results of several runs in one file, and the table that is made of it.

results.json:
    {"servers": {server: {"kernel": release, "version": text, "commit": text}},
     "rows": {row: {server: {"unit": unit, "samples": [number, ...]}}}}

A run replaces what it measured again and leaves the rest.
"""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INSTRUCTIONS, KIB = "thousand instructions", "KiB"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@dataclass
class Results:
    """Samples by row and server, in the order in which they came."""

    servers: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def add(self, row: str, server: str, value: float, unit: str = INSTRUCTIONS) -> None:
        cell = self.rows.setdefault(row, {}).setdefault(server, {"unit": unit, "samples": []})
        cell["samples"].append(round(value, 3))

    def merged_into(self, old: Results) -> Results:
        """These results, and the old ones where there are none of these."""
        rows = {row: dict(cells) for row, cells in old.rows.items()}
        for row, cells in self.rows.items():
            rows.setdefault(row, {}).update(cells)
        return Results({**old.servers, **self.servers}, rows)


def load(path: Path) -> Results:
    if not path.exists():
        return Results()
    data = json.loads(path.read_text())
    return Results(data["servers"], data["rows"])


def save(results: Results, folder: Path, columns: list[str], rows: list[str]) -> None:
    """Merges into FOLDER/results.json and writes FOLDER/table.md.

    Args:
        columns: all servers, in the order of the table; rows: all rows likewise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    merged = results.merged_into(load(path))
    order = {name: number for number, name in enumerate(rows)}
    merged.rows = dict(sorted(merged.rows.items(), key=lambda one: order.get(one[0], len(order))))
    path.write_text(
        json.dumps({"servers": merged.servers, "rows": merged.rows}, indent=1, sort_keys=False)
        + "\n"
    )
    (folder / "table.md").write_text(table(merged, columns))


def table(results: Results, columns: list[str]) -> str:
    """Medians; the last column is the widest spread of a row, (most - least) / median.

    It is empty where nothing was measured twice.
    """
    columns = [name for name in columns if name in results.servers]
    lines = []
    for name in columns:
        about = results.servers[name]
        what = about["version"] or f"commit {about['commit']}"
        lines.append(f"- {name}: {what}, on Linux {about['kernel']}")
    lines += [""]
    for unit, title in ((INSTRUCTIONS, "thousand guest instructions"), (KIB, "KiB")):
        rows = {
            row: cells
            for row, cells in results.rows.items()
            if any(cell["unit"] == unit for cell in cells.values())
        }
        if not rows:
            continue
        lines.append(f"| {title} | {' | '.join(columns)} | spread |")
        lines.append("|---|" + "---:|" * (len(columns) + 1))
        for row, cells in rows.items():
            texts = [number(cells[name]["samples"]) if name in cells else "" for name in columns]
            repeated = [cell["samples"] for cell in cells.values() if len(cell["samples"]) > 1]
            widest = f"{100 * max(map(spread, repeated)):.1f} %" if repeated else ""
            lines.append(f"| {row} | {' | '.join(texts)} | {widest} |")
        lines.append("")
    return "\n".join(lines)


def spread(samples: list[float]) -> float:
    """(most - least) / median, as a fraction."""
    middle = statistics.median(samples)
    return (max(samples) - min(samples)) / middle if middle else 0.0


def number(samples: list[float]) -> str:
    value = statistics.median(samples)
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
