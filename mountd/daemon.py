# SPDX-License-Identifier: GPL-2.0-only
"""Being a daemon: leaving the terminal, and telling systemd how it goes."""

import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Protocol

_READY = b"ready"


class Readiness(Protocol):
    """Whoever waits for this mountd to serve."""

    def ready(self) -> None:
        """The lock is held and the kernel has accepted the parameters."""


class Foreground:
    """Nobody waits."""

    def ready(self) -> None:
        """Nothing to tell."""


class Detached:
    """The parent process waits, and exits as we say."""

    def __init__(self, pipe: int, before: Callable[[], None]) -> None:
        self._pipe = pipe
        self._before = before

    def ready(self) -> None:
        """Lets go of the terminal and of the parent, which exits 0."""
        self._before()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number in range(3):
            os.dup2(null, number)
        if null > 2:
            os.close(null)
        # A parent that was killed meanwhile is no reason not to serve.
        with contextlib.suppress(OSError):
            os.write(self._pipe, _READY)
        os.close(self._pipe)


def detach(before_leaving: Callable[[], None]) -> Detached:
    """Forks; returns in the child, which calls `before_leaving` when it leaves the terminal.

    The parent stays until the child serves (exit status 0) or ends (1).  Until then the child
    keeps the terminal for its messages, so that nobody has to look for them.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            said = pipe.read(len(_READY))
        os._exit(0 if said == _READY else 1)
    os.close(reader)
    os.setsid()
    # A daemon must not keep a file system busy that it was started from.
    os.chdir("/")
    return Detached(writer, before_leaving)


class ServiceManager:
    """[sd_notify(3)]: one datagram for each news."""

    def __init__(self, address: str | None) -> None:
        """`address` is $NOTIFY_SOCKET; without it nothing is sent."""
        self._address = "\0" + address[1:] if address and address[0] == "@" else address

    def ready(self, status: str) -> None:
        """The service is up, or a reload is over."""
        self._send(f"READY=1\nSTATUS={status}\nMAINPID={os.getpid()}")

    def reloading(self) -> None:
        """A reload begins."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
        ):
            sock.sendto(text.encode(), self._address)
