# SPDX-License-Identifier: GPL-2.0-only
"""What the tests that need a guest share. Unit tests use nothing of this."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "vm"))

if TYPE_CHECKING:
    from server import Server

FAILED_BOOTS = 3
"""In a row: then the run ends. What follows could only fail as slowly."""


class Lab:
    """The one guest with our module and our tools that most tests share.

    A guest that died is replaced for the next test: one crash costs one test and a boot.
    """

    def __init__(self) -> None:
        self._server: Server | None = None
        self._boots = 0
        self._failed = 0

    def server(self) -> Server:
        from server import boot_server
        from vm import guest, say

        if self._server is not None and not self._server.vm.alive:
            self.close()
        if self._server is None:
            if self._failed == FAILED_BOOTS:
                pytest.exit(f"the guest or its server did not start {FAILED_BOOTS} times", 3)
            begin = time.monotonic()
            self._boots += 1
            self._failed += 1
            vm = guest(TOP / "build" / "vm" / f"console-{self._boots}.log")
            try:
                server = boot_server(vm).start()
            except BaseException:
                vm.close()
                raise
            say(f"guest {vm.release} serves after {time.monotonic() - begin:.0f} s")
            self._server = server
            self._failed = 0
        return self._server

    def close(self) -> None:
        if self._server is not None:
            self._server.vm.close()
            self._server = None


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


@pytest.fixture
def server(lab: Lab) -> Iterator[Server]:
    """The shared server, up. A splat in the kernel log fails the test that caused it."""
    server = lab.server()
    yield server
    splat = server.vm.splats()
    if splat:
        # What follows a splat is worth nothing: locks may be held, memory gone.
        lab.close()
        pytest.fail(f"the kernel log has a splat:\n{splat}", pytrace=False)
    if not server.vm.alive:
        pytest.fail("the guest died", pytrace=False)
    if server.daemon is None or server.daemon.poll() is not None:
        # A test failed between ending the daemon and starting it again: not the next one's fault.
        lab.close()


@pytest.fixture
def share(server: Server) -> str:
    """An empty /srv/share; the path of it in the guest."""
    server.vm.empty("/srv/share", "/srv/second")
    return "/srv/share"


@pytest.fixture(scope="module")
def multichannel(lab: Lab) -> Iterator[None]:
    """The server with the option on."""
    from server import CONFIG

    server = lab.server()
    server.stop()
    server.config = CONFIG.replace(
        "[global]\n", "[global]\n\tserver multi channel support = yes\n", 1
    )
    server.start()
    yield
    server = lab.server()
    server.stop()
    server.config = CONFIG
    server.start()
