# SPDX-License-Identifier: GPL-2.0-only
"""How a mountd begins, reloads, tells, and ends: without a kernel."""

import asyncio
import errno
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ksmbd.mountd import __main__ as command
from ksmbd.mountd import daemon, service, startup
from ksmbd.mountd.netlink.family import FamilyAbsent
from ksmbd.shared import abi, config, paths
from ksmbd.shared.abi import Event, GlobalFlag
from ksmbd.shared.config import Encryption, Globals, Signing
from ksmbd.shared.errors import KsmbdError

SUB_AUTH = (1, 2, 0xFFFFFFFF)
ROOT = Path(__file__).parents[2]


def test_parameters_become_the_fields_of_the_same_name() -> None:
    settings = Globals(
        deadtime=3,
        file_max=4,
        ipc_timeout=5,
        max_connections=6,
        max_ip_connections=7,
        smb2_max_read=8,
        smb2_max_write=9,
        smb2_max_trans=10,
        smb2_max_credits=11,
        smbd_max_io_size=12,
        fake_fscaps=13,
        min_protocol="SMB2_10",
        max_protocol="SMB3_02",
        netbios_name="NAME",
        workgroup="GROUP",
        server_string="STRING",
        signing=Signing.ENABLED,
    )
    assert startup.request(settings, SUB_AUTH, None) == abi.StartupRequest(
        flags=GlobalFlag(0),
        signing=abi.Signing.ENABLED,
        min_prot="SMB2_10",
        max_prot="SMB3_02",
        netbios_name="NAME",
        work_group="GROUP",
        server_string="STRING",
        tcp_port=445,
        ipc_timeout=5,
        deadtime=3,
        file_max=4,
        smb2_max_write=9,
        smb2_max_read=8,
        smb2_max_trans=10,
        share_fake_fscaps=13,
        sub_auth=SUB_AUTH,
        smb2_max_credits=11,
        smbd_max_io_size=12,
        max_connections=6,
        bind_interfaces_only=False,
        max_ip_connections=7,
    )


def test_the_defaults_make_a_request_without_interfaces() -> None:
    assert len(startup.request(Globals(), SUB_AUTH, None).pack()) == 744


def test_switches_become_flags_and_the_command_line_has_the_last_word_on_the_port() -> None:
    settings = replace(
        Globals(),
        smb2_leases=True,
        multichannel=True,
        durable_handles=True,
        encryption=Encryption.MANDATORY,
        tcp_port=1445,
    )
    assert startup.request(settings, SUB_AUTH, None).flags == 0x17
    assert startup.request(settings, SUB_AUTH, None).tcp_port == 1445
    assert startup.request(settings, SUB_AUTH, 4455).tcp_port == 4455
    off = replace(Globals(), encryption=Encryption.OFF)
    assert startup.request(off, SUB_AUTH, None).flags == 0x08
    off = replace(Globals(), directory_leases=False)
    assert startup.request(off, SUB_AUTH, None).flags == 0x80000000


def test_interfaces_are_sent_only_when_bound_to() -> None:
    some = replace(Globals(), interfaces=("lo", "eth9"))
    only = replace(some, bind_interfaces_only=True)

    assert startup.request(some, SUB_AUTH, None).interfaces == ()
    assert startup.request(only, SUB_AUTH, None).pack()[744:] == b"lo\0eth9\0"


class FakeKernel:
    """Acknowledges start-ups with the given codes."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.pauses = 0

    async def call(self, event: Event, payload: bytes, timeout: float) -> int:
        assert (event, len(payload)) == (Event.STARTING_UP, 744)
        return self.codes.pop(0)

    async def pause(self, seconds: float) -> None:
        self.pauses += 1


def register(kernel: FakeKernel) -> None:
    request = startup.request(Globals(), SUB_AUTH, None)
    asyncio.run(startup.register(kernel, request, pause=kernel.pause))


def test_a_server_that_is_resetting_is_asked_again() -> None:
    kernel = FakeKernel(errno.EINVAL, errno.EINVAL, 0)
    register(kernel)
    assert kernel.pauses == 2


def test_a_kernel_that_refuses_is_not_asked_for_ever() -> None:
    kernel = FakeKernel(*[errno.EINVAL] * 100)
    with pytest.raises(KsmbdError, match="another one is alive"):
        register(kernel)
    assert kernel.pauses == startup.ATTEMPTS - 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (errno.EPERM, "CAP_NET_ADMIN"),
        (errno.ERANGE, "another protocol"),
        (errno.ENOMEM, "Cannot allocate"),
    ],
)
def test_other_refusals_are_final_and_explained(code: int, text: str) -> None:
    kernel = FakeKernel(code, 0)
    with pytest.raises(KsmbdError, match=text):
        register(kernel)
    assert kernel.codes == [0]


def test_a_missing_module_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise FamilyAbsent("absent")

    monkeypatch.setattr(startup.Family, "open", absent)
    with pytest.raises(FamilyAbsent, match="modprobe ksmbd"):
        startup.open_family(may_load=False)
    monkeypatch.setattr(startup, "load_module", lambda: "modprobe: not in /lib/modules")
    with pytest.raises(FamilyAbsent, match="not in /lib/modules"):
        startup.open_family(may_load=True)
    monkeypatch.setattr(startup, "load_module", lambda: None)
    with pytest.raises(FamilyAbsent, match="has no SMBD_GENL"):
        startup.open_family(may_load=True)


@pytest.mark.parametrize(
    ("text", "state"),
    [("2 running 445 17179621\n", "running"), ("2 startup 0 0\n", "startup"), ("", None)],
)
def test_the_state_of_the_server_is_read_from_sysfs(
    tmp_path: Path, text: str, state: str | None
) -> None:
    (tmp_path / "stats").write_text(text)
    assert state == startup.server_state(tmp_path / "stats")
    assert startup.server_state(tmp_path / "nothing") is None


@pytest.fixture
def notified(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(5)
        yield sock


def test_systemd_is_told(notified: socket.socket) -> None:
    manager = daemon.ServiceManager(notified.getsockname())
    manager.reloading()
    manager.ready("serving")
    manager.stopping()

    assert notified.recv(999).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert f"READY=1\nSTATUS=serving\nMAINPID={os.getpid()}".encode() == notified.recv(999)
    assert notified.recv(999) == b"STOPPING=1"
    daemon.ServiceManager(None).ready("nobody listens")
    daemon.ServiceManager("/no/such/socket").ready("nobody listens")


def a_config(tmp_path: Path, text: str = "[data]\npath = /srv\ncomment = All of it\n") -> Path:
    path = tmp_path / "ksmbd.conf"
    path.write_text(text)
    return path


def test_shares_are_listed_for_control(tmp_path: Path) -> None:
    text = service.listing(config.load(a_config(tmp_path)))
    lines = text.splitlines()

    assert tuple(lines[0].replace("\x1b[1m", "").replace("\x1b[m", "").split()) == (
        "Name",
        "Comment",
    )
    assert f"{'data':>28}  All of it" == lines[1]
    assert lines[2].split()[0] == "IPC$"


def test_the_list_goes_to_fifos_with_a_reader_and_to_nothing_else(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ksmbd.fifo.1")
    os.mkfifo(tmp_path / "ksmbd.fifo.2")
    (tmp_path / "ksmbd.fifo.3").write_text("no fifo")
    (tmp_path / "target").write_text("untouched")
    (tmp_path / "ksmbd.fifo.4").symlink_to(tmp_path / "target")
    reader = os.open(tmp_path / "ksmbd.fifo.2", os.O_RDONLY | os.O_NONBLOCK)
    long_text = "x" * 300_000  # longer than a pipe holds
    got: list[bytes] = []

    def read() -> None:
        # Until a writer comes, a read would say end of file.
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.poll(10_000)
        os.set_blocking(reader, True)
        with os.fdopen(reader, "rb") as pipe:
            got.append(pipe.read())

    thread = threading.Thread(target=read)
    thread.start()
    service.answer_fifos(tmp_path, long_text)
    thread.join(10)

    assert [long_text.encode()] == got
    assert (tmp_path / "ksmbd.fifo.3").read_text() == "no fifo"
    assert (tmp_path / "target").read_text() == "untouched"


class FakeFamily:
    """A kernel that accepts; its reader calls are kept."""

    def __init__(self) -> None:
        self.closed = False
        self.registered = asyncio.Event()

    def attach(self, loop: object, on_event: object, on_gone: object) -> None:
        self.on_gone = on_gone

    def send(self, event: Event, payload: bytes) -> None: ...

    async def call(self, event: Event, payload: bytes, timeout: float) -> int:
        self.registered.set()
        return 0

    def close(self) -> None:
        self.closed = True


class Told:
    """Notes what the service says of itself."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.said = asyncio.Event()

    def _say(self, word: str) -> None:
        self.words.append(word)
        self.said.set()

    def ready(self, status: str = "") -> None:
        self._say(f"ready {status}".strip())

    def reloading(self) -> None:
        self._say("reloading")

    def stopping(self) -> None:
        self._say("stopping")

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.words) < count:
                self.said.clear()
                await self.said.wait()


def a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[service.Service, Told, FakeFamily]:
    family = FakeFamily()
    monkeypatch.setattr(startup, "open_family", lambda may_load: family)
    told = Told()
    options = service.Options(
        config=a_config(tmp_path),
        users=tmp_path / "db",
        subauth=tmp_path / "subauth",
        run=tmp_path,
        kernel=paths.KernelFiles(tmp_path, tmp_path),
    )
    return service.Service(options, daemon.Foreground(), told), told, family  # type: ignore[arg-type]


def test_a_service_reloads_on_hup_keeps_what_works_and_ends_on_term(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running, told, family = a_service(tmp_path, monkeypatch)

    async def play() -> None:
        task = asyncio.ensure_future(running.run())
        await told.until(1)
        a_config(tmp_path, "[data]\npath = /srv\n[more]\npath = /srv/more\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await told.until(3)
        assert {"data", "more"} <= set(running._state.config.shares)
        assert {"data", "more"} <= running._state.outdated

        a_config(tmp_path, "no section\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await told.until(5)
        assert {"data", "more"} <= set(running._state.config.shares)

        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 5)

    asyncio.run(play())
    assert [w.split()[0] for w in told.words] == [
        "ready",
        "reloading",
        "ready",
        "reloading",
        "ready",
        "stopping",
    ]
    assert "the reload failed" in caplog.text
    assert family.closed
    assert not service.workers_are_stuck()


def test_a_service_ends_when_the_server_is_shut_down_or_the_module_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_WATCH_INTERVAL", 0.001)
    states = iter(["startup", "startup", "running", "running", "startup"])
    monkeypatch.setattr(startup, "server_state", lambda _: next(states, None))
    running, told, _ = a_service(tmp_path, monkeypatch)

    async def play() -> None:
        task = asyncio.ensure_future(running.run())
        await asyncio.wait_for(task, 5)

    asyncio.run(play())
    assert "startup" in running._ended

    running, told, family = a_service(tmp_path, monkeypatch)

    async def unload() -> None:
        task = asyncio.ensure_future(running.run())
        await told.until(1)
        family.on_gone()  # type: ignore[operator]
        await asyncio.wait_for(task, 5)

    asyncio.run(unload())
    assert "unloaded" in running._ended


def run_command(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ksmbd.mountd", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "build" / "py")},
    )


def test_the_command_line_of_both_generations_is_understood() -> None:
    parse = command.parser().parse_args
    old = parse(["-p", "4455", "-c", "conf", "-u", "db", "-n"])
    new = parse(["--port=4455", "-C", "conf", "-P", "db", "--nodetach=1"])

    assert vars(old) == vars(new)
    assert [parse(w).nodetach for w in ([], ["-n"], ["-n2"], ["--nodetach=0"])] == [0, 1, 2, 0]


@pytest.mark.parametrize("bad", [["extra"], ["-p", "0"], ["-p", "x"], ["-nx"], ["--nothing"]])
def test_a_bad_command_line_exits_with_one(bad: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.parser().parse_args(bad)
    assert ended.value.code == 1


def test_version_and_help_exit_with_zero() -> None:
    version = run_command("-V")
    assert (version.returncode, version.stdout.startswith("ksmbd-tools version : ")) == (0, True)
    assert run_command("--help").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="writes the lock file in /run")
@pytest.mark.skipif(Path("/run/ksmbd.lock").exists(), reason="a ksmbd.mountd is running here")
@pytest.mark.parametrize("way", ["-n2", "-n0"])
def test_a_start_that_fails_says_so_and_exits_with_one(tmp_path: Path, way: str) -> None:
    missing = run_command(way, "-C", tmp_path / "nothing.conf", "-P", tmp_path / "db")
    assert (missing.returncode, "nothing.conf" in missing.stderr) == (1, True)
    assert not Path("/run/ksmbd.lock").exists()
