# SPDX-License-Identifier: GPL-2.0-only
"""Which basic blocks of the module a client's messages ran: KCOV's remote coverage.

The module brackets what it does for a message with kcov_remote_start_common()
(kernel/smb2/receive.c); what its threads collect there lands in the buffer mapped here.
"""

from __future__ import annotations

import ctypes
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


def _map(fd: int, size: int) -> ctypes.Array[ctypes.c_char]:
    """KCOV's file says that it is empty, so the mmap module refuses to map it: libc doesn't ask."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    ]  # fmt: skip
    at = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd, 0)
    if at in (None, ctypes.c_void_p(-1).value):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(KCOV))
    return (ctypes.c_char * size).from_address(at)


class Coverage:
    """The blocks run since the last `take`, as offsets into the module's text."""

    def __init__(self) -> None:
        self._fd = os.open(KCOV, os.O_RDWR)
        fcntl.ioctl(self._fd, KCOV_INIT_TRACE, WORDS)
        self._view = memoryview(_map(self._fd, WORDS * 8)).cast("B").cast("Q")
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
