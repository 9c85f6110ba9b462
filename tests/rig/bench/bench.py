#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a server costs for each operation: `make bench`, see README.md and docs/performance.md.

    SERVERS="ours-6.1 smbd" WORKLOADS="read 1 MiB|memory" ROUNDS=3 SAMPLE=0.5 OUT=folder bench.py

SAMPLE is the guest's busy time of one sample, in seconds.
Runs itself again in a network namespace of its own, which goes when it ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import memory
import net
from meter import Meter
from peers import PEERS, Peer, Running, fetch_all, prepare, wanted
from report import KIB, Results, number, save, say, spread
from vm import TOP, Vm, VmError, stock
from workloads import Workload, all_workloads, chosen

MEMORY_ROWS = ("memory of an idle client", "memory of an open handle")
SAMPLE_NS = round(1e9 * float(os.environ.get("SAMPLE", "") or 0.5))
ROWS = [*(workload.name for workload in all_workloads()), *MEMORY_ROWS]


class Column:
    """One server's measurements, in one guest."""

    def __init__(self, peer: Peer, vm: Vm, running: Running, results: Results) -> None:
        self.peer, self.vm, self.running, self.results = peer, vm, running, results
        self.meter = Meter(vm, SAMPLE_NS)
        self.counts: dict[str, int] = {}

    def round(self, workloads: list[Workload]) -> None:
        for workload in workloads:
            able = not any(word in workload.name for word in self.peer.lacks)
            if able and (self.running.target.speaks_smb or workload.on_floor):
                begin = time.monotonic()
                value = self.sample(workload)
                self.results.add(workload.name, self.peer.name, value)
                say(f"  {self.peer.name:11}{workload.name:42}{value:12,.1f}"
                    f"{time.monotonic() - begin:6.1f} s")  # fmt: skip

    def sample(self, workload: Workload) -> float:
        """Thousand instructions of one operation."""
        workload.begin(self.running.target)
        try:
            # What a first time costs is not what the others do.
            for _ in range(max(2, self.counts.get(workload.name, 0) // 50)):
                workload.turn()
            self.meter.settle()
            if workload.name not in self.counts:
                self.counts[workload.name] = self.meter.count_for(workload.turn)
            count = self.counts[workload.name]
            return self.meter.cost(workload.turn, count) / (count * workload.each) / 1000
        finally:
            workload.end()


@contextlib.contextmanager
def serving(peer: Peer, results: Results) -> Iterator[tuple[Vm, Running]]:
    """A guest of its own, in which the server listens; ends it, and looks into its log.

    Raises:
        VmError: the guest or the server did what it must not.
    """
    with Vm(TOP / "build" / "bench" / f"console-{peer.name}.log") as vm:
        begin = time.monotonic()
        vm.boot(stock(peer.kernel), tap=net.TAP, counting=True, timeout=600)
        prepare(vm)
        running = peer.start(vm)
        say(f"{peer.name}: {vm.release} serves after {time.monotonic() - begin:.0f} s")
        results.servers[peer.name] = {
            "kernel": vm.release, "version": running.version, "commit": commit(),
        }  # fmt: skip
        yield vm, running
        running.stop()
        if splat := vm.splats():
            raise VmError(f"{peer.name}: the kernel log has a splat\n{splat}")


def measure(peer: Peer, workloads: list[Workload], with_memory: bool, rounds: int) -> Results:
    """One server. Its memory is measured in a guest of its own: crowds leave traces."""
    results = Results()
    if with_memory and peer.clients:
        with serving(peer, results) as (vm, running):
            cost = memory.measure(vm, running.target, peer.clients)
        for name, value in zip(MEMORY_ROWS, (cost.client, cost.handle), strict=True):
            results.add(name, peer.name, value, KIB)
            say(f"  {peer.name:11}{name:42}{value:12,.1f} KiB")
    if workloads:
        with serving(peer, results) as (vm, running):
            column = Column(peer, vm, running, results)
            column.meter.calibrate()
            say(f"  a reading costs {column.meter.own_ns / 1000:,.0f} thousand instructions, an"
                f" idle second {column.meter.idle_rate * 1e6:,.0f}")  # fmt: skip
            for _ in range(rounds):
                column.round(workloads)
    return results


def commit() -> str:
    done = subprocess.run(["git", "-C", TOP, "rev-parse", "--short=12", "HEAD"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.stdout.strip()


def inside(peers: list[Peer]) -> int:
    """In the namespace: measures, and writes what is known after each server."""
    match = chosen(os.environ.get("WORKLOADS", "").split("|"))
    workloads = [workload for workload in all_workloads() if match(workload.name)]
    with_memory = any(match(name) for name in MEMORY_ROWS)
    if not workloads and not with_memory:
        sys.exit("bench: no workload of these names; there are\n  " + "\n  ".join(ROWS))
    rounds = int(os.environ.get("ROUNDS", "") or 5)
    out = TOP / (os.environ.get("OUT") or "build/bench")
    begin = time.monotonic()
    for peer in peers:
        results = measure(peer, workloads, with_memory, rounds)
        save(results, out, list(PEERS), ROWS)
        for row, cells in results.rows.items():
            for name, cell in cells.items():
                say(f"  {name:11}{row:42}{number(cell['samples']):>12}"
                    f"  ±{50 * spread(cell['samples']):.1f} %")  # fmt: skip
    say(f"bench: {out / 'table.md'}, {time.monotonic() - begin:.0f} s")
    return 0


def main() -> int:
    peers = wanted()
    return net.within(lambda: fetch_all(peers), lambda: inside(peers))


if __name__ == "__main__":
    sys.exit(main())
