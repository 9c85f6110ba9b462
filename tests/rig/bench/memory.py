# SPDX-License-Identifier: GPL-2.0-only
"""What an idle client and an open handle cost the guest, kernel and processes together."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

import raw as r
from vm import Vm, VmError
from workloads import OPEN_IF, READ_DATA, READ_WRITE, Target, Wire

HANDLES = 5000
NAMES = 10
"""Files that the handles are of: what the file system keeps for one must not count."""
SETTLED_KIB = 128
GONE_SECONDS = 120.0
IDLE_SECONDS = 5.0
"""A server may give back what a client does not need while it is silent."""


@dataclass(frozen=True, slots=True)
class Cost:
    """KiB of one."""

    client: float
    handle: float


def used_kib(vm: Vm) -> int:
    """Everything that is neither free nor a cache, without the agent's own memory.

    Of inodes and names the kernel keeps what it has room for; those are no server's.
    """
    vm.run("sync; echo 3 > /proc/sys/vm/drop_caches")
    own = vm.request("read", 30, path="/proc/self/status", words=["RssAnon"])["text"]
    text = str(vm.request("read", 30, path="/proc/meminfo")["text"])
    info = {name: int(rest.split()[0]) for name, _, rest in
            (line.partition(":") for line in text.splitlines())}  # fmt: skip
    free = ("MemFree", "Buffers", "Cached", "SReclaimable")
    return info["MemTotal"] - sum(info[name] for name in free) + info["Shmem"] - int(own.split()[1])


def settled_kib(vm: Vm) -> int:
    """Two readings that agree: freed memory comes back after a grace period."""
    last = used_kib(vm)
    for _ in range(20):
        now = used_kib(vm)
        if abs(now - last) <= SETTLED_KIB:
            return now
        last = now
    return last


def wait_gone(vm: Vm) -> None:
    """Until no connection is left, on either family."""
    end = time.monotonic() + GONE_SECONDS
    while True:
        left: list[str] = []
        for path in ("/proc/net/tcp", "/proc/net/tcp6"):
            text = str(vm.request("read", 30, path=path, words=[":01BD "])["text"])
            # Any state but LISTEN (0A) and TIME_WAIT (06).
            states = [line.split()[3] for line in text.splitlines()]
            left += [state for state in states if state not in ("0A", "06")]
        if not left:
            return
        if time.monotonic() > end:
            raise VmError(f"{len(left)} connections do not end; their states: {set(left)}")


def clients_kib(vm: Vm, target: Target, count: int) -> float:
    """KiB for each of `count` clients that are logged on, connected to the share, and idle."""
    before = settled_kib(vm)
    with contextlib.ExitStack() as keep:
        for _ in range(count):
            keep.enter_context(Wire.to(target))
        time.sleep(IDLE_SECONDS)  # being idle is what is measured
        return (settled_kib(vm) - before) / count


def handles_kib(vm: Vm, target: Target) -> float:
    """KiB for each of `HANDLES` open handles of one client."""
    with Wire.to(target) as wire:
        for number in range(NAMES):
            name = f"bench-held-{number}"
            wire.ask(r.CLOSE, r.close(wire.create(name, access=READ_WRITE, disposition=OPEN_IF)))
        before = settled_kib(vm)
        for number in range(HANDLES):
            wire.create(f"bench-held-{number % NAMES}", access=READ_DATA)
        return (settled_kib(vm) - before) / HANDLES


def measure(vm: Vm, target: Target, clients: int) -> Cost:
    """Both, after the caches of a first use have been filled.

    Worth something once in a guest's life: what is freed leaves room in slabs, and who
    needs it next takes nothing.
    """
    for _ in range(3):
        with Wire.to(target) as wire:
            wire.create("bench-held-0", access=READ_WRITE, disposition=OPEN_IF)
    wait_gone(vm)
    handle = handles_kib(vm, target)
    wait_gone(vm)
    client = clients_kib(vm, target, clients)
    wait_gone(vm)
    return Cost(client, handle)
