# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.control: shuts down, reloads, lists, debugs."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ksmbd.mountd import orders
from ksmbd.mountd.verbs.table import VERBS
from ksmbd.shared import command, paths
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.lockfile import running_pid
from ksmbd.shared.paths import KernelFiles

log = logging.getLogger(__name__)

SHUTDOWN_SECONDS = 10.0
LIST_SECONDS = 5.0
RESET_SECONDS = 2.0  # for the module, when mountd has used up the time
RECHECK_SECONDS = 0.05
COMPONENTS = ("all", "smb", "auth", "vfs", "oplock", "ipc", "conn", "rdma")


_EPILOG = """\
One action a call, a verb or one of the options of the stock tool. Every verb has --help, and
those that only read have --json. exit status: 0 done, 1 not done, 2 the answer is no
(explain-access: refused; check --strict: warnings)."""


def parser() -> command.Parser:
    """The stock tool's options, the verbs, and paths and a time limit of our own."""
    options = command.Parser(
        "ksmbd.control",
        "Controls the SMB server.",
        _EPILOG,
    )
    action = options.add_mutually_exclusive_group()
    action.add_argument(
        "-s", "--shutdown", action="store_true",
        help="stop ksmbd.mountd, cut all clients, and wait until that is done",
    )  # fmt: skip
    action.add_argument(
        "-r", "--reload", action="store_true", help="read configuration and users again"
    )
    action.add_argument("-l", "--list", action="store_true", help="list the shares")
    action.add_argument(
        "-d", "--debug", metavar="COMPONENT", choices=COMPONENTS,
        help=f"switch the module's messages: {', '.join(COMPONENTS)}",
    )  # fmt: skip
    action.add_argument(
        "-c", "--ksmbd-version", action="store_true", help="show the version of the module"
    )
    options.add_argument(
        "--lock", type=Path, default=paths.LOCK, metavar="FILE", help=f"lock file ({paths.LOCK})"
    )
    options.add_argument(
        "--run", type=Path, default=paths.RUN, metavar="DIR",
        help=f"where ksmbd.mountd expects the FIFO of --list ({paths.RUN})",
    )  # fmt: skip
    options.add_argument(
        "--sysfs", type=Path, default=Path("/sys"), metavar="DIR", help="sysfs (/sys)"
    )
    options.add_argument(
        "-t", "--timeout", type=float, default=None, metavar="SECONDS",
        help=f"longest wait: {SHUTDOWN_SECONDS:g} for --shutdown, {LIST_SECONDS:g} for --list",
    )  # fmt: skip
    options.add_argument(
        "-C", "--config", type=Path, default=paths.CONFIG, metavar="CONF",
        help=f"configuration ({paths.CONFIG})",
    )  # fmt: skip
    options.add_argument(
        "-P", "--pwddb", type=Path, default=paths.PASSWORDS, metavar="PWDDB",
        help=f"user database ({paths.PASSWORDS})",
    )  # fmt: skip
    _add_verbs(options)
    return options


def _add_verbs(options: command.Parser) -> None:
    verbs = options.add_subparsers(
        dest="verb", metavar="VERB", title="verbs", parser_class=argparse.ArgumentParser
    )
    for verb in VERBS:
        one = verbs.add_parser(verb.name, help=verb.help, description=verb.help + ".")
        if verb.read:
            one.add_argument("--json", action="store_true", help="as one JSON document")
        verb.arguments(one)
        one.set_defaults(run=verb.run)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    options = parser()
    arguments = options.parse_args(argv)
    _check_one_action(options, arguments)
    arguments.kernel = KernelFiles(
        arguments.sysfs / "class" / "ksmbd-control", arguments.sysfs / "module" / "ksmbd"
    )
    return command.run(_dispatch, options, arguments)


def _check_one_action(options: command.Parser, arguments: argparse.Namespace) -> None:
    asked = (
        arguments.shutdown, arguments.reload, arguments.list, arguments.ksmbd_version,
        arguments.debug is not None, arguments.verb is not None,
    )  # fmt: skip
    if sum(asked) != 1:
        options.error("one action is needed, and one only: a verb, or -s -r -l -d -c")


def _dispatch(arguments: argparse.Namespace) -> int:
    kernel: KernelFiles = arguments.kernel
    if arguments.verb is not None:
        return int(arguments.run(arguments))
    if arguments.shutdown:
        return _shutdown(arguments.lock, kernel, arguments.timeout or SHUTDOWN_SECONDS)
    if arguments.reload:
        return _reload(arguments.lock)
    if arguments.list:
        return _list(arguments.lock, arguments.run, arguments.timeout or LIST_SECONDS)
    if arguments.debug is not None:
        return _debug(kernel, arguments.debug)
    return _version(kernel)


def _shutdown(lock: Path, kernel: KernelFiles, seconds: float) -> int:
    """Stops both halves; the module is reset even when mountd is dead or will not die."""
    deadline = time.monotonic() + seconds
    mountd = _stop_mountd(lock, deadline)
    module = _reset_module(kernel, deadline)
    return 0 if mountd and module else 1


def _stop_mountd(lock: Path, deadline: float) -> bool:
    pid = running_pid(lock)
    if pid is None:
        log.error("%s: ksmbd.mountd is not running", lock)
        return False
    with _pidfd(pid) as fd:
        # From here on the pid cannot become somebody else's: look once more, then signal.
        if running_pid(lock) != pid:
            return True
        signal.pidfd_send_signal(fd, signal.SIGTERM)
        if _ended(fd, deadline):
            log.info("ksmbd.mountd (pid %d) has ended", pid)
            return True
    log.error("ksmbd.mountd (pid %d) has not ended in time; kill -9 %d if it hangs", pid, pid)
    return False


@contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    fd = os.pidfd_open(pid)
    try:
        yield fd
    finally:
        os.close(fd)


def _ended(pidfd: int, deadline: float) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


def _reset_module(kernel: KernelFiles, deadline: float) -> bool:
    try:
        write_word(kernel.kill_server, "hard")
    except FileNotFoundError:
        log.error("the module ksmbd is not loaded, there was nothing to reset")
        return False
    if _was_reset(kernel.stats, max(deadline, time.monotonic() + RESET_SECONDS)):
        log.info("the module has cut its clients and forgotten its configuration")
        return True
    log.error("the module is still busy with its clients; dmesg may say why")
    return False


def _was_reset(stats: Path, deadline: float) -> bool:
    """Waits until the module has done what the word `hard` only queues.

    The file is looked at again when the module notifies it, and, for modules that do
    not, a few times a second.
    """
    try:
        fd = os.open(stats, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True  # no state to wait for
    try:
        poll = select.poll()
        poll.register(fd, select.POLLPRI | select.POLLERR)
        while _state(fd) == "reset":
            if time.monotonic() >= deadline:
                return False
            poll.poll(RECHECK_SECONDS * 1000)
        return True
    finally:
        os.close(fd)


def _state(stats: int) -> str:
    """The second word of `<version> <state> <port> <time>`."""
    words = os.pread(stats, 256, 0).split()
    return words[1].decode(errors="replace") if len(words) > 1 else ""


def write_word(path: Path, word: str) -> None:
    """Writes a word to a file of sysfs, in one write as those want it."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, word.encode())
    finally:
        os.close(fd)


def _reload(lock: Path) -> int:
    if command.reload_mountd(lock):
        log.info("ksmbd.mountd reloads")
        return 0
    log.error("%s: ksmbd.mountd is not running or may not be signalled", lock)
    return 1


def _list(lock: Path, run: Path, seconds: float) -> int:
    """Has mountd write its shares into a FIFO that is named after our pid."""
    pid = running_pid(lock)
    if pid is None:
        raise KsmbdError(f"{lock}: ksmbd.mountd is not running")
    socket = lock.resolve().parent / orders.SOCKET
    if socket.exists():
        sys.stdout.write(str(orders.ask(socket, {"do": "list"})["text"]))
        return 0
    deadline = time.monotonic() + seconds
    with _fifo(paths.fifo(run, os.getpid())) as fd, _pidfd(pid) as mountd:
        signal.pidfd_send_signal(mountd, signal.SIGUSR1)
        answer = _read_to_end(fd, mountd, deadline)
    sys.stdout.write(answer.decode(errors="replace"))
    return 0


@contextmanager
def _fifo(path: Path) -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        with suppress(FileNotFoundError):
            path.unlink()  # of an earlier process with our pid, killed before it could
        os.mkfifo(path, 0o600)
        stack.callback(path.unlink, missing_ok=True)
        # Non-blocking: the open must not wait for a writer that may never come.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        stack.callback(os.close, fd)
        yield fd


def _read_to_end(fifo: int, mountd: int, deadline: float) -> bytes:
    """Reads until the writer closes.  A FIFO that nobody has opened yet is not readable."""
    poll = select.poll()
    poll.register(fifo, select.POLLIN)
    poll.register(mountd, select.POLLIN)
    answer = b""
    while True:
        left = deadline - time.monotonic()
        ready = dict(poll.poll(max(0.0, left) * 1000))
        if fifo in ready:
            chunk = os.read(fifo, 65536)
            if not chunk:
                return answer
            answer += chunk
        elif mountd in ready:
            raise KsmbdError("ksmbd.mountd has ended without an answer")
        elif left <= 0:
            raise KsmbdError("ksmbd.mountd has not answered in time")


def _debug(kernel: KernelFiles, component: str) -> int:
    try:
        write_word(kernel.debug, component)
        state = kernel.debug.read_text()
    except FileNotFoundError:
        raise KsmbdError("the module ksmbd is not loaded; modprobe ksmbd") from None
    sys.stdout.write(f"{state.strip()}\n")
    return 0


def _version(kernel: KernelFiles) -> int:
    try:
        version = kernel.version.read_text().strip()
    except FileNotFoundError:
        raise KsmbdError("the module ksmbd is not loaded; modprobe ksmbd") from None
    sys.stdout.write(f"ksmbd version : {version}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
