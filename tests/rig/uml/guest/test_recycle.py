# SPDX-License-Identifier: GPL-2.0-only
"""Deleted files that go to a bin: [bin] has one for each user, [tree] one for all."""

from __future__ import annotations

import contextlib
import os
import random
import stat
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw import (
    CLOSE,
    CREATE,
    SET_INFO,
    WRITE,
    Raw,
    close,
    create,
    file_id,
    set_info,
    write,
)
from server import USERS

RENAME, DISPOSITION = 10, 13
DELETE_ON_CLOSE = 0x1000
STORM_SECONDS = 6


@contextlib.contextmanager
def connected(share: str, user: str = "user1") -> Iterator[Raw]:
    with Raw(445, timeout=120) as wire:
        for reply in (wire.negotiate(0x0302), wire.login(user), wire.tree(share)):
            assert reply.status == "SUCCESS", reply
        yield wire


@pytest.fixture
def client() -> Iterator[Raw]:
    with connected("bin") as wire:
        yield wire


@pytest.fixture
def tree() -> Iterator[Raw]:
    with connected("tree") as wire:
        yield wire


@pytest.fixture(autouse=True)
def root(folder: Path) -> Path:
    """The share's folder, in which everybody may do everything."""
    folder.chmod(0o777)
    return folder


def put(client: Raw, name: str, data: bytes = b"") -> None:
    handle = client.open(name)
    if data:
        assert client.call(WRITE, write(handle, data)).status == "SUCCESS"
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"


def delete(client: Raw, name: str, options: int = 0) -> str:
    """By a mark that is set on a handle; the status of that."""
    reply = client.call(CREATE, create(name, access=0x110080, disposition=1, options=options))
    if reply.status != "SUCCESS":
        return reply.status
    handle = file_id(reply)
    marked = client.call(SET_INFO, set_info(handle, 1, DISPOSITION, b"\1"))
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"
    return marked.status


def test_a_deleted_file_is_in_the_users_bin(client: Raw, root: Path) -> None:
    put(client, "f", b"precious")
    before = (root / "f").stat()
    assert delete(client, "f") == "SUCCESS"
    assert not (root / "f").exists()
    kept = root / ".recycle" / "user1" / "f"
    assert kept.read_bytes() == b"precious"
    after = kept.stat()
    assert (after.st_ino, after.st_mode, after.st_uid) == (
        before.st_ino, before.st_mode, before.st_uid,
    )  # fmt: skip


def test_its_change_time_says_when(client: Raw, root: Path) -> None:
    """By which `find -ctime` empties the bin."""
    put(client, "f")
    before = (root / "f").stat().st_ctime_ns
    assert delete(client, "f") == "SUCCESS"
    assert (root / ".recycle" / "user1" / "f").stat().st_ctime_ns > before


def test_a_link_of_it_in_the_bin_is_enough(tree: Raw, root: Path) -> None:
    put(tree, "f", b"x")
    (root / ".all").mkdir(mode=0o777)
    os.link(root / "f", root / ".all" / "f")
    assert delete(tree, "f") == "SUCCESS"
    assert not (root / "f").exists()
    assert (root / ".all" / "f").read_bytes() == b"x"


def test_a_bin_for_all_is_not_one_of_them(tree: Raw, root: Path) -> None:
    put(tree, "f", b"x")
    (root / ".all").mkdir(mode=0o777)
    os.chown(root / ".all", USERS["user2"], USERS["user2"])
    delete(tree, "f")
    assert (root / "f").read_bytes() == b"x"
    os.chown(root / ".all", root.stat().st_uid, 0)
    assert delete(tree, "f") == "SUCCESS"
    assert (root / ".all" / "f").read_bytes() == b"x"


def test_whose_bin_it_is(client: Raw, root: Path) -> None:
    put(client, "f")
    delete(client, "f")
    shared, own = (root / ".recycle").stat(), (root / ".recycle" / "user1").stat()
    assert (stat.S_IMODE(shared.st_mode), shared.st_uid) == (0o711, 0)
    assert (stat.S_IMODE(own.st_mode), own.st_uid) == (0o700, USERS["user1"])
    with connected("bin", "user2") as other:
        put(other, "g")
        assert delete(other, "g") == "SUCCESS"
        reply = other.call(CREATE, create(".recycle\\user1\\f", access=0x120089, disposition=1))
        assert reply.status == "ACCESS_DENIED"
        reply = other.call(CREATE, create(".recycle", access=0x100081, disposition=1))
        assert reply.status == "ACCESS_DENIED"
    assert (root / ".recycle" / "user2" / "g").exists()


def test_its_user_takes_it_back(client: Raw, root: Path) -> None:
    put(client, "f", b"back")
    delete(client, "f")
    handle = client.open(".recycle\\user1\\f", disposition=1)
    text = "f".encode("utf-16-le")
    body = struct.pack("<B7xQI", 0, 0, len(text)) + text
    assert client.call(SET_INFO, set_info(handle, 1, RENAME, body)).status == "SUCCESS"
    assert (root / "f").read_bytes() == b"back"


def test_deletion_in_the_bin_is_for_good(client: Raw, root: Path) -> None:
    put(client, "f")
    delete(client, "f")
    assert delete(client, ".recycle\\user1\\f") == "SUCCESS"
    assert list((root / ".recycle" / "user1").iterdir()) == []
    assert delete(client, ".recycle\\user1", options=1) == "ACCESS_DENIED"
    assert (root / ".recycle" / "user1").is_dir()


def test_one_that_is_deleted_on_close(client: Raw, root: Path) -> None:
    put(client, "f", b"x")
    handle = client.open("f", access=0x110080, disposition=1, options=DELETE_ON_CLOSE)
    assert client.call(CLOSE, close(handle)).status == "SUCCESS"
    assert (root / ".recycle" / "user1" / "f").read_bytes() == b"x"


def test_one_whose_client_is_lost(root: Path) -> None:
    with connected("bin") as lost:
        put(lost, "f", b"x")
        lost.open("f", access=0x110080, disposition=1, options=DELETE_ON_CLOSE)
    kept = root / ".recycle" / "user1" / "f"
    end = time.monotonic() + 20
    while not kept.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert kept.read_bytes() == b"x"


def test_versions_are_kept(client: Raw, root: Path) -> None:
    long = "n" * 250
    for name in ("f", long):
        for number in range(20):
            put(client, name, b"%d" % number)
            assert delete(client, name) == "SUCCESS"
    kept = root / ".recycle" / "user1"
    found = {path.name: path.read_bytes() for path in kept.iterdir()}
    assert len(found) == 40
    assert found["f"] == b"0" and found["Copy #1 of f"] == b"1" and found["Copy #16 of f"] == b"16"
    assert sorted(found.values()) == sorted([b"%d" % number for number in range(20)] * 2)


def test_a_long_name_is_not_cut_within_a_character(client: Raw, root: Path) -> None:
    name = "ü" * 127
    for number in range(3):
        put(client, name, b"%d" % number)
        assert delete(client, name) == "SUCCESS"
    names = {path.name for path in (root / ".recycle" / "user1").iterdir()}
    assert len(names) == 3
    for found in names:
        found.encode()


def test_or_the_last_one_only(tree: Raw, root: Path) -> None:
    for number in range(3):
        put(tree, "f", b"%d" % number)
        assert delete(tree, "f") == "SUCCESS"
    assert [path.read_bytes() for path in (root / ".all").iterdir()] == [b"2"]


def test_the_tree_is_kept(tree: Raw, root: Path) -> None:
    for name in ("a", "a\\b"):
        tree.open(name, options=1)
    put(tree, "a\\b\\f", b"x")
    assert delete(tree, "a\\b\\f") == "SUCCESS"
    assert (root / ".all" / "a" / "b" / "f").read_bytes() == b"x"
    assert stat.S_IMODE((root / ".all").stat().st_mode) == 0o1777
    with connected("tree", "user2") as other:
        put(other, "g", b"y")
        assert delete(other, "g") == "SUCCESS"
    assert (root / ".all" / "g").read_bytes() == b"y"


def test_what_is_excluded_is_gone(client: Raw, root: Path) -> None:
    for name in ("a.tmp", "B.TMP", "~$office.doc"):
        put(client, name)
        assert delete(client, name) == "SUCCESS"
    assert not (root / ".recycle").exists()


def test_directories_and_streams_are_gone(client: Raw, root: Path) -> None:
    client.call(CLOSE, close(client.open("d", options=1)))
    assert delete(client, "d", options=1) == "SUCCESS"
    put(client, "f:s", b"x")
    assert delete(client, "f:s") == "SUCCESS"
    assert not (root / ".recycle").exists() and os.listxattr(root / "f") != []
    assert [name for name in os.listxattr(root / "f") if "DosStream" in name] == []


def test_streams_and_attributes_go_with_it(client: Raw, root: Path) -> None:
    put(client, "f", b"x")
    put(client, "f:s", b"stream")
    assert delete(client, "f") == "SUCCESS"
    kept = root / ".recycle" / "user1" / "f"
    assert os.getxattr(kept, "user.DosStream.s:$DATA") == b"stream\0"
    assert "user.DOSATTRIB" in os.listxattr(kept)


def test_what_he_may_not_delete_he_cannot_move(client: Raw, root: Path) -> None:
    sticky = root / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    (sticky / "f").write_text("somebody's")
    (sticky / "f").chmod(0o666)
    assert delete(client, "sticky\\f") != "SUCCESS"
    assert (sticky / "f").exists()


@pytest.mark.parametrize("what", ["a link that leads out", "a file", "another user's folder"])
def test_it_stays_where_the_bin_is_not_one(
    client: Raw, root: Path, tmp_path: Path, what: str
) -> None:
    own = root / ".recycle" / "user1"
    own.parent.mkdir()
    if what == "a file":
        own.write_text("")
    elif what == "another user's folder":
        own.mkdir()
        own.chmod(0o777)
        os.chown(own, USERS["user2"], USERS["user2"])
    else:
        tmp_path.chmod(0o777)
        own.symlink_to(tmp_path)
    put(client, "f", b"x")
    delete(client, "f")
    assert (root / "f").read_bytes() == b"x"
    assert not list(tmp_path.iterdir())


def test_what_is_mounted_below_is_gone(client: Raw, root: Path) -> None:
    other = root / "other"
    other.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(other)], check=True)
    try:
        other.chmod(0o777)
        put(client, "other\\f")
        assert (other / "f").exists()
        assert delete(client, "other\\f") == "SUCCESS"
        assert not (other / "f").exists()
        assert not (root / ".recycle").exists()
    finally:
        subprocess.run(["umount", "-l", str(other)], check=True)


def test_a_file_that_a_process_has_moved_out_stays(client: Raw, root: Path, tmp_path: Path) -> None:
    put(client, "f", b"x")
    handle = client.open("f", access=0x110080, disposition=1)
    assert client.call(SET_INFO, set_info(handle, 1, DISPOSITION, b"\1")).status == "SUCCESS"
    out = root.parent / "second" / "moved"
    (root / "f").rename(out)
    try:
        assert client.call(CLOSE, close(handle)).status == "SUCCESS"
        assert out.read_bytes() == b"x"
    finally:
        out.unlink(missing_ok=True)


def test_other_shares_have_none(other: Raw, root: Path) -> None:
    put(other, "f")
    assert delete(other, "f") == "SUCCESS"
    assert not (root / ".recycle").exists()


def test_a_storm_of_deletions(root: Path) -> None:
    """Nothing is lost, whoever deletes, renames or removes the bin meanwhile."""
    end = time.monotonic() + STORM_SECONDS
    written: list[bytes] = []
    errors: list[BaseException] = []

    def deleter(user: str) -> None:
        try:
            with connected("bin", user) as wire:
                number = 0
                while time.monotonic() < end:
                    data = b"%s %d" % (user.encode(), number)
                    put(wire, f"{user} {number % 5}", data)
                    assert delete(wire, f"{user} {number % 5}") == "SUCCESS"
                    written.append(data)
                    number += 1
        except BaseException as error:
            errors.append(error)

    def disturber() -> None:
        dice = random.Random(1)
        while time.monotonic() < end:
            kept = root / ".recycle" / dice.choice(("user1", "user2"))
            with contextlib.suppress(OSError):
                kept.rmdir() if dice.random() < 0.5 else kept.rename(root / f".old{dice.random()}")
            time.sleep(0.01)

    threads = [threading.Thread(target=deleter, args=(user,)) for user in ("user1", "user2")]
    threads.append(threading.Thread(target=disturber))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    kept = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
    assert sorted(kept) == sorted(written)
