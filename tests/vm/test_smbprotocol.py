# SPDX-License-Identifier: GPL-2.0-only
"""Each command through smbprotocol, an independent client; section numbers are [MS-SMB2]'s."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator

import client as c
import pytest
from client import Client, Tree, connected, status
from server import PASSWORD, Server
from smbprotocol.create_contexts import (
    CreateContextName,
    SMB2CreateContextRequest,
    SMB2CreateQueryMaximalAccessRequest,
)
from smbprotocol.exceptions import SMBException, SMBResponseException
from smbprotocol.file_info import FileInformationClass
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    FilePipePrinterAccessMask,
    LockFlags,
    Open,
    QueryDirectoryFlags,
    SMB2CloseRequest,
    SMB2CloseResponse,
    SMB2LockElement,
)

DIRECTORY, NON_DIRECTORY = (
    CreateOptions.FILE_DIRECTORY_FILE,
    CreateOptions.FILE_NON_DIRECTORY_FILE,
)
DELETE_ON_CLOSE = CreateOptions.FILE_DELETE_ON_CLOSE
SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF = range(6)


@pytest.fixture
def client(server: Server, share: str) -> Iterator[Client]:
    with connected(server.vm.smb_port) as client:
        yield client


@pytest.fixture
def tree(client: Client) -> Tree:
    return client.tree()


# --- NEGOTIATE, SESSION_SETUP, LOGOFF, TREE_CONNECT, TREE_DISCONNECT, ECHO ---


@pytest.mark.parametrize(
    ("dialect", "sign"),
    [(dialect, sign) for dialect in c.DIALECTS for sign in (True, False)
     if sign or dialect != "3.1.1"],
)  # fmt: skip
def test_a_dialect_is_spoken_from_end_to_end(
    server: Server, share: str, dialect: str, sign: bool
) -> None:
    with connected(server.vm.smb_port, dialect, sign=sign) as client:
        assert c.DIALECTS[dialect] == client.connection.dialect
        assert client.connection.max_read_size >= 65536
        assert client.connection.max_write_size >= 65536
        # connect() verifies the negotiation (FSCTL_VALIDATE_NEGOTIATE_INFO) below 3.1.1.
        tree = client.tree()
        tree.put("file", b"content")
        handle = tree.open("file")
        assert handle.read(0, 100) == b"content"
        handle.close()
        client.connection.echo()


def test_an_unsigned_tree_connect_in_3_1_1_ends_the_connection(server: Server) -> None:
    """[MS-SMB2] 3.3.5.7"""
    with connected(server.vm.smb_port, "3.1.1", sign=False) as client:
        with pytest.raises(SMBException):
            client.tree()
        # the library's reader may have closed the socket under it
        with pytest.raises((SMBException, OSError)):
            client.connection.echo(timeout=10)


def test_large_reads_and_writes_are_negotiated_from_2_1_on(server: Server) -> None:
    with connected(server.vm.smb_port, "3.1.1") as client:
        assert client.connection.supports_multi_credit
        assert client.connection.max_read_size >= 1 << 20
    with connected(server.vm.smb_port, "2.0.2") as client:
        assert not client.connection.supports_multi_credit
        assert client.connection.max_read_size == 65536


@pytest.mark.parametrize(
    ("user", "password"), [("user1", "wrong"), ("nosuchuser", PASSWORD), ("user1", "")]
)
def test_a_bad_login_is_refused(server: Server, user: str, password: str) -> None:
    client = None
    with pytest.raises(SMBException, match=r"(?i)logon|password|authent"):
        client = Client(server.vm.smb_port, user=user, password=password)
    assert client is None


def test_two_sessions_share_one_connection(server: Server, share: str) -> None:
    from smbprotocol.session import Session

    with connected(server.vm.smb_port) as client:
        second = Session(client.connection, "user2", PASSWORD, require_encryption=False)
        second.connect()
        assert second.session_id != client.session.session_id
        client.tree().put("one")
        second.disconnect()
        client.tree().put("two")
    assert server.vm.run(["ls", share]).out == "one\ntwo\n"


def test_a_logged_off_session_is_deleted(client: Client, tree: Tree) -> None:
    handle = tree.open("file")
    sid, tid = client.session.session_id, tree.tid
    client.session.disconnect(close=False)
    client.connection.session_table[sid] = client.session
    request = SMB2CloseRequest()
    request["file_id"] = handle.file_id

    def use() -> None:
        client.connection.receive(client.connection.send(request, sid, tid), timeout=20)

    assert status(use) == "USER_SESSION_DELETED"


@pytest.mark.parametrize(
    ("share_name", "expected"),
    [
        ("nosuch", "BAD_NETWORK_NAME"),
        ("only2", "ACCESS_DENIED"),
        ("x" * 300, "BAD_NETWORK_NAME"),
        ("SHARE", "SUCCESS"),
        ("IPC$", "SUCCESS"),
    ],
)
def test_tree_connect_answers(client: Client, share_name: str, expected: str) -> None:
    assert status(client.tree, share_name) == expected


def test_a_disconnected_tree_is_gone_and_its_handles_with_it(
    server: Server, client: Client
) -> None:
    tree, other = client.tree(), client.tree("second")
    handle = tree.open("held", access=c.ALL, share=0)
    tree.tree.disconnect()
    client.session.tree_connect_table[tree.tid] = tree.tree
    assert status(handle.read, 0, 1) == "NETWORK_NAME_DELETED"
    assert status(client.tree().open, "held", OPEN, share=0) == "SUCCESS"
    other.put("still works")


def test_echo(client: Client) -> None:
    for _ in range(20):
        client.connection.echo(sid=client.session.session_id)


# --- CREATE and CLOSE ---


@pytest.mark.parametrize(
    ("disposition", "exists", "expected", "action"),
    [
        (SUPERSEDE, True, "SUCCESS", 0),
        (SUPERSEDE, False, "SUCCESS", 2),
        (OPEN, True, "SUCCESS", 1),
        (OPEN, False, "OBJECT_NAME_NOT_FOUND", None),
        (CREATE, True, "OBJECT_NAME_COLLISION", None),
        (CREATE, False, "SUCCESS", 2),
        (OPEN_IF, True, "SUCCESS", 1),
        (OPEN_IF, False, "SUCCESS", 2),
        (OVERWRITE, True, "SUCCESS", 3),
        (OVERWRITE, False, "OBJECT_NAME_NOT_FOUND", None),
        (OVERWRITE_IF, True, "SUCCESS", 3),
        (OVERWRITE_IF, False, "SUCCESS", 2),
    ],
)
def test_a_create_disposition(
    tree: Tree, disposition: int, exists: bool, expected: str, action: int | None
) -> None:
    if exists:
        tree.put("file", b"old")
    assert status(tree.open, "file", disposition) == expected
    if action is not None:
        tree.opendir().close()
        handle = tree.open("file", OPEN)
        kept = disposition in (OPEN, OPEN_IF) and exists
        assert handle.end_of_file == (3 if kept else 0)


@pytest.mark.parametrize(
    ("disposition", "exists", "action"),
    [(SUPERSEDE, True, 0), (OPEN, True, 1), (CREATE, False, 2), (OVERWRITE_IF, True, 3)],
)
def test_the_create_action_says_what_was_done(
    tree: Tree, disposition: int, exists: bool, action: int
) -> None:
    if exists:
        tree.put("file", b"old")
    assert tree.open("file", disposition).create_action == action


@pytest.mark.parametrize(
    ("name", "options", "disposition", "expected"),
    [
        ("file", DIRECTORY, OPEN, "NOT_A_DIRECTORY"),
        ("dir", NON_DIRECTORY, OPEN, "FILE_IS_A_DIRECTORY"),
        ("dir", DIRECTORY, CREATE, "OBJECT_NAME_COLLISION"),
        ("dir", DIRECTORY, OVERWRITE_IF, "INVALID_PARAMETER"),
        ("dir", DIRECTORY | NON_DIRECTORY, OPEN, "INVALID_PARAMETER"),
        ("missing\\file", 0, OPEN, "OBJECT_PATH_NOT_FOUND"),
        ("missing\\file", 0, CREATE, "OBJECT_PATH_NOT_FOUND"),
        ("file\\below", 0, OPEN, "OBJECT_PATH_NOT_FOUND"),
        ("bad*name", 0, CREATE, "OBJECT_NAME_INVALID"),
        ("bad?name", 0, CREATE, "OBJECT_NAME_INVALID"),
        ("bad<name", 0, CREATE, "OBJECT_NAME_INVALID"),
        ("bad|name", 0, CREATE, "OBJECT_NAME_INVALID"),
        ("bad/name", 0, CREATE, "OBJECT_NAME_INVALID"),
        ("bad\x01name", 0, CREATE, "OBJECT_NAME_INVALID"),
        ("\\leading", 0, CREATE, "INVALID_PARAMETER"),
        ("x" * 256, 0, CREATE, "OBJECT_NAME_INVALID"),
        ("dir", 0, OPEN, "SUCCESS"),
        ("DIR\\INNER", 0, OPEN, "SUCCESS"),
        ("File", 0, OPEN, "SUCCESS"),
        ("FILE", 0, CREATE, "OBJECT_NAME_COLLISION"),
        ("", DIRECTORY, OPEN, "SUCCESS"),
        ("", NON_DIRECTORY, OPEN, "FILE_IS_A_DIRECTORY"),
    ],
)
def test_a_create_of(tree: Tree, name: str, options: int, disposition: int, expected: str) -> None:
    tree.put("file", b"x")
    tree.mkdir("dir").close()
    tree.put("dir\\inner")
    access = c.READ_ATTRIBUTES if disposition == OPEN else c.ALL
    assert status(tree.open, name, disposition, access=access, options=options) == expected


@pytest.mark.parametrize("name", ["..", "..\\x", "dir\\..\\..\\x", "dir\\..\\.."])
def test_dots_are_no_way_out(server: Server, tree: Tree, name: str) -> None:
    server.vm.run("echo secret > /srv/x; chmod 666 /srv/x")
    tree.mkdir("dir").close()
    for disposition in (OPEN, OPEN_IF, OVERWRITE_IF):
        assert status(tree.open, name, disposition) in {
            "OBJECT_PATH_SYNTAX_BAD", "OBJECT_NAME_INVALID", "INVALID_PARAMETER",
        }  # fmt: skip
    assert server.vm.read("/srv/x") == "secret\n"


def test_symbolic_links_do_not_lead_out_of_the_share(
    server: Server, share: str, tree: Tree
) -> None:
    server.vm.run(
        f"echo secret > /srv/outside; chmod 666 /srv/outside; mkdir -p /srv/away; chmod 777"
        f" /srv/away; cd {share}; ln -s /srv/outside abs; ln -s ../outside rel; ln -s /srv/away"
        " folder; ln -s /proc/self/root/srv/outside magic"
    )
    for name in ("abs", "rel", "magic", "folder\\new"):
        for disposition in (OPEN, OPEN_IF, OVERWRITE_IF, CREATE):
            assert status(tree.open, name, disposition) != "SUCCESS", name
    assert server.vm.read("/srv/outside") == "secret\n"
    assert server.vm.run(["ls", "-A", "/srv/away"]).out == ""


@pytest.mark.parametrize(
    ("first", "first_share", "second", "second_share", "expected"),
    [
        (c.READ, c.SHARE_ALL, c.READ, c.SHARE_ALL, "SUCCESS"),
        (c.READ, 0, c.READ, c.SHARE_ALL, "SHARING_VIOLATION"),
        (c.READ, c.SHARE_ALL, c.READ, 0, "SHARING_VIOLATION"),
        (c.WRITE, 1, c.READ, c.SHARE_ALL, "SUCCESS"),
        (c.WRITE, 1, c.READ, 1, "SHARING_VIOLATION"),
        (c.READ, 1, c.WRITE, c.SHARE_ALL, "SHARING_VIOLATION"),
        (c.READ, 3, c.DELETE, c.SHARE_ALL, "SHARING_VIOLATION"),
        (c.READ, c.SHARE_ALL, c.DELETE, c.SHARE_ALL, "SUCCESS"),
        (c.READ_ATTRIBUTES, 0, c.WRITE, 0, "SUCCESS"),
    ],
)
def test_share_modes(
    server: Server, tree: Tree, first: int, first_share: int, second: int, second_share: int,
    expected: str,
) -> None:  # fmt: skip
    tree.put("file")
    held = tree.open("file", OPEN, access=first, share=first_share)
    with connected(server.vm.smb_port, user="user2") as other:
        server.vm.run("chmod 666 /srv/share/file; chown user2 /srv/share/file")
        other_tree = other.tree()

        def attempt() -> None:
            other_tree.open("file", OPEN, access=second, share=second_share).close()

        assert status(attempt) == expected
        held.close()
        assert status(attempt) == "SUCCESS"


def test_delete_on_close_deletes_with_the_last_handle(
    server: Server, share: str, tree: Tree
) -> None:
    first = tree.open("file", CREATE, options=DELETE_ON_CLOSE)
    second = tree.open("file", OPEN, access=c.READ)
    first.close()
    assert status(tree.open, "file", OPEN, access=c.READ) == "DELETE_PENDING"
    second.close()
    assert server.vm.run(["ls", share]).out == ""
    assert status(tree.open, "file", OPEN) == "OBJECT_NAME_NOT_FOUND"


def test_delete_on_close_needs_the_right_to_delete(tree: Tree) -> None:
    tree.put("file")
    assert status(tree.open, "file", OPEN, access=c.READ, options=DELETE_ON_CLOSE) == (
        "ACCESS_DENIED"
    )


def test_close_with_attributes_says_what_the_file_is_now(tree: Tree) -> None:
    handle = tree.open("file")
    handle.write(b"12345", 0)
    handle.close(get_attributes=True)
    assert handle.end_of_file == 5
    assert status(handle.tree_connect.session.connection.receive, _close_again(tree, handle)) == (
        "FILE_CLOSED"
    )


def _close_again(tree: Tree, handle: Open) -> object:
    request = SMB2CloseRequest()
    request["file_id"] = handle.file_id
    return tree.connection.send(request, tree.sid, tree.tid)


def test_maximal_access_is_told_on_request(server: Server, tree: Tree) -> None:
    tree.put("mine")
    server.vm.run("echo x > /srv/share/theirs; chmod 644 /srv/share/theirs")
    context = SMB2CreateContextRequest()
    context["buffer_name"] = CreateContextName.SMB2_CREATE_QUERY_MAXIMAL_ACCESS_REQUEST
    context["buffer_data"] = SMB2CreateQueryMaximalAccessRequest()
    for name, writes in (("mine", True), ("theirs", False)):
        handle = tree.open(name, OPEN, access=c.READ_ATTRIBUTES, contexts=[context])
        (answer,) = handle.contexts
        assert answer["query_status"].get_value() == 0
        access = answer["maximal_access"].get_value()
        assert bool(access & c.READ)
        assert bool(access & c.WRITE) == writes


def test_unix_permissions_decide(server: Server, share: str, tree: Tree) -> None:
    server.vm.run(
        f"cd {share}; echo x > private; chmod 600 private; echo x > public; chmod 644 public;"
        " mkdir closed; chmod 700 closed; echo x > closed/in; mkdir ro; chmod 755 ro"
    )
    assert status(tree.open, "private", OPEN, access=c.READ) == "ACCESS_DENIED"
    assert status(tree.open, "public", OPEN, access=c.READ) == "SUCCESS"
    assert status(tree.open, "public", OPEN, access=c.WRITE) == "ACCESS_DENIED"
    assert status(tree.open, "closed\\in", OPEN, access=c.READ) == "ACCESS_DENIED"
    assert status(tree.open, "ro\\new", CREATE) == "ACCESS_DENIED"
    tree.put("mine")
    owner = server.vm.run(["stat", "-c", "%U:%G", f"{share}/mine"]).out
    assert owner == "user1:user1\n"


def test_supplementary_groups_count_and_the_sticky_bit_holds(server: Server, share: str) -> None:
    server.vm.run(
        "grep -q '^team:' /etc/group || echo 'team:x:3000:user1' >> /etc/group;"
        f" cd {share}; echo x > team; chgrp team team; chmod 640 team;"
        " mkdir sticky; chmod 1777 sticky; echo x > sticky/theirs; chmod 666 sticky/theirs"
    )
    with connected(server.vm.smb_port) as client:
        tree = client.tree()
        assert status(tree.open, "team", OPEN, access=c.READ) == "SUCCESS"
        handle = tree.open("sticky\\theirs", OPEN, access=c.READ | c.READ_ATTRIBUTES)
        handle.close()

        def delete() -> None:
            doomed = tree.open("sticky\\theirs", OPEN, access=c.DELETE, options=DELETE_ON_CLOSE)
            doomed.close()

        delete_status = status(delete)
        assert delete_status in {"ACCESS_DENIED", "CANNOT_DELETE", "SUCCESS"}
    assert server.vm.run(["ls", f"{share}/sticky"]).out == "theirs\n"
    with connected(server.vm.smb_port, user="user2") as client:
        assert status(client.tree().open, "team", OPEN, access=c.READ) == "ACCESS_DENIED"


def test_a_read_only_share_is(server: Server, client: Client) -> None:
    tree = client.tree("readonly")
    assert tree.open("file", OPEN, access=c.READ).read(0, 100) == b"read me\n"
    server.vm.run("chmod 777 /srv/readonly; chmod 666 /srv/readonly/file")
    for name, disposition, access in (
        ("file", OPEN, c.WRITE), ("file", OPEN, c.DELETE), ("new", CREATE, c.ALL),
        ("file", OVERWRITE, c.READ), ("new", OPEN_IF, c.READ),
    ):  # fmt: skip
        assert status(tree.open, name, disposition, access=access) in {
            "ACCESS_DENIED", "MEDIA_WRITE_PROTECTED",
        }, name  # fmt: skip
    assert server.vm.run(["ls", "/srv/readonly"]).out == "file\n"


# --- READ, WRITE, FLUSH ---


def test_reads_and_writes_land_where_they_should(server: Server, share: str, tree: Tree) -> None:
    handle = tree.open("file")
    assert handle.write(b"abcdef", 0) == 6
    handle.write(b"XY", 2)
    handle.write(b"end", 10)
    assert handle.read(0, 100) == b"abXYef\0\0\0\0end"
    assert handle.read(3, 2) == b"Ye"
    assert status(handle.read, 13, 1) == "END_OF_FILE"
    assert status(handle.read, 10, 5, 4) == "END_OF_FILE"
    handle.flush()
    handle.close()
    assert server.vm.run(["cat", f"{share}/file"]).out == "abXYef\0\0\0\0end"


def test_eight_mebibytes_in_one_request(server: Server, client: Client, tree: Tree) -> None:
    size = min(client.connection.max_read_size, client.connection.max_write_size)
    data = bytes(range(256)) * (size // 256)
    while client.connection.sequence_window["high"] - client.connection.sequence_window["low"] < (
        size // 65536
    ):
        client.connection.echo(credit_request=256)
    handle = tree.open("big")
    assert handle.write(data, 0) == size
    assert handle.read(0, size) == data
    handle.close()
    server.vm.run(f"test $(stat -c %s /srv/share/big) = {size}")


@pytest.mark.parametrize(
    ("access", "read", "write"),
    [
        (c.READ, "SUCCESS", "ACCESS_DENIED"),
        (c.WRITE, "ACCESS_DENIED", "SUCCESS"),
        (c.READ_ATTRIBUTES, "ACCESS_DENIED", "ACCESS_DENIED"),
        (c.READ | c.WRITE, "SUCCESS", "SUCCESS"),
        (c.MAXIMUM, "SUCCESS", "SUCCESS"),
        (0x80000000, "SUCCESS", "ACCESS_DENIED"),
        (0x40000000, "ACCESS_DENIED", "SUCCESS"),
        (0x10000000, "SUCCESS", "SUCCESS"),
    ],
)
def test_granted_access_is_enforced(tree: Tree, access: int, read: str, write: str) -> None:
    tree.put("file", b"data")
    handle = tree.open("file", OPEN, access=access)
    assert status(handle.read, 0, 4) == read
    assert status(handle.write, b"x", 0) == write


def test_append_only_appends(tree: Tree) -> None:
    tree.put("file", b"data")
    handle = tree.open("file", OPEN, access=c.APPEND | c.READ)
    assert status(handle.write, b"x", 0) == "ACCESS_DENIED"
    assert status(handle.write, b"more", 4) == "SUCCESS"
    assert handle.read(0, 100) == b"datamore"


def test_a_directory_is_not_read_or_written(tree: Tree) -> None:
    handle = tree.mkdir("dir")
    assert status(handle.read, 0, 10) == "INVALID_DEVICE_REQUEST"
    assert status(handle.write, b"x", 0) == "INVALID_DEVICE_REQUEST"


# --- LOCK ---


def lock(handle: Open, offset: int, length: int, flags: int, wait: bool = False) -> None:
    element = SMB2LockElement()
    element["offset"] = offset
    element["length"] = length
    element["flags"] = flags if wait else flags | LockFlags.SMB2_LOCKFLAG_FAIL_IMMEDIATELY
    handle.lock([element])


def unlock(handle: Open, offset: int, length: int) -> None:
    lock(handle, offset, length, LockFlags.SMB2_LOCKFLAG_UNLOCK, wait=True)


SHARED, EXCLUSIVE = LockFlags.SMB2_LOCKFLAG_SHARED_LOCK, LockFlags.SMB2_LOCKFLAG_EXCLUSIVE_LOCK


def test_byte_range_locks(tree: Tree) -> None:
    tree.put("file", bytes(100))
    one, two = tree.open("file"), tree.open("file")
    lock(one, 0, 10, EXCLUSIVE)
    assert status(lock, two, 5, 10, EXCLUSIVE) == "LOCK_NOT_GRANTED"
    assert status(lock, two, 5, 10, SHARED) == "LOCK_NOT_GRANTED"
    lock(two, 10, 10, EXCLUSIVE)
    assert status(two.read, 0, 5) == "FILE_LOCK_CONFLICT"
    assert status(two.write, b"x", 9) == "FILE_LOCK_CONFLICT"
    assert status(one.read, 0, 5) == "SUCCESS"
    assert status(unlock, one, 0, 9) == "RANGE_NOT_LOCKED"
    unlock(one, 0, 10)
    assert status(unlock, one, 0, 10) == "RANGE_NOT_LOCKED"
    lock(one, 0, 10, SHARED)
    lock(two, 0, 10, SHARED)
    assert status(one.write, b"x", 0) == "FILE_LOCK_CONFLICT"
    assert status(two.read, 0, 10) == "SUCCESS"


def test_a_lock_far_beyond_the_end_and_of_no_length(tree: Tree) -> None:
    handle, other = tree.open("file"), tree.open("file")
    lock(handle, 1 << 62, 1 << 61, EXCLUSIVE)
    assert status(lock, other, (1 << 62) + 5, 1, EXCLUSIVE) == "LOCK_NOT_GRANTED"
    lock(handle, 7, 0, EXCLUSIVE)
    unlock(handle, 7, 0)
    unlock(handle, 1 << 62, 1 << 61)


def test_locks_end_with_their_handle(tree: Tree) -> None:
    one, two = tree.open("file"), tree.open("file")
    lock(one, 0, 10, EXCLUSIVE)
    one.close()
    lock(two, 0, 10, EXCLUSIVE)


def test_a_waiting_lock_is_granted_when_the_range_is_free(tree: Tree) -> None:
    one, two = tree.open("file"), tree.open("file")
    lock(one, 0, 10, EXCLUSIVE)
    failure: list[BaseException] = []
    granted = threading.Event()

    def waiter() -> None:
        try:
            lock(two, 0, 10, EXCLUSIVE, wait=True)
            granted.set()
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=waiter)
    thread.start()
    assert not granted.wait(1.0)
    assert not failure
    unlock(one, 0, 10)
    thread.join(20)
    assert granted.is_set()
    assert not failure


# --- QUERY_DIRECTORY ---

CLASSES = {
    "directory": FileInformationClass.FILE_DIRECTORY_INFORMATION,
    "full": FileInformationClass.FILE_FULL_DIRECTORY_INFORMATION,
    "id full": FileInformationClass.FILE_ID_FULL_DIRECTORY_INFORMATION,
    "both": FileInformationClass.FILE_BOTH_DIRECTORY_INFORMATION,
    "id both": FileInformationClass.FILE_ID_BOTH_DIRECTORY_INFORMATION,
    "names": FileInformationClass.FILE_NAMES_INFORMATION,
}


def names(entries: list[object]) -> list[str]:
    return [entry["file_name"].get_value().decode("utf-16-le") for entry in entries]  # type: ignore[index]


def listing(
    handle: Open, pattern: str = "*", kind: str = "id both", room: int = 65536
) -> list[str]:
    found: list[str] = []
    while True:
        try:
            found += names(handle.query_directory(pattern, CLASSES[kind], max_output=room))
        except SMBResponseException as error:
            assert c.NAMES.get(error.status) == "NO_MORE_FILES"
            return found


@pytest.mark.parametrize("kind", CLASSES)
def test_a_directory_class(tree: Tree, kind: str) -> None:
    tree.mkdir("dir").close()
    for number in range(30):
        tree.put(f"dir\\file {number}", bytes(number))
    found = listing(tree.opendir("dir"), kind=kind, room=1024)
    assert sorted([".", "..", *(f"file {n}" for n in range(30))]) == sorted(found)
    if kind != "names":
        (entry,) = tree.opendir("dir").query_directory("file 17", CLASSES[kind])
        assert entry["end_of_file"].get_value() == 17
        assert entry["file_attributes"].get_value() & 0x20


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", {"a.txt", "b.txt", "B.TEX", "noext", ".", ".."}),
        ("*.txt", {"a.txt", "b.txt"}),
        ("*.TXT", {"a.txt", "b.txt"}),
        ("b*", {"b.txt", "B.TEX"}),
        ("?.txt", {"a.txt", "b.txt"}),
        ("??.txt", set()),
        ("a.txt", {"a.txt"}),
        ("A.TXT", {"a.txt"}),
        ("no*", {"noext"}),
        ("<.txt", {"a.txt", "b.txt"}),
        (">.txt", {"a.txt", "b.txt"}),
        ("b.te>", {"B.TEX"}),
        ("nothing", set()),
    ],
)
def test_a_pattern(tree: Tree, pattern: str, expected: set[str]) -> None:
    tree.mkdir("dir").close()
    for name in ("a.txt", "b.txt", "B.TEX", "noext"):
        tree.put(f"dir\\{name}")
    handle = tree.opendir("dir")
    if not expected:
        query = (handle.query_directory, pattern, CLASSES["names"])
        assert status(*query) == "NO_SUCH_FILE"
        return
    assert expected == set(listing(handle, pattern, "names"))


def test_restart_reopen_and_single_entries(tree: Tree) -> None:
    tree.mkdir("dir").close()
    for name in ("one", "two", "three"):
        tree.put(f"dir\\{name}")
    handle = tree.opendir("dir")
    kind = CLASSES["names"]
    single = QueryDirectoryFlags.SMB2_RETURN_SINGLE_ENTRY
    restart = QueryDirectoryFlags.SMB2_RESTART_SCANS
    reopen = QueryDirectoryFlags.SMB2_REOPEN
    seen: list[str] = []
    for _ in range(5):
        entries = names(handle.query_directory("*", kind, flags=single))
        assert len(entries) == 1
        seen += entries
    assert sorted(seen) == [".", "..", "one", "three", "two"]
    assert status(handle.query_directory, "*", kind, flags=single) == "NO_MORE_FILES"
    assert sorted(names(handle.query_directory("*", kind, flags=restart))) == sorted(seen)
    tree.put("dir\\four")
    assert "four" in names(handle.query_directory("*", kind, flags=reopen))
    assert names(handle.query_directory("t*", kind, flags=reopen)) in (
        ["two", "three"], ["three", "two"],
    )  # fmt: skip


def test_a_large_directory_is_listed_once_and_whole(server: Server, tree: Tree) -> None:
    server.vm.run("mkdir /srv/share/many; cd /srv/share/many; seq -f 'n%05g' 3000 | xargs touch")
    found = listing(tree.opendir("many"), kind="id full", room=16384)
    assert sorted([".", "..", *(f"n{n:05}" for n in range(1, 3001))]) == sorted(found)


def test_a_file_is_no_directory_to_list(tree: Tree) -> None:
    handle = tree.open("file")
    assert status(handle.query_directory, "*", CLASSES["names"]) == "INVALID_PARAMETER"


# --- QUERY_INFO and SET_INFO ---


@pytest.mark.parametrize(
    ("info_class", "least"),
    [
        (4, 40), (5, 24), (6, 8), (7, 4), (8, 4), (14, 8), (16, 4), (17, 4), (18, 100),
        (34, 56), (35, 8), (28, 16),
    ],
)  # fmt: skip
def test_a_file_information_class(tree: Tree, info_class: int, least: int) -> None:
    tree.put("file", b"12345")
    handle = tree.open("file")
    data = tree.query(handle, c.FILE, info_class)
    assert len(data) >= least
    if info_class != 18 and info_class != 28:
        assert len(data) == least
    assert status(tree.query, handle, c.FILE, info_class, 1) in {
        "INFO_LENGTH_MISMATCH", "BUFFER_OVERFLOW", "BUFFER_TOO_SMALL",
    } or least == 1  # fmt: skip


@pytest.mark.parametrize("info_class", [1, 3, 4, 5, 7, 11])
def test_a_filesystem_information_class(tree: Tree, info_class: int) -> None:
    handle = tree.opendir()
    data = tree.query(handle, c.FILESYSTEM, info_class)
    if info_class == 3:
        total, free, sectors, size = struct.unpack("<QQII", data)
        assert 0 < free <= total
        assert sectors * size * total > 1 << 30
    if info_class == 5:
        flags, longest, length = struct.unpack_from("<III", data)
        assert longest == 255
        assert data[12 : 12 + length].decode("utf-16-le") == "NTFS"
        assert flags & 2, "case is preserved"


def test_file_all_information_agrees_with_its_parts(tree: Tree) -> None:
    tree.put("file", b"12345")
    handle = tree.open("file", OPEN, access=c.ALL)
    whole = tree.query(handle, c.FILE, 18)
    assert whole[:40] == tree.query(handle, c.FILE, 4)
    assert whole[40:64] == tree.query(handle, c.FILE, 5)
    assert whole[64:72] == tree.query(handle, c.FILE, 6)
    _, size, links, pending, directory = struct.unpack_from("<QQIBB", whole, 40)
    assert (size, links, pending, directory) == (5, 1, 0, 0)
    assert struct.unpack_from("<I", whole, 76) == (c.ALL,)
    (length,) = struct.unpack_from("<I", whole, 96)
    assert whole[100 : 100 + length].decode("utf-16-le") == "\\file"


def test_security_information_names_the_owner(tree: Tree) -> None:
    handle = tree.open("file")
    data = tree.query(handle, c.SECURITY, 0, more=7)
    revision, _, control, owner, group, _, dacl = struct.unpack_from("<BBHIIII", data)
    assert revision == 1
    assert control & 0x8000, "self-relative"
    assert 0 < owner < len(data)
    assert 0 < group < len(data)
    assert 0 < dacl < len(data)
    assert status(tree.query, handle, c.SECURITY, 0, 8, 7) == "BUFFER_TOO_SMALL"


def rename_data(name: str, replace: bool = False) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack("<B7xQI", replace, 0, len(text)) + text


def test_rename(server: Server, share: str, tree: Tree) -> None:
    tree.put("one", b"1")
    tree.put("two", b"2")
    tree.mkdir("dir").close()
    handle = tree.open("one")
    assert status(tree.set, handle, c.FILE, 10, rename_data("two")) == "OBJECT_NAME_COLLISION"
    tree.set(handle, c.FILE, 10, rename_data("dir\\moved"))
    tree.set(handle, c.FILE, 10, rename_data("two", replace=True))
    tree.set(handle, c.FILE, 10, rename_data("TWO"))
    assert handle.read(0, 10) == b"1"
    handle.close()
    assert server.vm.run(f"cd {share}; find . -type f; cat TWO").out == "./TWO\n1"
    reader = tree.open("TWO", OPEN, access=c.READ)
    assert status(tree.set, reader, c.FILE, 10, rename_data("x")) == "ACCESS_DENIED"
    assert status(tree.set, tree.open("TWO"), c.FILE, 10, rename_data("no\\where")) == (
        "OBJECT_PATH_NOT_FOUND"
    )
    for name in ("..\\out", "dir\\..\\..\\out", "a*b"):
        assert status(tree.set, tree.open("TWO"), c.FILE, 10, rename_data(name)) in {
            "OBJECT_NAME_INVALID", "OBJECT_PATH_SYNTAX_BAD", "INVALID_PARAMETER",
        }  # fmt: skip


def test_a_directory_with_an_open_file_below_is_not_renamed(tree: Tree) -> None:
    tree.mkdir("dir").close()
    tree.put("dir\\file")
    below = tree.open("dir\\file", OPEN, access=c.READ)
    handle = tree.open("dir", OPEN, options=DIRECTORY)
    assert status(tree.set, handle, c.FILE, 10, rename_data("new")) == "ACCESS_DENIED"
    below.close()
    tree.set(handle, c.FILE, 10, rename_data("new"))


def test_hard_links(server: Server, share: str, tree: Tree) -> None:
    tree.put("one", b"1")
    tree.put("other", b"2")
    handle = tree.open("one")
    tree.set(handle, c.FILE, 11, rename_data("link"))
    assert status(tree.set, handle, c.FILE, 11, rename_data("other")) == "OBJECT_NAME_COLLISION"
    assert struct.unpack_from("<QQI", tree.query(handle, c.FILE, 5))[2] == 2
    server.vm.run(f"test {share}/one -ef {share}/link")


def test_disposition(server: Server, share: str, tree: Tree) -> None:
    handle = tree.open("file")
    tree.set(handle, c.FILE, 13, b"\1")
    tree.set(handle, c.FILE, 13, b"\0")
    handle.close()
    handle = tree.open("file", OPEN)
    tree.set(handle, c.FILE, 13, b"\1")
    handle.close()
    assert server.vm.run(["ls", share]).out == ""
    tree.mkdir("dir").close()
    tree.put("dir\\in")
    handle = tree.open("dir", OPEN, options=DIRECTORY)
    assert status(tree.set, handle, c.FILE, 13, b"\1") == "DIRECTORY_NOT_EMPTY"
    reader = tree.open("dir\\in", OPEN, access=c.READ)
    assert status(tree.set, reader, c.FILE, 13, b"\1") == "ACCESS_DENIED"


def test_end_of_file_and_allocation(server: Server, share: str, tree: Tree) -> None:
    handle = tree.open("file")
    handle.write(b"0123456789", 0)
    tree.set(handle, c.FILE, 20, struct.pack("<Q", 4))
    assert handle.read(0, 100) == b"0123"
    tree.set(handle, c.FILE, 20, struct.pack("<Q", 1 << 33))
    assert server.vm.run(["stat", "-c", "%s", f"{share}/file"]).out == f"{1 << 33}\n"
    # An allocation below the end of the file cuts it; one above reserves.
    tree.set(handle, c.FILE, 20, struct.pack("<Q", 4))
    tree.set(handle, c.FILE, 19, struct.pack("<Q", 1 << 20))
    assert struct.unpack_from("<QQ", tree.query(handle, c.FILE, 5))[1] == 4
    assert struct.unpack_from("<QQ", tree.query(handle, c.FILE, 5))[0] >= 1 << 20
    assert status(tree.set, handle, c.FILE, 20, struct.pack("<q", -1)) == "INVALID_PARAMETER"
    reader = tree.open("file", OPEN, access=c.READ)
    assert status(tree.set, reader, c.FILE, 20, bytes(8)) == "ACCESS_DENIED"


def test_times_and_attributes_are_kept(server: Server, share: str, tree: Tree) -> None:
    def moment(seconds: int) -> int:
        return (seconds + 11644473600) * 10_000_000

    handle = tree.open("file")
    times = [moment(1_000_000_000), moment(1_100_000_000), moment(1_200_000_000), 0]
    tree.set(handle, c.FILE, 4, struct.pack("<QQQQI4x", *times, 0x02 | 0x20))
    handle.close()
    handle = tree.open("file", OPEN, access=c.ALL)
    data = struct.unpack("<QQQQI4x", tree.query(handle, c.FILE, 4))
    assert list(data[:3]) == times[:3]
    assert data[4] == 0x22
    assert server.vm.run(["stat", "-c", "%Y", f"{share}/file"]).out == "1200000000\n"
    kept = server.vm.run(["getfattr", "-n", "user.DOSATTRIB", f"{share}/file"], check=False)
    assert kept.rc == 0, kept.err
    # Zeros change nothing; -1 freezes.
    tree.set(handle, c.FILE, 4, struct.pack("<QQQQI4x", 0, 0, 0, 0, 0))
    assert struct.unpack("<QQQQI4x", tree.query(handle, c.FILE, 4))[:3] == data[:3]
    tree.set(handle, c.FILE, 4, struct.pack("<QQqQI4x", 0, 0, -1, 0, 0))
    handle.write(b"x", 0)
    assert struct.unpack("<QQQQI4x", tree.query(handle, c.FILE, 4))[2] == data[2]


def test_a_read_only_attribute_protects(tree: Tree) -> None:
    handle = tree.open("file", CREATE, attributes=0x01)
    handle.write(b"first", 0)
    handle.close()
    assert status(tree.open, "file", OPEN, access=c.WRITE) == "ACCESS_DENIED"
    assert status(tree.open, "file", OVERWRITE_IF) == "ACCESS_DENIED"
    assert status(tree.open, "file", OPEN, access=c.DELETE, options=DELETE_ON_CLOSE) == (
        "CANNOT_DELETE"
    )
    assert tree.open("file", OPEN, access=c.READ).read(0, 9) == b"first"


# --- CHANGE_NOTIFY and OPLOCK_BREAK ---


def test_change_notify_is_answered(tree: Tree) -> None:
    from smbprotocol.change_notify import CompletionFilter, FileSystemWatcher

    watcher = FileSystemWatcher(tree.opendir())
    try:
        watcher.start(CompletionFilter.FILE_NOTIFY_CHANGE_FILE_NAME)
        said = "PENDING"
        # The answer, if there is one at once, is there when an echo is back.
        tree.connection.echo(tree.sid)
        if watcher.response_event.is_set() and watcher._t_exc is not None:
            raise watcher._t_exc
    except SMBResponseException as error:
        said = c.NAMES.get(error.status, hex(error.status))
    assert said in {"PENDING", "NOT_SUPPORTED"}


# --- compound ---


def test_related_create_query_close_in_one_frame(tree: Tree) -> None:
    tree.put("file", b"12345")
    handle = Open(tree.tree, "file")
    create, _ = handle.create(
        2, FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES, 0, c.SHARE_ALL,
        CreateDisposition.FILE_OPEN, 0, send=False,
    )  # fmt: skip
    read_attributes, closing = handle.query_directory, handle.close(get_attributes=True, send=False)
    assert callable(read_attributes)
    requests = tree.connection.send_compound([create, closing[0]], tree.sid, tree.tid, related=True)
    first, second = (tree.connection.receive(request) for request in requests)
    assert first["status"].get_value() == 0
    response = SMB2CloseResponse()
    response.unpack(second["data"].get_value())
    assert response["end_of_file"].get_value() == 5


def test_create_write_close_in_one_frame(server: Server, share: str, tree: Tree) -> None:
    handle = Open(tree.tree, "file")
    create, _ = handle.create(
        2, c.ALL, 0x80, c.SHARE_ALL, CreateDisposition.FILE_CREATE, 0, send=False
    )
    write, _ = handle.write(b"in one frame", 0, send=False)
    closing, _ = handle.close(send=False)
    requests = tree.connection.send_compound(
        [create, write, closing], tree.sid, tree.tid, related=True
    )
    for request in requests:
        assert tree.connection.receive(request)["status"].get_value() == 0
    assert server.vm.read(f"{share}/file") == "in one frame"
