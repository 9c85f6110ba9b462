# SPDX-License-Identifier: GPL-2.0-only
"""How long the guest was busy: in a counting guest, how many instructions it executed.

A nanosecond in which the processor does not idle is one instruction. The kernel tells both
clocks to the nanosecond in /proc/timer_list; an interrupt that comes while it idles is not
idle time there. (/proc/uptime has the same figures in steps of 10 ms.)
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from vm import Vm, VmError

FIRST_NS = 20_000_000
IDLE_SECONDS = 3.0
REST_SECONDS, RESTING, REST_TRIES = 0.1, 0.01, 600
"""The guest rests when it is busy for less than that part of so many seconds."""
CLOCKS = re.compile(r"now at (\d+)|\.(idle_sleeptime|iowait_sleeptime)\s*: (\d+)")


@dataclass(frozen=True, slots=True)
class Reading:
    """Nanoseconds since the guest's boot, and how many of them it idled."""

    now: int
    idle: int

    @property
    def busy(self) -> int:
        return self.now - self.idle


class Meter:
    """The clocks of one guest, and what looking at them costs.

    Args:
        sample_ns: the guest busy time that a sample is to have.
    """

    def __init__(self, vm: Vm, sample_ns: int) -> None:
        self.vm = vm
        self.sample_ns = sample_ns
        self.own_ns = 0.0
        self.idle_rate = 0.0

    def calibrate(self) -> None:
        """Learns what a reading costs, and what an idle guest does by itself."""
        self.own_ns = statistics.median(self._pair(0.0)[0] for _ in range(9))
        busy, elapsed = self._pair(IDLE_SECONDS)
        self.idle_rate = max(0.0, (busy - self.own_ns) / elapsed)

    def _pair(self, seconds: float) -> tuple[int, int]:
        first = self.read()
        time.sleep(seconds)  # idling is what is measured
        second = self.read()
        return second.busy - first.busy, second.now - first.now

    def settle(self) -> None:
        """Waits until what came before has no work left: a daemon may be behind with it.

        Raises:
            VmError: the guest is busy with something that does not end.
        """
        for _ in range(REST_TRIES):
            busy, elapsed = self._pair(REST_SECONDS)
            if busy - self.own_ns < RESTING * elapsed:
                return
        raise VmError("the guest does not come to rest")

    def read(self) -> Reading:
        text = str(
            self.vm.request("read", 60, path="/proc/timer_list", words=["now at", "sleeptime"])[
                "text"
            ]
        )
        now, idle, found = 0, 0, 0
        for match in CLOCKS.finditer(text):
            if match[1]:
                now = int(match[1])
            else:
                idle += int(match[3])
                found += 1
        if not now or not found:
            raise VmError(f"/proc/timer_list has no idle time:\n{text}")
        return Reading(now, idle)

    def cost(self, turn: Callable[[], None], count: int) -> float:
        """Guest instructions for `count` turns, without the meter's and the idle guest's."""
        first = self.read()
        for _ in range(count):
            turn()
        second = self.read()
        passed = second.now - first.now
        return second.busy - first.busy - self.own_ns - self.idle_rate * passed

    def count_for(self, turn: Callable[[], None]) -> int:
        """How many turns fill a sample; what is done to find out also warms up."""
        count, spent = 1, 0.0
        while True:
            spent = max(self.cost(turn, count), 1.0)
            if spent >= FIRST_NS:
                return max(1, round(self.sample_ns / (spent / count)))
            count *= 2 if spent > FIRST_NS / 8 else 8
