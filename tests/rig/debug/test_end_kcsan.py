# SPDX-License-Identifier: GPL-2.0-only
"""The end of a run on the KCSAN kernel: did it look for races, and does the module go?"""

from __future__ import annotations

import re
from typing import Any

ENOUGH = 10_000
"""Watchpoints: a run of the storms sets up hundreds of thousands."""


def test_races_were_looked_for(lab: Any) -> None:
    text = lab.server().vm.read("/sys/kernel/debug/kcsan")
    counters = {key: int(value) for key, value in re.findall(r"^(\w+): +(\d+)$", text, re.M)}
    assert counters["enabled"] == 1, text
    assert counters["setup_watchpoints"] > ENOUGH, text


def test_the_module_unloads_and_there_was_no_race(lab: Any) -> None:
    server = lab.server()
    try:
        server.stop()
        splats = server.vm.splats()
        assert not splats, splats
    finally:
        # The next user of the guest would find no module in it.
        lab.close()
