# SPDX-License-Identifier: GPL-2.0-only
"""What is going on: status, sessions, files, locks, shares, top."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ksmbd.mountd.netlink import admin
from ksmbd.mountd.netlink.admin import Admin, Command, Flag
from ksmbd.mountd.verbs.verb import DONE, Verb, no_arguments, say, show_json, table
from ksmbd.shared import config as configuration
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.lockfile import running_pid

DIALECTS = {0x202: "2.0.2", 0x210: "2.1", 0x300: "3.0", 0x302: "3.0.2", 0x311: "3.1.1"}
CIPHERS = {0: "-", 1: "AES-128-CCM", 2: "AES-128-GCM", 3: "AES-256-CCM", 4: "AES-256-GCM"}
SIGNING = {0: "HMAC-SHA256", 1: "AES-CMAC", 2: "AES-GMAC"}

_READ = 0x0001 | 0x0020 | 0x80000000
_WRITE = 0x0002 | 0x0004 | 0x40000000
_DELETE = 0x00010000


def dialect(number: int) -> str:
    """As people say it."""
    return DIALECTS.get(number, f"{number:#06x}" if number else "-")


def span(milliseconds: int) -> str:
    """A time that passed, in two units at the most."""
    seconds = milliseconds // 1000
    for unit, size, smaller, small in (
        ("d", 86400, "h", 3600),
        ("h", 3600, "m", 60),
        ("m", 60, "s", 1),
    ):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size // small}{smaller}"
    return f"{seconds}s"


def size(count: float) -> str:
    """Bytes, as people read them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def who(user: str, flags: int = 0) -> str:
    """A user's name, or what a session without one is."""
    if flags & Flag.ANONYMOUS:
        return "(anonymous)"
    return user or "(guest)"


def access(mask: int) -> str:
    """An access mask in three letters."""
    return "".join(
        letter if mask & bits else "-"
        for letter, bits in (("r", _READ), ("w", _WRITE), ("d", _DELETE))
    )


def rows_as_json(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows with the numbers that programs want and the words that people want."""
    found = []
    for row in rows:
        fields = dataclasses.asdict(row)
        if "flags" in fields:
            fields["flags"] = [flag.name.lower() for flag in Flag if row.flags & flag and flag.name]
        if "dialect" in fields:
            fields["dialect"] = dialect(row.dialect)
        if "cipher" in fields:
            fields["cipher"] = CIPHERS.get(row.cipher, str(row.cipher))
            fields["signing"] = SIGNING.get(row.signing, str(row.signing))
        found.append(fields)
    return found


# status


def _status(arguments: argparse.Namespace) -> int:
    pid = running_pid(arguments.lock)
    with Admin.open() as kernel:
        server = kernel.server()
        sessions, commands = kernel.sessions(), kernel.commands()
    state = admin.STATES[server.state] if server.state < len(admin.STATES) else "?"
    moved = {row.name: row.bytes for row in commands}
    if arguments.json:
        document = dataclasses.asdict(server)
        document.update(
            state=state, mountd=pid, sessions=rows_as_json(sessions),
            read=moved.get("READ", 0), written=moved.get("WRITE", 0),
        )  # fmt: skip
        show_json(document)
        return DONE
    since = f" for {span(server.age)}" if server.age else ""
    say(f"server    {state}{since}, TCP port {server.port or '-'}, module {server.name}")
    daemon = f"running (pid {pid})" if pid else "NOT RUNNING: nobody can log on"
    say(f"mountd    {daemon}")
    say(
        f"clients   {server.connections} connections, {len(sessions)} sessions, "
        f"{server.opens} open files"
    )
    say(f"traffic   {size(moved.get('READ', 0))} read, {size(moved.get('WRITE', 0))} written")
    if sessions:
        say()
        _session_table(sessions)
    return DONE


# sessions


def _session_table(sessions: Sequence[admin.Session]) -> None:
    table(
        ("ID", "USER", "ADDRESS", "SMB", "SIGNED", "SHARES", "FILES", "SINCE", "IDLE"),
        (
            (
                f"{row.id:016x}",
                who(row.user, row.flags),
                row.peer + (f" (+{len(row.connection) - 1})" if len(row.connection) > 1 else ""),
                dialect(row.dialect),
                "yes" if row.flags & Flag.SIGNED else "no",
                row.trees,
                row.opens,
                span(row.age),
                span(row.idle),
            )
            for row in sessions
        ),
    )


def _sessions(arguments: argparse.Namespace) -> int:
    with Admin.open() as kernel:
        rows = [
            row
            for row in kernel.sessions()
            if arguments.who in (None, row.user, row.peer, f"{row.id:016x}")
        ]
    if arguments.json:
        show_json(rows_as_json(rows))
    else:
        _session_table(rows)
    return DONE


def _about_whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("who", nargs="?", help="only those of this user, address or session")


# files


def _of(row: admin.Open | admin.Lock, wanted: str | None) -> bool:
    return wanted is None or wanted in (row.user, row.share) or row.path.startswith(wanted)


def _files(arguments: argparse.Namespace) -> int:
    with Admin.open() as kernel:
        rows = [row for row in kernel.opens() if _of(row, arguments.what)]
    if arguments.json:
        show_json(rows_as_json(rows))
        return DONE
    table(
        ("ID", "USER", "ADDRESS", "SHARE", "ACCESS", "LOCKS", "PATH"),
        (
            (
                f"{row.id}.{row.serial}",
                who(row.user),
                row.peer,
                row.share,
                access(row.access),
                row.locks,
                row.path or "(pipe)",
            )
            for row in rows
        ),
    )
    return DONE


def _about_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", help="only those of this user, share or path")


def _locks(arguments: argparse.Namespace) -> int:
    with Admin.open() as kernel:
        rows = [row for row in kernel.locks() if _of(row, arguments.what)]
    if arguments.json:
        show_json(rows_as_json(rows))
        return DONE
    table(
        ("FILE", "USER", "SHARE", "KIND", "OFFSET", "LENGTH", "PATH"),
        (
            (
                f"{row.id}.{row.serial}",
                who(row.user),
                row.share,
                "exclusive" if row.flags & Flag.EXCLUSIVE else "shared",
                row.offset,
                row.length,
                row.path,
            )
            for row in rows
        ),
    )
    return DONE


# shares


def _shares(arguments: argparse.Namespace) -> int:
    config = configuration.load(arguments.config)
    try:
        with Admin.open() as kernel:
            uses = Counter(configuration.fold_share_name(row.share) for row in kernel.trees())
    except KsmbdError:
        uses = Counter()  # the configuration is there without a server
    shares = sorted(config.shares.items())
    if arguments.json:
        show_json(
            [
                {
                    "name": share.name, "path": share.path, "comment": share.comment,
                    "read_only": share.read_only, "guest_ok": share.guest_ok,
                    "available": share.available, "browseable": share.browseable,
                    "file": share.file, "line": share.line, "in_use": uses[key],
                }
                for key, share in shares
            ]
        )  # fmt: skip
        return DONE
    table(
        ("SHARE", "IN USE", "MODE", "PATH", "COMMENT"),
        (
            (
                share.name,
                uses[key],
                _mode(share),
                share.path or "(pipes)",
                share.comment,
            )
            for key, share in shares
        ),
    )
    return DONE


def _mode(share: configuration.Share) -> str:
    words = ["off"] if not share.available else []
    if not share.is_ipc:
        words.append("read only" if share.read_only else "read/write")
    if share.guest_ok:
        words.append("guests")
    if not share.browseable:
        words.append("hidden")
    return ", ".join(words)


# top


def _top_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-i", "--interval", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument(
        "-n", "--count", type=int, default=0, metavar="N", help="screens; 0: no end"
    )


def percentile(row: Sequence[int], share: float) -> int:
    """The microseconds that this share of the requests stayed below."""
    wanted, seen = sum(row) * share, 0
    for bucket, count in enumerate(row):
        seen += count
        if count and seen >= wanted:
            return 1 << bucket
    return 0


def difference(now: Sequence[Command], before: Sequence[Command]) -> list[Command]:
    """What happened between two looks."""
    old = {row.id: row for row in before}
    found = []
    for row in now:
        then = old.get(row.id, Command(histogram=(0,) * len(row.histogram)))
        found.append(
            dataclasses.replace(
                row,
                count=row.count - then.count,
                errors=row.errors - then.errors,
                time=row.time - then.time,
                bytes=row.bytes - then.bytes,
                histogram=tuple(a - b for a, b in zip(row.histogram, then.histogram, strict=True)),
            )
        )
    return found


def _top(arguments: argparse.Namespace) -> int:
    with Admin.open() as kernel:
        before, at = kernel.commands(), time.monotonic()
        shown = 0
        while not arguments.count or shown < arguments.count:
            time.sleep(arguments.interval)
            commands, now = kernel.commands(), time.monotonic()
            _screen(kernel, difference(commands, before), now - at, arguments.json)
            before, at = commands, now
            shown += 1
    return DONE


def _screen(kernel: Admin, commands: Sequence[Command], seconds: float, as_json: bool) -> None:
    busy = sorted((row for row in commands if row.count), key=lambda row: -row.time)
    server = kernel.server()
    if as_json:
        show_json({"seconds": seconds, "commands": [dataclasses.asdict(row) for row in busy]})
        return
    if sys.stdout.isatty():
        sys.stdout.write("\x1b[H\x1b[2J")
    moved = {row.name: row.bytes / seconds for row in commands}
    say(
        f"{server.connections} connections  {server.sessions} sessions  {server.opens} files  "
        f"read {size(moved.get('READ', 0))}/s  write {size(moved.get('WRITE', 0))}/s"
    )
    say()
    _command_table(busy, seconds)


def _command_table(rows: Sequence[Command], seconds: float) -> None:
    table(
        ("COMMAND", "PER S", "ERRORS", "MEAN US", "HALF US", "99% US", "MIB/S"),
        (
            (
                row.name,
                f"{row.count / seconds:.0f}",
                row.errors,
                row.time // row.count // 1000,
                percentile(row.histogram, 0.5),
                percentile(row.histogram, 0.99),
                f"{row.bytes / seconds / (1 << 20):.1f}",
            )
            for row in rows
        ),
    )


def _verb(
    name: str,
    help: str,
    run: Callable[[argparse.Namespace], int],
    arguments: Callable[[argparse.ArgumentParser], None] = no_arguments,
) -> Verb:
    return Verb(name, help, arguments, run)


VERBS = (
    _verb("status", "say how the server is and who uses it", _status),
    _verb("sessions", "list the log-ons", _sessions, _about_whom),
    _verb("files", "list the open files", _files, _about_what),
    _verb("locks", "list the byte-range locks", _locks, _about_what),
    _verb("shares", "list the shares and how many use them", _shares),
    _verb("top", "show what the server does, every few seconds", _top, _top_arguments),
)
