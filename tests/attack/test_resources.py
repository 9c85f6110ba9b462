# SPDX-License-Identifier: GPL-2.0-only
"""Classes 39 to 44 and 47: using the server up, and what fails inside it."""

from __future__ import annotations

import contextlib
import struct
import threading
import time

import pytest
import raw as r
from classes import pending
from raw import Gone, Raw
from server import Server
from vm import TOP

# --- 39 ---  (vanished peers, idle strangers, limits: tests/vm/test_resilience.py)


@pytest.mark.attack(39)
def test_hundreds_of_idle_strangers_keep_nobody_out(port: int) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(400):
            wire = stack.enter_context(Raw(port, timeout=60))
            if number % 2:
                wire.negotiate()
        begin = time.monotonic()
        with Raw(port) as late:
            late.ready().open("served")
        assert time.monotonic() - begin < 10


# --- 40 ---


@pytest.mark.attack(40)
@pytest.mark.parametrize("ahead", [1, 2, 64, 8192, 1 << 20, 1 << 32, (1 << 63), (1 << 64) - 2])
def test_a_message_id_ahead_of_the_window(port: int, ahead: int) -> None:
    with Raw(port) as wire:
        wire.ready()
        reply = wire.call(r.ECHO, r.echo())
        spare = 600 if ahead < 600 else 0
        wire.send(r.ECHO, r.echo(), message_id=(wire.message_id + ahead + spare) & ((1 << 64) - 1))
        assert reply.status == "SUCCESS"
        assert wire.gone()


@pytest.mark.attack(40)
@pytest.mark.parametrize("charge", [0, 2, 64, 512, 0xFFFF])
def test_a_charge_that_was_not_granted(port: int, charge: int) -> None:
    with Raw(port) as wire:
        wire.negotiate()
        wire.send(r.ECHO, r.echo(), charge=charge)
        if charge == 0:
            assert wire.receive().status == "SUCCESS"
        else:
            assert wire.gone()


@pytest.mark.attack(40)
def test_requests_in_flight_are_bounded_by_credits(port: int) -> None:
    """As many as fit into the socket: the connection ends where the credits do."""
    with Raw(port, timeout=60) as wire:
        wire.ready()
        handle = wire.open("file")
        burst = bytearray()
        for _ in range(20_000):
            frame = wire.header(r.READ) + r.read(handle, 1)
            burst += struct.pack(">I", len(frame)) + frame
        with contextlib.suppress(OSError):
            wire.socket.sendall(burst)
        answers = 0
        with contextlib.suppress(Gone, OSError):
            while True:
                answers += 1 if wire.receive() else 0
        assert answers < 8192


@pytest.mark.attack(40)
def test_one_who_reads_nothing_is_held_back(server: Server, port: int) -> None:
    """Megabytes asked for and never fetched: memory is bounded, others are served."""
    before = available_kib(server)
    with Raw(port, timeout=60) as wire:
        wire.ready()
        wire.call(r.ECHO, r.echo(), credits=4096)
        handle = wire.open("file")
        assert wire.call(r.WRITE, r.write(handle, bytes(65536))).status == "SUCCESS"
        for _ in range(3000):
            wire.send(r.READ, r.read(handle, 65536))
        time.sleep(2)
        assert before - available_kib(server) < 150 << 10
        with Raw(port) as other:
            other.ready().open("others")


def available_kib(server: Server) -> int:
    info = dict(line.split(":") for line in server.vm.read("/proc/meminfo").splitlines())
    return int(info["MemAvailable"].split()[0])


# --- 41 ---


@pytest.mark.attack(41)
def test_the_fault_sweep_is_a_rig_of_its_own() -> None:
    """tests/rig/faults: each allocation of each command fails once."""
    assert (TOP / "tests" / "rig" / "faults" / "sweep.py").exists()


# --- 42 ---  (the hostile daemon: test_daemon.py)


# --- 43 ---


@pytest.mark.attack(43)
@pytest.mark.parametrize("how", ["shutdown", "kill", "hard reset"])
def test_the_server_goes_down_and_up_under_attack(server: Server, share: str, how: str) -> None:
    """Strangers, log-ons, waiting locks, chains and listings while it stops and unloads."""
    stop = threading.Event()

    def attacker(number: int) -> None:
        # The pause leaves the one processor of a guest to those who stop and start.
        while not stop.wait(0.2):
            with contextlib.suppress(Exception), Raw(server.vm.smb_port, timeout=5) as wire:
                if number == 0:
                    wire.socket.sendall(b"\x00\x00\x10\x00\xfeSMB" + bytes(100))
                    continue
                wire.negotiate()
                if number == 1:
                    wire.login("user1", "wrong")
                    continue
                wire.login()
                wire.tree()
                handle = wire.open(f"attack{number}")
                wire.call(r.LOCK, r.lock(handle, (0, 9, 0x12)))
                second = wire.open(f"attack{number}")
                wire.send(r.LOCK, r.lock(second, (0, 9, 0x02)))
                for _ in range(20):
                    wire.compound([(r.CREATE, r.create("c")), (r.CLOSE, r.close(r.RELATED_ID))])
                while not stop.is_set():
                    wire.receive()

    threads = [threading.Thread(target=attacker, args=(n,), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            time.sleep(1)
            if how == "kill":
                assert server.daemon is not None
                server.daemon.signal(9)
                server.daemon.wait(30)
                server.daemon = None
                server.vm.run("echo hard > /sys/class/ksmbd-control/kill_server")
                server.unload()
            elif how == "hard reset":
                server.vm.run("echo hard > /sys/class/ksmbd-control/kill_server")
                server.stop()
            else:
                server.stop()
            server.module.load(server.vm)
            server.start_daemon()
    finally:
        stop.set()
    for thread in threads:
        thread.join(60)
    with Raw(server.vm.smb_port) as wire:
        wire.ready().open("still")


# --- 44 ---


@pytest.mark.attack(44)
def test_every_length_of_an_smb_direct_header() -> None:
    pending("SMB Direct")


# --- 47 ---

QUERY_INTERFACES = 0x001401FC


@pytest.mark.attack(47)
def test_interfaces_come_and_go_while_they_are_listed(server: Server, port: int) -> None:
    with Raw(port) as wire:
        wire.ready("share", 0x0302)
        reply = wire.call(r.IOCTL, r.ioctl(QUERY_INTERFACES, r.RELATED_ID, room=4096))
        if reply.status != "SUCCESS":
            pending("FSCTL_QUERY_NETWORK_INTERFACE_INFO")
        job = server.vm.start(
            "for i in $(seq 60); do ip link add cag0 type veth peer name cag1;"
            " ip link set cag0 up; ip link set cag1 up; ip addr add 10.77.0.1/24 dev cag0;"
            " ip -6 addr add fd00::1/64 dev cag0; ip link del cag0; done"
        )
        rooms = [*range(0, 310), 4096, 65536]
        at = 0
        while job.poll() is None or at < len(rooms):
            room = rooms[at % len(rooms)]
            at += 1
            reply = wire.call(r.IOCTL, r.ioctl(QUERY_INTERFACES, r.RELATED_ID, room=room))
            if reply.status != "SUCCESS":
                continue
            offset, count = struct.unpack_from("<II", reply.body, 32)
            data = reply.body[offset - 64 : offset - 64 + count]
            assert count <= room
            place = 0
            while data:
                assert len(data) - place >= 152
                step = struct.unpack_from("<I", data, place)[0]
                if not step:
                    assert len(data) - place == 152
                    break
                assert step == 152
                place += step
