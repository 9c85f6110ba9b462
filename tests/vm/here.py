# SPDX-License-Identifier: GPL-2.0-only
"""The machine that the tests themselves run on, as their guest.

Inside User Mode Linux a test needs no channel to the server: what `Vm` does through an
agent is done at once, and the same tests run under KASAN in seconds (`KSMBD_GUEST=here`,
which `tests/rig/uml/pytest.sh` sets). Never on a machine that is not a guest.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from vm import RIG, Vm, VmError

sys.path.insert(0, str(RIG / "vm"))

from agent import Agent

MODULE = Path("/sys/module/ksmbd")
SMALL = "/srv/small"
"""The disk that `Server` mounts."""


class Here(Vm):
    """No guest of its own: a boot is an unload of what an earlier user left."""

    def __init__(self, console: Path) -> None:
        if "RIG_OUT" not in os.environ:
            raise VmError("KSMBD_GUEST=here is for the inside of a rig's guest")
        super().__init__(console, 445)
        self._agent = Agent(io.BytesIO())
        self._up = False

    @property
    def alive(self) -> bool:
        return self._up

    def boot(self, *args: Any, **more: Any) -> Vm:
        Path("/run/rig").mkdir(exist_ok=True)
        self._up = True
        self.release = os.uname().release
        if self._splat_before():
            raise VmError("the kernel has had a splat: what follows is worth nothing")
        self._shut_down()
        # fork() on UML has its one expected report behind it.
        self._seen_log_lines = len(self.dmesg().splitlines())
        return self

    def request(self, op: str, patience: float, /, **fields: Any) -> dict[str, Any]:
        if not self._up:
            raise VmError("the guest is not up")
        answer = getattr(self._agent, f"do_{op}")(fields)
        assert isinstance(answer, dict)
        return answer

    # The usual errands of every test, without a process each: under UML those are dear.

    def read(self, path: str) -> str:
        return Path(path).read_text()

    def write(self, path: str, text: str | bytes, mode: int = 0o644) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
        if target.stat().st_mode & 0o777 != mode and not path.startswith("/sys/"):
            target.chmod(mode)

    def empty(self, *folders: str) -> None:
        for folder in folders:
            for entry in Path(folder).iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()

    def dmesg(self) -> str:
        found = []
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        try:
            while True:
                try:
                    record = os.read(log, 8192).decode(errors="replace")
                except BrokenPipeError:
                    continue  # it was overwritten under us
                found.append(record.partition(";")[2].splitlines()[0])
        except BlockingIOError:
            return "\n".join(found)
        finally:
            os.close(log)

    def close(self) -> None:
        """Ends the server and unloads the module, so that the rig's end sees what is left.

        Raises:
            VmError: something still holds the module.
        """
        if not self._up:
            return
        try:
            if not self.splats():
                self._shut_down()
                if os.path.ismount(SMALL):
                    self.run(["umount", SMALL])  # fails while a file on it is held
        finally:
            self._up = False

    def _splat_before(self) -> bool:
        return (Path("/run/rig") / "splat").exists()

    def splats(self) -> str:
        found = super().splats()
        if found:
            (Path("/run/rig") / "splat").write_text(found)
        return found

    def _shut_down(self) -> None:
        for process, _ in self._agent.jobs.values():
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait(60)
        self._agent.jobs.clear()
        if not MODULE.exists():
            return
        # For a module built by other rules than the running kernel's kallsyms would name.
        symbols = [line for line in Path("/proc/kallsyms").read_text().splitlines()
                   if line.endswith("[ksmbd]")]  # fmt: skip
        (Path(os.environ["RIG_OUT"]) / "symbols.ksmbd").write_text("\n".join(symbols) + "\n")
        Path("/sys/class/ksmbd-control/kill_server").write_text("hard")
        end = time.monotonic() + 60
        while self.run(["rmmod", "ksmbd"], check=False).rc != 0:
            if time.monotonic() > end:
                users = (MODULE / "refcnt").read_text()
                raise VmError(f"the module cannot be unloaded: {users} users")
            time.sleep(0.2)
