#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Inside the guest: crowds of clients for a bounded time, and what is left of them.

    soak.py SECONDS [CONNECTIONS]

Mixed work on CONNECTIONS at once (200): files, locks that wait, listings, log-ons, chains;
clients leave in the middle, mountd is restarted, memory is taken away and given back. All the
while an innocent client measures how long a small request takes. At the end the server's
memory must be where it began, and the innocent's slowest decile not far from its fastest.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TOP / "tests" / "vm"), str(TOP / "tests" / "fuzz" / "server")]

import raw as r  # noqa: E402
from fuzz import KernelLog  # noqa: E402
from raw import Gone, Raw  # noqa: E402

WORKERS = 8
NOISE_KIB = 4096
"""Half-empty slabs: what two readings of an idle server differ by."""

stop = threading.Event()
done: dict[str, int] = {}
lock = threading.Lock()


def count(what: str) -> None:
    with lock:
        done[what] = done.get(what, 0) + 1


def busy(wire: Raw, rng: random.Random) -> None:
    """A little of everything on one connection."""
    what = rng.randrange(7)
    name = f"soak{rng.randrange(50)}"
    if what == 0:
        handle = wire.open(name)
        wire.call(r.WRITE, r.write(handle, rng.randbytes(rng.randrange(1, 60000))))
        wire.call(r.READ, r.read(handle, 60000))
        wire.call(r.CLOSE, r.close(handle))
    elif what == 1:
        wire.compound([
            (r.CREATE, r.create(name)), (r.QUERY_INFO, r.query_info(r.RELATED_ID, 1, 18)),
            (r.CLOSE, r.close(r.RELATED_ID)),
        ])  # fmt: skip
        for _ in range(3):
            wire.receive()
    elif what == 2:
        top = wire.open("", options=1, access=0x81)
        wire.call(r.QUERY_DIRECTORY, r.query_directory(top, "*", 37))
        wire.call(r.CLOSE, r.close(top))
    elif what == 3:
        wait_for_lock(wire, name)
    elif what == 4:
        wire.call(r.CREATE, r.create(name, options=0x1000, access=0x110080))
    elif what == 5:
        wire.call(r.LOGOFF, r.echo())
        wire.login()
        wire.tree()
    else:
        wire.call(r.ECHO, r.echo(), credits=8)


def wait_for_lock(wire: Raw, name: str) -> None:
    one, two = wire.open(name), wire.open(name)
    wire.call(r.LOCK, r.lock(one, (0, 10, 0x12)))
    wire.send(r.LOCK, r.lock(two, (0, 10, 0x02)))
    wire.send(r.CLOSE, r.close(one))
    left = {r.LOCK, r.CLOSE}
    while left:
        reply = wire.receive()
        if not reply.pending:
            left.discard(reply.command)
    wire.call(r.CLOSE, r.close(two))


def crowd(number: int, connections: int) -> None:
    """Some of the connections, worked on in turn."""
    rng = random.Random(number)
    wires: list[Raw | None] = [None] * connections
    while not stop.is_set():
        at = rng.randrange(connections)
        wire = wires[at]
        try:
            if wire is None:
                wires[at] = Raw(445, timeout=60).ready()
                count("connect")
                continue
            if rng.random() < 0.02:
                leave(wire, rng)
                wires[at] = None
                count("leave")
                continue
            busy(wire, rng)
            count("work")
        except TimeoutError:
            count("TIMEOUT")
            wires[at] = None
        except (Gone, OSError, AssertionError, struct.error):
            # mountd was away, or the file was somebody's: part of the noise.
            count("refused")
            if wires[at] is not None:
                wires[at].socket.close()  # type: ignore[union-attr]
                wires[at] = None
    for wire in wires:
        if wire is not None:
            wire.socket.close()


def leave(wire: Raw, rng: random.Random) -> None:
    """In the middle of something."""
    with contextlib.suppress(Gone, OSError, AssertionError):
        wire.send(r.CREATE, r.create("left"))
        if rng.random() < 0.5:
            linger = struct.pack("ii", 1, 0)
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    wire.socket.close()


def innocent(times: list[float]) -> None:
    with Raw(445, timeout=120) as wire:
        wire.negotiate()
        wire.login("user2")
        wire.tree("second")
        handle = wire.open("innocent")
        wire.call(r.WRITE, r.write(handle, b"innocent"))
        while not stop.is_set():
            begin = time.monotonic()
            reply = wire.call(r.READ, r.read(handle, 8))
            assert reply.body[16:24] == b"innocent"
            times.append(time.monotonic() - begin)
            time.sleep(0.02)


class Daemon:
    def __init__(self) -> None:
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with Path(os.environ["RIG_OUT"], "mountd.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "ksmbd.mountd", "-n"], stdout=log, stderr=log
            )

    def restart(self, kill: bool) -> None:
        self.process.send_signal(9 if kill else 15)
        self.process.wait(60)
        self.process = self.start()


def memory() -> int:
    """KiB that only the kernel's own objects hold."""
    for _ in range(3):
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
        time.sleep(0.5)
    info = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return sum(int(info[name].split()[0]) for name in ("SUnreclaim", "KernelStack", "VmallocUsed"))


def pressure() -> None:
    """Takes most of the free memory for a moment."""
    info = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    size = int(info["MemAvailable"].split()[0]) * 1024 * 8 // 10
    # In a process of its own: in this one the clients would wait for the interpreter.
    take = f"taken = bytearray({size}); taken[::4096] = bytes(len(range(0, {size}, 4096)))"
    subprocess.run([sys.executable, "-I", "-c", take], check=False)


def round_of(seconds: float, connections: int, daemon: Daemon) -> list[float]:
    stop.clear()
    times: list[float] = []
    threads = [
        threading.Thread(target=crowd, args=(n, connections // WORKERS)) for n in range(WORKERS)
    ]
    threads.append(threading.Thread(target=innocent, args=(times,)))
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    turn = 0
    while time.monotonic() < end:
        time.sleep(min(10, max(0, end - time.monotonic())))
        turn += 1
        if turn % 3 == 1:
            daemon.restart(kill=turn % 2 == 0)
        elif turn % 3 == 2:
            pressure()
    stop.set()
    for thread in threads:
        thread.join(180)
        if thread.is_alive():
            raise SystemExit("a client hangs")
    return times


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[int(len(times) * part)] * 1000


def main(seconds: float, connections: int) -> int:
    log = KernelLog()
    daemon = Daemon()
    deadline = time.monotonic() + 600
    while True:
        try:
            with Raw(445) as wire:
                wire.ready()
            break
        except (OSError, Gone, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    # Once for the caches that a first crowd fills and that stay.
    round_of(seconds / 4, connections, daemon)
    before = memory()
    times = round_of(seconds * 3 / 4, connections, daemon)
    time.sleep(2)
    grown = memory() - before
    print(f"soak: {done}")
    print(f"innocent: {len(times)} requests, median {percentile(times, 0.5):.1f} ms, "
          f"90 % {percentile(times, 0.9):.1f} ms, 99 % {percentile(times, 0.99):.1f} ms, "
          f"worst {max(times) * 1000:.0f} ms")  # fmt: skip
    print(f"memory: {grown} KiB more than before")
    bad = []
    if grown > NOISE_KIB:
        bad.append("memory did not come back")
    if done.get("TIMEOUT"):
        bad.append("a request was not answered in a minute")
    if percentile(times, 0.99) > 5000:
        bad.append("an innocent client waits")
    if splat := log.splat():
        bad.append(splat)
    daemon.process.send_signal(15)
    daemon.process.wait(60)
    print("\n".join(bad) or "soak: passed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200))
