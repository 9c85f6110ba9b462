# SPDX-License-Identifier: GPL-2.0-only
"""Which basic blocks of the module a client's messages ran: KCOV's remote coverage.

The module brackets what it does for a message with kcov_remote_start_common()
(kernel/smb2/receive.c); what its threads collect there lands in the buffer mapped here.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from pathlib import Path

KCOV = Path("/sys/kernel/debug/kcov")
MODULE = Path("/sys/module/ksmbd")

INSTANCE = 0x5342
"""KSMBD_KCOV_INSTANCE of kernel/smb2/receive.c."""

KCOV_INIT_TRACE = 0x80086301
KCOV_REMOTE_ENABLE = 0x40186366
KCOV_TRACE_PC = 0
WORDS = 1 << 20
REMOTE_WORDS = 1 << 16


class Coverage:
    """The blocks run since the last `take`, as offsets into the module's text."""

    def __init__(self) -> None:
        self._fd = os.open(KCOV, os.O_RDWR)
        fcntl.ioctl(self._fd, KCOV_INIT_TRACE, WORDS)
        self._map = mmap.mmap(self._fd, WORDS * 8)
        self._view = memoryview(self._map).cast("Q")
        fcntl.ioctl(
            self._fd,
            KCOV_REMOTE_ENABLE,
            struct.pack("<IIIxxxxQ", KCOV_TRACE_PC, REMOTE_WORDS, 0, INSTANCE),
        )
        self._base = int((MODULE / "sections" / ".text").read_text(), 16)

    def take(self) -> frozenset[int]:
        count = self._view[0]
        seen = frozenset(self._view[1 : 1 + min(count, WORDS - 1)].tolist())
        self._view[0] = 0
        return frozenset(pc - self._base for pc in seen)


def functions() -> list[tuple[int, str]]:
    """The module's functions by offset, sorted."""
    base = int((MODULE / "sections" / ".text").read_text(), 16)
    found = []
    for line in Path("/proc/kallsyms").read_text().splitlines():
        address, kind, name, *module = line.split()
        if module == ["[ksmbd]"] and kind in "tT" and not name.startswith("__pfx_"):
            found.append((int(address, 16) - base, name))
    return sorted(found)
