# SPDX-License-Identifier: GPL-2.0-only
"""The servers that are compared, and how each is started in a guest of its own.

All of them get the same processor's ciphers, the same disk, the same folder, and the settings
with which they are fastest for one client.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass

from server import PASSWORD, STOCK_MODULE, USERS, Server, Tools, our_module
from vm import TOP, Job, Vm, VmError, stock
from workloads import FOLDERS, Target

FLOOR = TOP / "build" / "bench" / "floor"
LISTENING = "grep -qE ':01BD [0-9A-F:]+ 0A ' /proc/net/tcp /proc/net/tcp6"
"""01BD is 445, 0A is LISTEN."""

KSMBD = """\
[global]
	workgroup = TESTGROUP
	netbios name = KSMBDVM
	server signing = auto
	map to guest = never
	max connections = 8192
	max ip connections = 8192
	max open files = 60000
	smb2 max read = 8M
	smb2 max write = 8M

[share]
	path = /srv/share
	read only = no
	max connections = 4096
	create mask = 0777
	directory mask = 0777
"""

SAMBA = """\
[global]
	workgroup = TESTGROUP
	netbios name = KSMBDVM
	server role = standalone server
	server signing = auto
	map to guest = never
	disable netbios = yes
	smb ports = 445
	load printers = no
	printing = bsd
	printcap name = /dev/null
	disable spoolss = yes
	max open files = 60000
	use sendfile = yes
	aio read size = 0
	aio write size = 0
	logging = file
	log level = 0
	log file = /run/samba/log
	private dir = /run/samba
	lock directory = /run/samba
	state directory = /run/samba
	cache directory = /run/samba
	pid directory = /run/samba
	ncalrpc dir = /run/samba/ncalrpc

[share]
	path = /srv/share
	read only = no
	create mask = 0777
	directory mask = 0777
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens. `stop` ends it, and raises `VmError` if it does not end well."""

    target: Target
    version: str
    stop: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Peer:
    """One column of the table.

    Args:
        kernel: the guest's, as `tests/rig/stock/fetch.sh` names it.
        needs: what else that script has to fetch.
        clients: how many connections the guest's memory can hold.
        lacks: words of the rows that it cannot do; that another server can't is an error.
    """

    name: str
    kernel: str
    start: Callable[[Vm], Running]
    needs: tuple[str, ...] = ()
    clients: int = 1000
    lacks: tuple[str, ...] = ()


def prepare(vm: Vm) -> None:
    """What udev would do, a folder to serve, and no writing back while we count.

    Without udev nobody loads the modules of the processor's own instructions, and AES,
    GHASH and SHA would run in C: for every server, but not to the same loss.
    """
    vm.run(
        'modprobe -qab "$(cat /sys/devices/system/cpu/modalias)"; set -e;'
        " mkdir -p /srv/share; chmod 777 /srv/share;"
        " echo 0 > /proc/sys/vm/dirty_writeback_centisecs;"
        " echo 60 > /proc/sys/vm/dirty_background_ratio; echo 80 > /proc/sys/vm/dirty_ratio;"
        f" umask 0; {FOLDERS} chmod -R a+rwX /srv/share; sync",
        300,
    )


def start_floor(vm: Vm) -> Running:
    job = vm.start([str(FLOOR), "445", "/srv/share"])
    wait_listening(vm, job)
    return Running(Target(vm.smb_host, vm.smb_port, speaks_smb=False), "", lambda: job.signal(15))


def start_ours(vm: Vm) -> Running:
    return running(Server(vm, our_module(vm.release), Tools("ours"), KSMBD), "")


def start_stock(vm: Vm) -> Running:
    tools = Tools("3.5")
    assert tools.root is not None
    version = (tools.root / "version").read_text().strip()
    return running(Server(vm, STOCK_MODULE, tools, KSMBD), f"ksmbd-tools {version}")


def running(server: Server, version: str) -> Running:
    server.start()
    return Running(Target(server.vm.smb_host, server.vm.smb_port), version, server.stop)


def start_smbd(vm: Vm) -> Running:
    tools = Tools("samba")
    assert tools.root is not None
    tools.prepare(vm)
    accounts = "".join(
        f"echo '{name}:x:{uid}:{uid}::/run/home:/usr/sbin/nologin' >> /etc/passwd;"
        f" echo '{name}:x:{uid}:' >> /etc/group;"
        for name, uid in USERS.items()
    )
    vm.run(f"{accounts} mkdir -p /run/samba/ncalrpc /etc/samba")
    vm.write("/etc/samba/smb.conf", SAMBA)
    root = ["chroot", str(tools.root)]
    twice = f"{PASSWORD}\n{PASSWORD}\n".encode()
    for name in USERS:
        vm.run([*root, "/usr/bin/smbpasswd", "-s", "-a", name], 120, data=twice)
    line = shlex.join([*root, "/usr/sbin/smbd", "-F", "--no-process-group"])
    job = vm.start(f"ulimit -n 65536; exec {line}")
    wait_listening(vm, job)
    version = (tools.root / "version").read_text().strip()
    return Running(Target(vm.smb_host, vm.smb_port), f"samba {version}", lambda: job.signal(15))


def wait_listening(vm: Vm, job: Job) -> None:
    """Without a connection to it: that would be its first client."""
    done = vm.run(f"for i in $(seq 300); do {LISTENING} && exit 0; sleep 0.2; done; exit 1", 120,
                  check=False)  # fmt: skip
    if done.rc != 0 or job.poll() is not None:
        raise VmError(f"{job.cmd}: port 445 does not listen\n{job.output()[-4000:]}")


PEERS = {
    peer.name: peer
    for peer in (
        Peer("floor", "kernel", start_floor, clients=0),
        Peer("ours-6.1", "kernel", start_ours),
        # A process for each client: the guest has no room for a thousand.
        Peer("smbd", "kernel", start_smbd, ("tools-samba",), clients=200),
        Peer("floor-6.12", "kernel-6.12", start_floor, clients=0),
        Peer("stock-6.12", "kernel-6.12", start_stock, ("tools-3.5",), lacks=("GMAC",)),
        Peer("ours-6.12", "kernel-6.12", start_ours),
        Peer("floor-7.2", "kernel-7.2", start_floor, clients=0),
        Peer("stock-7.2", "kernel-7.2", start_stock, ("tools-3.5",), lacks=("GMAC",)),
        Peer("ours-7.2", "kernel-7.2", start_ours),
    )
}


def wanted() -> list[Peer]:
    """Those that SERVERS names, or all."""
    names = os.environ.get("SERVERS", "").split() or list(PEERS)
    if unknown := set(names) - set(PEERS):
        sys.exit(f"bench: no server {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    return [PEERS[name] for name in names]


def fetch_all(peers: list[Peer]) -> None:
    """Gets everything into the cache, while there is a network."""
    for peer in peers:
        for what in (peer.kernel, *peer.needs):
            stock(what)
