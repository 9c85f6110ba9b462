# SPDX-License-Identifier: GPL-2.0-only
"""From a kernel event to its answer: one row and one handler for each event.

A client waits for each of these, and the kernel waits two seconds for us.  What may block
runs in worker threads, but not for what is known of the system's accounts already.  What is
older than the kernel's patience is dropped, because a late answer could meet another
request with the same handle.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from ksmbd.mountd import access, kerberos, shares
from ksmbd.mountd.accounts import Accounts
from ksmbd.mountd.nss import Memory, NotRemembered, System
from ksmbd.mountd.sessions import Failures, Trees
from ksmbd.shared import abi
from ksmbd.shared.abi import Event, RpcMethod, RpcStatus, TreeFlag, TreeStatus, UserStatus
from ksmbd.shared.config import Config, Share, fold_share_name
from ksmbd.shared.errors import ProtocolError
from ksmbd.shared.hosts import parse_peer
from ksmbd.shared.layout import Message
from ksmbd.shared.users import UserDb

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds that the kernel waits for an answer."""

MAX_IN_FLIGHT = 512

_Result = TypeVar("_Result")


class Pipes(Protocol):
    """Named pipes: `ksmbd.mountd.rpc.pipe`."""

    def open(self, handle: int, service: str, restricted: bool = False) -> int: ...

    def write(self, handle: int, data: bytes, restricted: bool = False) -> int: ...

    def read(self, handle: int) -> tuple[int, bytes]: ...

    def ioctl(self, handle: int, data: bytes, restricted: bool = False) -> tuple[int, bytes]: ...

    def close(self, handle: int) -> int: ...


class State:
    """What the answers come from.  A reload replaces configuration and users together."""

    def __init__(self, config: Config, users: UserDb, system: System) -> None:
        self.config = config
        self.users = users
        self.system = Memory(system)
        self.outdated: set[str] = set()
        self.homes: set[str] = set()
        self.offline: set[str] = set()

    def replace(self, config: Config, users: UserDb) -> None:
        """Takes over what was read anew.

        The kernel keeps a share for as long as it has a tree, so the next tree connect
        to each share carries UPDATE and makes it ask again.
        """
        self.outdated = set(config.shares) | self.homes
        self.config = config
        self.users = users


@dataclass(frozen=True, slots=True)
class Row:
    """One event: the message it carries, who handles it, and how to say no at once.

    `refuse` answers what cannot be decoded or handled, so that the client need not wait
    for the kernel to lose patience.
    """

    message: type[Message]
    handle: "Callable[[Events, Any, _Deadline], Awaitable[Message | None]]"
    refuse: Callable[[int], Message] | None = None


class _Late(Exception):
    """The kernel no longer waits for this."""


@dataclass(frozen=True, slots=True)
class _Deadline:
    clock: Callable[[], float]
    at: float

    def check(self) -> None:
        if self.clock() >= self.at:
            raise _Late


class Events:
    """Handles the events of one kernel.  All methods belong to the event loop."""

    def __init__(
        self,
        state: State,
        trees: Trees,
        failures: Failures,
        pipes: Pipes,
        *,
        send: Callable[[Event, bytes], None],
        workers: Executor,
        pipe_worker: Executor,
        clock: Callable[[], float],
    ) -> None:
        """Args:
        pipe_worker: one thread, because a pipe's operations must stay in order.
        """
        self._state = state
        self._trees = trees
        self._failures = failures
        self._pipes = pipes
        self._send = send
        self._workers = workers
        self._pipe_worker = pipe_worker
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def receive(self, command: int, payload: bytes) -> None:
        """Begins to handle a message of the kernel; never raises."""
        try:
            event = Event(command)
            row = ROWS[event]
        except (ValueError, KeyError):
            log.warning("ignoring event %d, which is not for mountd", command)
            return
        if len(self._tasks) >= MAX_IN_FLIGHT:
            log.error("refusing %s: %d requests are being worked on", event.name, len(self._tasks))
            self._refuse(event, row, payload)
            return
        try:
            message = row.message.unpack(payload)
        except ProtocolError as e:
            log.warning("cannot read %s: %s", event.name, e)
            self._refuse(event, row, payload)
            return
        log.debug("%s", message)
        deadline = _Deadline(self._clock, self._clock() + PATIENCE)
        task = asyncio.get_running_loop().create_task(self._run(event, row, message, deadline))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Waits until what was received is answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        """Gives up everything that is being worked on."""
        for task in self._tasks:
            task.cancel()

    async def _run(self, event: Event, row: Row, message: Message, deadline: _Deadline) -> None:
        try:
            answer = await row.handle(self, message, deadline)
            deadline.check()
        except _Late:
            log.warning("dropping %s: it took longer than the kernel waits", event.name)
            return
        except Exception:
            # A fault in one request must not end the service of all others.
            log.exception("cannot handle %s", event.name)
            self._refuse(event, row, message.pack())
            return
        if answer is not None:
            self._answer(event, answer)

    def _refuse(self, event: Event, row: Row, payload: bytes) -> None:
        if row.refuse is None or len(payload) < 4:
            return
        handle = abi.Heartbeat.unpack(payload[:4]).handle
        self._answer(event, row.refuse(handle))

    def _answer(self, event: Event, answer: Message) -> None:
        try:
            # The answer to an event has the next number, always.
            self._send(Event(event + 1), answer.pack())
        except ProtocolError as e:
            log.error("cannot answer %s: %s", event.name, e)
        except OSError as e:
            log.error("cannot answer %s: %s", event.name, e.strerror)

    async def _in_worker(
        self, executor: Executor, deadline: _Deadline, work: Callable[[], _Result]
    ) -> _Result:
        """Runs `work` in a thread, unless it is too late when its turn comes."""

        def timely() -> _Result:
            deadline.check()
            return work()

        return await asyncio.get_running_loop().run_in_executor(executor, timely)

    async def _ask(self, deadline: _Deadline, work: Callable[[System], _Result]) -> _Result:
        """Runs `work` at once where what is remembered will do, otherwise in a worker."""
        system = self._state.system
        try:
            return work(system.at_hand)
        except NotRemembered:
            return await self._in_worker(self._workers, deadline, lambda: work(system))

    async def login(self, request: abi.LoginRequest, deadline: _Deadline) -> Message:
        """LOGIN_REQUEST: who is this, and with which password hash?"""
        settings, users = self._state.config.globals, self._state.users
        response = await self._ask(
            deadline,
            lambda system: Accounts(settings, users, system).login(request.handle, request.account),
        )
        if response.account and self._failures.attempt(response.account):
            log.warning("login of %r: too many wrong passwords, delaying", response.account)
            return replace(response, status=response.status | UserStatus.DELAY_SESSION)
        return response

    async def groups(self, request: abi.LoginRequest, deadline: _Deadline) -> Message:
        """LOGIN_REQUEST_EXT: which supplementary groups?"""
        settings, users = self._state.config.globals, self._state.users
        return await self._ask(
            deadline,
            lambda system: Accounts(settings, users, system).groups(
                request.handle, request.account
            ),
        )

    async def share(self, request: abi.ShareConfigRequest, deadline: _Deadline) -> Message:
        """SHARE_CONFIG_REQUEST: where is this share, and how is it served?"""
        state, config, users = self._state, self._state.config, self._state.users
        key = fold_share_name(request.share_name)
        if key in state.offline:
            # Not even looked at: it is offline so that its file system can be unmounted.
            log.warning("share %r refused: it is offline", request.share_name)
            return abi.ShareConfigResponse(request.handle)
        response = await self._in_worker(
            self._workers, deadline, lambda: shares.describe(request, config, users, state.system)
        )
        if response.flags and key not in config.shares:
            state.homes.add(key)
        if state.config is config:
            state.outdated.discard(key)
        return response

    async def tree_connect(self, request: abi.TreeConnectRequest, deadline: _Deadline) -> Message:
        """TREE_CONNECT_REQUEST: may this account use this share from this address?"""
        config, users = self._state.config, self._state.users
        verdict, share = await self._ask(
            deadline, lambda system: access.decide(request, config, users, system)
        )
        address = str(parse_peer(request.peer_addr) or request.peer_addr)
        # No await from here to the end: two connects must not both take the last place.
        deadline.check()
        if verdict.status is TreeStatus.OK and share is not None:
            verdict = self._within_limits(request, config, verdict, share)
        if verdict.status is not TreeStatus.OK:
            log.warning(
                "tree connect refused: user %r, share %r, address %s: %s",
                request.account or "(guest)",
                request.share,
                address,
                verdict.reason,
            )
            return abi.TreeConnectResponse(request.handle, verdict.status)
        key = fold_share_name(request.share)
        self._trees.connect(request.session_id, request.connect_id, key, request.account, address)
        if request.account:
            self._failures.succeeded(request.account)
        flags = verdict.flags
        if key in self._state.outdated:
            flags |= TreeFlag.UPDATE
        return abi.TreeConnectResponse(request.handle, TreeStatus.OK, flags)

    def _within_limits(
        self, request: abi.TreeConnectRequest, config: Config, verdict: access.Verdict, share: Share
    ) -> access.Verdict:
        sessions = config.globals.max_active_sessions
        if sessions and self._trees.sessions_besides(request.session_id) >= sessions:
            reason = f"there are {sessions} sessions (max active sessions)"
            return access.Verdict(TreeStatus.TOO_MANY_SESSIONS, reason=reason)
        # Every client has the pipe share beside the one it wants: it is not a place to be full.
        most = 0 if share.is_ipc else share.max_connections
        if most and self._trees.on_share(fold_share_name(request.share)) >= most:
            reason = f"it has {most} connections (max connections)"
            return access.Verdict(TreeStatus.TOO_MANY_CONNS, reason=reason)
        return verdict

    async def tree_disconnect(self, request: abi.TreeDisconnectRequest, _: _Deadline) -> None:
        """TREE_DISCONNECT_REQUEST: a tree is gone."""
        if self._trees.disconnect(request.session_id, request.connect_id) is None:
            log.debug("tree %d was connected before this mountd", request.connect_id)

    async def logout(self, request: abi.LogoutRequest, _: _Deadline) -> None:
        """LOGOUT_REQUEST: a log-in ended, perhaps before it began."""
        if not request.account:
            return
        if request.account_flags & UserStatus.BAD_PASSWORD:
            count = self._failures.failed(request.account)
            log.warning("login of %r refused: wrong password (%d)", request.account, count)
        else:
            self._failures.ended(request.account)

    async def rpc(self, request: abi.RpcRequest, deadline: _Deadline) -> Message:
        """RPC_REQUEST: one operation on a named pipe."""
        status, data = await self._in_worker(
            self._pipe_worker, deadline, lambda: operate(self._pipes, request)
        )
        return abi.RpcResponse(request.handle, status, data)

    async def spnego(self, request: abi.SpnegoAuthenRequest, deadline: _Deadline) -> Message:
        """SPNEGO_AUTHEN_REQUEST: whose Kerberos ticket is this?  Else the client can use NTLM."""
        state = self._state
        settings = state.config.globals
        accounts = Accounts(settings, state.users, state.system)
        return await self._in_worker(
            self._workers, deadline, lambda: kerberos.login(request, settings, accounts)
        )

    async def heartbeat(self, _: abi.Heartbeat, __: _Deadline) -> None:
        """HEARTBEAT_REQUEST: that it arrived is all the kernel wants."""


def operate(pipes: Pipes, request: abi.RpcRequest) -> tuple[int, bytes]:
    """Does one operation on a pipe; the method is told by its own bit, see RpcMethod."""
    method, handle = request.flags, request.handle
    restricted = bool(method & RpcMethod.RESTRICTED_CONTEXT)
    if method & RpcMethod.RAP:
        return RpcStatus.ENOTIMPLEMENTED, b""
    if method & RpcMethod.OPEN:
        service = _SERVICES.get(method & abi.RPC_SERVICES)
        if service is None:
            return RpcStatus.ENOTIMPLEMENTED, b""
        return pipes.open(handle, service, restricted), b""
    if method & RpcMethod.CLOSE:
        return pipes.close(handle), b""
    if method & RpcMethod.WRITE:
        return pipes.write(handle, request.payload, restricted), b""
    if method & RpcMethod.IOCTL:
        return pipes.ioctl(handle, request.payload, restricted)
    if method & RpcMethod.READ:
        return pipes.read(handle)
    return RpcStatus.EBAD_FUNC, b""


_SERVICES = {
    RpcMethod.SRVSVC: "srvsvc",
    RpcMethod.WKSSVC: "wkssvc",
    RpcMethod.SAMR: "samr",
    RpcMethod.LSARPC: "lsarpc",
}


def _no_login(handle: int) -> Message:
    return abi.LoginResponse(handle, UserStatus.BAD_USER)


def _no_tree(handle: int) -> Message:
    return abi.TreeConnectResponse(handle, TreeStatus.ERROR)


def _no_rpc(handle: int) -> Message:
    return abi.RpcResponse(handle, RpcStatus.EBAD_DATA)


ROWS: Mapping[Event, Row] = {
    Event.HEARTBEAT_REQUEST: Row(abi.Heartbeat, Events.heartbeat),
    Event.LOGIN_REQUEST: Row(abi.LoginRequest, Events.login, _no_login),
    Event.LOGIN_REQUEST_EXT: Row(abi.LoginRequest, Events.groups, abi.LoginResponseExt),
    Event.SHARE_CONFIG_REQUEST: Row(abi.ShareConfigRequest, Events.share, abi.ShareConfigResponse),
    Event.TREE_CONNECT_REQUEST: Row(abi.TreeConnectRequest, Events.tree_connect, _no_tree),
    Event.TREE_DISCONNECT_REQUEST: Row(abi.TreeDisconnectRequest, Events.tree_disconnect),
    Event.LOGOUT_REQUEST: Row(abi.LogoutRequest, Events.logout),
    Event.RPC_REQUEST: Row(abi.RpcRequest, Events.rpc, _no_rpc),
    Event.SPNEGO_AUTHEN_REQUEST: Row(abi.SpnegoAuthenRequest, Events.spnego, kerberos.refusal),
}
