# SPDX-License-Identifier: GPL-2.0-only
"""A guest under QEMU: boot it, run commands in it, read its kernel log.

The guest runs a stock Debian kernel on the host's root filesystem (read-only, under an
overlay in memory), with an ext4 disk at /srv and its port 445 forwarded to loopback.
Commands go over a virtio port to `tests/rig/vm/agent.py`; nothing of it needs a network.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

TOP = Path(__file__).resolve().parents[2]
RIG = TOP / "tests" / "rig"

SPLAT = re.compile(
    r"\bBUG:|\bWARNING:|\bOops\b|general protection|refcount_t|KASAN|UBSAN|kernel BUG"
    r"|INFO: task .* blocked|INFO: rcu|soft lockup|hard LOCKUP|scheduling while atomic"
    r"|possible (?:recursive|circular|irq) |inconsistent lock state|suspicious RCU"
    r"|list_(?:add|del) corruption|double free|Kernel panic|stack segment|unreferenced object"
    r"|Unable to handle|page allocation failure|Bad page state|sleeping function called"
    r"|\bnot ok \d"  # a KUnit suite of the module, on the debug kernel
)
"""What no kernel log may contain; see `Vm.splats`."""
ADDRESS = "10.0.2.15"
"""The guest's own, as `tests/rig/vm/stage2` gives it; the other end is 10.0.2.2."""
FOREIGN_RACE = re.compile(r"BUG: KCSAN: (?!.*\[\w+\])")
"""The title of a data race that names no module: the kernel has many of its own."""


class VmError(Exception):
    """The guest did not boot, went away, or a command in it failed."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command in the guest ended."""

    cmd: str
    rc: int
    out: str
    err: str
    timed_out: bool = False

    def check(self) -> Result:
        """Returns itself, or raises `VmError` with the output if the command failed."""
        if self.rc != 0 or self.timed_out:
            how = "timed out" if self.timed_out else f"exit {self.rc}"
            raise VmError(f"{self.cmd}: {how}\n{self.out[-4000:]}\n{self.err[-4000:]}")
        return self


class Job:
    """A command that runs on in the guest."""

    def __init__(self, vm: Vm, job: int, pid: int, cmd: str) -> None:
        self.vm, self.job, self.pid, self.cmd = vm, job, pid, cmd

    def poll(self, timeout: float = 0) -> int | None:
        """Waits up to `timeout` seconds; the exit status, or None while it runs."""
        rc = self._poll(timeout)["rc"]
        return None if rc is None else int(rc)

    def wait(self, timeout: float = 60) -> int:
        rc = self.poll(timeout)
        if rc is None:
            raise VmError(f"{self.cmd}: still running after {timeout} s\n{self.output()[-2000:]}")
        return rc

    def output(self) -> str:
        return _text(self._poll(0)["out"])

    def signal(self, number: int) -> None:
        self.vm.request("signal", 10, job=self.job, signal=number)

    def _poll(self, timeout: float) -> dict[str, Any]:
        return self.vm.request("poll", timeout + 30, job=self.job, timeout=timeout)


def say(text: str) -> None:
    """Progress, past pytest's capture: a long step must not look like a hang."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"\n    {text}\n")
        sys.__stderr__.flush()


def _text(data: str) -> str:
    return base64.b64decode(data).decode("utf-8", "backslashreplace")


def stock(what: str) -> Path:
    """Fetches a stock kernel or tools package into the cache; see `tests/rig/stock/fetch.sh`."""
    done = subprocess.run(
        [RIG / "stock" / "fetch.sh", what], stdout=subprocess.PIPE, text=True, check=True
    )
    return Path(done.stdout.strip().splitlines()[-1])


def initramfs(kernel: Path) -> Path:
    """The initramfs for a kernel folder, rebuilt when one of its sources changed."""
    sources = [RIG / "vm" / name for name in ("mkinitramfs.sh", "init", "stage2", "agent.py")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    version = (kernel / "version").read_text().strip()
    image = TOP / "build" / "rig" / f"initramfs-{version}-{digest}.img"
    if not image.exists():
        subprocess.run([sources[0], kernel, image], check=True)
    return image


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _option(path: Path) -> str:
    """A path as a QEMU option value: a comma is doubled."""
    return str(path).replace(",", ",,")


class Vm:
    """One guest. A context manager: leaving it ends QEMU and removes its files.

    Args:
        console: where the guest's console goes (it is kept).
        log: called with each line of progress.
    """

    def __init__(self, console: Path, smb_port: int | None = None) -> None:
        self.console = console
        self.smb_host = "127.0.0.1"
        self.smb_port = smb_port or _free_port()
        self.release = ""
        self._work = Path(tempfile.mkdtemp(prefix="ksmbd-vm-"))
        self._qemu: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ids = itertools.count(1)
        self._send_lock = threading.Lock()
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._hello: Future[dict[str, Any]] = Future()
        self._seen_log_lines = 0

    def __enter__(self) -> Vm:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        return self._qemu is not None and self._qemu.poll() is None

    def boot(
        self,
        kernel: Path | None = None,
        *,
        memory: str = "3G",
        disk: str = "8G",
        cpus: int = 2,
        append: str = "",
        timeout: float = 180,
        tap: str = "",
        counting: bool = False,
    ) -> Vm:
        """Boots a kernel folder (the image of the installed headers by default).

        An oops ends the guest, so that what comes after it fails at once and the console
        log ends with the reason; `append` may say otherwise.

        KSMBD_VM_KERNEL and KSMBD_VM_APPEND name another default kernel and what its
        command line has besides: a debug kernel runs the same tests.

        Args:
            tap: an interface of this network namespace to be the guest's other end, with
                segmentation and checksums offloaded; `smb_host` is the guest's own address
                then. Without it the port is forwarded, and every packet is a small one.
            counting: a nanosecond of the guest is one instruction of its only processor,
                or one of the host while it waits. The two copies that the processor would
                do in one instruction are loops then, or they would count a byte each.
        """
        if kernel is None and (value := os.environ.get("KSMBD_VM_KERNEL")):
            kernel = Path(value)
            append = f"{os.environ.get('KSMBD_VM_APPEND', '')} {append}"
        kernel = kernel or stock("kernel")
        image = self._work / "disk.img"
        with image.open("wb") as file:
            file.truncate(_bytes(disk))
        # No journal: a guest's disk never outlives it.
        subprocess.run(
            [
                "/sbin/mkfs.ext4",
                "-q",
                "-F",
                "-O",
                "^has_journal",
                "-E",
                "lazy_itable_init=1",
                image,
            ],
            check=True,
        )
        control = self._work / "control"
        version = (kernel / "version").read_text().strip()
        accel = os.environ.get("KSMBD_VM_ACCEL", "tcg,thread=multi,tb-size=512")
        processor = ["-accel", accel, "-cpu", "max", "-smp", str(cpus)]
        if counting:
            processor = ["-accel", "tcg,thread=single,tb-size=512", "-cpu", "max,-erms,-fsrm",
                         "-smp", "1", "-icount", "shift=0,sleep=on,align=off"]  # fmt: skip
        net = f"user,restrict=on,hostfwd=tcp:127.0.0.1:{self.smb_port}-{ADDRESS}:445"
        if tap:
            net = f"tap,ifname={tap},script=no,downscript=no,vnet_hdr=on"
            self.smb_host, self.smb_port = ADDRESS, 445
        argv = [
            "qemu-system-x86_64", "-machine", "q35", *processor,
            "-m", memory, "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-serial", f"file:{_option(self.console)}",
            "-kernel", str(kernel / "vmlinuz"), "-initrd", str(initramfs(kernel)),
            "-append", f"console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off "
            f"log_buf_len=4M {append}",
            *_share("host", Path("/")),
            *_share("modules", kernel / "lib" / "modules" / version),
            "-drive",
            f"file={_option(image)},if=none,id=disk,format=raw,cache=unsafe,discard=unmap",
            "-device", "virtio-blk-pci,drive=disk",
            "-netdev", f"{net},id=net",
            "-device", "virtio-net-pci,netdev=net,romfile=",
            "-device", "virtio-rng-pci",
            "-chardev", f"socket,id=ctl,path={_option(control)},server=on,wait=off",
            "-device", "virtio-serial-pci",
            "-device", "virtserialport,chardev=ctl,name=rig.control",
        ]  # fmt: skip
        self.console.parent.mkdir(parents=True, exist_ok=True)
        with (self._work / "qemu.log").open("wb") as log:
            self._qemu = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._connect(control)
        deadline = time.monotonic() + timeout
        while not self._hello.done():
            if not self.alive:
                raise VmError(f"QEMU ended while booting\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise VmError(f"no sign of life after {timeout} s\n{self._last_words()}")
            try:
                self._hello.result(0.2)
            except FutureTimeout:
                continue
        self.release = str(self._hello.result()["hello"])
        return self

    def run(
        self,
        cmd: str | list[str],
        timeout: float = 60,
        *,
        check: bool = True,
        data: bytes | None = None,
        env: dict[str, str] | None = None,
        cwd: str = "/",
    ) -> Result:
        """Runs a shell line or an argument list in the guest and waits for it.

        Raises:
            VmError: the guest is gone, or `check` is set and the command failed.
        """
        extra: dict[str, Any] = {"env": env or {}, "cwd": cwd}
        if data is not None:
            extra["input"] = base64.b64encode(data).decode()
        answer = self.request("run", timeout + 30, cmd=cmd, timeout=timeout, **extra)
        shown = cmd if isinstance(cmd, str) else shlex.join(cmd)
        result = Result(
            shown, answer["rc"], _text(answer["out"]), _text(answer["err"]), answer["timed_out"]
        )
        return result.check() if check else result

    def start(self, cmd: str | list[str], *, env: dict[str, str] | None = None) -> Job:
        """Starts a command that runs on; its output is kept for `Job.output`."""
        answer = self.request("start", 30, cmd=cmd, env=env or {})
        shown = cmd if isinstance(cmd, str) else shlex.join(cmd)
        return Job(self, answer["job"], answer["pid"], shown)

    def write(self, path: str, text: str | bytes, mode: int = 0o644) -> None:
        """Writes a file in the guest."""
        data = text.encode() if isinstance(text, str) else text
        quoted = shlex.quote(path)
        self.run(f"mkdir -p $(dirname {quoted}) && cat > {quoted} && chmod {mode:o} {quoted}",
                 data=data)  # fmt: skip

    def read(self, path: str) -> str:
        return self.run(["cat", path]).out

    def empty(self, *folders: str) -> None:
        """Removes everything in the folders."""
        self.run(["find", *folders, "-mindepth", "1", "-maxdepth", "1",
                  "-exec", "rm", "-rf", "{}", "+"], 300)  # fmt: skip

    def dmesg(self) -> str:
        """The kernel log; from the console if the guest is gone."""
        if self.alive:
            try:
                return self.run(["dmesg"], 60).out
            except VmError:
                pass
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def splats(self) -> str:
        """What went wrong in the kernel since the last call, with its surroundings, or ""."""
        lines = self.dmesg().splitlines()
        first = self._seen_log_lines if self._seen_log_lines <= len(lines) else 0
        self._seen_log_lines = len(lines)
        new = lines[first:]
        hits = [
            n for n, line in enumerate(new) if SPLAT.search(line) and not FOREIGN_RACE.search(line)
        ]
        if not hits:
            return ""
        return "\n".join(new[max(0, hits[0] - 5) : hits[-1] + 40][:200])

    def request(self, op: str, patience: float, /, **fields: Any) -> dict[str, Any]:
        """One question to the agent and its answer.

        Raises:
            VmError: the guest is gone, does not answer in time, or refused.
        """
        if not self.alive or self._control is None:
            raise VmError(f"the guest is gone\n{self._last_words()}")
        number = next(self._ids)
        future: Future[dict[str, Any]] = Future()
        self._waiting[number] = future
        body = json.dumps({"id": number, "op": op, **fields}).encode()
        with self._send_lock:
            self._control.sendall(struct.pack(">I", len(body)) + body)
        try:
            answer = future.result(patience)
        except FutureTimeout:
            raise VmError(f"the guest does not answer: {fields}\n{self._last_words()}") from None
        finally:
            self._waiting.pop(number, None)
        if "error" in answer:
            raise VmError(f"{op}: {answer['error']}\n{self._last_words()}")
        return answer

    def close(self) -> None:
        """Ends the guest. Nothing of it is kept but the console."""
        qemu, self._qemu = self._qemu, None
        if qemu is not None and qemu.poll() is None:
            qemu.terminate()
            try:
                qemu.wait(10)
            except subprocess.TimeoutExpired:
                qemu.kill()
                qemu.wait()
        if self._control is not None:
            self._control.close()
            self._control = None
        shutil.rmtree(self._work, ignore_errors=True)

    def _connect(self, path: Path) -> None:
        # QEMU makes the socket before it runs the guest; only its own start is waited for.
        deadline = time.monotonic() + 30
        while True:
            control = socket.socket(socket.AF_UNIX)
            try:
                control.connect(str(path))
                break
            except OSError:
                control.close()
                if not self.alive or time.monotonic() > deadline:
                    raise VmError(f"QEMU did not start\n{self._last_words()}") from None
                time.sleep(0.05)
        self._control = control
        threading.Thread(target=self._receive, args=(control,), daemon=True).start()

    def _receive(self, control: socket.socket) -> None:
        reader = control.makefile("rb")
        try:
            while head := reader.read(4):
                answer = json.loads(reader.read(struct.unpack(">I", head)[0]))
                if "hello" in answer:
                    self._hello.set_result(answer)
                elif future := self._waiting.get(answer["id"]):
                    future.set_result(answer)
        except (OSError, ValueError, struct.error):
            pass
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_result({"error": "the guest went away"})

    def _last_words(self) -> str:
        parts = []
        for path in (self._work / "qemu.log", self.console):
            if path.exists():
                text = path.read_text(errors="replace")
                parts.append("\n".join(text.splitlines()[-40:]))
        return "\n".join(parts)


def guest(console: Path) -> Vm:
    """A guest as the environment wants it: QEMU's, or the one we are in already."""
    if os.environ.get("KSMBD_GUEST") == "here":
        from here import Here

        return Here(console)
    return Vm(console)


def _share(tag: str, path: Path) -> list[str]:
    return [
        "-fsdev",
        f"local,id={tag},path={_option(path)},security_model=none,readonly=on,multidevs=remap",
        "-device",
        f"virtio-9p-pci,fsdev={tag},mount_tag={tag}",
    ]


def _bytes(size: str) -> int:
    return int(size[:-1]) << {"M": 20, "G": 30}[size[-1]]
