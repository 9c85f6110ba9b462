# SPDX-License-Identifier: GPL-2.0-only
"""Classes 24 to 28: names, contexts, and what lies where they lead."""

from __future__ import annotations

import contextlib
import random
import struct
import time

import pytest
import raw as r
from raw import Gone, Raw
from server import Server

# --- 24 ---


def with_contexts(blob: bytes, *, name: str = "ctx", offset: int | None = None,
                  length: int | None = None) -> bytes:  # fmt: skip
    body = bytearray(r.create(name))
    body += bytes(-len(body) % 8)
    at = 64 + len(body) if offset is None else offset
    struct.pack_into("<II", body, 48, at, len(blob) if length is None else length)
    return bytes(body) + blob


def context(name: bytes = b"MxAc", data: bytes = b"", *, following: int = 0,
            name_offset: int = 16, name_length: int | None = None, data_offset: int | None = None,
            data_length: int | None = None) -> bytes:  # fmt: skip
    place = 16 + len(name) + (-len(name) % 8)
    return struct.pack(
        "<IHHHHI", following, name_offset, len(name) if name_length is None else name_length, 0,
        place if data_offset is None else data_offset,
        len(data) if data_length is None else data_length,
    ) + name + bytes(-len(name) % 8) + data  # fmt: skip


MXAC = context(b"MxAc", bytes(8))
EVIL_CONTEXTS = {
    "list past the end": with_contexts(MXAC, length=1000),
    "list offset unaligned": with_contexts(bytes(1) + MXAC, offset=64 + 57 + 6),
    "list in the fixed part": with_contexts(MXAC, offset=70),
    "list offset wraps": with_contexts(MXAC, offset=0xFFFFFFF8),
    "list length wraps": with_contexts(MXAC, length=0xFFFFFFFF),
    "list without length": with_contexts(MXAC[:15]),
    "next to itself": with_contexts(context(following=0) + b"", length=8),
    "next unaligned": with_contexts(context(following=17) + MXAC),
    "next inside itself": with_contexts(context(b"MxAc", bytes(8), following=8) + MXAC),
    "next past the end": with_contexts(context(following=4096) + MXAC),
    "next wraps": with_contexts(context(following=0xFFFFFFF8) + MXAC),
    "name past the end": with_contexts(context(name_offset=4000)),
    "name over the header": with_contexts(context(name_offset=0)),
    "name length 0": with_contexts(context(name_length=0)),
    "name length 65535": with_contexts(context(name_length=0xFFFF)),
    "data past the end": with_contexts(context(data=bytes(8), data_offset=4000)),
    "data over the header": with_contexts(context(data=bytes(8), data_offset=4)),
    "data over the name": with_contexts(context(data=bytes(8), data_offset=16)),
    "data length wraps": with_contexts(context(data=bytes(8), data_length=0xFFFFFFFF)),
    "data length past the end": with_contexts(context(data=bytes(8), data_length=9000)),
    "lease of 31 bytes": with_contexts(context(b"RqLs", bytes(31))),
    "lease of 33 bytes": with_contexts(context(b"RqLs", bytes(33))),
    "durable of 0 bytes": with_contexts(context(b"DHnQ")),
    "durable v2 of 31 bytes": with_contexts(context(b"DH2Q", bytes(31))),
    "allocation of 7 bytes": with_contexts(context(b"AlSi", bytes(7))),
    "time warp of 1 byte": with_contexts(context(b"TWrp", bytes(1))),
    "descriptor of 3 bytes": with_contexts(context(b"SecD", bytes(3))),
    "attributes of 5 bytes": with_contexts(context(b"ExtA", bytes(5))),
    "query id with data": with_contexts(context(b"QFid", bytes(64))),
    "many": with_contexts(b"".join(context(following=24) for _ in range(2000)) + MXAC),
}


@pytest.mark.attack(24)
@pytest.mark.parametrize("name", list(EVIL_CONTEXTS))
def test_a_create_context_that_lies(wire: Raw, name: str) -> None:
    """Refused or ignored; what is not there is neither read nor answered."""
    with contextlib.suppress(Gone):
        reply = wire.call(r.CREATE, EVIL_CONTEXTS[name])
        if reply.status == "SUCCESS":
            wire.call(r.CLOSE, r.close(r.file_id(reply)))


@pytest.mark.attack(24)
@pytest.mark.parametrize(("offset", "length"), [
    (0, 8), (63, 8), (119, 8), (121, 8), (0xFFFF, 8), (120, 0xFFFE), (120, 7), (120, 0xFFFF),
    (0x8000, 0x8000),
])  # fmt: skip
def test_a_name_that_is_not_in_the_message(wire: Raw, offset: int, length: int) -> None:
    body = bytearray(r.create("abcd"))
    struct.pack_into("<HH", body, 44, offset, length)
    with contextlib.suppress(Gone):
        assert wire.call(r.CREATE, bytes(body)).status != "SUCCESS"


# --- 25 ---


def create_raw(name: bytes, **more: int) -> bytes:
    body = bytearray(r.create("", **more))[:56]
    struct.pack_into("<HH", body, 44, 120, len(name))
    return bytes(body) + (name or b"\0")


BAD_NAMES = {
    "one backslash": "\\".encode("utf-16-le"),
    "leading backslash": "\\a".encode("utf-16-le"),
    "parent": "..".encode("utf-16-le"),
    "parent below": "a\\..\\..\\x".encode("utf-16-le"),
    "three dots": "...".encode("utf-16-le"),
    "slash": "a/../../etc/passwd".encode("utf-16-le"),
    "embedded NUL": "a\0b".encode("utf-16-le"),
    "only NUL": b"\0\0",
    "lone high surrogate": b"\x00\xd8",
    "lone low surrogate": b"a\0\x00\xdc",
    "reversed surrogates": b"\x00\xdc\x00\xd8",
    "odd length": b"a\0b",
    "0x5c as a low byte": b"\x5c\x4e",
    "0x2f as a high byte": b"\x4e\x2f",
    "four bytes of UTF-8": "\U0001f600".encode("utf-16-le"),
    "256 units": ("n" * 256).encode("utf-16-le"),
    "255 units of three bytes": ("\u6f22" * 255).encode("utf-16-le"),
    "longer than a path": ("d\\" * 2100 + "x").encode("utf-16-le"),
    "very deep": ("d\\" * 15000).encode("utf-16-le"),
    "stream with a path": "a:stream:$DATA:x".encode("utf-16-le"),
    "stream of nothing": ":s".encode("utf-16-le"),
    "wildcard": "a*b".encode("utf-16-le"),
    "control character": "a\x01".encode("utf-16-le"),
    "double backslash": "a\\\\b".encode("utf-16-le"),
    "dot component": "a\\.\\b".encode("utf-16-le"),
    "trailing backslash": "a\\".encode("utf-16-le"),
}
GOOD_NAMES = {"0x5c as a low byte", "0x2f as a high byte", "four bytes of UTF-8", "three dots"}


@pytest.mark.attack(25)
@pytest.mark.parametrize("name", list(BAD_NAMES))
def test_a_name_that_is_none(server: Server, wire: Raw, name: str) -> None:
    for options in (0, 1):
        reply = wire.call(r.CREATE, create_raw(BAD_NAMES[name], options=options), charge=1)
        if reply.status == "SUCCESS":
            wire.call(r.CLOSE, r.close(r.file_id(reply)))
    entries = server.vm.run(["find", "/srv/share", "-mindepth", "1", "-printf", "%P\\0"]).out
    for entry in filter(None, entries.split("\0")):
        assert len(entry.encode(errors="surrogateescape")) <= 255
        assert not set(entry) & set('\\:*?"<>|\x01'), f"{name} made {entry!r}"


# --- 26 ---

SECRET = "/srv/secret"
ESCAPES = (
    "..\\secret\\key", "..\\..\\srv\\secret\\key", "d\\..\\..\\secret\\key",
    "D\\..\\..\\SECRET\\KEY",
    "\\..\\secret\\key", "../secret/key", "d/../../secret/key", "d\\../..\\secret\\key",
    "link\\key", "LINK\\KEY", "up\\secret\\key", "root\\srv\\secret\\key", "d\\link\\key",
    ".\\..\\secret\\key", "d\\.\\..\\..\\secret\\key", "...\\secret\\key", "key", "KEY",
    "\uff0e\uff0e\\secret\\key", "..\uff0fsecret",
)  # fmt: skip


@pytest.fixture
def secret(server: Server, share: str) -> Server:
    """What must not be reached, with every link to it that a local user could leave."""
    server.vm.run(
        f"rm -rf {SECRET}; mkdir -m 777 {SECRET}; cd {SECRET}; echo treasure > key; chmod 666 key;"
        f" cd {share}; mkdir -m 777 d; ln -s {SECRET} link; ln -s .. up; ln -s / root;"
        f" ln -s {SECRET}/key key; ln -s {SECRET} d/link; ln -s loop loop"
    )
    return server


def unharmed(server: Server) -> None:
    done = server.vm.run(f"cat {SECRET}/key; ls -A {SECRET}; stat -c '%a %U' {SECRET}/key")
    assert done.out.split() == ["treasure", "key", "666", "root"]


@pytest.mark.attack(26)
@pytest.mark.parametrize("path", ESCAPES)
def test_no_name_leads_out_of_the_share(secret: Server, wire: Raw, path: str) -> None:
    for disposition in (1, 3, 5, 0):
        for options in (0, 1, 0x200000, 0x1000):
            access = 0x10081 if options == 0x1000 else 0x120089
            reply = wire.call(
                r.CREATE, r.create(path, disposition=disposition, options=options, access=access)
            )
            if reply.status != "SUCCESS":
                continue
            handle = r.file_id(reply)
            data = wire.call(r.READ, r.read(handle, 100)).body
            assert b"treasure" not in data
            wire.call(r.CLOSE, r.close(handle))
    unharmed(secret)


@pytest.mark.attack(26)
def test_no_rename_or_link_leads_out_of_the_share(secret: Server, wire: Raw) -> None:
    for target in (*ESCAPES, "link\\new", "up\\new", "..\\new"):
        name = target.encode("utf-16-le")
        handle = wire.open("mine")
        for info_class in (10, 11, 65):
            data = struct.pack("<BxxxxxxxQI", 1, 0, len(name)) + name
            wire.call(r.SET_INFO, r.set_info(handle, 1, info_class, data))
        wire.call(r.CLOSE, r.close(handle))
    unharmed(secret)
    assert secret.vm.run("ls -A /srv | sort").out.split() == sorted(
        set(secret.vm.run("ls -A /srv").out.split()) - {"new"}
    )


FLIP = """\
import os, sys, time
os.chdir("/srv/share")
end = time.monotonic() + float(sys.argv[1])
os.makedirs("real", exist_ok=True)
os.chmod("real", 0o777)
while time.monotonic() < end:
    os.rename("real", "flip")
    os.rename("flip", "real")
    os.symlink("/srv/secret", "flip")
    os.unlink("flip")
    os.symlink("..", "flip")
    os.unlink("flip")
    os.rename("real", "/srv/outside")
    os.rename("/srv/outside", "real")
"""


@pytest.mark.attack(26)
def test_a_component_that_changes_under_the_path_walk(secret: Server, wire: Raw) -> None:
    """A local process turns a folder into links and back while a client works below it."""
    job = secret.vm.start(["python3", "-c", FLIP, "12"])
    source = random.Random(26)
    hits = 0
    paths = ("flip\\key", "flip\\secret\\key", "FLIP\\KEY", "flip\\new", "flip\\d\\x")
    while job.poll() is None:
        path = source.choice(paths)
        options = source.choice((0, 1, 0x1000))
        reply = wire.call(r.CREATE, r.create(path, disposition=source.choice((1, 3, 5)),
                                             options=options))  # fmt: skip
        if reply.status == "SUCCESS":
            handle = r.file_id(reply)
            hits += b"treasure" in wire.call(r.READ, r.read(handle, 100)).body
            name = source.choice(paths).encode("utf-16-le")
            wire.call(r.SET_INFO, r.set_info(
                handle, 1, source.choice((10, 11)),
                struct.pack("<BxxxxxxxQI", 1, 0, len(name)) + name))  # fmt: skip
            wire.call(r.CLOSE, r.close(handle))
    assert job.poll() == 0, job.output()
    assert hits == 0
    unharmed(secret)


@pytest.mark.attack(26)
def test_inside_and_outside_cannot_be_told_apart(secret: Server, wire: Raw) -> None:
    """What lies outside the share and what does not exist there have one answer."""
    for there, missing in (("link\\key", "link\\none"), ("up\\secret", "up\\none")):
        statuses = {wire.call(r.CREATE, r.create(path, disposition=1)).status
                    for path in (there, missing)}  # fmt: skip
        assert len(statuses) == 1, statuses


# --- 27 ---


@pytest.mark.attack(27)
@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "null"])
def test_a_special_file_is_not_opened(server: Server, wire: Raw, kind: str) -> None:
    make = {
        "fifo": "mkfifo special",
        "socket": "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"special\")'",
        "device": "mknod special b 7 99",
        "null": "mknod special c 1 3",
    }[kind]
    server.vm.run(f"cd /srv/share; {make}; chmod 666 special")
    begin = time.monotonic()
    for access, options in ((0x120089, 0), (0x1F01FF, 0), (2, 0), (0x80, 0x200000), (0x80, 0)):
        reply = wire.call(r.CREATE, r.create("special", access=access, options=options))
        if reply.status == "SUCCESS":
            handle = r.file_id(reply)
            assert wire.call(r.READ, r.read(handle, 10)).status != "SUCCESS"
            assert wire.call(r.WRITE, r.write(handle, b"x")).status != "SUCCESS"
            wire.call(r.CLOSE, r.close(handle))
    assert time.monotonic() - begin < 10


@pytest.mark.attack(27)
def test_a_foreign_mount_inside_the_share(server: Server, wire: Raw) -> None:
    """proc bound into a share: nothing blocks, nothing of it is written."""
    server.vm.run("mkdir /srv/share/p; mount --bind /proc /srv/share/p")
    try:
        for path in ("p\\self\\mem", "p\\sys\\kernel\\hostname", "p\\kmsg", "p\\1\\environ"):
            reply = wire.call(r.CREATE, r.create(path, access=3, disposition=1))
            if reply.status == "SUCCESS":
                wire.call(r.CLOSE, r.close(r.file_id(reply)))
    finally:
        server.vm.run("umount /srv/share/p")


# --- 28 ---


@pytest.mark.attack(28)
@pytest.mark.parametrize("disposition", [0, 4, 5], ids=["SUPERSEDE", "OVERWRITE", "OVERWRITE_IF"])
@pytest.mark.parametrize("access", [0x1F01FF, 0x120089, 0x80, 0x02000000], ids=hex)
def test_a_disposition_that_truncates_asks_for_the_right_to(
    server: Server, wire: Raw, disposition: int, access: int
) -> None:
    server.vm.run(
        "cd /srv/share; echo keep > rootonly; chmod 644 rootonly;"
        " echo keep > marked; chmod 666 marked"
    )
    handle = wire.open("marked", access=0x100)
    read_only = struct.pack("<qqqqII", 0, 0, 0, 0, 1, 0)
    assert wire.call(r.SET_INFO, r.set_info(handle, 1, 4, read_only)).status == "SUCCESS"
    wire.call(r.CLOSE, r.close(handle))
    for name in ("rootonly", "marked"):
        reply = wire.call(r.CREATE, r.create(name, disposition=disposition, access=access))
        assert reply.status in {"ACCESS_DENIED", "CANNOT_DELETE"}, f"{name}: {reply}"
    assert server.vm.run("cat /srv/share/rootonly /srv/share/marked").out == "keep\nkeep\n"


@pytest.mark.attack(28)
@pytest.mark.parametrize("disposition", [0, 2, 3, 4, 5])
def test_nothing_changes_on_a_read_only_share(server: Server, port: int, disposition: int) -> None:
    before = server.vm.run("ls -lA --full-time /srv/readonly; cat /srv/readonly/file").out
    with Raw(port) as wire:
        wire.ready("readonly")
        for name in ("file", "new"):
            for options in (0, 1, 0x1000):
                for access in (0x1F01FF, 0x80, 2, 0x10000, 0x02000000):
                    reply = wire.call(r.CREATE, r.create(
                        name, disposition=disposition, options=options, access=access))  # fmt: skip
                    if reply.status == "SUCCESS":
                        wire.call(r.CLOSE, r.close(r.file_id(reply)))
    assert server.vm.run("ls -lA --full-time /srv/readonly; cat /srv/readonly/file").out == before


@pytest.mark.attack(28)
def test_a_handle_without_write_cannot_truncate(server: Server, wire: Raw) -> None:
    server.vm.run("echo keep > /srv/share/file; chmod 666 /srv/share/file")
    handle = wire.open("file", access=0x120089)
    for info_class in (19, 20):
        reply = wire.call(r.SET_INFO, r.set_info(handle, 1, info_class, bytes(8)))
        assert reply.status == "ACCESS_DENIED"
    assert wire.call(r.WRITE, r.write(handle, b"x")).status == "ACCESS_DENIED"
    assert server.vm.read("/srv/share/file") == "keep\n"


@pytest.mark.attack(25)
def test_a_stream_name_is_no_path(port: int) -> None:
    with Raw(port) as wire:
        wire.ready("streams").open("a:s")
        for name in (
            "a:..\\x",
            "a:../../secret",
            "a:s/..",
            "a:" + "s" * 300,
            "a:s:$BAD",
            "a::$DATA:x",
        ):
            assert wire.call(r.CREATE, r.create(name)).status != "SUCCESS"
