# SPDX-License-Identifier: GPL-2.0-only
"""`ksmbd.control check`: what becomes of each line of a configuration."""

from __future__ import annotations

import argparse
import dataclasses
import enum
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ksmbd.mountd.nss import Nss, System
from ksmbd.mountd.verbs.verb import DONE, FAILED, REFUSED, Verb, say, show_json
from ksmbd.shared import config as configuration
from ksmbd.shared import macros
from ksmbd.shared.config import Complaint, Config, Examination, Kind, Level, Share
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.users import UserDb

_COLOURS = {
    Kind.HONOURED: "32",
    Kind.WITHOUT_EFFECT: "2",
    Kind.MISSED: "33",
    Kind.UNKNOWN: "33",
    Kind.UNUSED: "2",
    Kind.WRONG: "31",
}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, help="the file (the one of --config)")
    parser.add_argument("-a", "--all", action="store_true", help="a verdict on every line")
    parser.add_argument(
        "-e", "--effective", action="store_true", help="the values that would be in force"
    )
    parser.add_argument(
        "--no-system", action="store_true",
        help="look at the file only, not at its users, groups and directories",
    )  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="exit with 2 for warnings, too")


def run(arguments: argparse.Namespace) -> int:
    """Examines the file and prints what is to be said of it."""
    path: Path = arguments.file or arguments.config
    try:
        result = configuration.examine(configuration.read_bytes(path), path)
    except ConfigError as error:
        result = _no_file(str(error))
    complaints = [*result.faults, *result.complaints]
    if result.config is not None and not arguments.no_system:
        complaints += look_around(result.config, arguments.pwddb, Nss())
    errors = [one for one in complaints if one.level is Level.ERROR]
    if arguments.json:
        show_json(as_json(result, complaints))
    else:
        _show(arguments, result, complaints)
        say(summary(result, len(errors), len(complaints) - len(errors)))
    if errors:
        return FAILED
    return REFUSED if arguments.strict and complaints else DONE


def _no_file(text: str) -> Examination:
    faults = []
    for line in text.splitlines():
        where, _, what = line.partition(": ")
        file, _, number = where.rpartition(":")
        if number.isdigit():
            faults.append(Complaint(file, int(number), what, Level.ERROR))
        else:
            faults.append(Complaint(where, 0, what, Level.ERROR))
    return Examination(None, (), tuple(faults), (), ())


def summary(result: Examination, errors: int, warnings: int) -> str:
    """The last line."""
    if result.config is None:
        return f"not usable: {errors} errors, {warnings} warnings; a running server keeps its own"
    count = sum(not share.is_ipc for share in result.config.shares.values())
    homes = " and homes" if result.config.homes else ""
    return f"usable: {count} shares{homes}, {errors} errors, {warnings} warnings"


def _show(arguments: argparse.Namespace, result: Examination, complaints: list[Complaint]) -> None:
    said: dict[tuple[str, int], list[Complaint]] = defaultdict(list)
    for complaint in complaints:
        said[complaint.file, complaint.line].append(complaint)
    if arguments.all:
        for line in result.lines:
            text = f"  {line.file}:{line.line}: {line.key} = {line.value}"
            say(text, mark=f"{line.kind.value:>14}", colour=_COLOURS[line.kind])
            for complaint in said.pop((line.file, line.line), ()):
                say(f"{'':>16}{complaint.text}")
    for complaint in (one for group in said.values() for one in group):
        colour = "31" if complaint.level is Level.ERROR else "33"
        say(f": {complaint}", mark=complaint.level.value, colour=colour)
    if arguments.effective and result.config is not None:
        for text in effective(result.config):
            say(text)


def as_json(result: Examination, complaints: list[Complaint]) -> dict[str, Any]:
    """The document of --json."""
    return {
        "usable": result.config is not None,
        "files": [str(path) for path in result.files],
        "lines": [{**dataclasses.asdict(line), "kind": line.kind.value} for line in result.lines],
        "complaints": [
            {"file": c.file, "line": c.line, "level": c.level.value, "text": c.text}
            for c in complaints
        ],
        "shares": sorted(share.name for share in result.config.shares.values())
        if result.config
        else [],
    }


def effective(config: Config) -> Iterator[str]:
    """The configuration as a file with every value in it."""
    yield "[global]"
    for field in dataclasses.fields(config.globals):
        yield f"    {field.name.replace('_', ' ')} = {_shown(getattr(config.globals, field.name))}"
    for share in config.shares.values():
        yield f"[{share.name}]"
        for share_field in dataclasses.fields(share):
            if share_field.name not in ("name", "line", "file", "is_ipc", "valid_users_set"):
                name = share_field.name
                if (value := getattr(share, name)) is not None:
                    yield f"    {name.replace('_', ' ')} = {_shown(value, name)}"


def _shown(value: object, name: str = "") -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, enum.Enum):
        return value.name.lower().replace("_", " ")
    if name == "veto_files" and isinstance(value, tuple):
        return f"/{'/'.join(value)}/" if value else ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, int) and ("mask" in name or "mode" in name):
        return f"{value:04o}"
    return str(value)


# What the file alone does not tell.


def look_around(config: Config, database: Path, system: System) -> list[Complaint]:
    """Complaints about users, groups and directories that are not there."""
    found: list[Complaint] = []
    try:
        users: UserDb | None = UserDb.load(database)
    except (ConfigError, OSError):
        users = None
    guests = any(share.guest_ok for share in config.shares.values())
    if guests and system.user(config.globals.guest_account) is None:
        text = f"the guest account {config.globals.guest_account!r} is no user of this system"
        found.append(Complaint(str(config.path), 0, text, Level.ERROR))
    for share in config.shares.values():
        found += [
            Complaint(share.file, share.line, f"share [{share.name}]: {text}", level)
            for level, text in _about(share, config, users, system)
        ]
    return found


def _about(
    share: Share, config: Config, users: UserDb | None, system: System
) -> Iterator[tuple[Level, str]]:
    if share.path is not None and not share.is_ipc:
        yield from _about_directory(config.globals.root_directory + share.path)
    if share.force_user is not None and system.user(share.force_user) is None:
        yield Level.ERROR, f"force user {share.force_user!r} is no user of this system"
    if share.force_group is not None and system.group(share.force_group) is None:
        yield Level.ERROR, f"force group {share.force_group!r} is no group of this system"
    for title in ("valid users", "invalid users", "read list", "write list", "admin users"):
        for item in getattr(share, title.replace(" ", "_")):
            if item in macros.OF_USER or item in macros.PRIMARY_GROUP:
                continue
            if item.startswith("@"):
                if system.group(item[1:]) is None:
                    yield Level.WARNING, f"{title}: there is no group {item[1:]!r}"
            elif system.user(item) is None:
                yield Level.WARNING, f"{title}: there is no user {item!r}"
            elif users is not None and users.find(item) is None and title != "invalid users":
                yield Level.WARNING, f"{title}: {item!r} has no password yet: ksmbd.adduser {item}"


def _about_directory(path: str) -> Iterator[tuple[Level, str]]:
    try:
        if not Path(path).exists():
            yield Level.WARNING, f"{path} is not there"
        elif not Path(path).is_dir():
            yield Level.ERROR, f"{path} is not a directory"
    except OSError as error:
        yield Level.WARNING, f"{path}: {error.strerror}"


VERB = Verb("check", "say what becomes of each line of the configuration", _arguments, run)
