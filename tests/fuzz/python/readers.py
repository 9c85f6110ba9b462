#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every Python reader of foreign bytes has one contract: decode, or the error it names.

    readers.py [SECONDS] [TARGET...]     SECONDS for each target (10); all by default

Mutates good messages. An exception of another kind, or an input that takes longer than two
seconds, ends the run with 1 and prints the bytes in hex, which belong into a unit test.
"""

from __future__ import annotations

import logging
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "build" / "py"))

from ksmbd.mountd.netlink.family import Codec  # noqa: E402
from ksmbd.mountd.rpc import pdu  # noqa: E402
from ksmbd.mountd.rpc.interface import Call, Fault, Handles  # noqa: E402
from ksmbd.mountd.rpc.pipe import Pipes  # noqa: E402
from ksmbd.mountd.rpc.services import INTERFACES  # noqa: E402
from ksmbd.shared import abi, config, hosts, subauth, users  # noqa: E402
from ksmbd.shared.errors import KsmbdError  # noqa: E402
from ksmbd.shared.layout import Message  # noqa: E402
from ksmbd.tests.unit import test_rpc_captured as captured  # noqa: E402
from ksmbd.tests.unit.rpc_support import SHARES, environment  # noqa: E402

SLOW = 2.0

ENVIRONMENT = environment()


@dataclass(frozen=True)
class Target:
    seeds: tuple[bytes, ...]
    read: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...] = (KsmbdError,)


def pdus(table: dict[str, str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in table.values())


REQUESTS = (*pdus(captured.SHARE_ENUM), *pdus(captured.SERVER_INFO))
BINDS = pdus(captured.BIND)


def pipe(data: bytes) -> None:
    """What a client writes to a pipe never raises: it is answered."""
    pipes = Pipes(ENVIRONMENT, INTERFACES)
    pipes.open(1, "srvsvc")
    pipes.write(1, BINDS[0])
    pipes.read(1)
    half = len(data) // 2
    pipes.write(1, data[:half])
    pipes.write(1, data[half:])
    pipes.read(1)
    pipes.ioctl(1, data)
    pipes.close(1)


def pdu_of(data: bytes) -> None:
    header = pdu.parse_header(data)
    pdu.parse_bind(header, data)
    pdu.parse_request(header, data)


def stub(data: bytes) -> None:
    """An operation of an interface, chosen by the first bytes, on the rest as its stub."""
    if len(data) < 2:
        return
    interface = INTERFACES[data[0] % len(INTERFACES)]
    numbers = sorted(interface.operations)
    opnum = numbers[data[1] % len(numbers)]
    call = Call(env=ENVIRONMENT, handles=Handles(ENVIRONMENT.token))
    interface.call(call, opnum, data[2:])


MESSAGES = [
    kind for kind in vars(abi).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
]  # fmt: skip


def message(data: bytes) -> None:
    if data:
        MESSAGES[data[0] % len(MESSAGES)].unpack(data[1:])


def netlink(data: bytes) -> None:
    list(Codec(0x1D).decode(data))


def netlink_seeds() -> tuple[bytes, ...]:
    codec = Codec(0x1D)
    return tuple(codec.encode(event, bytes(64), 1, 0) for event in abi.Event)


def texts(data: bytes) -> None:
    hosts.parse_peer(data.decode(errors="surrogateescape"))
    try:
        hosts.parse(data.decode(errors="surrogateescape"))
    except ValueError:
        return


TARGETS = {
    "pipe": Target((*REQUESTS, *BINDS), pipe, ()),
    "pdu": Target((*REQUESTS, *BINDS), pdu_of),
    "stub": Target(
        tuple(bytes([i, op]) + REQUESTS[0][24:] for i in range(6) for op in range(12)),
        stub,
        (KsmbdError, Fault),
    ),
    "message": Target(
        tuple(bytes([n]) + bytes(size) for n in range(len(MESSAGES)) for size in (0, 8, 148, 4096)),
        message,
    ),
    "netlink": Target(netlink_seeds(), netlink, ()),
    "config": Target(
        (
            b"[global]\nworkgroup = WG\n" + SHARES.encode(),
            b"[a]\npath=/x\ncopy=b\n[b]\nhosts allow=1\n",
        ),
        lambda data: config.parse(data, Path("/nowhere/ksmbd.conf")),
    ),
    "users": Target(
        (b"alice:h42AFGBs2ilnekTvoTU/xw==\nbob:AAAAAAAAAAAAAAAAAAAAAA==\n",),
        lambda data: users._parse(Path("ksmbdpwd.db"), data),
    ),
    "subauth": Target((b"1:2:3\n",), subauth.parse),
    "hosts": Target((b"192.168.0.0/24", b"fe80::1%eth0", b"10. EXCEPT 10.1.", b"::ffff:1.2.3.4"),
                    texts),
}  # fmt: skip


def mutate(rng: random.Random, data: bytes, other: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        roll = rng.random()
        at = rng.randrange(len(out) + 1)
        if roll < 0.4 and out:
            width = rng.choice((1, 2, 4, 8))
            value = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, len(out)))
            value = value & ((1 << 8 * width) - 1)
            out[at : at + width] = value.to_bytes(width, rng.choice(("little", "big")))
        elif roll < 0.6:
            out[at : at + rng.choice((1, 2, 4, 40))] = b""
        elif roll < 0.8:
            out[at:at] = rng.randbytes(rng.choice((1, 2, 4, 20)))
        else:
            start = rng.randrange(len(other) + 1)
            out[at:at] = other[start : start + rng.choice((1, 8, 64))]
    return bytes(out[:8192])


def fuzz(name: str, target: Target, seconds: float, rng: random.Random) -> bool:
    """Plays one target for its time; False if it broke its contract."""
    end = time.monotonic() + seconds
    pool = list(target.seeds)
    count = good = 0
    while time.monotonic() < end:
        data = mutate(rng, rng.choice(pool), rng.choice(pool))
        count += 1
        begin = time.monotonic()
        try:
            target.read(data)
            good += 1
            if len(pool) < 2000:
                pool.append(data)
        except target.allowed:
            pass
        except Exception as error:
            print(f"{name}: {error!r} for\n{data.hex()}")
            return False
        if time.monotonic() - begin > SLOW:
            print(f"{name}: {time.monotonic() - begin:.1f} s for\n{data.hex()}")
            return False
    print(f"{name}: {count} inputs, {good} of them good")
    return True


def main(argv: list[str]) -> int:
    logging.disable(logging.CRITICAL)
    seconds = float(argv[0]) if argv else 10.0
    names = argv[1:] or list(TARGETS)
    rng = random.Random()
    broken = [name for name in names if not fuzz(name, TARGETS[name], seconds, rng)]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
