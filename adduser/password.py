# SPDX-License-Identifier: GPL-2.0-only
"""Where a password comes from: option, file, pipe or prompt."""

from __future__ import annotations

import getpass
import logging
import sys
from pathlib import Path
from typing import BinaryIO

from ksmbd.shared.errors import ConfigError
from ksmbd.shared.nthash import MAX_PASSWORD_BYTES

log = logging.getLogger(__name__)

_LINE_LIMIT = 4 * MAX_PASSWORD_BYTES


def obtain(option: str | None, file: str | None) -> str:
    """Gets the new password.

    Args:
        option: the text given with -p.
        file: the name given with --password-file; `-` is standard input.

    Raises:
        ConfigError: there is none, or it cannot be one.
        OSError: the file cannot be read.
    """
    if option is not None:
        return option
    if file is not None and file != "-":
        with Path(file).open("rb") as stream:
            return _text(_line(stream))
    if file is None and sys.stdin.isatty():
        return _prompt()
    return _pipe(sys.stdin.buffer)


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(_LINE_LIMIT)
    if not line:
        raise ConfigError("no password given: the input is empty")
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _pipe(stream: BinaryIO) -> str:
    """One line, or, as scripts for the stock tools send it, the same line twice."""
    first = _line(stream)
    rest = stream.readline(_LINE_LIMIT)
    if rest and rest.removesuffix(b"\n").removesuffix(b"\r") != first:
        raise ConfigError("the two passwords on standard input differ")
    return _text(first)


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ConfigError("the password is not UTF-8 text") from None


def _prompt() -> str:
    while True:
        try:
            new = getpass.getpass("New password: ")
            if not new:
                continue
            again = getpass.getpass("Retype password: ")
        except EOFError:
            raise ConfigError("no password given") from None
        except UnicodeDecodeError:
            raise ConfigError("the password is not UTF-8 text") from None
        if new == again:
            return new
        log.error("the passwords do not match, once more")
