# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.addshare: the shares in ksmbd.conf."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from ksmbd.adduser import shares
from ksmbd.shared import command, paths
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.files import locked, replace_file

log = logging.getLogger(__name__)

ACTIONS = ("add", "update", "delete")

_EPILOG = """\
Without -a, -u or -d the share is added, or updated if there is one already. An option without a
value (-o 'comment =') goes back to its default. SHARE may be global: its options are those of
the server and the defaults of all shares. Everything is checked before the file is replaced;
comments and order stay. exit status: 0 done, 1 not done."""


def parser() -> command.Parser:
    """The options of both generations of the stock tool, and --dry-run."""
    options = command.Parser(
        "ksmbd.addshare", "Adds, updates and deletes shares of the SMB server.", _EPILOG
    )
    action = options.add_argument_group("actions")
    for short, name in (("-a", "add"), ("-u", "update"), ("-d", "delete")):
        action.add_argument(
            short,
            f"--{name}",
            f"--{'del' if name == 'delete' else name}-share",
            dest=name,
            metavar="SHARE",
            nargs="?",
            const="",
            help=f"{name} SHARE",
        )
    options.add_argument(
        "-o", "--option", "--options", action="append", default=[], metavar="OPT",
        help="'key = value'; give it again for the next one, or one a line",
    )  # fmt: skip
    options.add_argument(
        "-C", "-c", "--config", type=Path, default=paths.CONFIG,
        metavar="CONF", help=f"configuration ({paths.CONFIG})",
    )  # fmt: skip
    options.add_argument(
        "-P", "--pwddb", type=Path, default=paths.PASSWORDS,
        metavar="PWDDB", help="accepted as by the stock tool, not needed",
    )  # fmt: skip
    options.add_argument(
        "--lock", type=Path, default=paths.LOCK, metavar="FILE",
        help=f"lock file of the mountd to reload ({paths.LOCK})",
    )  # fmt: skip
    options.add_argument(
        "-n", "--dry-run", action="store_true", help="print the new file instead of writing it"
    )
    options.add_argument("name", nargs="?", metavar="SHARE", help="the share")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    options = parser()
    arguments = options.parse_args(argv)
    action, share = command.action_and_subject(options, arguments, ACTIONS)
    if not share:
        options.error("no share name given")
    if action == "delete" and arguments.option:
        options.error("--delete takes no options")
    arguments.action, arguments.share = action, share
    return command.run(_change, options, arguments)


def _change(arguments: argparse.Namespace) -> int:
    path: Path = arguments.config
    plan = shares.Plan(arguments.action, arguments.share, shares.options(arguments.option), path)
    if arguments.dry_run:
        content, done = shares.apply(plan, _read(path))
        sys.stdout.write(content.decode())
        log.info("share %s would be %s", plan.share, done)
        return 0
    with locked(path):
        before = _read(path)
        content, done = shares.apply(plan, before)
        if content != before:
            mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
            replace_file(path, content, mode)
    log.info("share %s %s", plan.share, done)
    command.reload_mountd(arguments.lock)
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


if __name__ == "__main__":
    raise SystemExit(main())
