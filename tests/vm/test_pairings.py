# SPDX-License-Identifier: GPL-2.0-only
"""Our module with the stock tools, our tools with the stock module, and the controls.

The same copy-and-list test in each pair: the netlink interface is the product's promise.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from server import (
    CONFIG,
    PASSWORD,
    STOCK_MODULE,
    Server,
    Tools,
    our_module,
    smbclient,
    smbclient_list,
    smbclient_ok,
)
from vm import TOP, Vm, stock


@dataclass(frozen=True, slots=True)
class Pair:
    kernel: str
    module: str
    tools: str

    def __str__(self) -> str:
        return f"{self.kernel}-{self.module}-module-{self.tools}-tools"


PAIRS = [
    Pair("kernel", "our", "ours"),
    Pair("kernel", "our", "3.4.7"),
    Pair("kernel", "our", "3.5"),
    Pair("kernel-6.12", "stock", "ours"),
    Pair("kernel-6.12", "stock", "3.5"),
]


class Bench:
    """One guest a kernel, used by the pairs that want it one after the other."""

    def __init__(self) -> None:
        self.kernel = ""
        self.vm: Vm | None = None

    def guest(self, kernel: str) -> Vm:
        if self.vm is None or self.kernel != kernel or not self.vm.alive:
            self.close()
            vm = Vm(TOP / "build" / "vm" / f"console-pairing-{kernel}.log")
            try:
                vm.boot(stock(kernel), memory="1G", disk="2G")
            except BaseException:
                vm.close()
                raise
            self.kernel, self.vm = kernel, vm
        return self.vm

    def close(self) -> None:
        if self.vm is not None:
            self.vm.close()
            self.vm = None


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


OF_OURS = """
[ours]
	path = /srv/share
	read only = no
	hide unreadable = yes
	vfs objects = shadow_copy2 fruit recycle
	fruit:time machine = yes
[sealed]
	path = /srv/share
	smb3 encryption = mandatory
"""
"""What only our module knows of."""


def start(bench: Bench, pair: Pair, more: str = "") -> Server:
    vm = bench.guest(pair.kernel)
    module = STOCK_MODULE if pair.module == "stock" else our_module(vm.release)
    server = Server(vm, module, Tools(pair.tools), CONFIG + more)
    try:
        server.start()
    except BaseException:
        bench.close()
        raise
    return server


def finish(bench: Bench, server: Server) -> None:
    """Stops the server; a guest that cannot be left clean is not used again."""
    try:
        splat = server.vm.splats()
        assert not splat, f"the kernel log has a splat:\n{splat}"
        server.stop()
    except BaseException:
        bench.close()
        raise


def test_each_pair_means_what_it_says(bench: Bench) -> None:
    """The controls would prove nothing if "stock" were ours."""
    vm = bench.guest("kernel")
    ours = our_module(vm.release).path
    assert ours is not None
    source = vm.run(["modinfo", "-F", "srcversion", str(ours)]).out
    assert source != vm.run(["modinfo", "-F", "srcversion", "ksmbd"]).out
    assert "3.4.7" in vm.run(Tools("3.4.7").command("mountd", "-V")).out
    assert "3.5." in vm.run(Tools("3.5").command("mountd", "-V")).out


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_files_are_copied_and_listed(bench: Bench, pair: Pair, tmp_path: Path) -> None:
    server = start(bench, pair)
    try:
        copy_and_list(server, tmp_path)
    except BaseException:
        (TOP / "build" / "vm").mkdir(parents=True, exist_ok=True)
        (TOP / "build" / "vm" / f"pairing-{pair}.log").write_text(
            server.log() if server.vm.alive else server.vm.dmesg()
        )
        bench.close()
        raise
    finish(bench, server)


def copy_and_list(server: Server, tmp_path: Path) -> None:
    server.vm.run("rm -rf /srv/share/*")
    data = os.urandom(9_000_001)
    (tmp_path / "up").write_bytes(data)
    script = (
        "mkdir d; put up d\\one; put up d\\two; rename d\\two d\\three; get d\\three down; ls d\\*"
    )
    for dialect in ("SMB2_10", "SMB3_00", "SMB3_11"):
        out = smbclient_ok(server.vm, script + "; deltree d; ls", folder=tmp_path, dialect=dialect)
        assert "three" in out
        assert data == (tmp_path / "down").read_bytes()
    smbclient_ok(server.vm, "put up", folder=tmp_path, user=f"user2%{PASSWORD}")
    digest = server.vm.run(["sha256sum", "/srv/share/up"]).out.split()[0]
    assert hashlib.sha256(data).hexdigest() == digest

    shares = list_shares(server, tmp_path)
    assert {"share", "second", "readonly", "IPC$"} <= shares and "hidden" not in shares

    for user, share, status in (
        ("user1%wrong", "share", "LOGON_FAILURE"),
        ("nobody1%x", "share", "LOGON_FAILURE"),
        (f"user1%{PASSWORD}", "nosuch", "BAD_NETWORK_NAME"),
        (f"user1%{PASSWORD}", "only2", "ACCESS_DENIED"),
    ):
        done = smbclient(server.vm, "ls", folder=tmp_path, user=user, share=share)
        assert status in refusals(server, done.stdout + done.stderr, status)


def refusals(server: Server, output: str, expected: str) -> set[str]:
    """The statuses smbclient reports, as what they stand for.

    A stock module signs the answer to a refused tree connect wrongly, which smbclient
    reports as ACCESS_DENIED, whatever the status was.
    """
    found = set(re.findall(r"NT_STATUS_(\w+)", output))
    if server.module == STOCK_MODULE and "Bad SMB2" in output and "ACCESS_DENIED" in found:
        found.add(expected)
    return found


def list_shares(server: Server, folder: Path) -> set[str]:
    names = {
        line.split("|")[1]
        for line in smbclient_list(server.vm, folder=folder).stdout.splitlines()
        if line.count("|") == 2
    }
    # ksmbd-tools 3.5 call it "ipc$".
    return {"IPC$" if name == "ipc$" else name for name in names}


def test_our_tools_serve_the_stock_6_1_module_as_far_as_it_goes(
    bench: Bench, tmp_path: Path
) -> None:
    """The ksmbd.ko of 6.1.192 oopses by itself when a directory is opened without a lease
    (a NULL oplock object is put in smb2_open); log-in, tree connect and file copies work.
    """
    server = start(bench, Pair("kernel", "stock", "ours"), OF_OURS)
    data = os.urandom(3_000_001)
    (tmp_path / "up").write_bytes(data)
    smbclient_ok(server.vm, "put up; get up down", folder=tmp_path)
    assert data == (tmp_path / "down").read_bytes()
    digest = server.vm.run(["sha256sum", "/srv/share/up"]).out.split()[0]
    assert hashlib.sha256(data).hexdigest() == digest
    done = smbclient(server.vm, "put up", folder=tmp_path, user="user1%wrong")
    assert "NT_STATUS_LOGON_FAILURE" in done.stdout + done.stderr
    done = smbclient(server.vm, "put up", folder=tmp_path, share="nosuch")
    assert "BAD_NETWORK_NAME" in refusals(server, done.stdout + done.stderr, "BAD_NETWORK_NAME")
    # flags and strings of ours in the description of a share are passed over
    smbclient_ok(server.vm, "put up; get up down", folder=tmp_path, share="ours")
    assert data == (tmp_path / "down").read_bytes()
    done = smbclient(server.vm, "put up", folder=tmp_path, share="sealed")
    assert "NT_STATUS_" in done.stdout + done.stderr
    assert {"share", "IPC$"} <= list_shares(server, tmp_path)
    finish(bench, server)
