# SPDX-License-Identifier: GPL-2.0-only
"""The version of the tools."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def tools_version() -> str:
    """The installed version; a checkout that is not installed has none."""
    try:
        return version("ksmbd")
    except PackageNotFoundError:
        return "not installed"


def version_line() -> str:
    """What every tool prints for -V; scripts know the stock tools' words."""
    return f"ksmbd-tools version : {tools_version()}"
