# SPDX-License-Identifier: GPL-2.0-only
"""doctor and report: what is wrong with this server, and what to send to who helps."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ksmbd.mountd import orders
from ksmbd.mountd.netlink.admin import STATES, Admin
from ksmbd.mountd.nss import Nss
from ksmbd.mountd.verbs.check import look_around
from ksmbd.mountd.verbs.share import socket_of
from ksmbd.mountd.verbs.status import rows_as_json
from ksmbd.mountd.verbs.verb import DONE, FAILED, Verb, no_arguments, say, show_json
from ksmbd.shared import config as configuration
from ksmbd.shared.config import Config, Level
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.lockfile import running_pid
from ksmbd.shared.users import UserDb
from ksmbd.shared.version import tools_version

_PROC_TCP = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `hint` says what to do about it."""

    level: str
    text: str
    hint: str = ""


def _ok(text: str) -> Finding:
    return Finding("ok", text)


def _doctor(arguments: argparse.Namespace) -> int:
    findings = [one for look in _LOOKS for one in look(arguments)]
    if arguments.json:
        show_json([dataclasses.asdict(one) for one in findings])
    else:
        colours = {"ok": "32", "warning": "33", "error": "31"}
        for one in findings:
            say(f"  {one.text}", mark=f"{one.level:>7}", colour=colours[one.level])
            if one.hint:
                say(f"{'':9}-> {one.hint}")
    return FAILED if any(one.level == "error" for one in findings) else DONE


def _module(arguments: argparse.Namespace) -> Iterator[Finding]:
    if not arguments.kernel.module.exists():
        yield Finding(
            "error", "the kernel module ksmbd is not loaded",
            "modprobe ksmbd; with Secure Boot a module of your own has to be signed (mokutil)",
        )  # fmt: skip
        return
    try:
        with Admin.open() as kernel:
            server = kernel.server()
    except KsmbdError as e:
        yield Finding("warning", str(e))
        return
    state = STATES[server.state]
    if state == "running":
        yield _ok(f"module {server.name} is running, {server.sessions} sessions")
    else:
        yield Finding("error", f"the module's state is {state}", "start ksmbd.mountd")


def _mountd(arguments: argparse.Namespace) -> Iterator[Finding]:
    pid = running_pid(arguments.lock)
    if pid is None:
        yield Finding(
            "error", "ksmbd.mountd is not running: nobody can log on",
            "systemctl start ksmbd, or ksmbd.mountd; journalctl -u ksmbd says why it ended",
        )  # fmt: skip
    else:
        yield _ok(f"ksmbd.mountd is running, pid {pid}")


def _port(arguments: argparse.Namespace) -> Iterator[Finding]:
    port = 445
    with contextlib.suppress(KsmbdError):  # said elsewhere
        port = configuration.load(arguments.config).globals.tcp_port
    listening = any(_listens(path, port) for path in _PROC_TCP)
    if not listening:
        yield Finding("error", f"nothing listens on TCP port {port}")
        return
    holder = _process("smbd")
    if holder is not None:
        yield Finding(
            "error", f"Samba's smbd (pid {holder}) runs, and may hold port {port}",
            "systemctl disable --now smbd, or give one of the two another port",
        )  # fmt: skip
    else:
        yield _ok(f"TCP port {port} listens")
    yield from _firewall(port)


def _listens(path: Path, port: int) -> bool:
    try:
        lines = path.read_text().splitlines()[1:]
    except OSError:
        return False
    fields = (line.split() for line in lines)
    return any(
        len(one) > 3 and one[3] == _LISTEN and int(one[1].rpartition(":")[2], 16) == port
        for one in fields
    )


def _process(name: str) -> int | None:
    for entry in Path("/proc").glob("[0-9]*/comm"):
        try:
            if entry.read_text().strip() == name:
                return int(entry.parent.name)
        except OSError:
            continue
    return None


def _firewall(port: int) -> Iterator[Finding]:
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if nft is None or os.geteuid() != 0:
        return
    rules = _output(nft, "list", "ruleset")
    dropping = re.search(r"hook input .*policy drop", rules)
    if dropping and not re.search(rf"dport .*\b({port}|microsoft-ds)\b", rules):
        yield Finding(
            "warning", f"the firewall drops what it does not know, and no rule names port {port}",
            f"nft add rule inet filter input tcp dport {port} accept",
        )  # fmt: skip


def _configuration(arguments: argparse.Namespace) -> Iterator[Finding]:
    try:
        config = configuration.load(arguments.config)
    except KsmbdError as e:
        for line in str(e).splitlines():
            yield Finding("error", line)
        return
    complaints = [*config.complaints, *look_around(config, arguments.pwddb, Nss())]
    for complaint in complaints:
        level = "error" if complaint.level is Level.ERROR else "warning"
        yield Finding(level, str(complaint))
    if not complaints:
        yield _ok(f"{arguments.config}: {len(config.shares) - 1} shares, nothing to complain of")
    yield from _file_systems(config)


def _file_systems(config: Config) -> Iterator[Finding]:
    for share in config.shares.values():
        if share.path is None or share.is_ipc or not Path(share.path).is_dir():
            continue
        try:
            os.getxattr(share.path, "user.DOSATTRIB")
        except OSError as e:
            if e.errno in (95, 45):  # EOPNOTSUPP
                yield Finding(
                    "warning", f"share [{share.name}]: {share.path} has no extended attributes: "
                    "DOS attributes, streams and Windows ACLs cannot be kept there",
                )  # fmt: skip


def _accounts(arguments: argparse.Namespace) -> Iterator[Finding]:
    try:
        users = UserDb.load(arguments.pwddb)
        mode = arguments.pwddb.stat().st_mode if arguments.pwddb.exists() else 0
    except (KsmbdError, OSError) as e:
        yield Finding("error", str(e))
        return
    if mode & 0o077:
        yield Finding(
            "error", f"{arguments.pwddb} can be read by others, and its hashes are passwords",
            f"chmod 600 {arguments.pwddb}",
        )  # fmt: skip
    if not len(users):
        yield Finding("warning", "there are no users", "ksmbd.adduser NAME")
        return
    system = Nss()
    for user in users:
        if system.user(user.name) is None:
            yield Finding(
                "warning", f"user {user.name!r} is none of this system and cannot log on",
                f"useradd -M -s /usr/sbin/nologin {user.name}",
            )  # fmt: skip
    yield _ok(f"{len(users)} users in {arguments.pwddb}")


def _refused(arguments: argparse.Namespace) -> Iterator[Finding]:
    if not socket_of(arguments).exists():
        return
    try:
        last = orders.ask(socket_of(arguments), {"do": "state"})["refused"]
    except KsmbdError:
        return
    for one in last[-5:]:
        at = datetime.datetime.fromtimestamp(one["at"]).isoformat(" ", "seconds")
        yield Finding("warning", f"{at}: {one['text']}")


_LOOKS: tuple[Callable[[argparse.Namespace], Iterator[Finding]], ...] = (
    _module, _mountd, _port, _configuration, _accounts, _refused,
)  # fmt: skip


# report


def _output(*command: str) -> str:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace", timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        return f"({e})"
    return done.stdout or done.stderr


def _report(arguments: argparse.Namespace) -> int:
    """Everything that a helper asks for first, as one document without secrets."""
    findings = [dataclasses.asdict(one) for look in _LOOKS for one in look(arguments)]
    document: dict[str, Any] = {
        "tools": tools_version(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "doctor": findings,
        "configuration": _without_secrets(arguments.config),
        "journal": _output(
            "journalctl", "-q", "-n", "200", "-u", "ksmbd", "--no-pager"
        ).splitlines(),
        "kernel log": [
            line for line in _output("dmesg").splitlines() if "ksmbd" in line
        ][-200:],
    }  # fmt: skip
    try:
        with Admin.open() as kernel:
            document["server"] = dataclasses.asdict(kernel.server())
            document["connections"] = rows_as_json(kernel.connections())
            document["sessions"] = rows_as_json(kernel.sessions())
            document["commands"] = rows_as_json(row for row in kernel.commands() if row.count)
    except KsmbdError as e:
        document["server"] = str(e)
    show_json(document)
    return DONE


def _without_secrets(path: Path) -> list[str]:
    """The configuration as it is: passwords are not in it, and what looks like one goes."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError as e:
        return [str(e)]
    secret = re.compile(r"^(\s*[^=;#]*(?:passw|secret|key)[^=]*=).*", re.IGNORECASE)
    return [secret.sub(r"\1 (left out)", line) for line in lines]


VERBS = (
    Verb("doctor", "look for what keeps clients out, and say what to do", no_arguments, _doctor),
    Verb("report", "write all that a helper asks for, without secrets", no_arguments, _report),
)
