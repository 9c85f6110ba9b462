# SPDX-License-Identifier: GPL-2.0-only
"""mountd at work: one event loop that owns the socket, the signals and the clock."""

import asyncio
import logging
import os
import select
import signal
import stat
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ksmbd.mountd import startup
from ksmbd.mountd.daemon import Readiness, ServiceManager
from ksmbd.mountd.events import Events, State
from ksmbd.mountd.netlink.family import Family, FamilyAbsent, wait_for_family
from ksmbd.mountd.nss import Nss
from ksmbd.mountd.orders import SOCKET, Answer, Orders, Refusals
from ksmbd.mountd.rpc.environment import RpcEnvironment
from ksmbd.mountd.rpc.pipe import Pipes
from ksmbd.mountd.rpc.services import INTERFACES
from ksmbd.mountd.sessions import Failures, Trees
from ksmbd.shared import config as configuration
from ksmbd.shared import paths, subauth
from ksmbd.shared.changes import Change, changes
from ksmbd.shared.config import Config, Level, fold_share_name
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.log import printable
from ksmbd.shared.users import UserDb

log = logging.getLogger(__name__)

_WORKERS = 8
_WATCH_INTERVAL = 5.0
_PATIENCE_AT_THE_END = 0.5
_FIFO_TIMEOUT_MS = 1000

OFFLINE = "ksmbd.offline"
"""The names of the shares that are offline, in the folder of the lock file."""

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
SIGNALS = (*_ENDING, signal.SIGHUP, signal.SIGUSR1)
"""What a mountd handles; blocked from the lock file on until `Service.run` handles it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, and where things are."""

    config: Path = paths.CONFIG
    users: Path = paths.PASSWORDS
    port: int | None = None
    wait: bool = False
    may_load: bool = True
    subauth: Path = paths.SUBAUTH
    run: Path = paths.RUN
    kernel: paths.KernelFiles = field(default_factory=paths.KernelFiles)


def _read_names(path: Path) -> set[str]:
    try:
        return set(path.read_text().splitlines())
    except OSError:
        return set()


def load(options: Options) -> tuple[Config, UserDb]:
    """Reads both files, the whole of them before anything is changed.

    Raises:
        ConfigError: one of them cannot be used.
    """
    try:
        config = configuration.load(options.config)
        users = UserDb.load(options.users)
    except OSError as e:
        raise KsmbdError(f"{e.filename}: {e.strerror}") from e
    for complaint in config.complaints:
        log.log(logging.ERROR if complaint.level is Level.ERROR else logging.WARNING, complaint)
    if not len(users):
        log.warning("%s has no users: ksmbd.adduser adds one", options.users)
    return config, users


class Service:
    """The daemon between its start and its end."""

    def __init__(self, options: Options, readiness: Readiness, manager: ServiceManager) -> None:
        """Reads the configuration.

        Raises:
            KsmbdError: it cannot be used.
        """
        self._options = options
        self._readiness = readiness
        self._manager = manager
        self._sub_auth = subauth.load_or_create(options.subauth)
        config, users = load(options)
        self._state = State(config, users, Nss())
        self._trees = Trees(lambda: datetime.now(UTC))
        self._failures = Failures(time.monotonic)
        self._workers = ThreadPoolExecutor(_WORKERS, "ksmbd-worker")
        self._pipe_worker = ThreadPoolExecutor(1, "ksmbd-pipes")
        self._refusals = Refusals()
        self._offline = options.run / OFFLINE
        self._state.offline = _read_names(self._offline)
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._ended = ""

    async def run(self) -> None:
        """Serves until a signal, or the kernel, ends it.

        Raises:
            KsmbdError: it could not begin.
        """
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, self._end, f"signal {number.name}")
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        loop.add_signal_handler(signal.SIGUSR1, self._list_shares)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        try:
            await self._unless_stopped(self._serve())
        finally:
            self._manager.stopping()
            self._workers.shutdown(wait=False, cancel_futures=True)
            self._pipe_worker.shutdown(wait=False, cancel_futures=True)
        log.info("ended: %s", self._ended)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        serving = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving

    async def _serve(self) -> None:
        family = await self._open_family()
        try:
            events = self._attach(family)
            orders = Orders(
                self._options.run / SOCKET,
                {
                    "reload": self._order_reload,
                    "state": self._order_state,
                    "list": self._order_list,
                    "share": self._order_share,
                },
            )
            logging.getLogger("ksmbd.mountd").addHandler(self._refusals)
            try:
                await self._register(family)
                await orders.open()
                self._readiness.ready()
                self._manager.ready(self._status())
                log.info("%s", self._status())
                await asyncio.gather(self._reload_when_asked(), self._watch_the_kernel())
            finally:
                logging.getLogger("ksmbd.mountd").removeHandler(self._refusals)
                orders.close()
                events.cancel()
        finally:
            family.close()

    def _attach(self, family: Family) -> Events:
        settings = self._state.config.globals
        environment = RpcEnvironment(
            config=lambda: self._state.config,
            users=lambda: self._state.users,
            server_name=settings.netbios_name,
            # The kernel learns the global parameters at start-up only; so do the pipes.
            workgroup=lambda: settings.workgroup,
            sub_auth=self._sub_auth,
            now=lambda: datetime.now(UTC),
            trees=self._trees.snapshot,
        )
        events = Events(
            self._state,
            self._trees,
            self._failures,
            Pipes(environment, INTERFACES),
            send=family.send,
            workers=self._workers,
            pipe_worker=self._pipe_worker,
            clock=time.monotonic,
        )
        loop = asyncio.get_running_loop()
        family.attach(loop, events.receive, lambda: self._end("the kernel module is unloaded"))
        return events

    async def _open_family(self) -> Family:
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(
                    self._workers, lambda: startup.open_family(may_load=self._options.may_load)
                )
            except FamilyAbsent as e:
                if not self._options.wait:
                    raise
                log.warning("%s; waiting for it", e)
                await wait_for_family()

    async def _register(self, family: Family) -> None:
        settings = self._state.config.globals
        running = startup.server_state(self._options.kernel.stats) == "running"
        request = startup.request(settings, self._sub_auth, self._options.port)
        await startup.register(family, request)
        if running:
            log.info(
                "the server was running already: its clients go on; changed global parameters "
                "take effect after ksmbd.control --shutdown and a new start"
            )

    def _status(self) -> str:
        port = self._options.port or self._state.config.globals.tcp_port
        count = sum(1 for share in self._state.config.shares.values() if not share.is_ipc)
        return f"serving {count} shares to {len(self._state.users)} users, TCP port {port}"

    async def _reload_when_asked(self) -> None:
        while True:
            await self._reload.wait()
            # Cleared first: a signal during the reload asks for another one.
            self._reload.clear()
            with suppress(KsmbdError):
                await self._reload_once()

    async def _reload_once(self) -> list[Change]:
        """Reads both files anew and says what that changes.

        Raises:
            KsmbdError: one of them cannot be used, and everything stays as it was.
        """
        self._manager.reloading()
        try:
            config, users = await asyncio.get_running_loop().run_in_executor(
                self._workers, load, self._options
            )
        except KsmbdError as e:
            for line in str(e).splitlines():
                log.error("%s", line)
            log.error("the reload failed, everything stays as it was")
            raise
        else:
            # No await from here on: two reloads must not compare with the same past.
            found = list(changes(self._state.config, config, self._state.users, users))
            for change in found:
                log.info("reload: %s", change)
            self._state.replace(config, users)
            self._failures.keep(users.__contains__)
            log.info("reloaded: %s", self._status())
            return found
        finally:
            self._manager.ready(self._status())

    async def _order_reload(self, _: Mapping[str, Any]) -> Answer:
        found = await self._reload_once()
        return {
            "changes": [
                {"section": one.section, "what": one.what, "applies": one.applies.name.lower()}
                for one in found
            ],
            "complaints": [str(one) for one in self._state.config.complaints],
        }

    async def _order_state(self, _: Mapping[str, Any]) -> Answer:
        return {
            "config": str(self._options.config),
            "users": len(self._state.users),
            "offline": sorted(self._state.offline),
            "refused": self._refusals.last(),
        }

    async def _order_list(self, _: Mapping[str, Any]) -> Answer:
        return {"text": listing(self._state.config)}

    async def _order_share(self, order: Mapping[str, Any]) -> Answer:
        """Takes a share offline, or online again; kept over a restart of mountd."""
        name, online = str(order.get("name", "")), bool(order.get("online"))
        key = fold_share_name(name)
        if key not in self._state.config.shares and not self._state.config.homes:
            raise KsmbdError(f"there is no share {name!r}")
        changed = (key in self._state.offline) == online
        self._state.offline = self._state.offline - {key} if online else {*self._state.offline, key}
        self._offline.write_text("".join(f"{one}\n" for one in sorted(self._state.offline)))
        log.info("share %r is %s", name, "online" if online else "offline")
        return {"changed": changed}

    async def _watch_the_kernel(self) -> None:
        """Ends this mountd when the server is shut down behind its back.

        The kernel then forgets its daemon without a word, and a mountd that stays would look
        alive and serve nobody.  sysfs has no event for the change.
        """
        seen_running = False
        while True:
            state = startup.server_state(self._options.kernel.stats)
            if state == "running":
                seen_running = True
            elif state is not None and seen_running:
                self._end(f"the server in the kernel is shut down (its state is {state})")
                return
            await asyncio.sleep(_WATCH_INTERVAL)

    def _end(self, reason: str) -> None:
        self._ended = self._ended or reason
        self._stop.set()

    def _list_shares(self) -> None:
        """SIGUSR1: `ksmbd.control --list` reads from a FIFO of its own."""
        text = listing(self._state.config)
        loop = asyncio.get_running_loop()
        loop.run_in_executor(self._workers, answer_fifos, self._options.run, text)


def listing(config: Config) -> str:
    """All shares with their comments, as the stock tools show them."""
    shares = sorted(config.shares.values(), key=lambda share: share.name.casefold())
    rows = [f"{share.name:>28}  {share.comment}" for share in shares]
    header = f"\x1b[1m{'Name':>28}  Comment\x1b[m"
    return "\n".join([header, *map(printable, rows)]) + "\n"


def answer_fifos(run: Path, text: str) -> None:
    """Writes to each FIFO in `run` that somebody is reading from.

    Signals do not say who sent them; a FIFO of a `ksmbd.control` that died has no reader.
    """
    for path in sorted(run.glob("ksmbd.fifo.*")):
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as e:
            log.debug("%s: %s", path, e.strerror)
            continue
        try:
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                _write_all(fd, text.encode(errors="replace"))
        except OSError as e:
            log.warning("%s: %s", path, e.strerror)
        finally:
            os.close(fd)


def _write_all(fd: int, data: bytes) -> None:
    """Writes to a non-blocking FIFO, waiting for its reader for a bounded time."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    while data:
        if not poll.poll(_FIFO_TIMEOUT_MS):
            raise TimeoutError(0, "its reader does not read")
        with suppress(BlockingIOError):
            data = data[os.write(fd, data) :]


def workers_are_stuck() -> bool:
    """Whether a worker thread still waits for the system; it would delay the exit.

    Nothing of theirs is unfinished business: they look things up for clients.
    """
    workers = [t for t in threading.enumerate() if t.name.startswith("ksmbd-")]
    deadline = time.monotonic() + _PATIENCE_AT_THE_END
    for thread in workers:
        thread.join(max(0.0, deadline - time.monotonic()))
    return any(thread.is_alive() for thread in workers)
