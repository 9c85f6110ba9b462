# SPDX-License-Identifier: GPL-2.0-only
"""A server to ask and impacket as the client: two encoders that know nothing of each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from impacket.dcerpc.v5.rpcrt import DCERPC_v5
from ksmbd.mountd.rpc.environment import RpcEnvironment, TreeConnection
from ksmbd.mountd.rpc.pipe import Pipes
from ksmbd.mountd.rpc.services import INTERFACES
from ksmbd.shared import config
from ksmbd.shared.abi import RpcStatus
from ksmbd.shared.users import User, UserDb

NOW = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)
SUB_AUTH = (11, 22, 33)
MACHINE = "S-1-5-21-11-22-33"

SHARES = """
[data]
    path = /srv/data
    comment = All the data
    max connections = 7
[Büro]
    path = /srv/büro
[hidden]
    path = /srv/hidden
    browseable = no
"""


class FakeAccounts:
    """Users alice 1500, bob 1501 and root 0; group staff 50."""

    def __init__(self) -> None:
        self.users = {"root": 0, "alice": 1500, "bob": 1501}
        self.groups = {"staff": 50}

    def uid(self, user: str) -> int | None:
        return self.users.get(user)

    def user(self, uid: int) -> str | None:
        return next((name for name, number in self.users.items() if number == uid), None)

    def gid(self, group: str) -> int | None:
        return self.groups.get(group)

    def group(self, gid: int) -> str | None:
        return next((name for name, number in self.groups.items() if number == gid), None)


def repeatable_token() -> Callable[[int], bytes]:
    """Handles that are the same in every run."""
    return Random(1).randbytes


def environment(
    shares: str = SHARES,
    settings: str = "",
    trees: Sequence[TreeConnection] = (),
    now: datetime = NOW,
) -> RpcEnvironment:
    head = f"[global]\nworkgroup = WG\nserver string = The Server\n{settings}\n"
    loaded = config.parse((head + shares).encode(), Path("ksmbd.conf"))
    names = ("alice", "bob", "ghost")
    db = UserDb(Path("ksmbdpwd.db"), {name: User(name, bytes(16)) for name in names})
    return RpcEnvironment(
        config=lambda: loaded,
        users=lambda: db,
        server_name="KS",
        workgroup=lambda: loaded.globals.workgroup,
        sub_auth=SUB_AUTH,
        now=lambda: now,
        accounts=FakeAccounts(),
        token=repeatable_token(),
        trees=lambda: trees,
    )


class PipeTransport:
    """impacket's transport over a `Pipes`: each write is one write, each answer one read."""

    def __init__(self, pipes: Pipes, service: str, restricted: bool = False) -> None:
        self.pipes = pipes
        self.unread = b""
        self.largest = 0
        self.fragments = 0
        assert pipes.open(1, service, restricted) == RpcStatus.OK

    def send(self, data: bytes, **_: object) -> None:
        assert self.pipes.write(1, data) == RpcStatus.OK

    def recv(self, forceRecv: int = 0, count: int = 0) -> bytes:
        if not self.unread:
            status, self.unread = self.pipes.read(1)
            assert status == RpcStatus.OK
            self.largest = max(self.largest, len(self.unread))
            self.fragments += 1
        part, self.unread = self.unread[: count or None], self.unread[count:] if count else b""
        return part

    def get_credentials(self) -> tuple[str, ...]:
        return ("", "", "", "", "", "", "")

    def get_max_send_frag(self) -> int:
        return 4096

    def set_max_fragment_size(self, _size: int) -> None: ...

    def doesSupportNTLMv2(self) -> bool:
        return True


def client(
    service: str,
    interface: bytes,
    env: RpcEnvironment | None = None,
    restricted: bool = False,
) -> DCERPC_v5:
    """A bound impacket client of one of the services."""
    pipes = Pipes(env or environment(), INTERFACES)
    dce = DCERPC_v5(PipeTransport(pipes, service, restricted))
    dce.bind(interface)
    return dce
