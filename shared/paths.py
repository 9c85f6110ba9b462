# SPDX-License-Identifier: GPL-2.0-only
"""Where things are, unless an option says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONFIG = Path("/etc/ksmbd/ksmbd.conf")
PASSWORDS = Path("/etc/ksmbd/ksmbdpwd.db")
SUBAUTH = Path("/etc/ksmbd/ksmbd.subauth")
RUN = Path("/run")
LOCK = RUN / "ksmbd.lock"
CONTROL_CLASS = Path("/sys/class/ksmbd-control")
MODULE = Path("/sys/module/ksmbd")


@dataclass(frozen=True, slots=True)
class KernelFiles:
    """What the module shows in sysfs."""

    control: Path = CONTROL_CLASS
    module: Path = MODULE

    @property
    def kill_server(self) -> Path:
        """Takes the word `hard`: all connections are cut and the configuration forgotten."""
        return self.control / "kill_server"

    @property
    def debug(self) -> Path:
        """Takes the name of a component, whose messages it switches."""
        return self.control / "debug"

    @property
    def stats(self) -> Path:
        """One line: version, state, port, time of the last sign of life."""
        return self.control / "stats"

    @property
    def version(self) -> Path:
        """The version of the loaded module."""
        return self.module / "version"


def fifo(run: Path, pid: int) -> Path:
    """The FIFO through which mountd answers the `ksmbd.control --list` with that pid."""
    return run / f"ksmbd.fifo.{pid}"
