# SPDX-License-Identifier: GPL-2.0-only
"""The file server inside a guest: which module, which tools, which shares."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from vm import TOP, Job, Result, Vm, VmError, stock

PASSWORD = "Pass-word.1"
USERS = {"user1": 2001, "user2": 2002}

CONFIG = """\
[global]
	workgroup = TESTGROUP
	server string = ksmbd under test
	netbios name = KSMBDVM
	server signing = auto
	map to guest = never
	max connections = 4096
	max ip connections = 4096
	max open files = 20000
	durable handles = yes
	share:fake_fscaps = 0

[share]
	comment = the ordinary one
	path = /srv/share
	read only = no
	create mask = 0777
	directory mask = 0777

[second]
	path = /srv/second
	read only = no
	create mask = 0777
	directory mask = 0777

[readonly]
	path = /srv/readonly
	read only = yes

[small]
	comment = a disk of 8 MiB
	path = /srv/small
	read only = no

[only2]
	path = /srv/share
	read only = no
	valid users = user2

[hidden]
	path = /srv/share
	browseable = no

[streams]
	path = /srv/share
	read only = no
	vfs objects = streams_xattr
"""


class Tools:
    """The four commands of one ksmbd-tools, as run in a guest.

    The stock ones run in their own unpacked root, so that they find their own libraries;
    what they share with the system is bound into it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = None if name == "ours" else stock(f"tools-{name}")

    def command(self, program: str, *args: str) -> list[str]:
        if self.root is None:
            return [str(TOP / ".venv" / "bin" / f"ksmbd.{program}"), *args]
        return ["chroot", str(self.root), f"/usr/sbin/ksmbd.{program}", *args]

    def prepare(self, vm: Vm) -> None:
        if self.root is None:
            return
        root = shlex.quote(str(self.root))
        vm.run(
            f"for d in proc sys dev etc run srv; do mountpoint -q {root}/$d ||"
            f" mount --rbind /$d {root}/$d; done"
        )


@dataclass(frozen=True, slots=True)
class Module:
    """ksmbd.ko: ours, or the one of the running kernel."""

    path: Path | None

    def load(self, vm: Vm) -> None:
        if self.path is None:
            vm.run(["modprobe", "ksmbd"])
            return
        path = shlex.quote(str(self.path))
        # insmod follows no dependencies; modprobe would find the stock module first.
        vm.run(
            f"for m in $(modinfo -F depends {path} | tr , ' '); do modprobe $m || exit 1; done;"
            f" for m in $(modinfo -F softdep {path} | sed 's/^pre: //; s/post:.*//'); do"
            f" modprobe -q $m; done; insmod {path}"
        )


STOCK_MODULE = Module(None)


def our_module(release: str) -> Module:
    """Our module as built for a kernel; `make vm-module` puts it there.

    Raises:
        VmError: it was not built.
    """
    if value := os.environ.get("KSMBD_KO"):
        return Module(Path(value))
    for path in (TOP / "kernel" / "ksmbd.ko", TOP / "build" / "kernel" / release / "ksmbd.ko"):
        if path.exists() and release in _vermagic(path):
            return Module(path)
    raise VmError(f"no kernel/ksmbd.ko for {release}: run `make vm-module`")


def _vermagic(path: Path) -> str:
    done = subprocess.run(
        ["/sbin/modinfo", "-F", "vermagic", path], capture_output=True, text=True, check=True
    )
    return done.stdout


class Server:
    """A running server: module loaded, accounts made, daemon in the foreground of a job."""

    def __init__(
        self,
        vm: Vm,
        module: Module,
        tools: Tools,
        config: str = CONFIG,
        password: str = PASSWORD,
    ) -> None:
        self.vm, self.module, self.tools, self.config = vm, module, tools, config
        self.password = password
        self.daemon: Job | None = None

    def start(self) -> Server:
        """Brings everything up and returns when port 445 listens."""
        self.prepare()
        self.module.load(self.vm)
        self.start_daemon()
        return self

    def prepare(self) -> None:
        """Folders, Unix accounts, configuration and password database."""
        lines = "".join(
            f"grep -q '^{name}:' /etc/passwd || {{"
            f" echo '{name}:x:{uid}:{uid}::/run/home:/usr/sbin/nologin' >> /etc/passwd;"
            f" echo '{name}:x:{uid}:' >> /etc/group; }}\n"
            for name, uid in USERS.items()
        )
        self.vm.run(
            lines + "mkdir -p /etc/ksmbd /srv/share /srv/second /srv/readonly /srv/small\n"
            "chmod 777 /srv/share /srv/second\n"
            "echo 'read me' > /srv/readonly/file\n"
            "rm -f /etc/ksmbd/ksmbdpwd.db /run/ksmbd.lock; install -m 600 /dev/null"
            " /etc/ksmbd/ksmbdpwd.db\n"
            "mountpoint -q /srv/small || { truncate -s 8M /srv/small.img;"
            " mkfs.ext4 -q -F -O ^has_journal /srv/small.img; modprobe loop;"
            " mount -o loop /srv/small.img /srv/small; chmod 777 /srv/small; }\n"
        )
        self.vm.write("/etc/ksmbd/ksmbd.conf", self.config)
        self.tools.prepare(self.vm)
        for name in USERS:
            self.run_tool("adduser", "-a", name, "-p", self.password)  # 3.4.7 wants it so

    def run_tool(self, program: str, *args: str, check: bool = True) -> Result:
        return self.vm.run(self.tools.command(program, *args), 120, check=check)

    def start_daemon(self) -> None:
        """Starts mountd and waits until it answers for a module that listens."""
        self.daemon = self.vm.start(self.tools.command("mountd", "-n"))
        if self.tools.root is None:
            # A module whose daemon died goes on listening: the port says nothing of this one.
            self.wait_serving(self.daemon)
        self.wait_listening()

    def wait_serving(self, daemon: Job, seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while ": serving " not in daemon.output():
            if daemon.poll(0.2) is not None or time.monotonic() > end:
                raise VmError(f"mountd does not serve\n{self.log()[-4000:]}")

    def wait_listening(self, seconds: int = 60) -> None:
        # 01BD is 445 and 0A is LISTEN: looking costs the server no connection.
        done = self.vm.run(
            f"for i in $(seq {seconds * 5}); do"
            " grep -qE ':01BD [0-9A-F:]+ 0A ' /proc/net/tcp /proc/net/tcp6 && exit 0;"
            " sleep 0.2; done; exit 1",
            seconds + 60,
            check=False,
        )
        if done.rc != 0:
            raise VmError(f"port 445 does not listen\n{self.log()[-4000:]}")

    def log(self) -> str:
        """What the daemon and the kernel said."""
        daemon = self.daemon.output() if self.daemon else ""
        kernel = self.vm.run(["dmesg"], check=False).out.splitlines()
        # What the boot said is of no interest.
        kernel = [line for line in kernel if "ksmbd" in line] or kernel[-20:]
        return "\n".join([daemon, *kernel[-500:]])

    def stop(self) -> None:
        """Shuts the server down and unloads the module.

        Raises:
            VmError: something still holds the module, or the daemon did not end.
        """
        self.run_tool("control", "-s", check=False)
        if self.daemon:
            try:
                self.daemon.wait(60)
            except VmError:
                self.daemon.signal(9)
                raise
            self.daemon = None
        self.unload()

    def unload(self) -> None:
        # The last connections end a moment after the daemon: rmmod says EAGAIN until then.
        self.vm.run(
            "for i in $(seq 100); do rmmod ksmbd 2>/run/rig/rmmod && exit 0; sleep 0.2; done;"
            " cat /run/rig/rmmod; lsmod | grep ksmbd; exit 1",
            90,
        )


def boot_server(
    vm: Vm, config: str = CONFIG, password: str = PASSWORD, memory: str = "3G"
) -> Server:
    """Boots a guest with our module and tools, ready to start.

    KSMBD_PEER=stock takes Debian's 6.12 module and its tools 3.5 instead, which shows
    whether a test is wrong or we are.
    """
    if os.environ.get("KSMBD_PEER") == "stock":
        vm.boot(stock("kernel-6.12"), memory=memory)
        return Server(vm, STOCK_MODULE, Tools("3.5"), config, password)
    vm.boot(memory=memory)
    return Server(vm, our_module(vm.release), Tools("ours"), config, password)


def client_config(folder: Path) -> Path:
    """An smb.conf for smbclient and smbtorture, independent of the host's."""
    path = folder / "client.conf"
    path.write_text(
        "[global]\n\tclient min protocol = SMB2_02\n\tclient max protocol = SMB3_11\n"
        f"\tworkgroup = TESTGROUP\n\tprivate dir = {folder}\n\tlock directory = {folder}\n"
        f"\tstate directory = {folder}\n\tcache directory = {folder}\n\tpid directory = {folder}\n"
    )
    return path


def smbclient(
    vm: Vm,
    script: str,
    *,
    folder: Path,
    share: str = "share",
    user: str = f"user1%{PASSWORD}",
    dialect: str = "SMB3_11",
    cwd: Path | None = None,
    options: tuple[str, ...] = (),
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Runs an smbclient script on the host against the guest, in exactly one dialect."""
    argv = [
        "smbclient", f"//127.0.0.1/{share}", "-s", str(client_config(folder)),
        "-p", str(vm.smb_port), "-U", user, "-m", dialect,
        f"--option=client min protocol={dialect}", "-t", "60", *options, "-c", script,
    ]  # fmt: skip
    return subprocess.run(
        argv, cwd=cwd or folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip


def smbclient_list(
    vm: Vm, *, folder: Path, dialect: str = "SMB3_11", user: str = f"user1%{PASSWORD}"
) -> subprocess.CompletedProcess[str]:
    """`smbclient -L`, in its form for programs: TYPE|NAME|COMMENT."""
    argv = [
        "smbclient", "-L", "//127.0.0.1", "-g", "-s", str(client_config(folder)),
        "-p", str(vm.smb_port), "-U", user, "-m", dialect,
        f"--option=client min protocol={dialect}",
    ]  # fmt: skip
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


def smbclient_ok(vm: Vm, script: str, *, folder: Path, **more: object) -> str:
    """Like `smbclient`, and an error anywhere in the script is an error here.

    smbclient's exit status speaks of the last command only.
    """
    done = smbclient(vm, script, folder=folder, **more)  # type: ignore[arg-type]
    text = done.stdout + done.stderr
    bad = [line for line in text.splitlines() if "NT_STATUS_" in line and "_OK" not in line]
    assert done.returncode == 0 and not bad, f"{script}: exit {done.returncode}\n{text[-3000:]}"
    return text


if __name__ == "__main__":
    sys.exit("a module for the tests; see tests/vm/run.py for a server to play with")
