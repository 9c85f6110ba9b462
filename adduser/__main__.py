# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.adduser: the accounts in ksmbdpwd.db."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from ksmbd.adduser import edit, password, samba
from ksmbd.shared import command, paths
from ksmbd.shared.users import UserDb

log = logging.getLogger(__name__)

ACTIONS = ("add", "update", "delete")

_EPILOG = """\
Without -a, -u or -d the user is added, or updated if there is one already.

The password is asked for twice without echo; when standard input is no terminal it is read
from there, one line, or two that are equal. With -p anybody who can list processes sees it
while this runs, and the shell keeps it in its history: prefer the prompt, the pipe or
--password-file.

A user also needs a Unix account of the same name, whose rights decide what may be done with
files. exit status: 0 done, 1 not done."""


def parser() -> command.Parser:
    """The options of both generations of the stock tool, and --list and --password-file."""
    options = command.Parser(
        "ksmbd.adduser", "Adds, updates, deletes and lists users of the SMB server.", _EPILOG
    )
    action = options.add_argument_group("actions")
    for short, name in (("-a", "add"), ("-u", "update"), ("-d", "delete")):
        action.add_argument(
            short,
            f"--{name}",
            f"--{'del' if name == 'delete' else name}-user",
            dest=name,
            metavar="USER",
            nargs="?",
            const="",
            help=f"{name} USER",
        )
    action.add_argument("-l", "--list", action="store_true", help="list the users")
    action.add_argument(
        "--import-samba", metavar="FILE",
        help="add the accounts in FILE, which is `pdbedit -Lw`'s output; - is stdin",
    )  # fmt: skip
    secret = options.add_mutually_exclusive_group()
    secret.add_argument(
        "-p", "--password", metavar="PWD", help="the password; visible to others, see below"
    )
    secret.add_argument(
        "--password-file",
        metavar="FILE",
        help="read the password from FILE's first line, - is stdin",
    )
    options.add_argument(
        "-P", "-i", "--pwddb", "--import-users", type=Path, default=paths.PASSWORDS,
        metavar="PWDDB", help=f"database ({paths.PASSWORDS})",
    )  # fmt: skip
    options.add_argument(
        "-C", "-c", "--config", type=Path, default=paths.CONFIG,
        metavar="CONF", help=f"configuration ({paths.CONFIG})",
    )  # fmt: skip
    options.add_argument(
        "--lock", type=Path, default=paths.LOCK, metavar="FILE",
        help=f"lock file of the mountd to reload ({paths.LOCK})",
    )  # fmt: skip
    options.add_argument("name", nargs="?", metavar="USER", help="the user")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    options = parser()
    arguments = options.parse_args(argv)
    action, user = command.action_and_subject(options, arguments, ACTIONS)
    if arguments.list:
        if action is not None or user is not None:
            options.error("--list stands alone")
        return command.run(_list, options, arguments)
    if arguments.import_samba is not None:
        if action is not None or user is not None:
            options.error("--import-samba stands alone")
        return command.run(_import, options, arguments)
    if not user:
        options.error("no user name given")
    arguments.action, arguments.user = action, user
    return command.run(_change, options, arguments)


def _list(arguments: argparse.Namespace) -> int:
    for user in UserDb.load(arguments.pwddb):
        sys.stdout.write(f"{user.name}\n")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    """Adds Samba's accounts; who is there already keeps the password of here."""
    file: str = arguments.import_samba
    text = sys.stdin.read() if file == "-" else Path(file).read_text(errors="replace")
    count = done = 0
    with UserDb.edit(arguments.pwddb) as db:
        for account in samba.read(text):
            count += 1
            reason = "is there already" if account.name in db else account.reason
            if reason:
                log.warning("%s: %s", account.name, reason)
                continue
            db.add(account.name, account.nt_hash)
            done += 1
    log.info("%d of %d accounts imported", done, count)
    command.reload_mountd(arguments.lock)
    return 0 if done or not count else 1


def _change(arguments: argparse.Namespace) -> int:
    plan = edit.Plan(arguments.action, arguments.user, arguments.pwddb, arguments.config)
    edit.check(plan)
    if plan.action == "delete":
        done = edit.delete(plan)
    else:
        text = password.obtain(arguments.password, arguments.password_file)
        if not text:
            log.info("the password of %s is empty", plan.user)
        done = edit.store(plan, text)
    log.info("%s %s", plan.user, done)
    command.reload_mountd(arguments.lock)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
