# SPDX-License-Identifier: GPL-2.0-only
"""Extended attributes: [MS-FSCC] 2.4.16, [MS-FSA] 2.1.5.12.12 and 2.1.5.15.5."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import client as c
import pytest
from client import Client, Tree, connected, status
from server import Server, smbclient_ok
from smbprotocol.create_contexts import CreateContextName, SMB2CreateContextRequest
from smbprotocol.exceptions import SMBResponseException
from smbprotocol.open import Open, SMB2QueryInfoRequest, SMB2QueryInfoResponse

EA_SIZE, ALL_INFORMATION, FULL_EA = 7, 18, 15
RESTART, SINGLE, INDEX = 1, 2, 4
READ_EA, WRITE_EA = 0x8, 0x10
OPEN, CREATE, OVERWRITE = 1, 2, 4
NO_EA_KNOWLEDGE = 0x200
NO_MORE_EAS = "0x80000012"
INVALID_EA_NAME = "0x80000013"
EA_LIST_INCONSISTENT = "0x80000014"
EAS_NOT_SUPPORTED = "0xc000004f"
EA_TOO_LARGE = "0xc0000050"
NONEXISTENT_EA_ENTRY = "0xc0000051"
NO_EAS_ON_FILE = "0xc0000052"


def chain(entries: Sequence[bytes]) -> bytes:
    """NextEntryOffset before each entry, every one but the last padded to four bytes."""
    out = b""
    for number, entry in enumerate(entries, 1):
        last = number == len(entries)
        padding = 0 if last else -len(entry) % 4
        following = 0 if last else 4 + len(entry) + padding
        out += struct.pack("<I", following) + entry + bytes(padding)
    return out


def full(name: str, value: bytes, flags: int = 0) -> bytes:
    text = name.encode()
    return struct.pack("<BBH", flags, len(text), len(value)) + text + b"\0" + value


def ea_list(**eas: bytes) -> bytes:
    return chain([full(name, value) for name, value in eas.items()])


def name_list(*names: str) -> bytes:
    return chain([bytes([len(name)]) + name.encode() + b"\0" for name in names])


def parse(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    while data:
        following, flags, name_length, value_length = struct.unpack_from("<IBBH", data)
        assert flags == 0 and following % 4 == 0
        end = 8 + name_length
        assert data[end] == 0
        found[data[8:end].decode()] = data[end + 1 : end + 1 + value_length]
        assert end + 1 + value_length <= len(data)
        data = data[following:] if following else b""
    return found


def query(
    tree: Tree, handle: Open, flags: int = 0, index: int = 0, names: bytes = b"",
    length: int = 65536,
) -> dict[str, bytes]:  # fmt: skip
    request = SMB2QueryInfoRequest()
    request["info_type"] = c.FILE
    request["file_info_class"] = FULL_EA
    request["output_buffer_length"] = length
    request["additional_information"] = index
    request["flags"] = flags
    request["file_id"] = handle.file_id
    request["buffer"] = names
    answer = tree.connection.receive(tree.connection.send(request, tree.sid, tree.tid))
    response = SMB2QueryInfoResponse()
    response.unpack(answer["data"].get_value())
    return parse(bytes(response["buffer"].get_value()))


def set_eas(tree: Tree, handle: Open, data: bytes) -> str:
    return status(tree.set, handle, c.FILE, FULL_EA, data)


def ea_size(tree: Tree, handle: Open) -> int:
    return int(struct.unpack("<I", tree.query(handle, c.FILE, EA_SIZE))[0])


def ea_context(data: bytes) -> list[SMB2CreateContextRequest]:
    context = SMB2CreateContextRequest()
    context["buffer_name"] = CreateContextName.SMB2_CREATE_EA_BUFFER
    context["buffer_data"] = data
    return [context]


def xattrs(server: Server, path: str) -> str:
    return server.vm.run(["getfattr", "--absolute-names", "-d", "-m", "user", path]).out


@pytest.fixture
def client(server: Server, share: str) -> Iterator[Client]:
    with connected(server.vm.smb_port) as client:
        yield client


@pytest.fixture
def tree(client: Client) -> Tree:
    return client.tree()


def test_smbclient_sets_and_gets_them(server: Server, share: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    script = "put f; setea f Alpha one; setea f beta two; setea f ALPHA three; geteas f"
    out = smbclient_ok(server.vm, script, folder=tmp_path)
    assert "Alpha" in out and "beta" in out and "DOSATTRIB" not in out
    shown = xattrs(server, f"{share}/f")
    assert 'user.Alpha="three"' in shown and 'user.beta="two"' in shown
    assert "user.ALPHA" not in shown


def test_a_name_finds_its_ea_in_any_case_and_an_empty_value_removes(tree: Tree) -> None:
    handle = tree.open("f")
    assert set_eas(tree, handle, ea_list(One=b"1", two=b"22")) == "SUCCESS"
    assert query(tree, handle) == {"One": b"1", "two": b"22"}
    assert set_eas(tree, handle, ea_list(ONE=b"eins", TWO=b"", three=b"")) == "SUCCESS"
    assert query(tree, handle, RESTART) == {"One": b"eins"}
    assert set_eas(tree, handle, ea_list(one=b"")) == "SUCCESS"
    assert status(query, tree, handle, RESTART) == NO_EAS_ON_FILE
    assert ea_size(tree, handle) == 0


def test_a_scan_goes_on_restarts_and_takes_an_index(tree: Tree) -> None:
    handle = tree.open("f")
    eas = {f"ea{n}": bytes([65 + n]) * (n + 1) for n in range(5)}
    assert set_eas(tree, handle, ea_list(**eas)) == "SUCCESS"
    order = list(query(tree, handle))
    assert sorted(order) == sorted(eas)
    assert status(query, tree, handle) == NO_MORE_EAS

    singles = [query(tree, handle, RESTART | SINGLE)]
    singles += [query(tree, handle, SINGLE) for _ in range(4)]
    assert singles == [{name: eas[name]} for name in order]
    assert status(query, tree, handle, SINGLE) == NO_MORE_EAS

    for index in range(1, 6):
        assert list(query(tree, handle, INDEX, index)) == order[index - 1 :]
        assert list(query(tree, handle, INDEX | SINGLE, index)) == [order[index - 1]]
    assert status(query, tree, handle, INDEX, 6) == NO_MORE_EAS
    assert status(query, tree, handle, INDEX, 7) == NONEXISTENT_EA_ENTRY
    assert status(query, tree, handle, INDEX, 0xFFFFFFFF) == NONEXISTENT_EA_ENTRY
    assert status(query, tree, handle, INDEX, 0) == NONEXISTENT_EA_ENTRY


def test_a_short_buffer_takes_whole_entries_and_the_next_scan_the_rest(tree: Tree) -> None:
    handle = tree.open("f")
    assert set_eas(tree, handle, ea_list(aaaa=b"x" * 50, bbbb=b"y" * 50)) == "SUCCESS"
    assert status(query, tree, handle, length=62) == "BUFFER_TOO_SMALL"
    assert status(query, tree, handle, length=0) == "BUFFER_TOO_SMALL"
    with pytest.raises(SMBResponseException) as cut:
        query(tree, handle, RESTART, length=80)
    assert c.NAMES[cut.value.status] == "BUFFER_OVERFLOW"
    assert len(query(tree, handle, length=63)) == 1
    assert status(query, tree, handle) == NO_MORE_EAS
    assert len(query(tree, handle, RESTART, length=64 + 63)) == 2


def test_a_list_of_names_is_answered_in_its_order(tree: Tree) -> None:
    handle = tree.open("f")
    assert query(tree, handle, names=name_list("none")) == {"none": b""}
    assert set_eas(tree, handle, ea_list(aa=b"1", bb=b"2", cc=b"3")) == "SUCCESS"
    found = query(tree, handle, names=name_list("CC", "none", "aa"))
    assert list(found.items()) == [("CC", b"3"), ("none", b""), ("aa", b"1")]
    assert status(query, tree, handle, names=name_list("a*")) == INVALID_EA_NAME
    assert status(query, tree, handle, names=b"\x08\0\0\0\x01a\0") == EA_LIST_INCONSISTENT
    assert query(tree, handle, names=name_list("DOSATTRIB")) == {"DOSATTRIB": b""}


@pytest.mark.parametrize("name", ["DOSATTRIB", "dosattrib", "DosStream.s:$DATA", "dosstream.s",
                                  "SAMBA_PAI"])  # fmt: skip
def test_the_servers_own_xattrs_are_out_of_reach(
    server: Server, share: str, tree: Tree, name: str
) -> None:
    handle = tree.open("f")
    refused = INVALID_EA_NAME if ":" in name else "ACCESS_DENIED"
    before = xattrs(server, f"{share}/f")
    assert set_eas(tree, handle, chain([full("ok", b"1"), full(name, b"x")])) == refused
    assert set_eas(tree, handle, chain([full(name, b"")])) == refused
    assert status(tree.open, "new", CREATE, contexts=ea_context(chain([full(name, b"x")]))) == (
        refused
    )
    assert status(tree.open, "new", OPEN) == "OBJECT_NAME_NOT_FOUND"
    assert status(query, tree, handle) == NO_EAS_ON_FILE
    assert xattrs(server, f"{share}/f") == before


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (chain([full("a:b", b"x")]), INVALID_EA_NAME),
        (chain([full("a\x01", b"x")]), INVALID_EA_NAME),
        (chain([full("n" * 251, b"x")]), INVALID_EA_NAME),
        (chain([full("a", b"x", flags=1)]), INVALID_EA_NAME),
        (chain([full("a", b"x", flags=0x80)]), EAS_NOT_SUPPORTED),
        (chain([full("a", b"xyz")])[:-1], EA_LIST_INCONSISTENT),
        (chain([full("a", b"x"), full("b", b"x")])[:16], EA_LIST_INCONSISTENT),
        (struct.pack("<I", 4) + full("a", b"x"), EA_LIST_INCONSISTENT),
        (chain([full("", b"x")]), EA_LIST_INCONSISTENT),
        (chain([full("a", bytes(40000)), full("b", bytes(25514))]), EA_TOO_LARGE),
    ],
)
def test_a_bad_list_changes_nothing(tree: Tree, data: bytes, expected: str) -> None:
    handle = tree.open("f")
    assert set_eas(tree, handle, ea_list(keep=b"me")) == "SUCCESS"
    assert set_eas(tree, handle, data) == expected
    assert query(tree, handle) == {"keep": b"me"}


def test_what_the_filesystem_cannot_hold_is_undone(tree: Tree) -> None:
    handle = tree.open("f")
    assert set_eas(tree, handle, ea_list(keep=b"me", drop=b"not")) == "SUCCESS"
    eas = ea_list(keep=b"other", drop=b"", new=b"1", big=b"b" * 60000)
    assert set_eas(tree, handle, eas) == EA_TOO_LARGE
    assert query(tree, handle) == {"keep": b"me", "drop": b"not"}


def test_sizes_agree_in_every_class(tree: Tree) -> None:
    handle = tree.open("f")
    assert ea_size(tree, handle) == 0
    assert set_eas(tree, handle, ea_list(abc=b"12345")) == "SUCCESS"
    expected = 4 + 5 + 3 + 5
    assert ea_size(tree, handle) == expected
    everything = tree.query(handle, c.FILE, ALL_INFORMATION)
    assert struct.unpack_from("<I", everything, 72)[0] == expected


def test_a_new_or_overwritten_file_takes_those_of_its_create(tree: Tree) -> None:
    first, second = ea_context(ea_list(a=b"1")), ea_context(ea_list(b=b"2"))
    handle = tree.open("f", CREATE, contexts=first)
    assert query(tree, handle) == {"a": b"1"}
    handle.close()
    handle = tree.open("f", OPEN, contexts=second)
    assert query(tree, handle) == {"a": b"1"}
    handle.close()
    handle = tree.open("f", OVERWRITE, contexts=second)
    assert query(tree, handle)["b"] == b"2"
    handle.close()
    assert status(tree.open, "g", CREATE, contexts=first, options=NO_EA_KNOWLEDGE) == (
        "ACCESS_DENIED"
    )
    too_much = ea_context(ea_list(a=b"1", b=b"x" * 60000))
    assert status(tree.open, "g", CREATE, contexts=too_much) == EA_TOO_LARGE
    assert status(tree.open, "g", OPEN) == "OBJECT_NAME_NOT_FOUND"
    tree.open("f", OPEN, options=NO_EA_KNOWLEDGE).close()


def test_the_handles_rights_decide(tree: Tree) -> None:
    tree.put("f", b"x")
    reader = tree.open("f", OPEN, access=READ_EA)
    writer = tree.open("f", OPEN, access=WRITE_EA)
    assert set_eas(tree, reader, ea_list(a=b"1")) == "ACCESS_DENIED"
    assert set_eas(tree, writer, ea_list(a=b"1")) == "SUCCESS"
    assert status(query, tree, writer) == "ACCESS_DENIED"
    assert query(tree, reader) == {"a": b"1"}


def test_a_directory_has_them_too(tree: Tree) -> None:
    handle = tree.mkdir("d")
    assert set_eas(tree, handle, ea_list(a=b"1")) == "SUCCESS"
    assert query(tree, handle) == {"a": b"1"}


def test_the_volume_says_that_it_has_them(tree: Tree) -> None:
    handle = tree.opendir()
    attributes = struct.unpack_from("<I", tree.query(handle, c.FILESYSTEM, 5))[0]
    assert attributes & 0x00800000
