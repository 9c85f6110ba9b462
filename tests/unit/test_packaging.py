"""The wheel holds every package of the tree: setuptools cannot find them for us."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_package_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    in_tree = {
        ".".join(("ksmbd", *init.parent.relative_to(ROOT).parts))
        for top in ("mountd", "adduser", "shared")
        for init in (ROOT / top).rglob("__init__.py")
    }
    assert in_tree == set(project["tool"]["setuptools"]["packages"])
