# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.subauth: the three numbers a, b, c of the machine's SID, S-1-5-21-a-b-c.

They must stay what they were, since ACLs on disk and in clients name the machine by them.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from ksmbd.shared.errors import ConfigError
from ksmbd.shared.files import replace_file

log = logging.getLogger(__name__)

SubAuth = tuple[int, int, int]
U32_MAX = 0xFFFFFFFF
_LINE = re.compile(rb"([0-9]{1,10}):([0-9]{1,10}):([0-9]{1,10})\s*")


def _random_u32() -> int:
    return secrets.randbits(32)


def parse(content: bytes) -> SubAuth:
    """Reads `a:b:c`.

    Raises:
        ConfigError: it is something else.
    """
    match = _LINE.fullmatch(content)
    if match is None:
        raise ConfigError("expected three decimal numbers, a:b:c")
    a, b, c = (int(number) for number in match.groups())
    if max(a, b, c) > U32_MAX:
        raise ConfigError(f"a number is larger than {U32_MAX}")
    return a, b, c


def load_or_create(path: Path, random_u32: Callable[[], int] = _random_u32) -> SubAuth:
    """The machine's numbers; made up and kept when there is no file.

    A file that cannot be used is left as it is: it may be repaired, and overwriting it would
    change the machine's SID for good.  The numbers are then random for this run.
    """
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        pass
    except (ConfigError, OSError) as error:
        log.error(
            "%s: %s; the machine's SID is random until this is repaired or removed", path, error
        )
        return random_u32(), random_u32(), random_u32()
    fresh = (random_u32(), random_u32(), random_u32())
    try:
        replace_file(path, ":".join(map(str, fresh)).encode() + b"\n", 0o640)
    except OSError as error:
        log.warning("%s: cannot be written (%s); the SID is random for this run", path, error)
    return fresh
