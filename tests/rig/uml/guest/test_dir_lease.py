# SPDX-License-Identifier: GPL-2.0-only
"""Listings that clients keep, and who takes them away."""

from __future__ import annotations

import os
import random
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from caching import (
    BATCH,
    HANDLE,
    NONE,
    READ,
    WRITES,
    LeaseV2,
    acknowledge,
    acknowledge_lease,
    granted,
    lease_v2_of,
    leased,
    leased_v2,
)
from raw import (
    CLOSE,
    CREATE,
    NEGOTIATE,
    OPLOCK_BREAK,
    SET_INFO,
    WRITE,
    Gone,
    Raw,
    close,
    create,
    file_id,
    query_directory,
    read,
    set_info,
    write,
)
from raw import QUERY_DIRECTORY as LIST
from raw import READ as READ_COMMAND
from server import USERS

KEY, OTHER_KEY, FILE_KEY = 1, 2, 3
RH = READ | HANDLE
BASIC, RENAME, LINK, DISPOSITION, ALLOCATION, END_OF_FILE = 4, 10, 11, 13, 19, 20
OPEN, MAKE, OVERWRITE = 1, 2, 5
LISTING = 0x100081
STORM_SECONDS = 8
DIRECTORY_LEASING = 0x20


@pytest.fixture
def place(folder: Path) -> Path:
    """A directory with a file and a directory in it, and a file beside it."""
    for directory in (folder / "d", folder / "d" / "sub"):
        directory.mkdir()
    for file in (folder / "d" / "f", folder / "d" / "sub" / "deep", folder / "beside"):
        file.write_text("text")
    for path in folder.rglob("*"):
        os.chown(path, USERS["user1"], USERS["user1"])
    return folder / "d"


def ask(client: Raw, state: int = RH | WRITES, key: int = KEY, name: str = "d") -> LeaseV2:
    return lease_v2_of(
        client.call(CREATE, leased_v2(name, key, state, access=LISTING, disposition=OPEN))
    )


def cached(client: Raw, key: int = KEY) -> bytes:
    """The handle of the directory, with a lease."""
    reply = client.call(CREATE, leased_v2("d", key, RH, access=LISTING, disposition=OPEN))
    assert lease_v2_of(reply).state == RH
    return file_id(reply)


def notice(client: Raw) -> tuple[int, int, bool, int]:
    """Of the next break: from, to, whether to acknowledge, the epoch."""
    reply = client.receive()
    assert reply.command == OPLOCK_BREAK and len(reply.body) == 44, reply
    epoch, flags, now, then = struct.unpack_from("<HI16xII", reply.body, 2)
    assert reply.body[8:24] == bytes([KEY]) * 16
    return now, then, bool(flags & 1), epoch


def is_broken(client: Raw) -> bool:
    """Breaks are decided before the change is answered, and told later."""
    reply = client.call(CREATE, leased_v2("d", KEY, 0, access=LISTING, disposition=OPEN))
    lease = lease_v2_of(reply)
    assert client.call(CLOSE, close(file_id(reply))).status == "SUCCESS"
    return lease.breaking or not lease.state


def expect_break(client: Raw, epoch: int = 2) -> None:
    assert notice(client) == (RH, 0, True, epoch)
    assert client.call(OPLOCK_BREAK, acknowledge_lease(KEY, 0)).status == "SUCCESS"
    assert is_broken(client)


# --- what is granted ---


@pytest.mark.parametrize(
    ("asked", "had"),
    [(READ, READ), (RH, RH), (RH | WRITES, RH), (READ | WRITES, READ), (HANDLE, 0), (0, 0)],
)
def test_what_a_directory_is_granted(client: Raw, place: Path, asked: int, had: int) -> None:
    assert ask(client, asked).state == had


def test_it_is_announced(client: Raw) -> None:
    body = struct.pack("<HHHHI16sQ", 36, 1, 1, 0, 0x7F, os.urandom(16), 0)
    for dialect, announced in {0x0210: 0, 0x0300: DIRECTORY_LEASING}.items():
        with Raw(445, timeout=120) as wire:
            reply = wire.call(NEGOTIATE, body + struct.pack("<H", dialect))
            (capabilities,) = struct.unpack_from("<I", reply.body, 24)
            assert capabilities & DIRECTORY_LEASING == announced


def test_a_lease_of_version_1_is_none(client: Raw, place: Path) -> None:
    reply = client.call(CREATE, leased("d", KEY, RH))
    assert reply.status == "SUCCESS" and reply.body[2] == NONE


def test_an_oplock_is_none(client: Raw, place: Path) -> None:
    assert granted(client, "d", BATCH)[1] == NONE


def test_one_that_is_made_can_be_cached_at_once(client: Raw, other: Raw, place: Path) -> None:
    body = leased_v2("new", KEY, RH, access=LISTING, disposition=MAKE, options=1)
    assert lease_v2_of(client.call(CREATE, body)).state == RH
    other.open("new\\f")
    assert notice(client)[:2] == (RH, 0)


def test_many_may_have_it(client: Raw, other: Raw, place: Path) -> None:
    cached(client)
    assert ask(other, key=OTHER_KEY).state == RH
    assert not is_broken(client)
    (place / "g").touch()
    assert notice(client)[:2] == (RH, 0)
    assert other.receive().command == OPLOCK_BREAK


# --- what breaks it ---


def text_of(name: str) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack("<B7xQI", 0, 0, len(text)) + text


def at(client: Raw, name: str, parent: int | None = None, **more: int) -> bytes:
    """A handle; with a `parent`, as one who caches the directory opens it."""
    body = create(name, **more)
    if parent is not None:
        body = leased_v2(name, FILE_KEY, 0, parent, **more)
    reply = client.call(CREATE, body)
    assert reply.status == "SUCCESS", reply
    return file_id(reply)


def changing(info_class: int, data: bytes, name: str = "d\\f") -> Callable[..., None]:
    def change(client: Raw, parent: int | None = None) -> None:
        handle = at(client, name, parent, disposition=OPEN)
        assert client.call(SET_INFO, set_info(handle, 1, info_class, data)).status == "SUCCESS"

    return change


def make(client: Raw, parent: int | None = None) -> None:
    at(client, "d\\new", parent, disposition=MAKE)


def make_directory(client: Raw, parent: int | None = None) -> None:
    at(client, "d\\new", parent, disposition=MAKE, options=1)


def overwrite(client: Raw, parent: int | None = None) -> None:
    at(client, "d\\f", parent, disposition=OVERWRITE)


def write_and_close(client: Raw, parent: int | None = None) -> None:
    handle = at(client, "d\\f", parent, disposition=OPEN)
    assert client.call(WRITE, write(handle, b"written")).status == "SUCCESS"
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"


def remove(client: Raw, parent: int | None = None) -> None:
    handle = at(client, "d\\f", parent, disposition=OPEN)
    assert client.call(SET_INFO, set_info(handle, 1, DISPOSITION, b"\1")).status == "SUCCESS"
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"


def remove_on_close(client: Raw, parent: int | None = None) -> None:
    handle = at(client, "d\\f", parent, disposition=OPEN, options=0x1000)
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"


TIMES = struct.pack("<4QII", 0, 0, 132_000_000_000_000_000, 0, 0, 0)
BREAKS = {
    "create": make,
    "create a directory": make_directory,
    "overwrite": overwrite,
    "write and close": write_and_close,
    "delete": remove,
    "delete on close": remove_on_close,
    "times": changing(BASIC, TIMES),
    "attributes": changing(BASIC, struct.pack("<4QII", 0, 0, 0, 0, 2, 0)),
    "end of file": changing(END_OF_FILE, struct.pack("<Q", 1)),
    "allocation": changing(ALLOCATION, struct.pack("<Q", 0)),
    "rename": changing(RENAME, text_of("d\\renamed")),
    "rename out of it": changing(RENAME, text_of("away")),
    "link in it": changing(LINK, text_of("d\\link")),
}
FROM_OUTSIDE = {
    "rename into it": changing(RENAME, text_of("d\\moved"), "beside"),
    "link into it": changing(LINK, text_of("d\\link"), "beside"),
}


@pytest.mark.parametrize("name", list(BREAKS | FROM_OUTSIDE))
def test_a_change_by_another_client_breaks_it(
    client: Raw, other: Raw, place: Path, name: str
) -> None:
    cached(client)
    (BREAKS | FROM_OUTSIDE)[name](other)
    expect_break(client)


@pytest.mark.parametrize("name", list(BREAKS))
def test_another_client_s_parent_key_is_not_ours(
    client: Raw, other: Raw, place: Path, name: str
) -> None:
    cached(client)
    BREAKS[name](other, KEY)
    expect_break(client)


@pytest.mark.parametrize("name", list(BREAKS))
def test_who_caches_it_may_change_it(client: Raw, place: Path, name: str) -> None:
    cached(client)
    BREAKS[name](client, KEY)
    assert not is_broken(client)


@pytest.mark.parametrize("parent", [None, OTHER_KEY])
@pytest.mark.parametrize("name", list(BREAKS))
def test_but_has_to_name_its_lease(client: Raw, place: Path, name: str, parent: int | None) -> None:
    cached(client)
    with Collecting(client) as breaks:
        BREAKS[name](client, parent)
    if not breaks:
        breaks.append(client.receive().body)
    assert len(breaks) == 1
    assert is_broken(client)


class Collecting:
    """Puts the breaks aside that come between a client's requests and their answers."""

    def __init__(self, client: Raw) -> None:
        self.client = client
        self.breaks: list[bytes] = []
        self.receive = client.receive

    def __enter__(self) -> list[bytes]:
        def receive() -> object:
            while (reply := self.receive()).is_break:
                self.breaks.append(reply.body)
            return reply

        self.client.receive = receive  # type: ignore[method-assign,assignment]
        return self.breaks

    def __exit__(self, *_: object) -> None:
        self.client.receive = self.receive  # type: ignore[method-assign]


def test_what_another_doomed_is_no_change_of_ours(client: Raw, other: Raw, place: Path) -> None:
    """The last to close deletes it, but its client does not know that."""
    cached(client)
    mine = at(client, "d\\f", KEY, disposition=OPEN)
    doomed = at(other, "d\\f", disposition=OPEN)
    assert other.call(SET_INFO, set_info(doomed, 1, DISPOSITION, b"\1")).status == "SUCCESS"
    assert other.call(CLOSE, close(doomed)).status == "SUCCESS"
    assert not is_broken(client)
    with Collecting(client) as breaks:
        assert client.call(CLOSE, close(mine)).status == "SUCCESS"
    if not breaks:
        expect_break(client)


def test_what_is_no_change_leaves_it(client: Raw, other: Raw, place: Path) -> None:
    cached(client)
    handle = at(other, "d\\f", disposition=OPEN)
    assert other.call(READ_COMMAND, read(handle, 4)).status == "SUCCESS"
    listing = at(other, "d", access=LISTING, disposition=OPEN)
    assert other.call(LIST, query_directory(listing)).status == "SUCCESS"
    at(other, "d\\sub\\new", disposition=MAKE)
    assert other.call(CREATE, create("d\\f", disposition=MAKE)).status == "OBJECT_NAME_COLLISION"
    assert other.call(CREATE, create("d\\none", disposition=OPEN)).status == (
        "OBJECT_NAME_NOT_FOUND"
    )
    assert not is_broken(client)
    assert other.call(CLOSE, close(handle)).status == "SUCCESS"
    assert not is_broken(client)
    # what is written shows when the handle closes
    handle = at(other, "d\\f", disposition=OPEN)
    assert other.call(WRITE, write(handle, b"x")).status == "SUCCESS"
    assert not is_broken(client)
    assert other.call(CLOSE, close(handle)).status == "SUCCESS"
    expect_break(client)


# --- processes of this machine ---


def rewrite(place: Path) -> None:
    with (place / "f").open("r+") as file:
        file.write("x")


LOCAL: dict[str, Callable[[Path], object]] = {
    "create": lambda place: (place / "new").touch(),
    "mkdir": lambda place: (place / "new").mkdir(),
    "symlink": lambda place: (place / "new").symlink_to("f"),
    "unlink": lambda place: (place / "f").unlink(),
    "rename": lambda place: (place / "f").rename(place / "g"),
    "rename out of it": lambda place: (place / "f").rename(place.parent / "g"),
    "rename into it": lambda place: (place.parent / "beside").rename(place / "g"),
    "link": lambda place: os.link(place / "f", place / "g"),
    "chmod": lambda place: (place / "f").chmod(0o600),
    "utime": lambda place: os.utime(place / "f", (1, 1)),
    "truncate": lambda place: os.truncate(place / "f", 1),
    "write": rewrite,
}


@pytest.mark.parametrize("name", list(LOCAL))
def test_a_change_by_a_local_process_breaks_it(client: Raw, place: Path, name: str) -> None:
    cached(client)
    LOCAL[name](place)
    expect_break(client)


def test_a_local_process_may_look(client: Raw, place: Path) -> None:
    cached(client)
    assert sorted(entry.name for entry in place.iterdir()) == ["f", "sub"]
    assert (place / "f").read_text() == "text"
    (place / "sub" / "new").touch()
    assert not is_broken(client)


# --- the handle that is kept ---


def test_who_shares_nothing_waits_for_the_handle(client: Raw, other: Raw, place: Path) -> None:
    handle = cached(client)
    message = other.send(CREATE, create("d", access=LISTING, disposition=OPEN, share=0))
    assert notice(client) == (RH, READ, True, 2)
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"
    assert final(other, message) == "SUCCESS"


def final(client: Raw, message: int) -> str:
    while (reply := client.receive()).message_id != message or reply.pending:
        pass
    return reply.status


@pytest.mark.parametrize("gives_it_up", [True, False])
def test_a_rename_waits_for_what_is_cached_below(
    client: Raw, other: Raw, place: Path, gives_it_up: bool
) -> None:
    handle, level = granted(client, "d\\sub\\deep", BATCH, disposition=OPEN)
    assert level == BATCH
    directory = at(other, "d", disposition=OPEN)
    message = other.send(SET_INFO, set_info(directory, 1, RENAME, text_of("moved")))
    assert client.receive().command == OPLOCK_BREAK
    if gives_it_up:
        assert client.call(CLOSE, close(handle)).status == "SUCCESS"
    else:
        client.call(OPLOCK_BREAK, acknowledge(handle, NONE))
    assert final(other, message) == ("SUCCESS" if gives_it_up else "ACCESS_DENIED")
    assert place.exists() != gives_it_up


def test_a_rename_waits_for_all_of_them(client: Raw, other: Raw, place: Path) -> None:
    handles = {}
    for number in range(5):
        name = f"d\\sub\\{number}"
        handles[name], level = granted(client, name, BATCH, disposition=MAKE)
        assert level == BATCH
    directory = at(other, "d", disposition=OPEN)
    message = other.send(SET_INFO, set_info(directory, 1, RENAME, text_of("moved")))
    told = [client.receive().body[8:24] for _ in handles]
    assert sorted(told) == sorted(handles.values())
    for handle in told:
        assert client.call(CLOSE, close(handle)).status == "SUCCESS"
    assert final(other, message) == "SUCCESS"


# --- all at once ---


def test_a_storm(folder: Path, place: Path) -> None:
    """Leases come and go while their directory changes; nothing is lost or left over."""
    end = time.monotonic() + STORM_SECONDS
    errors: list[BaseException] = []

    def holder(seed: int) -> None:
        dice = random.Random(seed)
        with Raw(445, timeout=120) as wire:
            wire.ready("share", 0x0302)
            while time.monotonic() < end:
                body = leased_v2("d", dice.randrange(1, 4), RH, access=LISTING, disposition=OPEN)
                with Collecting(wire) as breaks:
                    handle = file_id(wire.call(CREATE, body))
                    wire.call(LIST, query_directory(handle))
                    for broken in breaks:
                        if broken[4] & 1:
                            wire.call(OPLOCK_BREAK, acknowledge_lease(broken[8], 0))
                    if dice.random() < 0.9:
                        wire.call(CLOSE, close(handle))

    def changer(seed: int) -> None:
        dice = random.Random(seed)
        with Raw(445, timeout=120) as wire:
            wire.ready("share", 0x0302)
            while time.monotonic() < end:
                name = f"d\\{dice.randrange(4)}"
                reply = wire.call(CREATE, create(name, options=dice.choice((0, 0x1000))))
                if reply.status == "SUCCESS":
                    wire.call(CLOSE, close(file_id(reply)))

    def local(seed: int) -> None:
        dice = random.Random(seed)
        while time.monotonic() < end:
            path = place / str(dice.randrange(4))
            try:
                match dice.randrange(3):
                    case 0:
                        path.touch()
                    case 1:
                        path.unlink()
                    case _:
                        path.rename(place / "5")
            except OSError:
                time.sleep(0)

    def run(work: Callable[[int], None], seed: int) -> None:
        try:
            work(seed)
        except Gone:
            pass
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(work, seed))
        for seed, work in enumerate((holder, holder, changer, changer, local))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
