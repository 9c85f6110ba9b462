# SPDX-License-Identifier: GPL-2.0-only
"""`make run`: a demo server in a VM, until Ctrl-C."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from server import Server, boot_server, smbclient
from vm import TOP, Vm, VmError

DEMO_CONFIG = """\
[global]
	workgroup = WORKGROUP
	netbios name = KSMBD
	server string = ksmbd demo
	map to guest = never
	max ip connections = 256

[demo]
	comment = a share to play with
	path = /srv/share
	read only = no
"""


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def port_wanted() -> int | None:
    value = os.environ.get("PORT")
    return int(value) if value else None


def explain(vm: Vm, user: str, password: str) -> None:
    port = vm.smb_port
    say(f"""
  The share "demo" is served at 127.0.0.1, port {port}.
  User {user}, password {password}

    smbclient //127.0.0.1/demo -p {port} -U {user}%{password}
    sudo mount -t cifs //127.0.0.1/demo /mnt -o port={port},user={user},pass={password},vers=3.1.1

  Ctrl-C ends it; nothing of what was stored remains.
""")


def watch(server: Server) -> None:
    """Returns when the daemon or the guest ends."""
    assert server.daemon is not None
    while server.vm.alive and server.daemon.poll(10) is None:
        pass
    raise VmError(f"the server ended\n{server.log()[-3000:]}")


def main() -> int:
    # of a shell's background job SIGINT is ignored, unless it is asked for
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    begin = time.monotonic()
    user, password = "user1", secrets.token_hex(4)
    console = TOP / "build" / "vm" / "run-console.log"
    vm = Vm(console, port_wanted())
    server = None
    try:
        say("  vm: booting Debian's kernel (software emulation)")
        server = boot_server(vm, DEMO_CONFIG, password, memory="1G")
        say(f"  vm: {vm.release} is up after {time.monotonic() - begin:.0f} s")
        say("  vm: loading ksmbd.ko, starting ksmbd.mountd")
        server.start()
        with tempfile.TemporaryDirectory() as folder:
            done = smbclient(vm, "ls", folder=Path(folder), share="demo", user=f"{user}%{password}")
        if done.returncode != 0:
            raise VmError(f"the demo share does not answer\n{done.stdout}{done.stderr}"
                          f"\n{server.log()[-3000:]}")  # fmt: skip
        say(f"  vm: serving after {time.monotonic() - begin:.0f} s")
        explain(vm, user, password)
        watch(server)
        return 1
    except KeyboardInterrupt:
        say("\n  vm: stopping")
        if server is not None and server.daemon is not None and vm.alive:
            # A second Ctrl-C means now.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            server.stop()
        return 0
    except (VmError, subprocess.SubprocessError) as error:
        say(f"\n  vm: {error}\n  vm: the console is in {console}")
        return 1
    finally:
        vm.close()


if __name__ == "__main__":
    sys.exit(main())
