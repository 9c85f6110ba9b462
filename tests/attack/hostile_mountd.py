# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.mountd, run in a guest, that lies to the kernel as a file tells it to.

    hostile_mountd.py MODE-FILE [ksmbd.mountd argument...]

The first line of the file names a way to lie: see MODES. Without the file it is honest.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from ksmbd.mountd import __main__ as mountd
from ksmbd.mountd.netlink.family import Codec
from ksmbd.shared.abi import Event

MODE = Path(sys.argv.pop(1))
SOURCE = random.Random(42)

Lie = Callable[[Event, bytes], tuple[Event, bytes] | None]


def noise(payload: bytes, keep: int = 4) -> bytes:
    """Other bytes behind the handle, which is how the kernel finds the question."""
    return payload[:keep] + SOURCE.randbytes(max(len(payload) - keep, 0))


def is_answer(event: Event) -> bool:
    return "RESPONSE" in event.name


def other_event(event: Event) -> Event:
    answers = [e for e in Event if is_answer(e) and e != event]
    return SOURCE.choice(answers)


def counts(payload: bytes) -> bytes:
    """Every 32-bit word in turn at its extreme."""
    at = SOURCE.randrange(4, max(len(payload) - 3, 5), 2)
    return (
        payload[:at]
        + SOURCE.choice((b"\xff" * 4, b"\0\0\0\x80", b"\xff\xff\0\0"))
        + (payload[at + 4 :])
    )


MODES: dict[str, Lie] = {
    "short": lambda e, p: (e, p[: SOURCE.randrange(len(p))]),
    "empty": lambda e, p: (e, b""),
    "long": lambda e, p: (e, p + bytes(SOURCE.choice((1, 4, 1000, 60000)))),
    "wrong type": lambda e, p: (other_event(e), p),
    "wrong handle": lambda e, p: (e, SOURCE.randbytes(4) + p[4:]),
    "noise": lambda e, p: (e, noise(p)),
    "counts": lambda e, p: (e, counts(p)),
    "never": lambda e, p: None,
}


def lie(event: Event, payload: bytes) -> tuple[Event, bytes] | None:
    try:
        mode = MODE.read_text().strip()
    except OSError:
        return event, payload
    if mode == "die":
        os.kill(os.getpid(), 9)
    return MODES[mode](event, payload) if mode in MODES else (event, payload)


honest = Codec.encode


def encode(
    self: Codec, event: Event, payload: bytes, sequence: int, port: int, *, acknowledge: bool = True
) -> bytes:
    if not is_answer(event):
        return honest(self, event, payload, sequence, port, acknowledge=acknowledge)
    told = lie(event, payload)
    if told is None:
        # Something has to go through the socket: a sign of life that answers nothing.
        return honest(
            self, Event.HEARTBEAT_REQUEST, bytes(4), sequence, port, acknowledge=acknowledge
        )
    message = honest(self, *told, sequence, port, acknowledge=acknowledge)
    if MODE.exists() and MODE.read_text().strip() == "twice":
        return message + message
    return message


if __name__ == "__main__":
    Codec.encode = encode  # type: ignore[method-assign]
    sys.exit(mountd.main())
