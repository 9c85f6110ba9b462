# SPDX-License-Identifier: GPL-2.0-only
"""Handles that move with their application from one client to another: 3.3.5.9.13."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from contexts import create_with, durable_v2
from raw import CLOSE, CREATE, READ, Raw, Reply, close, file_id, read
from sealed import Sealed
from server import USERS

ID = bytes.fromhex("45BCA66AEFA7F74A9008FA462E144D74")
VERSION = bytes.fromhex("B982D0B73B56074FA07B524A8116A010")
ONE, ANOTHER = b"one application!", b"another instance"
FORCED_CLOSED = "0xc00000b6"

Context = tuple[bytes, bytes]


def instance(which: bytes) -> Context:
    return ID, struct.pack("<HH", 20, 0) + which


def version(high: int, low: int) -> Context:
    return VERSION, struct.pack("<HHIQQ", 24, 0, 0, high, low)


def opened(client: Raw, *contexts: Context, name: str = "vm", share: int = 0, **more: int) -> Reply:
    """Shared with nobody, so that two do not fit."""
    return client.call(CREATE, create_with(name, *contexts, level=0, share=share, **more))


def is_there(client: Raw, reply: Reply) -> bool:
    status = client.call(READ, read(file_id(reply), 1)).status
    assert status in ("END_OF_FILE", "FILE_CLOSED")
    return status == "END_OF_FILE"


@pytest.fixture
def connect() -> Iterator[Callable[..., Raw]]:
    """More clients, each with a guid of its own; of 3.1.1 where that matters."""
    with ExitStack() as stack:

        def enter(share: str = "share", user: str = "user1", newest: bool = False) -> Raw:
            wire: Raw
            if newest:
                wire = stack.enter_context(Sealed(445, timeout=60))
                assert wire.offer().status == "SUCCESS"
                assert wire.login(user).status == "SUCCESS"
                wire.signing_messages = True
            else:
                wire = stack.enter_context(Raw(445, timeout=60))
                for reply in (wire.negotiate(0x0302), wire.login(user)):
                    assert reply.status == "SUCCESS"
            assert wire.tree(share).status == "SUCCESS"
            return wire

        yield enter


def test_the_same_application_takes_its_file_over(client: Raw, other: Raw, folder: Path) -> None:
    before = opened(client, instance(ONE))
    assert before.status == "SUCCESS"
    assert opened(other).status == "SHARING_VIOLATION"
    assert opened(other, instance(ANOTHER)).status == "SHARING_VIOLATION"
    after = opened(other, instance(ONE))
    assert after.status == "SUCCESS"
    assert not is_there(client, before) and is_there(other, after)


def test_all_its_handles_are_taken(client: Raw, other: Raw, folder: Path) -> None:
    before = [opened(client, instance(ONE), share=7) for _ in range(3)]
    bystander = opened(client, share=7)
    assert opened(other, instance(ONE), share=7).status == "SUCCESS"
    assert [is_there(client, reply) for reply in before] == [False] * 3
    assert is_there(client, bystander)


def test_not_on_the_same_client(client: Raw, folder: Path) -> None:
    before = opened(client, instance(ONE))
    assert opened(client, instance(ONE)).status == "SHARING_VIOLATION"
    assert is_there(client, before)


def test_not_of_another_share_of_the_same_folder(
    client: Raw, connect: Callable[..., Raw], folder: Path
) -> None:
    before = opened(client, instance(ONE))
    assert opened(connect("history"), instance(ONE)).status == "SHARING_VIOLATION"
    assert is_there(client, before)


def test_not_by_who_may_not_read_the_file(
    client: Raw, connect: Callable[..., Raw], folder: Path
) -> None:
    folder.chmod(0o777)
    before = opened(client, instance(ONE))
    (folder / "vm").chmod(0o200)
    os.chown(folder / "vm", USERS["user1"], USERS["user1"])
    stranger = connect(user="user2")
    body = bytearray(create_with("vm", instance(ONE), level=0, disposition=1))
    body[24:28] = struct.pack("<I", 0x100080)
    assert stranger.call(CREATE, bytes(body)).status == "SUCCESS"
    assert is_there(client, before)


def test_a_handle_that_is_kept_for_a_client_that_is_gone(
    other: Raw, connect: Callable[..., Raw], folder: Path
) -> None:
    with Raw(445, timeout=60) as gone:
        gone.ready("share", 0x0302)
        body = create_with("vm", durable_v2(os.urandom(16)), instance(ONE), level=9, share=0)
        assert gone.call(CREATE, body).status == "SUCCESS"
    assert opened(other, instance(ONE)).status == "SUCCESS"


def test_clients_before_smb_3_have_no_applications(other: Raw, folder: Path) -> None:
    with Raw(445, timeout=60) as old:
        old.ready("share", 0x0210)
        before = opened(old, instance(ONE))
        assert opened(other, instance(ONE)).status == "SHARING_VIOLATION"
        assert is_there(old, before)


@pytest.mark.parametrize(
    ("then", "now", "taken"),
    [
        ((1, 5), (1, 6), True),
        ((1, 5), (2, 0), True),
        ((1, 5), (1, 5), False),
        ((1, 5), (1, 4), False),
        ((2, 0), (1, 9), False),
        ((1, 5), None, False),
        (None, (0, 0), True),
    ],
)
def test_only_a_higher_version_takes_over(
    connect: Callable[..., Raw],
    folder: Path,
    then: tuple[int, int] | None,
    now: tuple[int, int] | None,
    taken: bool,
) -> None:
    client, other = connect(newest=True), connect(newest=True)
    before = opened(client, instance(ONE), *([version(*then)] if then else []))
    after = opened(other, instance(ONE), *([version(*now)] if now else []))
    assert after.status == ("SUCCESS" if taken else FORCED_CLOSED)
    assert is_there(client, before) != taken


def test_versions_came_with_3_1_1(client: Raw, other: Raw, folder: Path) -> None:
    before = opened(client, instance(ONE), version(9, 9))
    assert opened(other, instance(ONE), version(1, 1)).status == "SUCCESS"
    assert not is_there(client, before)
    assert client.call(CLOSE, close(file_id(before))).status == "FILE_CLOSED"
