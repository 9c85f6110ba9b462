# SPDX-License-Identifier: GPL-2.0-only
"""Where log lines go: standard error with a prefix, or syslog when detached."""

from __future__ import annotations

import logging
import os
import re
import sys
import syslog

_PRIORITIES = (
    (logging.ERROR, syslog.LOG_ERR),
    (logging.WARNING, syslog.LOG_WARNING),
    (logging.INFO, syslog.LOG_INFO),
)
# Names in messages come from clients; none of them may begin a line or colour a terminal.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def setup(prog: str, verbose: bool, to_syslog: bool) -> None:
    """Sends all log records of this process to one place.

    Args:
        prog: the name in the prefix, such as `ksmbd.mountd(manager)`.
        verbose: debug messages too.
        to_syslog: ident ksmbd, facility LOCAL5, instead of standard error.
    """
    handler: logging.Handler
    if to_syslog:
        syslog.openlog("ksmbd", syslog.LOG_PID, syslog.LOG_LOCAL5)
        handler = _SyslogHandler()
        handler.setFormatter(_Formatter(prog, False))
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Formatter(prog, _stderr_is_the_journal()))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.INFO)


def printable(text: str) -> str:
    """Replaces what would break a log line by its escape."""
    return _UNPRINTABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _priority(level: int) -> int:
    return next((number for least, number in _PRIORITIES if level >= least), syslog.LOG_DEBUG)


def _stderr_is_the_journal() -> bool:
    """Whether systemd reads standard error, [systemd.exec(5)] JOURNAL_STREAM."""
    stream = os.environ.get("JOURNAL_STREAM")
    if stream is None:
        return False
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"


class _Formatter(logging.Formatter):
    """`[prog/pid]: LEVEL: text`, after `<priority>` when the journal reads it."""

    def __init__(self, prog: str, journal: bool) -> None:
        super().__init__()
        self._prog = prog
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        mark = f"<{_priority(record.levelno)}>" if self._journal else ""
        prefix = f"{mark}[{self._prog}/{record.process}]: {record.levelname}: "
        text = prefix + printable(record.getMessage())
        if record.exc_info:
            for line in self.formatException(record.exc_info).splitlines():
                text += f"\n{prefix}{printable(line)}"
        return text


class _SyslogHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        for line in self.format(record).splitlines():
            syslog.syslog(_priority(record.levelno), line)
