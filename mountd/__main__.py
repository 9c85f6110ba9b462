# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.mountd: the command line."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ksmbd.mountd.daemon import Foreground, Readiness, ServiceManager, detach
from ksmbd.mountd.service import SIGNALS, Options, Service, workers_are_stuck
from ksmbd.shared import log as logs
from ksmbd.shared import paths
from ksmbd.shared.command import Parser
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.lockfile import LockFile

log = logging.getLogger(__name__)

PROG = "ksmbd.mountd"

_DESCRIPTION = "The user-space half of the ksmbd file server: accounts, shares, named pipes."
_EPILOG = """\
Without -n it becomes a daemon: the command returns 0 when the kernel has accepted the
parameters and the lock file is held, and 1 with a message when not.

The kernel module is loaded with modprobe when it is missing.  When that fails, the command
says what to do and returns 1; with --wait it stays and begins when the module appears.

signals, to the process in the lock file:
  HUP             read configuration and users again; a mistake in them changes nothing
  USR1            write the list of shares to the FIFOs of waiting ksmbd.control --list
  TERM INT QUIT   end; the kernel goes on with connected clients until ksmbd.control --shutdown
"""


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number (1 to 65535)")
    return port


def _way(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)


def parser() -> Parser:
    """The options, those of both generations of the stock tool and two of our own."""
    options = Parser(PROG, _DESCRIPTION, _EPILOG)
    options.add_argument(
        "-p", "--port", type=_port, help="TCP port, overrides 'tcp port' of the configuration"
    )
    options.add_argument(
        "-C",
        "-c",
        "--config",
        type=Path,
        default=paths.CONFIG,
        metavar="CONF",
        help="configuration file (%(default)s)",
    )
    options.add_argument(
        "-P",
        "-u",
        "--pwddb",
        "--users",
        type=Path,
        default=paths.PASSWORDS,
        metavar="PWDDB",
        help="user database (%(default)s)",
    )
    options.add_argument(
        "-n",
        "--nodetach",
        type=_way,
        nargs="?",
        const=1,
        default=0,
        metavar="WAY",
        help="stay in the foreground: as a process group of its own (1, the default), in the "
        "same group (2); 0 detaches",
    )
    options.add_argument(
        "--wait", action="store_true", help="wait for the kernel module instead of giving up"
    )
    options.add_argument(
        "--run",
        type=Path,
        default=paths.RUN,
        metavar="DIR",
        help="where the lock file and the socket for ksmbd.control are (%(default)s)",
    )
    options.add_argument("--no-modprobe", action="store_true", help="do not load the kernel module")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    # Absolute, because a reload comes when the daemon has left this directory.
    options = Options(
        config=arguments.config.absolute(),
        users=arguments.pwddb.absolute(),
        port=arguments.port,
        wait=arguments.wait,
        may_load=not arguments.no_modprobe,
        run=arguments.run.absolute(),
        subauth=arguments.config.absolute().parent / paths.SUBAUTH.name,
    )
    status = _start(options, arguments.nodetach, arguments.verbose)
    if workers_are_stuck():
        # The interpreter would wait for them, as long as a dead LDAP server takes to time out.
        logging.shutdown()
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(status)
    return status


def _start(options: Options, way: int, verbose: bool) -> int:
    logs.setup(PROG, verbose, to_syslog=False)
    readiness: Readiness
    if way == 0:
        readiness = detach(lambda: logs.setup(PROG, verbose, to_syslog=True))
    else:
        readiness = Foreground()
        if way == 1:
            # Refused to a session leader, which is one already.
            with contextlib.suppress(PermissionError):
                os.setpgid(0, 0)
    # From here on others know our pid; what they send is kept until the loop handles it.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        with LockFile.acquire(options.run / paths.LOCK.name):
            service = Service(options, readiness, ServiceManager(os.environ.get("NOTIFY_SOCKET")))
            asyncio.run(service.run())
    except KsmbdError as e:
        for line in str(e).splitlines():
            log.error("%s", line)
        return 1
    except PermissionError as e:
        log.error("%s: %s; ksmbd.mountd has to run as root", e.filename, e.strerror)
        return 1
    except OSError as e:
        log.error("%s%s", f"{e.filename}: " if e.filename else "", e.strerror or e)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
