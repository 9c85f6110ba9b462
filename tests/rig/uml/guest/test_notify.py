# SPDX-License-Identifier: GPL-2.0-only
"""CHANGE_NOTIFY hears clients and local processes alike."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from raw import (
    CANCEL,
    CHANGE_NOTIFY,
    CLOSE,
    CREATE,
    SET_INFO,
    WRITE,
    Raw,
    Reply,
    close,
    create,
    set_info,
    write,
)

DIRECTORY = 1
DELETE_ON_CLOSE = 0x1000
READ_AND_WRITE, DELETE = 0x12019F, 0x110080
FILE_NAME, DIR_NAME, ATTRIBUTES, SIZE, LAST_WRITE = 1, 2, 4, 8, 0x10
CREATION, EA, SECURITY = 0x40, 0x80, 0x100
NAME = FILE_NAME | DIR_NAME
EVERYTHING = 0xFFF
ADDED, REMOVED, MODIFIED, OLD_NAME, NEW_NAME = range(1, 6)

NOTIFY_CLEANUP, NOTIFY_ENUM_DIR = "0x0000010b", "0x0000010c"


def notify(handle: bytes, completion: int, *, tree: bool = False, room: int = 4096) -> bytes:
    """[MS-SMB2] 2.2.35"""
    return struct.pack("<HHI", 32, tree, room) + handle + struct.pack("<II", completion, 0)


def changes(reply: Reply) -> list[tuple[int, str]]:
    """[MS-FSCC] 2.7.1"""
    assert reply.status == "SUCCESS", reply
    (length,) = struct.unpack_from("<I", reply.body, 4)
    data, found = reply.body[8 : 8 + length], []
    step = 1
    while step:
        step, action, size = struct.unpack_from("<III", data)
        found.append((action, data[12 : 12 + size].decode("utf-16-le")))
        data = data[step:]
    return found


def watch(client: Raw, name: str, completion: int, **more: int) -> tuple[bytes, int]:
    """A directory's handle, and the request that waits on it."""
    handle = client.open(name, access=0x120089, options=DIRECTORY)
    return handle, wait(client, handle, completion, **more)


def wait(client: Raw, handle: bytes, completion: int, **more: int) -> int:
    message = client.send(CHANGE_NOTIFY, notify(handle, completion, **more))  # type: ignore[arg-type]
    reply = client.receive()
    assert (reply.status, reply.message_id) == ("PENDING", message)
    return message


def again(client: Raw, handle: bytes) -> list[tuple[int, str]]:
    """What has been noted since."""
    return changes(client.call(CHANGE_NOTIFY, notify(handle, EVERYTHING)))


def test_what_a_local_process_does_is_told(client: Raw, folder: Path) -> None:
    handle, _ = watch(client, "", EVERYTHING)

    (folder / "new").write_text("x")
    assert changes(client.receive())[0] == (ADDED, "new")
    (folder / "new").rename(folder / "newer")
    (folder / "newer").chmod(0o600)
    (folder / "newer").unlink()
    (folder / "dir").mkdir()
    (folder / "dir").rmdir()

    assert again(client, handle) == [
        (MODIFIED, "new"),
        (OLD_NAME, "new"), (NEW_NAME, "newer"),
        (MODIFIED, "newer"),
        (REMOVED, "newer"),
        (ADDED, "dir"), (REMOVED, "dir"),
    ]  # fmt: skip


def test_a_client_s_new_file_is_told_of_once(client: Raw, other: Raw, folder: Path) -> None:
    handle, _ = watch(client, "", EVERYTHING)

    other.call(CLOSE, close(other.open("made", disposition=2)))
    assert changes(client.receive()) == [(ADDED, "made")]

    file = other.open("made")
    assert other.call(WRITE, write(file, b"data")).status == "SUCCESS"
    assert other.call(WRITE, write(file, b"more")).status == "SUCCESS"
    other.call(CLOSE, close(file))
    other.call(CLOSE, close(other.open("made", options=DELETE_ON_CLOSE)))
    assert again(client, handle) == [(MODIFIED, "made"), (REMOVED, "made")]


def test_a_client_s_change_is_told_to_those_who_asked_for_its_kind(
    client: Raw, other: Raw, folder: Path
) -> None:
    (folder / "f").write_text("")
    file = other.open("f", access=READ_AND_WRITE)
    hidden = struct.pack("<QQQQII", 0, 0, 0, 0, 2, 0)
    created = struct.pack("<QQQQII", 125_000_000_000_000_000, 0, 0, 0, 0, 0)
    for completion, heard in ((ATTRIBUTES, hidden), (CREATION, created)):
        handle, message = watch(client, "", completion)
        for basic in (hidden, created):
            assert other.call(SET_INFO, set_info(file, 1, 4, basic)).status == "SUCCESS"
            if basic == heard:
                assert changes(client.receive()) == [(MODIFIED, "f")]
                message = wait(client, handle, completion)
        client.call(CLOSE, close(handle))
        assert client.receive().message_id == message


def test_a_tree_is_told_of_with_paths(client: Raw, folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    handle, _ = watch(client, "a", NAME, tree=True)
    flat, _ = watch(client, "a", NAME)

    (folder / "a" / "b" / "f").write_text("")
    assert changes(client.receive()) == [(ADDED, "b\\f")]
    (folder / "a" / "b" / "f").rename(folder / "a" / "g")
    assert changes(client.receive()) == [(ADDED, "g")]  # the flat one
    (folder / "a" / "g").rename(folder / "out")
    (folder / "elsewhere").mkdir()

    assert again(client, handle) == [(REMOVED, "b\\f"), (ADDED, "g"), (REMOVED, "g")]
    assert again(client, flat) == [(REMOVED, "g")]


def test_names_that_the_user_cannot_list_are_not_told(client: Raw, folder: Path) -> None:
    (folder / "private").mkdir(mode=0o700)
    handle, _ = watch(client, "", NAME, tree=True)

    (folder / "private" / "secret").write_text("")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "back\\slash").write_text("")
    (folder / "seen").write_text("")

    assert changes(client.receive()) == [(ADDED, "seen")]
    client.call(CLOSE, close(handle))


def test_more_than_fits_says_to_list_the_directory(client: Raw, folder: Path) -> None:
    handle, _ = watch(client, "", NAME, room=200)

    for number in range(40):
        (folder / f"file{number:03}").write_text("")
    assert changes(client.receive()) == [(ADDED, "file000")]
    assert client.call(CHANGE_NOTIFY, notify(handle, NAME)).status == NOTIFY_ENUM_DIR
    # and then it goes on
    (folder / "last").write_text("")
    assert again(client, handle) == [(ADDED, "last")]


def test_a_watched_directory_that_goes_ends_the_wait(client: Raw, other: Raw, folder: Path) -> None:
    for by_client in (True, False):
        (folder / "gone").mkdir(mode=0o777)
        handle, message = watch(client, "gone", NAME)
        if by_client:
            theirs = other.open("gone", access=DELETE, options=DIRECTORY | DELETE_ON_CLOSE)
            other.call(CLOSE, close(theirs))
        else:
            (folder / "gone").rmdir()
        reply = client.receive()
        assert (reply.message_id, reply.status) == (message, "DELETE_PENDING")
        assert client.call(CHANGE_NOTIFY, notify(handle, NAME)).status == "DELETE_PENDING"
        client.call(CLOSE, close(handle))


def test_a_wait_ends_with_its_handle_and_with_cancel(client: Raw, folder: Path) -> None:
    handle, message = watch(client, "", NAME)

    client.send(CLOSE, close(handle))
    replies = {(reply := client.receive()).message_id: reply for _ in range(2)}
    assert replies[message].status == NOTIFY_CLEANUP

    handle = client.open("", access=0x120089, options=DIRECTORY)
    message = client.send(CHANGE_NOTIFY, notify(handle, NAME))
    async_id = client.receive().async_id
    client.send(CANCEL, struct.pack("<HH", 4, 0), async_id=async_id, message_id=message)
    reply = client.receive()
    assert (reply.status, reply.async_id) == ("CANCELLED", async_id)


def test_a_close_does_not_overtake_it(client: Raw, folder: Path) -> None:
    for _ in range(100):
        handle = client.open("", access=0x120089, options=DIRECTORY)
        message = client.send(CHANGE_NOTIFY, notify(handle, NAME))
        client.send(CLOSE, close(handle))
        replies = [client.receive() for _ in range(3)]
        final = {reply.message_id: reply.status for reply in replies if not reply.pending}
        assert final == {message: NOTIFY_CLEANUP, message + 1: "SUCCESS"}


def test_the_oldest_request_gets_the_first_change(client: Raw, folder: Path) -> None:
    handle, first = watch(client, "", NAME)
    second = wait(client, handle, NAME)

    (folder / "one").write_text("")
    (folder / "two").write_text("")
    replies = {(reply := client.receive()).message_id: reply for _ in range(2)}

    assert changes(replies[first]) == [(ADDED, "one")]
    assert changes(replies[second]) == [(ADDED, "two")]


def test_files_and_other_people_s_handles_have_nothing_to_watch(client: Raw, folder: Path) -> None:
    (folder / "file").write_text("")
    file = client.open("file", access=READ_AND_WRITE)
    assert client.call(CHANGE_NOTIFY, notify(file, NAME)).status == "INVALID_PARAMETER"
    blind = client.open("", access=0x80, options=DIRECTORY)
    assert client.call(CHANGE_NOTIFY, notify(blind, NAME)).status == "ACCESS_DENIED"
    assert client.call(CREATE, create("x" * 300)).status != "SUCCESS"


def test_a_storm_of_changes_and_watches_coming_and_going(client: Raw, folder: Path) -> None:
    """Nothing to see: KASAN, lockdep and kmemleak look on."""
    tree = folder / "storm"
    tree.mkdir(mode=0o777)
    child = os.fork()
    if not child:
        try:
            for number in range(400):
                deep = tree / f"d{number % 7}"
                deep.mkdir(exist_ok=True)
                (deep / f"f{number % 5}").write_text("x")
                if number % 3 == 0:
                    (deep / f"f{number % 5}").rename(tree / f"r{number % 4}")
        finally:
            os._exit(0)
    for number in range(60):
        handle = client.open("storm", access=0x120089, options=DIRECTORY)
        sent = client.send(CHANGE_NOTIFY, notify(handle, EVERYTHING, tree=True, room=512))
        client.send(CLOSE, close(handle))
        got: list[str] = []
        while len(got) < 2:
            reply = client.receive()
            if not reply.pending:
                got.append(reply.status)
        assert sent and set(got) <= {"SUCCESS", NOTIFY_CLEANUP, NOTIFY_ENUM_DIR}, (number, got)
    os.waitpid(child, 0)
