# SPDX-License-Identifier: GPL-2.0-only
"""What goes wrong in a server's life: daemons die, clients vanish, disks fill up."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import raw as r
from client import connected, status
from raw import Gone, Raw
from server import CONFIG, PASSWORD, Server, client_config, smbclient, smbclient_ok
from vm import TOP

MIB = 1 << 20
KEEPALIVE_SECONDS = 90


class Copy:
    """A running `smbclient put` of a file that takes a while."""

    def __init__(self, server: Server, folder: Path, size: int = 96 * MIB) -> None:
        self.server, self.folder = server, folder
        folder.mkdir(exist_ok=True)
        block = os.urandom(MIB)
        with (folder / "up").open("wb") as file:
            for number in range(size // MIB):
                file.write(number.to_bytes(4) + block[4:])
        self.size = size
        self.process = subprocess.Popen(
            [
                "smbclient", "//127.0.0.1/share", "-s", str(client_config(folder)), "-t", "60",
                "-p", str(server.vm.smb_port), "-U", f"user1%{PASSWORD}", "-c", "put up",
            ],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def wait_started(self) -> None:
        """Returns when some of it has arrived, but not all."""
        self.server.vm.run(
            "for i in $(seq 600); do s=$(stat -c %s /srv/share/up 2>/dev/null || echo 0);"
            " [ $s -gt 1048576 ] && exit 0; sleep 0.05; done; exit 1",
            60,
        )
        assert self.process.poll() is None, self.process.communicate()

    def finish(self) -> None:
        output, _ = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, output
        with (self.folder / "up").open("rb") as file:
            sent = hashlib.file_digest(file, "sha256").hexdigest()
        stored = self.server.vm.run(["sha256sum", "/srv/share/up"], 120).out.split()[0]
        assert stored == sent

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def daemon_pids(server: Server) -> list[int]:
    done = server.vm.run("pgrep -f '[k]smbd.mountd' || true")
    return [int(pid) for pid in done.out.split()]


def test_a_copy_survives_the_death_of_mountd(server: Server, share: str, tmp_path: Path) -> None:
    copy = Copy(server, tmp_path / "copy")
    copy.wait_started()
    server.vm.run("pkill -KILL -f '[k]smbd.mountd'")
    assert copy.process.poll() is None
    copy.finish()

    # Nobody can say who a new client is: it waits or is refused, and is told clearly.
    begin = time.monotonic()
    done = smbclient(server.vm, "ls", folder=tmp_path, timeout=120)
    assert done.returncode != 0
    assert "NT_STATUS_" in done.stdout + done.stderr
    assert time.monotonic() - begin < 60

    server.start_daemon()
    smbclient_ok(server.vm, "ls; get up down", folder=tmp_path)
    assert (tmp_path / "down").stat().st_size == copy.size


def test_an_open_session_goes_on_without_mountd(server: Server, share: str) -> None:
    with connected(server.vm.smb_port) as client:
        tree = client.tree()
        tree.put("before", b"1")
        server.vm.run("pkill -KILL -f '[k]smbd.mountd'")
        tree.put("after", b"2")
        handle = tree.open("before")
        assert handle.read(0, 9) == b"1"
        server.start_daemon()
        assert status(client.tree, "second") == "SUCCESS"


def test_mountd_ends_and_comes_back_while_clients_work(
    server: Server, share: str, tmp_path: Path
) -> None:
    copy = Copy(server, tmp_path / "copy")
    copy.wait_started()
    assert server.daemon is not None
    server.daemon.signal(15)
    server.daemon.wait(30)
    server.start_daemon()
    copy.finish()
    smbclient_ok(server.vm, "ls", folder=tmp_path)


def wait_free(server: Server, seconds: float) -> None:
    """Until the file "held" can be opened alone and locked: nothing of its client is left."""
    begin = time.monotonic()
    with Raw(server.vm.smb_port) as other:
        other.ready()
        while (reply := other.call(r.CREATE, r.create("held", share=0))).status != "SUCCESS":
            assert reply.status == "SHARING_VIOLATION"
            assert time.monotonic() - begin < seconds, "the handle outlives its client"
            time.sleep(0.5)
        assert other.call(r.LOCK, r.lock(r.file_id(reply), (0, 10, 0x12))).status == "SUCCESS"


def test_a_killed_clients_handles_and_locks_go_at_once(server: Server, share: str) -> None:
    wire = Raw(server.vm.smb_port).ready()
    handle = wire.open("held", share=0)
    assert wire.call(r.LOCK, r.lock(handle, (0, 10, 0x12))).status == "SUCCESS"
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.socket.close()
    wait_free(server, 20)


# A client in a network namespace of the guest, behind a cable that can be cut.
VANISHING = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import raw as r
wire = r.Raw(445, host="10.9.0.1").ready()
handle = wire.open("held", share=0)
assert wire.call(r.LOCK, r.lock(handle, (0, 10, 0x12))).status == "SUCCESS"
open("/run/held", "w").close()
wire.socket.settimeout(None)
wire.receive()
"""


def test_a_vanished_clients_handles_go_within_the_keepalive_time(
    server: Server, share: str
) -> None:
    """Neither FIN nor RST: only keepalive can tell."""
    server.vm.run(
        "set -e; rm -f /run/held; ip link add cable type veth peer name far; ip netns add away;"
        " ip link set far netns away; ip addr add 10.9.0.1/24 dev cable; ip link set cable up;"
        " ip -n away addr add 10.9.0.2/24 dev far; ip -n away link set far up"
    )
    python = str(TOP / ".venv" / "bin" / "python")
    job = server.vm.start(["ip", "netns", "exec", "away", python, "-c", VANISHING])
    try:
        held = server.vm.run(
            "for i in $(seq 300); do [ -e /run/held ] && exit 0; sleep 0.2; done; exit 1",
            90, check=False,
        )  # fmt: skip
        assert held.rc == 0, job.output()
        server.vm.run("ip -n away link set far down")
        with Raw(server.vm.smb_port) as other:
            other.ready()
            assert other.call(r.CREATE, r.create("held", share=0)).status == "SHARING_VIOLATION"
        wait_free(server, KEEPALIVE_SECONDS + 30)
    finally:
        job.signal(9)
        server.vm.run("ip link del cable; ip netns del away", check=False)


def test_ten_restarts_under_load(server: Server, share: str, tmp_path: Path) -> None:
    """Shut down, unload, load and serve again, while clients keep trying."""
    baseline = 0
    for number in range(10):
        copies = [Copy(server, tmp_path / f"copy{lane}", 32 * MIB) for lane in range(2)]
        copies[0].wait_started()
        server.stop()
        for copy in copies:
            # Cut off in the middle, or refused: what it must not do is hang.
            copy.process.wait(90)
            copy.kill()
        server.module.load(server.vm)
        server.start_daemon()
        splat = server.vm.splats()
        assert not splat, splat
        smbclient_ok(server.vm, f"mkdir again{number}; ls", folder=tmp_path)
        used = slab_kib(server)
        if number == 1:
            baseline = used
        if number == 9:
            # Eight rounds of a leaked connection would show; the caches' own noise is less.
            assert used - baseline < 4096, f"{baseline} KiB of slab grew to {used}"


def slab_kib(server: Server) -> int:
    """Unreclaimable slab, after everything that can go has gone."""
    server.vm.run("sync; echo 3 > /proc/sys/vm/drop_caches; sleep 1; echo 3 > "
                  "/proc/sys/vm/drop_caches")  # fmt: skip
    return int(server.vm.run("awk '/^SUnreclaim:/ { print $2 }' /proc/meminfo").out)


def test_the_module_is_not_unloaded_under_its_daemon(server: Server) -> None:
    server.vm.run("rmmod ksmbd", check=False)
    with connected(server.vm.smb_port) as client:
        client.tree().put("file")


def test_a_full_disk_is_said_and_nothing_else_breaks(
    server: Server, share: str, tmp_path: Path
) -> None:
    server.vm.run("rm -rf /srv/small/*; chmod 777 /srv/small")
    (tmp_path / "big").write_bytes(os.urandom(24 * MIB))
    done = smbclient(server.vm, "put big", folder=tmp_path, share="small")
    assert "NT_STATUS_DISK_FULL" in done.stdout + done.stderr
    with connected(server.vm.smb_port) as client:
        tree = client.tree("small")
        handle = tree.open("more")
        data = bytes(MIB)
        answers = {status(handle.write, data, number * MIB) for number in range(12)}
        assert "DISK_FULL" in answers
        assert answers <= {"SUCCESS", "DISK_FULL"}
        assert client.tree().put("elsewhere", b"x") is None
    server.vm.run("rm -rf /srv/small/*")
    smbclient_ok(server.vm, "mkdir d; rmdir d", folder=tmp_path, share="small")


@pytest.fixture
def hosts(server: Server) -> Iterator[Server]:
    """A share that only another network may use, and one that refuses ours."""
    server.vm.write(
        "/etc/ksmbd/ksmbd.conf",
        CONFIG
        + "\n[faraway]\n\tpath = /srv/share\n\thosts allow = 192.0.2.0/24\n"
        + "\n[denied]\n\tpath = /srv/share\n\thosts deny = 10.0.2.2\n",
    )
    server.run_tool("control", "-r")
    yield server
    server.vm.write("/etc/ksmbd/ksmbd.conf", CONFIG)
    server.run_tool("control", "-r")


@pytest.mark.parametrize(
    ("user", "share_name", "script", "expected", "said"),
    [
        ("user1%wrong", "share", "ls", {"LOGON_FAILURE"}, "user1"),
        ("stranger%x", "share", "ls", {"LOGON_FAILURE"}, "stranger"),
        (f"user1%{PASSWORD}", "nosuch", "ls", {"BAD_NETWORK_NAME"}, "nosuch"),
        (f"user1%{PASSWORD}", "only2", "ls", {"ACCESS_DENIED"}, "only2"),
        (f"user1%{PASSWORD}", "faraway", "ls", {"ACCESS_DENIED"}, "faraway"),
        (f"user1%{PASSWORD}", "denied", "ls", {"ACCESS_DENIED"}, "denied"),
        (
            f"user1%{PASSWORD}", "readonly", "mkdir new",
            {"ACCESS_DENIED", "MEDIA_WRITE_PROTECTED"}, None,
        ),
    ],
)  # fmt: skip
def test_a_refusal_has_the_right_status_and_a_line_in_the_log(
    hosts: Server, tmp_path: Path, user: str, share_name: str, script: str, expected: set[str],
    said: str | None,
) -> None:  # fmt: skip
    before = len(hosts.log())
    done = smbclient(hosts.vm, script, folder=tmp_path, user=user, share=share_name)
    text = done.stdout + done.stderr
    assert any(f"NT_STATUS_{status}" in text for status in expected), text
    if said is not None:
        deadline = time.monotonic() + 10
        while said not in hosts.log()[before:]:
            assert time.monotonic() < deadline, f"no word of {said} in\n{hosts.log()[before:]}"
            time.sleep(0.2)


def test_a_reload_changes_shares_and_users_while_clients_work(
    server: Server, share: str, tmp_path: Path
) -> None:
    with connected(server.vm.smb_port) as client:
        tree = client.tree()
        config = CONFIG + "\n[added]\n\tpath = /srv/second\n\tread only = no\n"
        server.vm.write("/etc/ksmbd/ksmbd.conf", config)
        server.run_tool("control", "-r")
        try:
            wait_for(lambda: status(client.tree, "added") == "SUCCESS")
            tree.put("still here", b"x")
            server.run_tool("adduser", "-u", "-p", "another", "user2")
            wait_for(
                lambda: smbclient(
                    server.vm, "ls", folder=tmp_path, user="user2%another"
                ).returncode == 0
            )  # fmt: skip
        finally:
            server.run_tool("adduser", "-u", "-p", PASSWORD, "user2")
            server.vm.write("/etc/ksmbd/ksmbd.conf", CONFIG)
            server.run_tool("control", "-r")
        wait_for(lambda: status(client.tree, "added") == "BAD_NETWORK_NAME")


def wait_for(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_connections_are_limited_per_address(server: Server) -> None:
    config = CONFIG.replace("max ip connections = 4096", "max ip connections = 5")
    server.stop()
    server.vm.write("/etc/ksmbd/ksmbd.conf", config)
    server.module.load(server.vm)
    server.start_daemon()
    wires = []
    try:
        served = 0
        for _ in range(9):
            wire = Raw(server.vm.smb_port)
            wires.append(wire)
            try:
                served += wire.negotiate().status == "SUCCESS"
            except (Gone, OSError):
                continue
        assert served == 5
        wires[0].socket.close()

        def room() -> bool:
            try:
                with Raw(server.vm.smb_port) as wire:
                    return wire.negotiate().status == "SUCCESS"
            except (Gone, OSError):
                return False

        wait_for(room)
    finally:
        for wire in wires:
            wire.socket.close()
        server.vm.write("/etc/ksmbd/ksmbd.conf", CONFIG)
        server.stop()
        server.module.load(server.vm)
        server.start_daemon()


def test_a_client_that_says_nothing_is_sent_away(server: Server) -> None:
    """No connection may be held open by someone who never logs in."""
    with Raw(server.vm.smb_port, timeout=120) as wire:
        assert wire.gone()
    with Raw(server.vm.smb_port, timeout=120) as wire:
        wire.negotiate()
        assert wire.gone()


def test_the_control_files_exist(server: Server) -> None:
    listed = server.vm.run(["ls", "/sys/class/ksmbd-control"]).out.split()
    assert {"debug", "kill_server"} <= set(listed)
    before = server.vm.read("/sys/class/ksmbd-control/debug")
    server.run_tool("control", "-d", "smb")
    during = server.vm.read("/sys/class/ksmbd-control/debug")
    assert "[smb]" in during
    server.run_tool("control", "-d", "smb")
    assert server.vm.read("/sys/class/ksmbd-control/debug") == before


def test_the_tools_know_the_module_and_the_shares(server: Server) -> None:
    assert server.run_tool("control", "-V").rc == 0
    listed = server.run_tool("control", "-l").out
    assert "share" in listed
