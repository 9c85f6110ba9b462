# SPDX-License-Identifier: GPL-2.0-only
"""The module on each kernel of the matrix: it loads, serves every dialect, and unloads.

KSMBD_MATRIX names the series ("5.10 7.2"); `make test-matrix` builds for them first. A series
that the archive does not have is skipped with that reason.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from caching import (
    BATCH,
    HANDLE,
    LEVEL_II,
    NONE,
    READ,
    acknowledge,
    acknowledge_lease,
    granted,
    lease_v2_of,
    leased_v2,
)
from raw import CREATE, OPLOCK_BREAK, WRITE, Raw, write
from server import CONFIG, PASSWORD, Server, Tools, our_module, smbclient_ok
from test_pairings import copy_and_list
from vm import TOP, Vm, stock

SERIES = os.environ.get("KSMBD_MATRIX", "5.10 6.12 7.2").split()
NOT_AVAILABLE = 3
"""How fetch.sh ends when no suite has the kernel."""


@pytest.fixture(params=SERIES)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    series = request.param
    try:
        kernel = stock(f"kernel-{series}")
    except subprocess.CalledProcessError as error:
        if error.returncode != NOT_AVAILABLE:
            raise
        pytest.skip(f"the archive has no kernel {series}")
    vm = Vm(TOP / "build" / "vm" / f"console-matrix-{series}.log")
    try:
        vm.boot(kernel, memory="1G", disk="2G")
        assert vm.release.startswith(f"{series}.")
        yield Server(vm, our_module(vm.release), Tools("ours"), LEASES).start()
    finally:
        vm.close()


def a_local_reader_waits_for_what_is_cached(server: Server) -> None:
    """The kernel's leases, whose interface differs in each of them."""
    with Raw(server.vm.smb_port, timeout=120) as client:
        client.ready("share", 0x0302)
        handle, level = granted(client, "cached", BATCH)
        assert level == BATCH
        reader = server.vm.start(["cat", "/srv/share/cached"])
        notice = client.receive()
        assert notice.is_break and notice.body[2] == LEVEL_II
        assert reader.poll() is None
        assert client.call(WRITE, write(handle, b"kept until now")).status == "SUCCESS"
        client.call(OPLOCK_BREAK, acknowledge(handle, LEVEL_II))
        assert reader.wait(60) == 0
        assert reader.output() == "kept until now"
        server.vm.run("echo x >> /srv/share/cached")
        notice = client.receive()
        assert notice.is_break and notice.body[2] == NONE


LEASES = CONFIG.replace("[global]\n", "[global]\n\tsmb2 leases = yes\n")
LOCAL_CHANGES = (
    "echo x >/srv/share/d/new",
    "mv /srv/share/d/new /srv/share/d/moved",
    "mv /srv/share/d/moved /srv/share/away",
    "mv /srv/share/away /srv/share/d/back",
    "echo y >>/srv/share/d/back",
    "chmod 600 /srv/share/d/back",
    "rm /srv/share/d/back",
)


def a_listing_is_taken_back_when_a_process_changes_it(server: Server) -> None:
    """fsnotify's interface differs in each of them as well."""
    server.vm.run("mkdir -m 777 /srv/share/d")
    with Raw(server.vm.smb_port, timeout=120) as client:
        client.ready("share", 0x0302)
        for change in LOCAL_CHANGES:
            body = leased_v2("d", 1, READ | HANDLE, access=0x100081, disposition=1)
            assert lease_v2_of(client.call(CREATE, body)).state == READ | HANDLE, change
            server.vm.run(change)
            notice = client.receive()
            assert notice.is_break and notice.body[24:32] == b"\3\0\0\0\0\0\0\0", change
            client.call(OPLOCK_BREAK, acknowledge_lease(1, 0))


def a_linux_client_lists_what_is_there(server: Server) -> None:
    """Newer ones keep listings under the directory's lease, and trust it for minutes."""
    server.vm.run(
        f"modprobe cifs; mkdir -p /mnt/c /srv/share/listed; chmod 777 /srv/share/listed;"
        f" mount -t cifs //127.0.0.1/share /mnt/c"
        f" -o username=user1,password={PASSWORD},vers=3.1.1,actimeo=600",
        60,
    )
    try:
        names: set[str] = set()
        for number in range(5):
            assert set(server.vm.run("ls /mnt/c/listed; ls /mnt/c/listed").out.split()) == names
            server.vm.run(f"touch /srv/share/listed/{number}")
            names.add(str(number))
            server.vm.run(
                f"for i in $(seq 100); do ls /mnt/c/listed | grep -qx {number} && exit 0;"
                " sleep 0.1; done; exit 1",
                60,
            )
    finally:
        server.vm.run("cat /proc/fs/cifs/open_dirs; umount /mnt/c", 60, check=False)


def test_it_serves_and_unloads(server: Server, tmp_path: Path) -> None:
    copy_and_list(server, tmp_path)
    (tmp_path / "sealed").write_bytes(os.urandom(300_000))
    for dialect in ("SMB2_02", "SMB3_02"):
        smbclient_ok(server.vm, "put sealed; get sealed back; rm sealed", folder=tmp_path,
                     dialect=dialect)  # fmt: skip
        assert (tmp_path / "back").read_bytes() == (tmp_path / "sealed").read_bytes()
    smbclient_ok(server.vm, "put sealed; get sealed back; rm sealed",
                 folder=tmp_path, options=("--client-protection=encrypt",))  # fmt: skip
    assert (tmp_path / "back").read_bytes() == (tmp_path / "sealed").read_bytes()
    a_local_reader_waits_for_what_is_cached(server)
    a_listing_is_taken_back_when_a_process_changes_it(server)
    a_linux_client_lists_what_is_there(server)
    server.stop()
    splat = server.vm.splats()
    assert not splat, f"the kernel log has a splat:\n{splat}"
