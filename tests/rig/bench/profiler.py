#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of a workload go: `make bench-profile`.

    SERVERS=ours-6.1 WORKLOADS="read 1 MiB, GMAC" profiler.py

perf samples the counting guest by its clock, a sample each 100,000 instructions; a report a
server and workload goes to build/bench/profile-SERVER-WORKLOAD.txt.
"""

from __future__ import annotations

import os
import re
import signal
import sys

import net
from meter import Meter
from peers import Peer, fetch_all, prepare, wanted
from report import say
from vm import TOP, Vm, stock
from workloads import all_workloads, chosen

SAMPLE_NS = 1_000_000_000
RATE = 10_000
"""Samples a second of guest time."""
DATA = "/run/rig/perf.data"


def profile(peer: Peer, names: list[str]) -> None:
    match = chosen(names)
    with Vm(TOP / "build" / "bench" / f"console-profile-{peer.name}.log") as vm:
        vm.boot(stock(peer.kernel), tap=net.TAP, counting=True, timeout=600)
        prepare(vm)
        running = peer.start(vm)
        meter = Meter(vm, SAMPLE_NS)
        meter.calibrate()
        for workload in all_workloads():
            if not match(workload.name):
                continue
            workload.begin(running.target)
            count = meter.count_for(workload.turn)
            job = vm.start(["perf", "record", "-q", "-a", "-g", "-e", "cpu-clock",
                            "-F", str(RATE), "-o", DATA])  # fmt: skip
            job.poll(2)  # it says nothing when it begins
            for _ in range(count):
                workload.turn()
            job.signal(signal.SIGINT)
            job.wait(120)
            workload.end()
            text = vm.run(
                f"perf report --stdio -q -n --no-children -g caller,0.5,callee --max-stack 12"
                f" --percent-limit 0.5 -i {DATA}", 600,
            ).out  # fmt: skip
            path = TOP / "build" / "bench" / (
                f"profile-{peer.name}-{re.sub(r'[^a-z0-9]+', '-', workload.name.lower())}.txt"
            )  # fmt: skip
            path.write_text(text)
            say(f"{peer.name}: {workload.name}: {path}")


def inside(peers: list[Peer]) -> int:
    for peer in peers:
        profile(peer, os.environ.get("WORKLOADS", "").split("|"))
    return 0


def main() -> int:
    peers = wanted()
    return net.within(lambda: fetch_all(peers), lambda: inside(peers))


if __name__ == "__main__":
    sys.exit(main())
