# SPDX-License-Identifier: GPL-2.0-only
"""The administration family: three descriptions of one interface, and its messages."""

from __future__ import annotations

import dataclasses
import re
import struct
from pathlib import Path

import pytest
from ksmbd.mountd.netlink import admin
from ksmbd.mountd.netlink.admin import AdminMessage, Attr, Cmd, Flag, make_row, read_fields
from pyroute2.netlink.nlsocket import Marshal

IPC = Path(__file__).parents[2] / "kernel" / "ipc"
HEADER = (IPC / "admin_abi.h").read_text()
SPEC = (IPC / "ksmbd-admin.yaml").read_text()


def spec_names(section: str) -> list[str]:
    _, _, rest = SPEC.partition(f"\n{section}:\n")
    body = re.split(r"\n(?=\S)", rest)[0]
    names = re.findall(r"^ +name: ([a-z0-9-]+)$", body, re.MULTILINE)
    return [name.upper().replace("-", "_") for name in names]


def header_names(prefix: str) -> list[str]:
    return re.findall(rf"^\t{prefix}(\w+)(?: = 1)?,", HEADER, re.MULTILINE)


def test_the_commands_are_the_same_in_all_three() -> None:
    expected = header_names("KSMBD_ADMIN_CMD_")
    assert expected == [cmd.name for cmd in sorted(Cmd)]
    assert expected == spec_names("operations")
    assert list(range(1, len(Cmd) + 1)) == sorted(Cmd)


def test_the_attributes_are_the_same_in_all_three() -> None:
    expected = header_names("KSMBD_ADMIN_A_")
    assert expected == [attr.name for attr in sorted(Attr)]
    assert expected == spec_names("attribute-sets")[1:]
    assert list(range(1, len(Attr) + 1)) == sorted(Attr)


def test_the_types_are_those_of_the_header() -> None:
    types = dict(re.findall(r"KSMBD_ADMIN_A_(\w+)(?: = 1)?,\s*/\* (\w+)", HEADER))
    assert {name for name, kind in types.items() if kind == "string"} == {
        a.name for a in admin.TEXT
    }
    wide = {name for name, kind in types.items() if kind == "u64"} - {"HISTOGRAM"}
    assert wide == {a.name for a in admin.U64}


def test_the_flags_are_those_of_the_header() -> None:
    found = re.findall(r"KSMBD_ADMIN_F_(\w+)\s+(0x\w+)", HEADER)
    assert {name: int(value, 16) for name, value in found} == {f.name: f.value for f in Flag}
    assert spec_flags() == [name for name, _ in found]


def spec_flags() -> list[str]:
    _, _, rest = SPEC.partition("name: flag\n    entries:\n")
    lines = re.match(r"(?:      - [a-z-]+\n)+", rest)
    assert lines is not None
    return [line.strip("- ").upper().replace("-", "_") for line in lines[0].splitlines()]


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        (admin.Server, "server"), (admin.Connection, "connection"), (admin.Session, "session"),
        (admin.Tree, "tree"), (admin.Open, "open"), (admin.Lock, "lock"),
        (admin.Command, "command"),
    ],
)  # fmt: skip
def test_every_class_has_what_the_kernel_writes(kind: type, array: str) -> None:
    source = (IPC / "admin.c").read_text()
    found = re.search(rf"{array}_fields\[\] = {{(.*?)\n}};", source, re.DOTALL)
    assert found is not None
    pairs = re.findall(r"(?:U32|U64|STRING)\((\w+),|FIELD\(FIELD_\w+, (\w+),", found[1])
    written = {(one or other).lower() for one, other in pairs}
    assert written == {field.name for field in dataclasses.fields(kind)}


def nla(attr: int, data: bytes) -> bytes:
    head = struct.pack("=HH", 4 + len(data), attr)
    return head + data + bytes(-len(data) % 4)


def message(*attributes: bytes) -> dict[str, object]:
    body = struct.pack("=BBH", Cmd.SESSION_GET, 1, 0) + b"".join(attributes)
    data = struct.pack("=IHHII", 16 + len(body), 0x20, 2, 1, 7) + body
    marshal = Marshal()
    marshal.msg_map = {0x20: AdminMessage}
    (decoded,) = marshal.parse(data)
    return read_fields(decoded)


def test_a_row_is_read_with_its_repeated_and_unknown_attributes() -> None:
    fields = message(
        nla(Attr.PAD, b""),
        nla(Attr.ID, struct.pack("=Q", 1 << 63)),
        nla(Attr.USER, b"alice\0"),
        nla(Attr.CONNECTION, struct.pack("=I", 3)),
        nla(Attr.CONNECTION, struct.pack("=I", 9)),
        nla(200, b"of a newer module"),
    )
    row = make_row(admin.Session, fields)
    assert (row.id, row.user, row.connection, row.opens) == (1 << 63, "alice", (3, 9), 0)


def test_names_that_are_not_utf8_and_histograms_are_read() -> None:
    fields = message(
        nla(Attr.PATH, b"/srv/\xff\0"), nla(Attr.HISTOGRAM, struct.pack("=3Q", 1, 2, 3))
    )
    assert fields["path"] == "/srv/\udcff"
    assert fields["histogram"] == (1, 2, 3)
