# SPDX-License-Identifier: GPL-2.0-only
"""What the command-line tools have in common: options, exit codes, asking mountd to reload."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ksmbd.shared import log as logs
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.lockfile import running_pid
from ksmbd.shared.version import version_line

log = logging.getLogger(__name__)


class Parser(argparse.ArgumentParser):
    """argparse with the stock tools' exit codes: 0, and 1 for everything else."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_argument("-v", "--verbose", action="store_true", help="debug messages")
        self.add_argument(
            "-V", "--version", action="version", version=version_line(), help="show the version"
        )

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def action_and_subject(
    parser: Parser, arguments: argparse.Namespace, actions: Sequence[str]
) -> tuple[str | None, str | None]:
    """Which of `-a -u -d` was given, and the name it is about.

    One generation of the stock tools has `-a NAME`, the other the flag `-a` and NAME
    anywhere; both are read.
    """
    given = [(name, getattr(arguments, name)) for name in actions]
    chosen = [(name, value) for name, value in given if value is not None]
    if len(chosen) > 1:
        parser.error("only one of " + ", ".join(f"--{name}" for name in actions))
    action, subject = chosen[0] if chosen else (None, "")
    if subject and arguments.name is not None:
        parser.error(f"unrecognized argument: {arguments.name}")
    return action, subject or arguments.name


def run(
    body: Callable[[argparse.Namespace], int],
    parser: Parser,
    arguments: argparse.Namespace,
) -> int:
    """Runs a tool's body and turns its errors into log lines and an exit code."""
    logs.setup(parser.prog, arguments.verbose, to_syslog=False)
    try:
        return body(arguments)
    except KsmbdError as error:
        for line in str(error).splitlines():
            log.error("%s", line)
    except OSError as error:
        log.error("%s%s", f"{error.filename}: " if error.filename else "", error.strerror or error)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        log.error("interrupted, nothing was changed")
    return 1


def reload_mountd(lock: Path) -> bool:
    """Asks a running mountd to read its files again; says whether there was one."""
    pid = running_pid(lock)
    if pid is None:
        log.debug("%s: ksmbd.mountd is not running, nothing to reload", lock)
        return False
    try:
        os.kill(pid, signal.SIGHUP)
    except ProcessLookupError:
        return False
    except PermissionError:
        log.warning("may not signal ksmbd.mountd (pid %d): run ksmbd.control --reload as root", pid)
        return False
    log.debug("ksmbd.mountd (pid %d) reloads", pid)
    return True
