# SPDX-License-Identifier: GPL-2.0-only
"""reload and share: what mountd is told, and what it answers."""

from __future__ import annotations

import argparse
from pathlib import Path

from ksmbd.mountd import orders
from ksmbd.mountd.netlink.admin import Admin
from ksmbd.mountd.verbs.verb import DONE, FAILED, Verb, say, show_json
from ksmbd.shared import command
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.lockfile import running_pid
from ksmbd.shared.parameters import Applies


def socket_of(arguments: argparse.Namespace) -> Path:
    """The socket of the mountd whose lock file this is."""
    lock: Path = arguments.lock
    # Under systemd the usual lock file is a link to where the daemon's own user may write.
    return lock.resolve().parent / orders.SOCKET


def _reload_arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def _reload(arguments: argparse.Namespace) -> int:
    """Reloads, and says what is different and from when on."""
    if not socket_of(arguments).exists():
        if not command.reload_mountd(arguments.lock):
            raise KsmbdError(f"{arguments.lock}: ksmbd.mountd is not running")
        say("ksmbd.mountd reloads; it cannot say what changes")
        return DONE
    answer = orders.ask(socket_of(arguments), {"do": "reload"})
    if arguments.json:
        show_json(answer)
        return DONE
    for text in answer["complaints"]:
        say(f": {text}", mark="warning", colour="33")
    for applies in Applies:
        found = [one for one in answer["changes"] if one["applies"] == applies.name.lower()]
        if found:
            say(f"in force {applies.value}:")
        for one in found:
            say(f"  [{one['section']}] {one['what']}")
    if not answer["changes"]:
        say("reloaded; nothing has changed")
    return DONE


def _share_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("online", "offline"))
    parser.add_argument("name", help="the share")


def _share(arguments: argparse.Namespace) -> int:
    """Takes a share away from its clients until it is online again, or gives it back."""
    online = arguments.action == "online"
    if running_pid(arguments.lock) is None:
        raise KsmbdError(f"{arguments.lock}: ksmbd.mountd is not running")
    order = {"do": "share", "name": arguments.name, "online": online}
    answer = orders.ask(socket_of(arguments), order)
    if not online:
        # Refused first, then ended: nobody comes back in between.
        with Admin.open() as kernel:
            kernel.close_share(arguments.name)
    already = "" if answer["changed"] else " already"
    say(f"{arguments.name} is {arguments.action}{already}")
    return DONE if answer["changed"] else FAILED


VERBS = (
    Verb("reload", "read configuration and users again, and say what that changes",
         _reload_arguments, _reload),
    Verb("share", "take a share offline (to unmount its disk), or online again",
         _share_arguments, _share, read=False),
)  # fmt: skip
