# SPDX-License-Identifier: GPL-2.0-only
"""Ending what clients have: kick, close."""

from __future__ import annotations

import argparse

from ksmbd.mountd.netlink.admin import Admin
from ksmbd.mountd.verbs.verb import DONE, FAILED, Verb, say
from ksmbd.shared.config import fold_share_name
from ksmbd.shared.errors import KsmbdError


def _kick_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("who", help="a user, an address or the number of a session")
    parser.add_argument(
        "--guests", action="store_true", help="WHO is an address: its guest sessions only"
    )


def _kick(arguments: argparse.Namespace) -> int:
    """Ends sessions, and the connections that only they used."""
    with Admin.open() as kernel:
        found = [
            row
            for row in kernel.sessions()
            if arguments.who in (row.user, row.peer, f"{row.id:016x}")
            and not (arguments.guests and row.user)
        ]
        others = {
            connection
            for row in kernel.sessions()
            if row.id not in {one.id for one in found}
            for connection in row.connection
        }
        for row in found:
            kernel.close_session(row.id)
            for connection in set(row.connection) - others:
                kernel.close_connection(connection)
            say(f"{row.user or '(guest)'} from {row.peer}: session {row.id:016x} ended")
    if not found:
        raise KsmbdError(f"nobody is connected as or from {arguments.who}")
    return DONE


def _close_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", help="a file as `ksmbd.control files` numbers it, or its path")
    parser.add_argument("--share", action="store_true", help="WHAT is a share: end all use of it")


def _close(arguments: argparse.Namespace) -> int:
    """Closes handles; a client that writes to one of them gets an error."""
    what: str = arguments.what
    with Admin.open() as kernel:
        if arguments.share:
            return _close_share(kernel, what)
        found = [row for row in kernel.opens() if what in (f"{row.id}.{row.serial}", row.path)]
        closed = [row for row in found if kernel.close_open(row.id, row.serial)]
    for row in closed:
        say(f"{row.path or '(pipe)'}: closed for {row.user or '(guest)'} from {row.peer}")
    if not closed:
        raise KsmbdError(f"{what} is not open")
    return DONE


def _close_share(kernel: Admin, name: str) -> int:
    folded = fold_share_name(name)
    count = sum(fold_share_name(row.share) == folded for row in kernel.trees())
    if not kernel.close_share(name):
        say(f"nobody uses {name}")
        return FAILED
    say(f"{name}: {count} connections ended; clients may connect again")
    return DONE


VERBS = (
    Verb("kick", "end the sessions of a user or an address", _kick_arguments, _kick, read=False),
    Verb("close", "close a file, or all use of a share", _close_arguments, _close, read=False),
)
