# SPDX-License-Identifier: GPL-2.0-only
"""Proves the rig: every planted bug is reported, and loading a module without one is not.

One boot for all of them, in this order: those after which lockdep is off come late, and the
one that ends the guest comes last.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

RIG = Path(__file__).resolve().parent
sys.path.insert(0, str(RIG))

from test_end import leaks, lockdep_is_on, scan  # noqa: E402

if TYPE_CHECKING:
    from vm import Vm

BUGS = {
    "shift": "UBSAN: shift-out-of-bounds",
    "atomic_sleep": "BUG: sleeping function called from invalid context",
    "warning": "WARNING: CPU.*commit_warning",
    "refcount": "refcount_t: addition on 0",
    "live_timer": "ODEBUG: free active",
    "list_corruption": "list_add",
    "naked_rcu": r"rig_selftest.c:\d+ suspicious rcu_dereference_check",
}
LATE_BUGS = {
    "lock_inversion": "possible circular locking dependency",
    "out_of_bounds": "KASAN: slab-out-of-bounds in touch",
    "use_after_free": "KASAN: use-after-free in .*commit_use_after_free",
}


def last_line(*argv: str | Path) -> Path:
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def module() -> Path:
    return last_line(RIG / "build-module.sh", RIG.parent / "kernel" / "selftest")


@pytest.fixture(scope="module")
def vm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vm]:
    from vm import TOP, Vm

    with Vm(TOP / "build" / "vm" / "console-selftest.log") as vm:
        # Without the second a boot has one KASAN report and no more.
        append = "kmemleak=on no_hash_pointers kasan_multi_shot"
        yield vm.boot(last_line(RIG / "build.sh"), append=append)


def commit(vm: Vm, module: Path, bug: str) -> str:
    """Commits the bug; the splat that came of it."""
    vm.splats()
    vm.run(f"insmod {module} bug={bug} && rmmod rig_selftest")
    return vm.splats()


def test_a_boot_without_a_bug_is_clean(vm: Vm, module: Path, tmp_path: Path) -> None:
    assert commit(vm, module, "none") == ""
    assert "rig_selftest: no bug" in vm.dmesg()
    assert scan(vm, tmp_path) == ""
    assert leaks(vm, tmp_path, "") == ""
    assert int(vm.run("nproc").out) > 1


def test_a_leak_is_found_after_the_unload(vm: Vm, module: Path, tmp_path: Path) -> None:
    assert commit(vm, module, "leak") == ""
    assert re.search(r"unreferenced object .*\(size 2048\)", leaks(vm, tmp_path, ""))


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_reported(vm: Vm, module: Path, bug: str) -> None:
    assert re.search(BUGS[bug], commit(vm, module, bug))
    assert lockdep_is_on(vm)


@pytest.mark.parametrize("bug", LATE_BUGS)
def test_a_bug_that_ends_lockdep_is_reported(vm: Vm, module: Path, bug: str) -> None:
    assert re.search(LATE_BUGS[bug], commit(vm, module, bug))
    assert not lockdep_is_on(vm)


def test_a_null_pointer_ends_the_guest(vm: Vm, module: Path) -> None:
    from vm import VmError

    with pytest.raises(VmError):
        commit(vm, module, "null_pointer")
    console = vm.console.read_text(errors="replace")
    assert re.search("KASAN: null-ptr-deref", console)
    assert re.search("Kernel panic - not syncing: Fatal exception", console)
