# SPDX-License-Identifier: GPL-2.0-only
"""The end of a run on the debug kernel: were the checkers on, and is anything left?

Comes after the tests of the run, on the guest they shared.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vm import Vm

SCAN_LOG = Path(__file__).resolve().parents[1] / "uml" / "scan_log.py"
KMEMLEAK = "/sys/kernel/debug/kmemleak"


def lockdep_is_on(vm: Vm) -> bool:
    """The first report of any checker that distrusts memory turns lockdep off for good."""
    return re.search(r"^ *debug_locks: *1$", vm.read("/proc/lockdep_stats"), re.M) is not None


def leaks(vm: Vm, folder: Path, symbols: str) -> str:
    """What kmemleak finds, with the functions of an unloaded module named by `symbols`."""
    # Objects younger than five seconds are not reported, and a list in motion hides one.
    vm.run(f"echo scan > {KMEMLEAK}; sleep 5.1; echo scan > {KMEMLEAK}", 300)
    report = vm.read(KMEMLEAK)
    if not report:
        return ""
    (folder / "kmemleak").write_text(report)
    (folder / "symbols.ksmbd").write_text(symbols)
    return subprocess.run(
        [SCAN_LOG, "--resolve", folder, folder / "kmemleak"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip


def scan(vm: Vm, folder: Path) -> str:
    """Every splat of the kernel log, by the list of the other rig: it is the longer one."""
    (folder / "dmesg").write_text(vm.dmesg())
    done = subprocess.run([SCAN_LOG, folder / "dmesg"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode else ""


def test_lockdep_was_on_to_the_end(lab: Any) -> None:
    assert lockdep_is_on(lab.server().vm)


def test_the_module_unloads_and_leaves_nothing(lab: Any, tmp_path: Path) -> None:
    server = lab.server()
    vm = server.vm
    symbols = vm.run("grep -F '[ksmbd]' /proc/kallsyms").out
    try:
        server.stop()
        found = leaks(vm, tmp_path, symbols)
        assert not found, f"memory leaked\n{found}"
        splats = scan(vm, tmp_path)
        assert not splats, splats
        assert lockdep_is_on(vm)
    finally:
        # The next user of the guest would find no module in it.
        lab.close()
