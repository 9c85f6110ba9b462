#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Inside the guest: every allocation that serves a command fails once.

    sweep.py [SCENARIO...]

For the n-th step of a sweep the n-th allocation fails in whichever thread works for the
module (/proc/PID/fail-nth of its receiving threads and of the kernel's workers), until a step
comes in which nothing was left to fail. After each step the client must have got an answer or
the end of its connection, a new client must be served, and the module must unload without a
leak in the end: that is the rig's question.
"""

from __future__ import annotations

import contextlib
import shutil
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TOP / "tests" / "vm"), str(TOP / "tests" / "fuzz" / "server")]

import raw as r  # noqa: E402
from fuzz import KernelLog  # noqa: E402
from raw import Gone, Raw  # noqa: E402

DEBUGFS = Path("/sys/kernel/debug")
MOST_STEPS = 400
SHARE = Path("/srv/t0")


class Failing:
    """Who works for the module, and the n-th allocation of each set to fail."""

    def __init__(self) -> None:
        for name in ("failslab", "fail_page_alloc"):
            folder = DEBUGFS / name
            (folder / "ignore-gfp-wait").write_text("N")
            (folder / "verbose").write_text("0")
        (DEBUGFS / "fail_page_alloc" / "min-order").write_text("0")
        (DEBUGFS / "fail_page_alloc" / "ignore-gfp-highmem").write_text("N")

    @staticmethod
    def tasks() -> list[Path]:
        found = []
        for comm in Path("/proc").glob("[0-9]*/comm"):
            with contextlib.suppress(OSError):
                name = comm.read_text()
                if name.startswith(("ksmbd/", "kworker/u")):
                    found.append(comm.parent)
        return found

    def arm(self, nth: int) -> None:
        self.armed = self.tasks()
        for task in self.armed:
            with contextlib.suppress(OSError):
                (task / "fail-nth").write_text(str(nth))

    def disarm(self) -> int:
        """How many threads had an allocation fail."""
        failed = 0
        for task in self.armed:
            with contextlib.suppress(OSError):
                fail_nth = task / "fail-nth"
                failed += fail_nth.read_text().strip() == "0"
                fail_nth.write_text("0")
        return failed


@dataclass(frozen=True)
class Scenario:
    """What is made ready before the fault, and what the fault comes into."""

    act: Callable[[Raw, bytes], tuple[int, bytes]]
    target: str | None = "file"
    options: int = 0
    access: int = 0x1F01FF
    share: str = "t0"


def info(kind: int, info_class: int, what: int = 0) -> Callable[[Raw, bytes], tuple[int, bytes]]:
    def act(wire: Raw, handle: bytes) -> tuple[int, bytes]:
        body = bytearray(r.query_info(handle, kind, info_class, 4096))
        struct.pack_into("<I", body, 16, what)
        return r.QUERY_INFO, bytes(body)

    return act


def change(info_class: int, data: bytes, kind: int = 1, what: int = 0) -> Callable[
    [Raw, bytes], tuple[int, bytes]
]:  # fmt: skip
    def act(wire: Raw, handle: bytes) -> tuple[int, bytes]:
        body = bytearray(r.set_info(handle, kind, info_class, data))
        struct.pack_into("<I", body, 12, what)
        return r.SET_INFO, bytes(body)

    return act


def control(code: int, data: bytes = b"") -> Callable[[Raw, bytes], tuple[int, bytes]]:
    return lambda wire, handle: (r.IOCTL, r.ioctl(code, handle, data))


def named(name: str) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack("<BxxxxxxxQI", 1, 0, len(text)) + text


def opening(name: str, **more: int) -> Scenario:
    return Scenario(lambda wire, handle: (r.CREATE, r.create(name, **more)), None)


EVERYONE = (
    struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20)
    + struct.pack("<BBHHH", 2, 0, 28, 1, 0)
    + struct.pack("<BBHI", 0, 0, 20, 0x1F01FF)
    + bytes.fromhex("010100000000000100000000")
)
EA = struct.pack("<IBBH", 0, 0, 1, 5) + b"n\0value"
BIND = (
    struct.pack("<BBBBIHHI", 5, 0, 11, 3, 0x10, 72, 0, 1)
    + struct.pack("<HHIB3xHBx", 4280, 4280, 0, 1, 0, 1)
    + bytes.fromhex("C84F324B7016D30112785A47BF6EE188")
    + struct.pack("<HH", 3, 0)
    + bytes.fromhex("045D888AEB1CC9119FE808002B104860")
    + struct.pack("<HH", 2, 0)
)


def create_with_contexts(wire: Raw, handle: bytes) -> tuple[int, bytes]:
    body = bytearray(r.create("withcontexts"))
    body += bytes(-len(body) % 8)
    blob = b""
    lease = bytes(15) + b"\1" + struct.pack("<IIQ", 7, 0, 0)
    parts = (
        (b"MxAc", bytes(8)), (b"QFid", b""), (b"ExtA", EA), (b"SecD", EVERYONE),
        (b"DHnQ", bytes(16)), (b"RqLs", lease),
    )  # fmt: skip
    for number, (name, data) in enumerate(parts):
        one = struct.pack("<HHHHI4sxxxx", 16, 4, 0, 24 if data else 0, len(data), name) + data
        last = number == len(parts) - 1
        one += b"" if last else bytes(-(len(one) + 4) % 8)
        blob += struct.pack("<I", 0 if last else len(one) + 4) + one
    struct.pack_into("<II", body, 48, 64 + len(body), len(blob))
    return r.CREATE, bytes(body) + blob


SCENARIOS: dict[str, Scenario] = {
    "echo": Scenario(lambda w, h: (r.ECHO, r.echo()), None),
    "tree_connect": Scenario(
        lambda w, h: (r.TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, 36)
                      + "\\\\127.0.0.1\\second".encode("utf-16-le")), None),
    "create": opening("new"),
    "create_caseless": opening("FILE", disposition=1),
    "create_dir": opening("newdir", options=1),
    "create_overwrite": opening("file", disposition=5),
    "create_delete": opening("file", options=0x1000),
    "create_deep": opening("D\\E\\deep", disposition=3),
    "create_contexts": Scenario(create_with_contexts, None),
    "create_stream": opening("file:stream"),
    "close": Scenario(lambda w, h: (r.CLOSE, r.close(h, 1))),
    "close_delete": Scenario(lambda w, h: (r.CLOSE, r.close(h)), "doomed", 0x1000),
    "flush": Scenario(lambda w, h: (r.FLUSH, struct.pack("<HHI", 24, 0, 0) + h)),
    "read": Scenario(lambda w, h: (r.READ, r.read(h, 65536))),
    "write": Scenario(lambda w, h: (r.WRITE, r.write(h, bytes(60000)))),
    "lock": Scenario(lambda w, h: (r.LOCK, r.lock(h, (0, 10, 0x12), (20, 10, 0x12)))),
    "list": Scenario(lambda w, h: (r.QUERY_DIRECTORY, r.query_directory(h, "*", 37)), "", 1, 0x81),
    "notify": Scenario(
        lambda w, h: (r.CHANGE_NOTIFY, struct.pack("<HHI", 32, 0, 999) + h
                      + struct.pack("<II", 0xFFF, 0)), "d", 1),
    "query_all": Scenario(info(1, 18)),
    "query_eas": Scenario(info(1, 15)),
    "query_streams": Scenario(info(1, 22)),
    "query_name": Scenario(info(1, 48)),
    "query_security": Scenario(info(3, 0, 7)),
    "query_volume": Scenario(info(2, 1)),
    "query_sizes": Scenario(info(2, 7)),
    "query_attributes": Scenario(info(2, 5)),
    "set_basic": Scenario(change(4, struct.pack("<qqqqII", 1 << 56, 0, 0, 0, 2, 0))),
    "set_eof": Scenario(change(20, struct.pack("<Q", 100000))),
    "set_allocation": Scenario(change(19, struct.pack("<Q", 100000))),
    "set_eas": Scenario(change(15, EA)),
    "set_security": Scenario(change(0, EVERYONE, 3, 4)),
    "rename": Scenario(change(10, named("renamed"))),
    "rename_over": Scenario(change(10, named("other"))),
    "link": Scenario(change(11, named("linked"))),
    "delete": Scenario(change(13, b"\1")),
    "sparse": Scenario(control(0x000900C4)),
    "zero_data": Scenario(control(0x000980C8, struct.pack("<QQ", 0, 4096))),
    "ranges": Scenario(control(0x000940CF, struct.pack("<QQ", 0, 1 << 20))),
    "object_id": Scenario(control(0x000900C0)),
    "resume_key": Scenario(control(0x00140078)),
    "interfaces": Scenario(control(0x001401FC)),
    "pipe_open": Scenario(lambda w, h: (r.CREATE, r.create("srvsvc", access=0x12019F,
                                                            disposition=1)), None, share="IPC$"),
    "pipe_write": Scenario(lambda w, h: (r.WRITE, r.write(h, BIND)), "srvsvc", access=0x12019F,
                           share="IPC$"),
    "pipe_transceive": Scenario(control(0x0011C017, BIND), "srvsvc", access=0x12019F,
                                share="IPC$"),
    "logoff": Scenario(lambda w, h: (r.LOGOFF, r.echo())),
    "tree_disconnect": Scenario(lambda w, h: (r.TREE_DISCONNECT, r.echo())),
}  # fmt: skip


class Sweep:
    def __init__(self) -> None:
        self.failing = Failing()
        self.log = KernelLog()
        self.wire: Raw | None = None
        self.kind = ""

    def prepare(self, scenario: Scenario) -> tuple[Raw, bytes]:
        """Files as a step expects them, a connection that is ready, a handle if one is used."""
        (SHARE / "d" / "e").mkdir(parents=True, exist_ok=True)
        for name in ("renamed", "linked", "new", "withcontexts", "d/e/deep"):
            (SHARE / name).unlink(missing_ok=True)
        for folder in ("newdir",):
            with contextlib.suppress(OSError):
                (SHARE / folder).rmdir()
        for name in ("file", "other", "doomed"):
            path = SHARE / name
            if not path.exists():
                path.write_bytes(b"content")
                path.chmod(0o666)
                shutil.chown(path, "user1", "user1")  # who may have all rights
        for path in (SHARE / "d", SHARE / "d" / "e"):
            path.chmod(0o777)
            shutil.chown(path, "user1", "user1")
        if self.wire is None or self.kind != scenario.share:
            if self.wire is not None:
                self.wire.socket.close()
            self.wire = Raw(445, timeout=30).ready(scenario.share)
            self.wire.call(r.ECHO, r.echo(), credits=64)
            self.kind = scenario.share
        handle = b""
        if scenario.target is not None:
            handle = self.wire.open(
                scenario.target, options=scenario.options, access=scenario.access,
                disposition=1 if scenario.share == "IPC$" else 3,
            )  # fmt: skip
        return self.wire, handle

    def lose(self) -> None:
        if self.wire is not None:
            self.wire.socket.close()
            self.wire = None

    def step(self, scenario: Scenario, nth: int) -> tuple[int, str]:
        """One fault; (threads it came to, what the client saw)."""
        wire, handle = self.prepare(scenario)
        command, body = scenario.act(wire, handle)
        self.failing.arm(nth)
        try:
            message_id = wire.send(command, body, credits=4)
            reply = wire.receive()
            if reply.pending:
                wire.send(r.CANCEL, r.echo(), message_id=message_id, async_id=reply.async_id)
                reply = wire.receive()
            seen = reply.status
            if command == r.CREATE and seen == "SUCCESS":
                handle = r.file_id(reply)
        except Gone:
            seen = "gone"
        finally:
            failed = self.failing.disarm()
        if seen == "gone" or command in (r.LOGOFF, r.TREE_DISCONNECT):
            self.lose()
        elif handle:
            with contextlib.suppress(Gone):
                wire.call(r.CLOSE, r.close(handle))
        return failed, seen

    def run(self, name: str, scenario: Scenario) -> bool:
        seen: dict[str, int] = {}
        begin = time.monotonic()
        unfailed = nth = 0
        while unfailed < 2 and nth < MOST_STEPS:
            nth += 1
            try:
                failed, status = self.step(scenario, nth)
            except TimeoutError:
                print(f"{name}: no answer when allocation {nth} fails", flush=True)
                return False
            unfailed = 0 if failed or status == "gone" else unfailed + 1
            seen[status] = seen.get(status, 0) + 1
            if splat := self.log.splat():
                print(f"{name}: allocation {nth}: {splat}", flush=True)
                return False
        text = ", ".join(f"{count} {status}" for status, count in sorted(seen.items()))
        print(f"{name}: {nth - 2} faults in {time.monotonic() - begin:.1f} s: {text}", flush=True)
        return True


def log_on(sweep: Sweep) -> bool:
    """The same for what comes before a session: connecting, negotiating, both legs."""
    seen: dict[str, int] = {}
    begin = time.monotonic()
    unfailed = nth = 0
    while unfailed < 2 and nth < MOST_STEPS:
        nth += 1
        status = "gone"
        sweep.failing.armed = []
        try:
            with Raw(445, timeout=30) as wire:
                wire.negotiate()
                sweep.failing.arm(nth)
                status = wire.login().status
        except Gone:
            pass
        except TimeoutError:
            print(f"log_on: no answer when allocation {nth} fails", flush=True)
            return False
        finally:
            failed = sweep.failing.disarm()
        # A thread that ended with its connection can no longer be asked.
        unfailed = 0 if failed or status == "gone" else unfailed + 1
        seen[status] = seen.get(status, 0) + 1
        if splat := sweep.log.splat():
            print(f"log_on: allocation {nth}: {splat}", flush=True)
            return False
    text = ", ".join(f"{count} {status}" for status, count in sorted(seen.items()))
    print(f"log_on: {nth - 2} faults in {time.monotonic() - begin:.1f} s: {text}", flush=True)
    return True


def main(wanted: list[str]) -> int:
    sweep = Sweep()
    good = True
    for name, scenario in SCENARIOS.items():
        if not wanted or name in wanted:
            good = sweep.run(name, scenario) and good
    if not wanted or "log_on" in wanted:
        good = log_on(sweep) and good
    sweep.lose()
    with Raw(445) as wire:
        wire.ready().open("afterwards")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
