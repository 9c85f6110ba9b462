#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What instructions do not tell, by the wall clock: `make bench-wall`.

Two processors, nothing counted, several clients. Seconds under emulation are no machine's
seconds: only ratios of one guest are reported.

- scaling: what four clients get done with two processors, over what they get done with one;
- patience: the median and the 99th percentile of a 4 KiB read while another client copies,
  over the same without it.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

import net
from peers import Peer, fetch_all, prepare, wanted
from report import say
from vm import TOP, Vm, stock
from workloads import KIB, MIB, Target, Transfer

SECONDS = float(os.environ.get("SECONDS", "") or 8)
CLIENTS = 4
CPU1 = "/sys/devices/system/cpu/cpu1/online"


@dataclass
class Copy(Transfer):
    """Reads a MiB and writes it elsewhere, without a pause."""

    def turn(self) -> None:
        super().turn()
        self.put(self.data, self.offset)


KINDS: dict[str, Callable[[], Transfer]] = {
    "small": lambda: Transfer("read 4 KiB", size=4 * KIB),
    "large": lambda: Transfer("read 1 MiB", size=MIB),
    "copy": lambda: Copy("copy", size=MIB, file="bench-copied"),
}


def client(target: Target, kind: str, start: Barrier, pipe: Connection) -> None:
    """A process: sends back how long each of its turns took, in seconds."""
    work = KINDS[kind]()
    work.begin(target)
    start.wait()
    times = []
    end = time.monotonic() + SECONDS
    before = time.monotonic()
    while before < end:
        work.turn()
        now = time.monotonic()
        times.append(now - before)
        before = now
    work.end()
    pipe.send(times)


def together(target: Target, kinds: list[str]) -> list[list[float]]:
    """Clients of these kinds at once; the seconds of each one's turns."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(len(kinds))
    running = []
    for kind in kinds:
        here, there = context.Pipe(False)
        process = context.Process(target=client, args=(target, kind, start, there))
        process.start()
        there.close()
        running.append((process, here))
    times = []
    try:
        for process, here in running:
            if not here.poll(SECONDS * 10 + 120):
                raise TimeoutError("a client does not end")
            times.append(here.recv())
            process.join()
    finally:
        for process, _ in running:
            process.kill()
    return times


def scaling(vm: Vm, target: Target, kind: str) -> float:
    done = {}
    for online in (1, 0, 1):
        vm.run(f"echo {online} > {CPU1}")
        done[online] = sum(len(one) for one in together(target, [kind] * CLIENTS))
    return done[1] / done[0]


def percentiles(times: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def measure(peer: Peer) -> None:
    with Vm(TOP / "build" / "bench" / f"console-wall-{peer.name}.log") as vm:
        vm.boot(stock(peer.kernel), tap=net.TAP, timeout=600)
        prepare(vm)
        running = peer.start(vm)
        for kind in ("small", "large"):
            ratio = scaling(vm, running.target, kind)
            say(f"{peer.name}: {KINDS[kind]().name}, {CLIENTS} clients: {ratio:.2f} times as much"
                " with two processors")  # fmt: skip
        alone = percentiles(together(running.target, ["small"])[0])
        beside = percentiles(together(running.target, ["small", "copy"])[0])
        for name, one, two in zip(("median", "99th percentile"), alone, beside, strict=True):
            say(f"{peer.name}: 4 KiB read beside a copy: the {name} is {two / one:.2f} times that"
                f" of one alone ({1e6 * two:.0f} of {1e6 * one:.0f} us)")  # fmt: skip
        running.stop()


def inside(peers: list[Peer]) -> int:
    for peer in peers:
        measure(peer)
    return 0


def main() -> int:
    peers = wanted()
    return net.within(lambda: fetch_all(peers), lambda: inside(peers))


if __name__ == "__main__":
    sys.exit(main())
