# SPDX-License-Identifier: GPL-2.0-only
"""smbtorture against the guest, test by test; `expected.tsv` says what must come out.

An unexpected pass fails too: the line that excuses it is then wrong.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import smbtorture
from server import Server, boot_server
from vm import TOP, Vm, VmError

EXPECTED = smbtorture.expectations()


class Torture:
    """Runs the wanted tests in lanes on one guest and keeps the outcomes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outcomes: dict[str, smbtorture.Outcome] = {}
        self.splats: list[str] = []
        self.server: Server | None = None
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._boots = 0

    def run_all(self, names: list[str]) -> None:
        lanes: queue.Queue[int] = queue.Queue()
        for lane in range(smbtorture.LANES):
            lanes.put(lane)

        def one(name: str) -> None:
            lane = lanes.get()
            try:
                self.outcomes[name] = self._run(name, lane)
            finally:
                lanes.put(lane)
            outcome, expected = self.outcomes[name], EXPECTED.get(name, ("pass", ""))[0]
            mark = "" if outcome.result == expected else "   <-- not as expected"
            sys.__stderr__ and sys.__stderr__.write(
                f"  {len(self.outcomes):3}/{len(names)} {outcome.result:7}"
                f" {outcome.seconds:5.1f}s {name}{mark}\n"
            )

        with ThreadPoolExecutor(smbtorture.LANES) as pool:
            list(pool.map(one, names))
        if self.server is not None:
            splat = self.server.vm.splats()
            if splat:
                self.splats.append(splat)

    def close(self) -> None:
        if self.server is not None:
            self.server.vm.close()

    def _run(self, name: str, lane: int) -> smbtorture.Outcome:
        with self._lock:
            server = self._serving()
            self._running.add(name)
        try:
            server.vm.run(f"rm -rf /srv/t{lane}/* /srv/t{lane}/.[!.]*")
            outcome = smbtorture.run(name, server.vm.smb_port, lane, self.folder)
        except VmError as error:
            outcome = smbtorture.Outcome("crash", 0, str(error))
        with self._lock:
            running = sorted(self._running)
            self._running.discard(name)
            if splat := server.vm.splats():
                self.splats.append(f"while these ran: {', '.join(running)}\n{splat}")
            if not server.vm.alive:
                return smbtorture.Outcome("crash", outcome.seconds, outcome.output)
        return outcome

    def _serving(self) -> Server:
        """The server; a new guest if the last one died."""
        if self.server is not None and not self.server.vm.alive:
            self.server.vm.close()
            self.server = None
        if self.server is None:
            self._boots += 1
            vm = Vm(TOP / "build" / "vm" / f"console-torture-{self._boots}.log")
            try:
                self.server = start(vm)
            except BaseException:
                vm.close()
                raise
        return self.server


def start(vm: Vm) -> Server:
    server = boot_server(vm, smbtorture.TORTURE_CONFIG)
    lanes = " ".join(f"/srv/t{lane}" for lane in range(smbtorture.LANES))
    vm.run(f"mkdir -p {lanes}; chown 2001:2001 {lanes}; chmod 777 {lanes}")
    return server.start()


@pytest.fixture(scope="module")
def torture(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Torture]:
    torture = Torture(tmp_path_factory.mktemp("torture"))
    wanted = [
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and item.function is test_comes_out_as_expected
    ]
    try:
        torture.run_all(wanted)
        yield torture
    finally:
        torture.close()


def test_the_data_file_names_real_tests() -> None:
    listed = smbtorture.listed()
    assert set() == {name for name in EXPECTED if name not in listed}


@pytest.mark.parametrize("name", EXPECTED)
def test_comes_out_as_expected(torture: Torture, name: str) -> None:
    expected, reason = EXPECTED[name]
    outcome = torture.outcomes[name]
    if outcome.result != expected:
        why = f" ({reason})" if reason else ""
        pytest.fail(
            f"{name}: expected {expected}{why}, got {outcome.result} after"
            f" {outcome.seconds:.1f} s\n{outcome.output[-3000:]}",
            pytrace=False,
        )


def test_the_kernel_log_has_no_splat(torture: Torture) -> None:
    assert torture.splats == []
