# SPDX-License-Identifier: GPL-2.0-only
"""Events in, answers out: with a kernel that is a list."""

import asyncio
import logging
import struct
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.mountd import events
from ksmbd.mountd.events import Events, State
from ksmbd.mountd.nss import Identity, Memory
from ksmbd.mountd.sessions import MAX_FAILURES, Failures, Trees
from ksmbd.shared import abi
from ksmbd.shared.abi import Event, RpcMethod, RpcStatus, TreeFlag, TreeStatus, UserStatus
from ksmbd.shared.config import Config, Globals, Share
from ksmbd.shared.layout import Message
from ksmbd.shared.users import User, UserDb

DATA = Share(name="data", path="/", read_only=False, max_connections=2)
CONFIG = Config(
    Path("ksmbd.conf"), Globals(), {"data": DATA, "ipc$": Share(name="IPC$", is_ipc=True)}
)
USERS = UserDb(Path("db"), {n: User(n, bytes(16)) for n in ("alice", "bob")})


class FakeSystem:
    """Everybody is user 1000; `wait` runs first."""

    def __init__(self, wait: Callable[[], object] = lambda: None) -> None:
        self.wait = wait

    def user(self, name: str) -> Identity | None:
        self.wait()
        return Identity(1000, 1000, (7,))

    def group(self, name: str) -> int | None:
        return None


class FakePipes:
    """Notes what is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def open(self, handle: int, service: str, restricted: bool = False) -> int:
        self.calls.append(("open", handle, service, restricted))
        return 0

    def write(self, handle: int, data: bytes, restricted: bool = False) -> int:
        self.calls.append(("write", handle, data, restricted))
        return 0

    def read(self, handle: int) -> tuple[int, bytes]:
        self.calls.append(("read", handle))
        return 0, b"answer"

    def ioctl(self, handle: int, data: bytes, restricted: bool = False) -> tuple[int, bytes]:
        self.calls.append(("ioctl", handle, data, restricted))
        return 0, data

    def close(self, handle: int) -> int:
        self.calls.append(("close", handle))
        return 6


class Rig:
    """A mountd without a kernel: `play` gives it events and returns its answers."""

    def __init__(self, system: FakeSystem | None = None) -> None:
        self.now = 0.0
        self.sent: list[tuple[Event, bytes]] = []
        self.state = State(CONFIG, USERS, system or FakeSystem())
        self.trees = Trees(lambda: datetime(2026, 1, 1, tzinfo=UTC))
        self.failures = Failures(lambda: self.now)
        self.pipes = FakePipes()

    def send(self, event: Event, payload: bytes) -> None:
        self.sent.append((event, payload))

    def play(self, *received: tuple[int, bytes]) -> list[Message]:
        self.sent = []
        asyncio.run(self._play(received))
        return [abi.MESSAGES[event].unpack(payload) for event, payload in self.sent]

    async def _play(self, received: tuple[tuple[int, bytes], ...]) -> None:
        with ThreadPoolExecutor(2) as workers, ThreadPoolExecutor(1) as pipe_worker:
            handler = Events(
                self.state,
                self.trees,
                self.failures,
                self.pipes,
                send=self.send,
                workers=workers,
                pipe_worker=pipe_worker,
                clock=lambda: self.now,
            )
            for event, payload in received:
                handler.receive(event, payload)
            await handler.drain()


def login(account: str = "alice", handle: int = 3) -> tuple[int, bytes]:
    return Event.LOGIN_REQUEST, abi.LoginRequest(handle, account).pack()


def logout(account: str, flags: UserStatus) -> tuple[int, bytes]:
    return Event.LOGOUT_REQUEST, abi.LogoutRequest(account, flags).pack()


def tree_connect(tree: int = 1, session: int = 1, share: str = "data") -> tuple[int, bytes]:
    request = abi.TreeConnectRequest(
        handle=tree,
        account_flags=UserStatus.OK,
        flags=abi.TreeRequestFlag.SMB2,
        session_id=session,
        connect_id=tree,
        account="alice",
        share=share,
        peer_addr="192.0.2.1",
    )
    return Event.TREE_CONNECT_REQUEST, request.pack()


def tree_disconnect(tree: int, session: int = 1) -> tuple[int, bytes]:
    return Event.TREE_DISCONNECT_REQUEST, abi.TreeDisconnectRequest(session, tree).pack()


def rpc(flags: int, payload: bytes = b"") -> tuple[int, bytes]:
    # One surplus byte, as the kernel sends it.
    return Event.RPC_REQUEST, abi.RpcRequest(4, RpcMethod(flags), payload).pack() + b"\0"


def share_request(name: str) -> tuple[int, bytes]:
    return Event.SHARE_CONFIG_REQUEST, abi.ShareConfigRequest(8, name).pack()


def statuses(answers: list[Message]) -> list[TreeStatus]:
    return [a.status for a in answers if isinstance(a, abi.TreeConnectResponse)]


def test_a_login_is_answered_with_its_handle() -> None:
    (answer,) = Rig().play(login("ALICE"))
    assert answer == abi.LoginResponse(
        3, UserStatus.OK | UserStatus.EXTENSION, 1000, 1000, "alice", bytes(16)
    )


def test_supplementary_groups_follow_on_request() -> None:
    (answer,) = Rig().play((Event.LOGIN_REQUEST_EXT, login()[1]))
    assert abi.LoginResponseExt(3, (7,)) == answer


def test_every_kernel_request_has_a_row_and_its_answer_is_the_next_event() -> None:
    requests = {e for e in Event if e.name.endswith("_REQUEST") or e.name.endswith("_EXT")}
    requests -= {Event.LOGIN_RESPONSE_EXT}
    assert requests == set(events.ROWS)
    for event, row in events.ROWS.items():
        if row.refuse is not None:
            assert isinstance(row.refuse(1), abi.MESSAGES[Event(event + 1)])


def test_heartbeat_and_disconnects_have_no_answer() -> None:
    rig = Rig()
    assert rig.play((Event.HEARTBEAT_REQUEST, abi.Heartbeat(0).pack())) == []
    assert rig.play(tree_disconnect(99), logout("", UserStatus.OK)) == []


def test_kerberos_that_is_off_is_refused_in_full_length() -> None:
    rig = Rig()
    request = abi.SpnegoAuthenRequest(5, b"\x60\x01").pack() + b"\0\0\0"
    (answer,) = rig.play((Event.SPNEGO_AUTHEN_REQUEST, request))
    assert isinstance(answer, abi.SpnegoAuthenResponse)
    assert (5, UserStatus(0)) == (answer.handle, answer.login_response.status)
    assert len(rig.sent[0][1]) == 156


def test_a_share_has_as_many_connections_as_configured() -> None:
    rig = Rig()
    ok, full = TreeStatus.OK, TreeStatus.TOO_MANY_CONNS

    assert sorted([ok, ok, full]) == sorted(
        statuses(rig.play(tree_connect(1), tree_connect(2), tree_connect(3)))
    )
    kept = {t.tree_id for t in rig.trees.snapshot()}
    rig.play(tree_disconnect(min(kept)))
    assert [ok] == statuses(rig.play(tree_connect(4)))
    assert [full] == statuses(rig.play(tree_connect(5)))
    for tree in (1, 2, 3, 4, 5):
        rig.play(tree_disconnect(tree))
    assert rig.trees.on_share("data") == 0
    assert rig.trees.sessions_besides(0) == 0


def test_the_pipe_share_is_never_full() -> None:
    rig = Rig()
    answers = rig.play(*[tree_connect(n, share="ipc$") for n in range(300)])
    assert {TreeStatus.OK} == set(statuses(answers))


def test_sessions_are_limited_but_one_session_may_have_many_trees() -> None:
    rig = Rig()
    settings = replace(Globals(), max_active_sessions=1)
    rig.state.config = replace(CONFIG, globals=settings)

    assert statuses(rig.play(tree_connect(1, session=1))) == [TreeStatus.OK]
    assert statuses(rig.play(tree_connect(2, session=1))) == [TreeStatus.OK]
    assert statuses(rig.play(tree_connect(1, session=2))) == [TreeStatus.TOO_MANY_SESSIONS]
    rig.play(tree_disconnect(1), tree_disconnect(2))
    assert statuses(rig.play(tree_connect(1, session=2))) == [TreeStatus.OK]


def test_a_refused_tree_is_logged_with_user_share_address_and_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Rig().play(tree_connect(share="nosuch"))
    assert "'alice', share 'nosuch', address 192.0.2.1: there is no such share" in caplog.text


def test_after_a_reload_the_kernel_is_told_to_fetch_the_share_once() -> None:
    rig = Rig()
    update = TreeFlag.UPDATE | TreeFlag.WRITABLE

    def flags() -> TreeFlag:
        (answer,) = rig.play(tree_connect(1))
        assert isinstance(answer, abi.TreeConnectResponse)
        return answer.connection_flags

    assert flags() == TreeFlag.WRITABLE
    rig.state.replace(CONFIG, USERS)
    assert update == flags()
    rig.play(share_request("data"))
    assert flags() == TreeFlag.WRITABLE


def is_delayed(answers: list[Message]) -> list[bool]:
    return [
        UserStatus.DELAY_SESSION in a.status for a in answers if isinstance(a, abi.LoginResponse)
    ]


WRONG = UserStatus.OK | UserStatus.BAD_PASSWORD


def test_wrong_passwords_one_after_the_other_are_delayed() -> None:
    rig = Rig()
    for _ in range(MAX_FAILURES):
        assert is_delayed(rig.play(login())) == [False]
        rig.play(logout("alice", WRONG))
    assert is_delayed(rig.play(login())) == [True]
    assert is_delayed(rig.play(login("bob"))) == [False]
    rig.play(tree_connect())
    assert is_delayed(rig.play(login())) == [False]


def test_wrong_passwords_in_parallel_are_delayed_as_one_sequence() -> None:
    delayed = is_delayed(Rig().play(*[login() for _ in range(MAX_FAILURES + 5)]))
    assert sum(delayed) == 5


def test_giving_up_before_the_proof_forgives_nothing() -> None:
    rig = Rig()
    for _ in range(MAX_FAILURES):
        rig.play(login())
        rig.play(logout("alice", WRONG))
        rig.play(login())
        rig.play(logout("alice", UserStatus.OK))
    assert is_delayed(rig.play(login())) == [True]


def test_failures_are_forgotten_in_time() -> None:
    rig = Rig()
    for _ in range(MAX_FAILURES):
        rig.play(login())
        rig.play(logout("alice", WRONG))
    rig.now += 3600
    assert is_delayed(rig.play(login())) == [False]


@pytest.mark.parametrize(
    ("flags", "payload", "call", "answer"),
    [
        (0x012, b"", ("open", 4, "srvsvc", False), (0, b"")),
        (0x014, b"", ("open", 4, "wkssvc", False), (0, b"")),
        (0x410, b"", ("open", 4, "samr", False), (0, b"")),
        (0x810, b"", ("open", 4, "lsarpc", False), (0, b"")),
        (0x022, b"pdu", ("write", 4, b"pdu", False), (0, b"")),
        (0x222, b"pdu", ("write", 4, b"pdu", True), (0, b"")),
        (0x043, b"", ("read", 4), (0, b"answer")),
        (0x00B, b"pdu", ("ioctl", 4, b"pdu", False), (0, b"pdu")),
        (0x20B, b"pdu", ("ioctl", 4, b"pdu", True), (0, b"pdu")),
        (0x080, b"", ("close", 4), (6, b"")),
        (0x111, b"", None, (RpcStatus.ENOTIMPLEMENTED, b"")),
        (0x101, b"", None, (RpcStatus.ENOTIMPLEMENTED, b"")),
        (0x010, b"", None, (RpcStatus.ENOTIMPLEMENTED, b"")),
        (0x016, b"", None, (RpcStatus.ENOTIMPLEMENTED, b"")),
        (0x001, b"", None, (RpcStatus.EBAD_FUNC, b"")),
    ],
)
def test_a_pipe_operation_is_told_by_its_exact_bit(
    flags: int, payload: bytes, call: tuple[object, ...] | None, answer: tuple[int, bytes]
) -> None:
    rig = Rig()
    (response,) = rig.play(rpc(flags, payload))
    assert [call] * (call is not None) == rig.pipes.calls
    assert abi.RpcResponse(4, *answer) == response


def test_operations_on_pipes_keep_their_order() -> None:
    rig = Rig()
    rig.play(rpc(0x12), *[rpc(0x22, bytes([n])) for n in range(50)], rpc(0x80))
    assert [bytes([n]) for n in range(50)] == [c[2] for c in rig.pipes.calls[1:-1]]
    assert [rig.pipes.calls[0][0], rig.pipes.calls[-1][0]] == ["open", "close"]


def test_who_logged_in_lately_is_not_asked_for_again() -> None:
    asked: list[int] = []
    rig = Rig(FakeSystem(lambda: asked.append(threading.get_ident())))
    answers = [rig.play(login())[0] for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(asked) == 1
    assert asked[0] != threading.get_ident()  # it might have blocked


def test_an_answer_that_comes_too_late_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()

    def slow() -> None:
        rig.now += 3

    rig.state.system = Memory(FakeSystem(slow))
    assert rig.play(login()) == []
    assert "took longer" in caplog.text


def test_work_that_waited_too_long_is_not_begun() -> None:
    rig = Rig()
    begun: list[int] = []
    late = threading.Barrier(2)

    def slow() -> None:
        begun.append(1)
        late.wait()  # both workers are busy
        rig.now = 3.0

    rig.state.system = Memory(FakeSystem(slow))
    assert rig.play(*[login() for _ in range(6)]) == []
    assert len(begun) == 2


def test_a_fault_in_a_handler_refuses_that_request_only(caplog: pytest.LogCaptureFixture) -> None:
    def fault() -> None:
        raise RuntimeError("NSS is broken")

    rig = Rig(FakeSystem(fault))
    answers = rig.play(login(), share_request("data"))
    assert abi.LoginResponse(3, UserStatus.BAD_USER) in answers
    assert len(answers) == 2
    assert "NSS is broken" in caplog.text


def test_what_cannot_be_read_is_refused_at_once() -> None:
    rig = Rig()
    no_end = struct.pack("=I", 77) + b"x" * 48 + bytes(64)
    not_utf8 = struct.pack("=I", 78) + b"\xff" + bytes(47) + bytes(64)

    assert [
        abi.LoginResponse(77, UserStatus.BAD_USER),
        abi.LoginResponse(78, UserStatus.BAD_USER),
    ] == rig.play((Event.LOGIN_REQUEST, no_end), (Event.LOGIN_REQUEST, not_utf8))
    assert [abi.ShareConfigResponse(77)] == rig.play((Event.SHARE_CONFIG_REQUEST, no_end))
    assert rig.play((Event.LOGIN_REQUEST, b"\1\2\3")) == []


def test_a_flood_is_refused_and_not_queued() -> None:
    count = events.MAX_IN_FLIGHT + 3
    answers = Rig().play(*[login(handle=n) for n in range(count)])
    refused = [a for a in answers if abi.LoginResponse(a.handle, UserStatus.BAD_USER) == a]  # type: ignore[attr-defined]
    assert count == len(answers)
    assert len(refused) == 3


sizes = st.sampled_from([row.message.LAYOUT.size for row in events.ROWS.values()])
payloads = st.binary(max_size=160) | sizes.flatmap(lambda n: st.binary(min_size=n, max_size=n))


@given(st.lists(st.tuples(st.integers(0, 20), payloads), max_size=5))
def test_any_bytes_of_the_kernel_are_survived(received: list[tuple[int, bytes]]) -> None:
    logging.disable(logging.CRITICAL)
    try:
        Rig().play(*received)
    finally:
        logging.disable(logging.NOTSET)
