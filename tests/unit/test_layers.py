"""kernel/ folders lean only downwards.  This table is the architecture."""

import re
from pathlib import Path

KERNEL = Path(__file__).parents[2] / "kernel"

LEANS_ON: dict[str, set[str]] = {
    "wire": set(),
    "transport": {"wire", "ipc"},  # ipc only for the settings it listens by
    "ipc": {"wire"},
    "auth": {"wire", "ipc"},
    "server": {"wire", "transport", "ipc", "auth"},
    "fs": {"wire", "server"},
    "smb2": {"wire", "ipc", "auth", "server", "fs"},
}
ANYBODY = {"compat"}


def sources(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.glob("*.[ch]")) if not p.name.endswith(".mod.c")]


def test_includes_point_downwards() -> None:
    wrong = [
        f"{source.relative_to(KERNEL)} includes {folder}/"
        for layer, below in LEANS_ON.items()
        for source in sources(KERNEL / layer)
        for folder in re.findall(r'#include "(\w+)/', source.read_text())
        if folder not in below | {layer} | ANYBODY
    ]

    assert wrong == []


def test_only_compat_knows_kernel_versions() -> None:
    wrong = [
        str(source.relative_to(KERNEL))
        for source in KERNEL.rglob("*.[ch]")
        if source.parent.name != "compat"
        and not source.name.endswith(".mod.c")
        and "LINUX_VERSION_CODE" in source.read_text()
    ]

    assert wrong == []


def test_no_array_is_static_per_cpu() -> None:
    """All modules share 8 KiB of it: with more, insmod fails on SMP, and UML would not tell."""
    wrong = [
        str(source.relative_to(KERNEL))
        for source in KERNEL.rglob("*.[ch]")
        if re.search(r"\bDEFINE_PER_CPU\w*\(", source.read_text())
    ]

    assert wrong == []


def test_every_folder_is_in_the_table() -> None:
    folders = {p.name for p in KERNEL.iterdir() if p.is_dir() and list(p.glob("*.c"))}

    assert folders <= set(LEANS_ON) | ANYBODY
