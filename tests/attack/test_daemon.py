# SPDX-License-Identifier: GPL-2.0-only
"""Class 42: the kernel trusts its daemon with decisions, not with memory.

A mountd that lies in every way about every question: nobody is let in who was not before,
whoever is in works on, and an honest daemon afterwards serves as if nothing had been.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import raw as r
from raw import Gone, Raw
from server import Server
from vm import TOP

MODE = "/run/rig/hostile"
CONFIGURATION = "/etc/ksmbd/ksmbd.conf"
WAYS = ("short", "empty", "long", "wrong type", "wrong handle", "noise", "counts", "twice", "die")
SLOW = ("never",)
SHARES = ("share", "second", "IPC$", "nosuch", "hidden", "ours")
OURS = """
[ours]
	path = /srv/share
	vfs objects = shadow_copy2 fruit recycle
	fruit:time machine = yes
	recycle:exclude = *.tmp
	veto files = /a/b/
"""
"""Described with everything that only our module knows of."""


class Liar:
    """A hostile mountd in the place of the server's own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.honest = server.tools.command

    def start(self) -> None:
        python = str(TOP / ".venv" / "bin" / "python")
        script = str(Path(__file__).with_name("hostile_mountd.py"))
        self.server.daemon = self.server.vm.start(
            [python, script, MODE, "-n"], env={"PYTHONPATH": str(TOP / "build" / "py")}
        )
        self.server.wait_serving(self.server.daemon)

    def lie(self, how: str) -> None:
        self.server.vm.write(MODE, how)

    def stop_lying(self) -> None:
        self.server.vm.run(["rm", "-f", MODE])


@pytest.fixture
def liar(server: Server, share: str) -> Iterator[Liar]:
    liar = Liar(server)
    end_daemon(server)
    liar.stop_lying()
    server.vm.write(CONFIGURATION, server.config + OURS)
    liar.start()
    try:
        yield liar
    finally:
        liar.stop_lying()
        end_daemon(server)
        server.vm.write(CONFIGURATION, server.config)
        server.start_daemon()
        with Raw(server.vm.smb_port) as wire:
            wire.ready().open("served honestly")


def end_daemon(server: Server) -> None:
    if server.daemon is not None and server.daemon.poll() is None:
        server.daemon.signal(15)
        server.daemon.wait(60)
    server.daemon = None


def ask_everything(port: int, rounds: int) -> None:
    """Each question that the kernel has for its daemon, whatever comes of it."""
    for number in range(rounds):
        with contextlib.suppress(Gone, AssertionError, OSError), Raw(port, timeout=60) as wire:
            wire.negotiate()
            user, password = (("user1", None), ("user1", "wrong"), ("nobody", "x"))[number % 3]
            reply = wire.login(user) if password is None else wire.login(user, password)
            if password is not None:
                assert reply.status != "SUCCESS"
            for share in SHARES:
                wire.tree(share)
            wire.tree("IPC$")
            opened = wire.call(r.CREATE, r.create("srvsvc", access=0x12019F, disposition=1))
            pipe = r.file_id(opened)
            wire.call(r.WRITE, r.write(pipe, BIND))
            wire.call(r.IOCTL, r.ioctl(0x0011C017, pipe, BIND))
            wire.call(r.CLOSE, r.close(pipe))
            wire.call(r.LOGOFF, r.echo())


BIND = (
    struct.pack("<BBBBIHHI", 5, 0, 11, 3, 0x10, 72, 0, 1)
    + struct.pack("<HHIB3xHBx", 4280, 4280, 0, 1, 0, 1)
    + bytes.fromhex("C84F324B7016D30112785A47BF6EE188")
    + struct.pack("<HH", 3, 0)
    + bytes.fromhex("045D888AEB1CC9119FE808002B104860")
    + struct.pack("<HH", 2, 0)
)


def nobody_gets_in(port: int) -> None:
    for user, password in (("user1", "wrong"), ("stranger", "x"), ("", "")):
        with contextlib.suppress(Gone, OSError), Raw(port, timeout=60) as wire:
            wire.negotiate()
            reply = wire.login(user, password) if user else wire.anonymous()
            if user:
                assert reply.status != "SUCCESS"
            elif reply.status == "SUCCESS":  # anonymous: nobody, who may list the shares
                assert wire.tree("share").status != "SUCCESS"


@pytest.mark.attack(42)
@pytest.mark.parametrize("way", WAYS)
def test_a_daemon_that_lies(server: Server, liar: Liar, way: str) -> None:
    with Raw(server.vm.smb_port, timeout=60) as before:
        before.ready()
        handle = before.open("file")
        liar.lie(way)
        ask_everything(server.vm.smb_port, 3 if way in ("short", "noise", "counts") else 1)
        if way != "die":
            nobody_gets_in(server.vm.smb_port)
        assert before.call(r.WRITE, r.write(handle, b"works on")).status == "SUCCESS"


@pytest.mark.attack(42)
def test_a_daemon_that_never_answers(server: Server, liar: Liar) -> None:
    """A log-on is refused in time, and a wrong password is not let in."""
    liar.lie("never")
    with contextlib.suppress(Gone), Raw(server.vm.smb_port, timeout=60) as wire:
        wire.negotiate()
        assert wire.login().status != "SUCCESS"


@pytest.mark.attack(42)
def test_a_daemon_that_is_gone_lets_nobody_in(server: Server, liar: Liar) -> None:
    liar.lie("die")
    with contextlib.suppress(Gone, OSError), Raw(server.vm.smb_port, timeout=60) as wire:
        wire.negotiate()
        assert wire.login().status != "SUCCESS"


@pytest.mark.attack(42)
def test_messages_from_a_process_that_is_not_the_daemon(server: Server, share: str) -> None:
    """A second socket of the same family: the first daemon stays, its answers count."""
    script = (
        "import asyncio\n"
        "from ksmbd.mountd.netlink.family import Family\n"
        "from ksmbd.shared.abi import Event\n"
        "family = Family.open()\n"
        "for event in Event:\n"
        "    for size in (0, 1, 4, 8, 100, 4096, 60000):\n"
        "        try:\n"
        "            family.send(event, bytes(size))\n"
        "        except Exception as error:\n"
        "            print(event, size, error)\n"
    )
    python = str(TOP / ".venv" / "bin" / "python")
    server.vm.run([python, "-c", script], 120, env={"PYTHONPATH": str(TOP / "build" / "py")})
    with Raw(server.vm.smb_port) as wire:
        wire.ready().open("still served")
