# SPDX-License-Identifier: GPL-2.0-only
"""Classes 31 to 33 and 45: what clients send about files, and local users plant."""

from __future__ import annotations

import contextlib
import itertools
import struct

import pytest
import raw as r
from raw import Gone, Raw
from server import Server

ADMINS = bytes.fromhex("01020000000000052000000020020000")
EVERYONE = bytes.fromhex("010100000000000100000000")


def sid(count: int, present: int | None = None) -> bytes:
    have = count if present is None else present
    return struct.pack("<BB6s", 1, count, b"\0\0\0\0\0\5") + struct.pack("<I", 7) * have


def ace(who: bytes, size: int | None = None) -> bytes:
    return struct.pack("<BBHI", 0, 3, 8 + len(who) if size is None else size, 0x1F01FF) + who


def acl(aces: bytes, size: int | None = None, count: int = 1) -> bytes:
    return struct.pack("<BBHHH", 2, 0, 8 + len(aces) if size is None else size, count, 0) + aces


def descriptor(
    dacl: bytes,
    owner: bytes = ADMINS,
    *,
    owner_at: int | None = None,
    group_at: int = 0,
    dacl_at: int | None = None,
    control: int = 0x8004,
) -> bytes:
    return struct.pack(
        "<BBHIIII", 1, 0, control, 20 if owner_at is None else owner_at, group_at, 0,
        20 + len(owner) if dacl_at is None else dacl_at,
    ) + owner + dacl  # fmt: skip


GOOD = acl(ace(EVERYONE))
DESCRIPTORS: dict[str, bytes] = {
    **{f"{count} sub-authorities": descriptor(acl(ace(sid(count))))
       for count in (0, 1, 2, 15, 16, 255)},
    **{f"{count} sub-authorities that are not there": descriptor(acl(ace(sid(count, 1))))
       for count in (2, 15, 16, 255)},
    **{f"ace size {size}": descriptor(acl(ace(EVERYONE, size)))
       for size in (0, 4, 7, 8, 12, 19, 21, 65535)},
    **{f"{count} aces in a small list": descriptor(acl(ace(EVERYONE), count=count))
       for count in (0, 2, 2000, 65535)},
    **{f"acl size {size}": descriptor(acl(ace(EVERYONE), size)) for size in (0, 7, 8, 9, 65535)},
    **{f"dacl at {at:#x}": descriptor(GOOD, dacl_at=at)
       for at in (0, 1, 19, 21, 63, 200, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)},
    **{f"owner at {at:#x}": descriptor(GOOD, owner_at=at)
       for at in (0, 1, 19, 200, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)},
    **{f"group at {at:#x}": descriptor(GOOD, group_at=at)
       for at in (1, 19, 200, 0x7FFFFFFF, 0xFFFFFFF0)},
    "owner only": descriptor(b"", dacl_at=0, control=0x8000),
    "absolute": descriptor(GOOD, control=0x0004),
    "header cut": descriptor(GOOD)[:19],
    "empty": b"",
    "revision 9": b"\x09" + descriptor(GOOD)[1:],
    "600 aces": descriptor(acl(ace(sid(2)) * 600, count=600)),
    "4000 aces": descriptor(acl(ace(EVERYONE) * 3000, count=3000)),
}  # fmt: skip
XATTR = "security.NTACL"


def query_security(wire: Raw, handle: bytes, room: int = 65536) -> r.Reply:
    body = bytearray(r.query_info(handle, 3, 0, room))
    struct.pack_into("<I", body, 16, 7)
    return wire.call(r.QUERY_INFO, bytes(body))


def set_security(wire: Raw, handle: bytes, data: bytes, what: int = 7) -> r.Reply:
    body = bytearray(r.set_info(handle, 3, 0, data))
    struct.pack_into("<I", body, 12, what)
    return wire.call(r.SET_INFO, bytes(body))


@pytest.mark.attack(31)
@pytest.mark.parametrize("name", list(DESCRIPTORS))
def test_a_descriptor_through_the_round_trip(wire: Raw, name: str) -> None:
    """Set, read, inherited by a child, and the access it grants."""
    folder = wire.open("folder", options=1)
    for what in (7, 4, 1):
        with contextlib.suppress(Gone):
            set_security(wire, folder, DESCRIPTORS[name], what)
            query_security(wire, folder)
            for child, options in (("folder\\file", 0), ("folder\\dir", 1)):
                reply = wire.call(r.CREATE, r.create(child, options=options, access=0x02000000))
                if reply.status == "SUCCESS":
                    query_security(wire, r.file_id(reply))
                    wire.call(r.CLOSE, r.close(r.file_id(reply)))


@pytest.mark.attack(31)
def test_every_prefix_of_a_descriptor(wire: Raw) -> None:
    good = descriptor(GOOD)
    handle = wire.open("file")
    for length in range(len(good)):
        assert set_security(wire, handle, good[:length]).status != "SUCCESS"


@pytest.mark.attack(31)
def test_descriptors_planted_by_a_local_process(server: Server, wire: Raw) -> None:
    """The same bytes straight into the xattr: nobody is let in by what does not decode."""
    server.vm.run("cd /srv/share; echo secret > planted; chmod 600 planted; mkdir -m 755 pdir")
    for name in (XATTR, "user.DOSATTRIB", "user.SD"):
        for data in (*DESCRIPTORS.values(), bytes(64), b"\xff" * 64, b"\x04\x00\x04\x00" * 16):
            if not data or len(data) > 3000:
                continue
            value = "0x" + data.hex()
            server.vm.run(f"cd /srv/share; setfattr -n {name} -v {value} planted pdir", check=False)
            for path, options in (("planted", 0), ("pdir", 1)):
                reply = wire.call(r.CREATE, r.create(path, access=0x02000000, disposition=1,
                                                     options=options))  # fmt: skip
                if reply.status == "SUCCESS":
                    handle = r.file_id(reply)
                    query_security(wire, handle)
                    wire.call(r.QUERY_INFO, r.query_info(handle, 1, 18))
                    assert b"secret" not in wire.call(r.READ, r.read(handle, 9)).body
                    wire.call(r.CLOSE, r.close(handle))
            wire.call(r.CREATE, r.create("pdir\\child"))
        server.vm.run(f"cd /srv/share; setfattr -x {name} planted pdir; true", check=False)


@pytest.mark.attack(31)
def test_many_posix_acl_entries(server: Server, wire: Raw) -> None:
    entries = ",".join(f"u:{uid}:r" for uid in range(3000, 3500))
    server.vm.run(f"cd /srv/share; touch many; setfacl -m {entries} many; mkdir -m 777 dmany;"
                  f" setfacl -d -m {entries} dmany", check=False)  # fmt: skip
    for name in ("many", "dmany"):
        handle = wire.open(name, access=0x20080)
        for room in (0, 20, 100, 1000, 65536):
            query_security(wire, handle, room)
    wire.open("dmany\\child")


# --- 32 ---


def ea(name: bytes, value: bytes, *, following: int = 0, name_length: int | None = None,
       value_length: int | None = None, nul: bytes = b"\0") -> bytes:  # fmt: skip
    return struct.pack(
        "<IBBH", following, 0, len(name) if name_length is None else name_length,
        len(value) if value_length is None else value_length,
    ) + name + nul + value  # fmt: skip


EAS = {
    "next unaligned": ea(b"a", b"b", following=13) + bytes(2) + ea(b"c", b"d"),
    "next past the end": ea(b"a", b"b", following=4096),
    "next inside itself": ea(b"a", b"b", following=4) + ea(b"c", b"d"),
    "next wraps": ea(b"a", b"b", following=0xFFFFFFFC),
    "next to its own middle": ea(b"aaaa", b"bbbb", following=8),
    "name length 0": ea(b"", b"value"),
    "name length 255": ea(b"a", b"b", name_length=255),
    "no NUL": ea(b"abc", b"value", nul=b"x"),
    "255 without NUL": ea(b"n" * 255, b"", nul=b""),
    "value past the end": ea(b"a", b"b", value_length=65535),
    "value fills exactly": ea(b"a", b"v" * 1000),
    "value one too long": ea(b"a", b"v" * 1000, value_length=1001),
    "control character": ea(b"a\x01", b"b"),
    "colon": ea(b"a:b", b"c"),
    "many": b"".join(ea(b"abc", b"", following=12) for _ in range(1000)) + ea(b"z", b""),
    "cut header": bytes(7),
    "empty": b"",
}


@pytest.mark.attack(32)
@pytest.mark.parametrize("name", list(EAS))
def test_an_ea_list_that_lies(server: Server, wire: Raw, name: str) -> None:
    handle = wire.open("file")
    with contextlib.suppress(Gone):
        wire.call(r.SET_INFO, r.set_info(handle, 1, 15, EAS[name]))
        for room in (0, 8, 9, 12, 13, 100, 4096):
            wire.call(r.QUERY_INFO, r.query_info(handle, 1, 15, room))
        blob = EAS[name]
        body = bytearray(r.create("withea"))
        body += bytes(-len(body) % 8)
        context = struct.pack("<IHHHHI4sxxxx", 0, 16, 4, 0, 24, len(blob), b"ExtA") + blob
        struct.pack_into("<II", body, 48, 64 + len(body), len(context))
        wire.call(r.CREATE, bytes(body) + context)


@pytest.mark.attack(32)
@pytest.mark.parametrize("name", ["past", "loop", "zero", "long", "odd"])
def test_an_ea_query_list_that_lies(wire: Raw, name: str) -> None:
    blob = {
        "past": struct.pack("<IB", 4096, 1) + b"a\0",
        "loop": struct.pack("<IB", 0xFFFFFFFC, 1) + b"a\0",
        "zero": struct.pack("<IB", 0, 0) + b"\0",
        "long": struct.pack("<IB", 0, 255) + b"a\0",
        "odd": struct.pack("<IB", 7, 1) + b"a\0" + struct.pack("<IB", 0, 1) + b"b\0",
    }[name]
    handle = wire.open("file")
    wire.call(r.SET_INFO, r.set_info(handle, 1, 15, ea(b"a", b"value")))
    body = bytearray(r.query_info(handle, 1, 15, 4096))
    struct.pack_into("<HHI", body, 8, 104, 0, len(blob))
    with contextlib.suppress(Gone):
        wire.call(r.QUERY_INFO, bytes(body[:40]) + blob)


# --- 33 ---

OFFSETS = (0, 1, 4095, 65536, (1 << 31) - 1, 1 << 32, (1 << 63) - 2, (1 << 63) - 1, 1 << 63,
           (1 << 64) - 2, (1 << 64) - 1)  # fmt: skip
LENGTHS = (0, 1, 65535, 65536, 65537, 1 << 20, (1 << 23) - 1, 1 << 23, (1 << 23) + 1, 0x7FFFFFFF,
           0xFFFFFFFF)  # fmt: skip


@pytest.fixture(params=["file", "directory", "stream", "pipe"])
def target(request: pytest.FixtureRequest, port: int) -> tuple[Raw, bytes]:
    wire = Raw(port, timeout=60)
    request.addfinalizer(wire.socket.close)
    wire.ready({"pipe": "IPC$", "stream": "streams"}.get(request.param, "share"))
    wire.call(r.ECHO, r.echo(), credits=512)
    if request.param == "pipe":
        return wire, wire.open("srvsvc", access=0x12019F, disposition=1)
    if request.param == "stream":
        return wire, wire.open("file:stream")
    options = 1 if request.param == "directory" else 0
    handle = wire.open(request.param, options=options)
    if not options:
        wire.call(r.WRITE, r.write(handle, b"0123456789"))
    return wire, handle


@pytest.mark.attack(33)
def test_reads_of_anywhere_and_any_length(target: tuple[Raw, bytes]) -> None:
    wire, handle = target
    for offset, length in itertools.product(OFFSETS, LENGTHS):
        charge = min(max((length - 1) // 65536 + 1, 1), 128)
        message_id = wire.send(r.READ, r.read(handle, length, offset), charge=charge, credits=200)
        reply = wire.receive()
        if reply.pending:
            # A pipe with nothing in it.
            wire.send(r.CANCEL, r.echo(), message_id=message_id, async_id=reply.async_id)
            reply = wire.receive()
        if reply.status == "SUCCESS":
            got = struct.unpack_from("<I", reply.body, 4)[0]
            assert got == len(reply.body) - 16
            assert got <= min(length, 10)


@pytest.mark.attack(33)
def test_writes_to_anywhere(target: tuple[Raw, bytes]) -> None:
    wire, handle = target
    for offset, length in itertools.product(OFFSETS, (0, 1, 100)):
        reply = wire.call(r.WRITE, r.write(handle, b"w" * length, offset))
        if offset > (1 << 63) and reply.status == "SUCCESS":
            # A pipe has no offset, and -1 appends: nothing else can have been done.
            assert offset == (1 << 64) - 1 or length == 0 or reply.command == r.WRITE


@pytest.mark.attack(33)
@pytest.mark.parametrize(("length", "offset"), [
    (0xFFFFFFFF, 112), (100, 0), (100, 111), (100, 0xFFFF), (101, 112), (1 << 31, 112), (100, 113),
])  # fmt: skip
def test_a_write_whose_data_is_not_there(wire: Raw, length: int, offset: int) -> None:
    handle = wire.open("file")
    body = bytearray(r.write(handle, b"d" * 100))
    struct.pack_into("<HI", body, 2, offset, length)
    with contextlib.suppress(Gone):
        assert wire.call(r.WRITE, bytes(body)).status != "SUCCESS"


# --- 45 ---

PRIVATE = (
    b"DOSATTRIB", b"dosattrib", b"NTACL", b"SD", b"DosStream.s:$DATA", b"user.DOSATTRIB",
    b"security.NTACL", b"POSIX_ACL", b"trusted.x", b"system.posix_acl_access",
)  # fmt: skip
OWN = ("user.DOSATTRIB=", "security.", "system.", "trusted.", "user.DosStream.")


@pytest.mark.attack(45)
@pytest.mark.parametrize("name", PRIVATE, ids=lambda name: name.decode())
def test_the_servers_own_attributes_are_not_for_clients(
    server: Server, wire: Raw, name: bytes
) -> None:
    """Neither set, nor deleted, nor seen, whatever they are called."""
    handle = wire.open("file")
    # An EA that changes sets the archive attribute: it is set before.
    hidden = struct.pack("<qqqqII", 0, 0, 0, 0, 0x22, 0)
    assert wire.call(r.SET_INFO, r.set_info(handle, 1, 4, hidden)).status == "SUCCESS"
    set_security(wire, handle, descriptor(GOOD), 4)

    def stored() -> str:
        lines = server.vm.run("getfattr -d -m - -e hex /srv/share/file 2>/dev/null || true").out
        return "\n".join(line for line in lines.splitlines() if line.startswith(OWN))

    before = stored()
    assert before
    for value in (b"evil", b""):
        wire.call(r.SET_INFO, r.set_info(handle, 1, 15, ea(name, value)))
        assert stored() == before
    listed = wire.call(r.QUERY_INFO, r.query_info(handle, 1, 15, 65536))
    for secret in (b"DOSATTRIB", b"NTACL"):
        assert secret not in listed.body.upper() or b"evil" in listed.body
    reply = wire.call(r.QUERY_INFO, r.query_info(handle, 1, 4))
    assert struct.unpack_from("<I", reply.body, 8 + 32)[0] & 2


@pytest.mark.attack(45)
def test_a_stream_is_not_an_attribute_of_the_server(port: int) -> None:
    with Raw(port) as wire:
        wire.ready("streams").open("file:s")
        for name in ("file:DOSATTRIB", "file:NTACL", "file:../x", "file:user.DOSATTRIB"):
            wire.call(r.CREATE, r.create(name))
        reply = wire.call(r.QUERY_INFO, r.query_info(wire.open("file"), 1, 15, 65536))
        assert b"DosStream" not in reply.body
