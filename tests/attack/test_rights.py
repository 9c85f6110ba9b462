# SPDX-License-Identifier: GPL-2.0-only
"""Classes 29 and 30: every operation against every single right, and in whose name it is done."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import raw as r
from classes import pending
from raw import Raw
from server import Server

RD, WD, AD, REA, WEA, EX, DC, RA, WA = (1 << bit for bit in range(9))
DELETE, READ_CONTROL, WRITE_DAC, WRITE_OWNER, SYNC = (1 << bit for bit in range(16, 21))
BITS = (RD, WD, AD, REA, WEA, EX, DC, RA, WA, DELETE, READ_CONTROL, WRITE_DAC, WRITE_OWNER, SYNC)


@dataclass(frozen=True)
class Operation:
    """Which rights suffice, each alone; 0 in `rights` is "none is needed"."""

    rights: int
    message: Callable[[bytes], tuple[int, bytes]]
    directory: bool = False
    feature: str = ""
    writes: bool = False


def info(kind: int, info_class: int, what: int = 0) -> Callable[[bytes], tuple[int, bytes]]:
    def make(handle: bytes) -> tuple[int, bytes]:
        body = bytearray(r.query_info(handle, kind, info_class, 4096))
        struct.pack_into("<I", body, 16, what)
        return r.QUERY_INFO, bytes(body)

    return make


def change(info_class: int, data: bytes, kind: int = 1, what: int = 0) -> Callable[
    [bytes], tuple[int, bytes]
]:  # fmt: skip
    def make(handle: bytes) -> tuple[int, bytes]:
        body = bytearray(r.set_info(handle, kind, info_class, data))
        struct.pack_into("<I", body, 12, what)
        return r.SET_INFO, bytes(body)

    return make


def control(code: int, data: bytes = b"") -> Callable[[bytes], tuple[int, bytes]]:
    return lambda handle: (r.IOCTL, r.ioctl(code, handle, data))


def renamed(name: str) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack("<BxxxxxxxQI", 1, 0, len(text)) + text


EVERYONE = (
    struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20)
    + struct.pack("<BBHHH", 2, 0, 28, 1, 0)
    + struct.pack("<BBHI", 0, 0, 20, 0x1F01FF)
    + bytes.fromhex("010100000000000100000000")
)
OWNER = struct.pack("<BBHIIII", 1, 0, 0x8000, 20, 0, 0, 0) + bytes.fromhex(
    "010200000000001601000000d1070000"
)
ONE_EA = struct.pack("<IBBH", 0, 0, 1, 1) + b"n\0v"

OPERATIONS = {
    # [MS-SMB2] 3.3.5.12: <404> FILE_EXECUTE reads too
    "read": Operation(RD | EX, lambda h: (r.READ, r.read(h, 4))),
    # at the end, where appending writes
    "write": Operation(WD | AD, lambda h: (r.WRITE, r.write(h, b"XXXX", 8)), writes=True),
    "flush": Operation(WD | AD, lambda h: (r.FLUSH, struct.pack("<HHI", 24, 0, 0) + h)),
    "list": Operation(RD, lambda h: (r.QUERY_DIRECTORY, r.query_directory(h)), directory=True),
    "notify": Operation(
        RD,
        lambda h: (r.CHANGE_NOTIFY, struct.pack("<HHI", 32, 0, 64) + h + struct.pack("<II", 1, 0)),
        directory=True, feature="CHANGE_NOTIFY",
    ),
    # [MS-FSA] 2.1.5.12: which of the queries ask for a right
    "query basic": Operation(RA, info(1, 4)),
    "query all": Operation(RA, info(1, 18)),
    "query network open": Operation(RA, info(1, 34)),
    "query attribute tag": Operation(RA, info(1, 35)),
    "query eas": Operation(REA, info(1, 15)),
    "query owner": Operation(READ_CONTROL, info(3, 0, 1)),
    "query dacl": Operation(READ_CONTROL, info(3, 0, 4)),
    # [MS-FSA] 2.1.5.15 and 2.1.5.17
    "set basic": Operation(WA, change(4, bytes(36) + bytes(4)), writes=True),
    "set end of file": Operation(WD, change(20, bytes(8)), writes=True),
    "set allocation": Operation(WD, change(19, bytes(8)), writes=True),
    "set eas": Operation(WEA, change(15, ONE_EA), writes=True),
    "rename": Operation(DELETE, change(10, renamed("renamed")), writes=True),
    "delete": Operation(DELETE, change(13, b"\1"), writes=True),
    "delete ex": Operation(DELETE, change(64, struct.pack("<I", 1)), writes=True),
    "set dacl": Operation(WRITE_DAC, change(0, EVERYONE, 3, 4), writes=True),
    "set owner": Operation(WRITE_OWNER, change(0, OWNER, 3, 1), writes=True),
    # [MS-FSA] 2.1.5.10
    "set sparse": Operation(
        WD | AD | WA, control(0x000900C4), feature="FSCTL_SET_SPARSE", writes=True
    ),
    "set zero data": Operation(
        WD, control(0x000980C8, struct.pack("<QQ", 0, 4)), feature="FSCTL_SET_ZERO_DATA",
        writes=True,
    ),
    "allocated ranges": Operation(
        RD, control(0x000940CF, struct.pack("<QQ", 0, 4)), feature="FSCTL_QUERY_ALLOCATED_RANGES",
    ),
    "set compression": Operation(
        WD, control(0x0009C040, b"\1\0"), feature="FSCTL_SET_COMPRESSION", writes=True
    ),
}  # fmt: skip

UNSUPPORTED = {"NOT_SUPPORTED", "INVALID_DEVICE_REQUEST"}


def make_target(server: Server, directory: bool) -> None:
    what = "mkdir -m 777 target" if directory else "echo content > target; chmod 666 target"
    server.vm.run(f"cd /srv/share; rm -rf target renamed; {what}; chown 2001:2001 target")


@pytest.mark.attack(29)
@pytest.mark.parametrize("name", list(OPERATIONS))
def test_an_operation_needs_its_right(server: Server, wire: Raw, name: str) -> None:
    """Each right alone: done with the ones that suffice, ACCESS_DENIED with all others."""
    operation = OPERATIONS[name]
    wrong = []
    for bit in BITS:
        make_target(server, operation.directory)
        opened = wire.call(r.CREATE, r.create("target", access=bit, disposition=1))
        if opened.status != "SUCCESS":
            assert bit not in (RD, WD, RA, DELETE), f"{bit:#x}: {opened}"
            continue
        handle = r.file_id(opened)
        command, body = operation.message(handle)
        message_id = wire.send(command, body)
        reply = wire.receive()
        if reply.pending:
            wire.send(r.CANCEL, r.echo(), message_id=message_id, async_id=reply.async_id)
            reply = wire.receive()
        wire.call(r.CLOSE, r.close(handle))
        if operation.feature and reply.status in UNSUPPORTED:
            pending(operation.feature)
        if bool(bit & operation.rights) != (reply.status != "ACCESS_DENIED"):
            wrong.append(f"{bit:#x}: {reply.status}")
    assert not wrong, f"{name}: {wrong}"


@pytest.mark.attack(29)
@pytest.mark.parametrize("name", [name for name, op in OPERATIONS.items() if op.writes])
def test_no_write_operation_works_on_a_read_only_share(
    server: Server, port: int, name: str
) -> None:
    server.vm.run("chmod 777 /srv/readonly; chmod 666 /srv/readonly/file;"
                  " chown 2001 /srv/readonly /srv/readonly/file")  # fmt: skip
    before = server.vm.run("ls -ln --full-time /srv/readonly; cat /srv/readonly/*").out
    try:
        with Raw(port) as wire:
            wire.ready("readonly")
            for access in (0x02000000, 0x1200A9, *BITS):
                reply = wire.call(r.CREATE, r.create("file", access=access, disposition=1))
                if reply.status != "SUCCESS":
                    continue
                handle = r.file_id(reply)
                done = wire.call(*OPERATIONS[name].message(handle))
                wire.call(r.CLOSE, r.close(handle))
                assert done.status != "SUCCESS", f"{name} with {access:#x}"
        assert server.vm.run("ls -ln --full-time /srv/readonly; cat /srv/readonly/*").out == before
    finally:
        server.vm.run("chmod 755 /srv/readonly; chmod 644 /srv/readonly/file;"
                      " chown 0 /srv/readonly /srv/readonly/file")  # fmt: skip


@pytest.mark.attack(29)
def test_a_copy_needs_a_right_on_both_handles(server: Server, wire: Raw) -> None:
    source = wire.open("source")
    wire.call(r.WRITE, r.write(source, b"0123456789"))
    key = wire.call(r.IOCTL, r.ioctl(0x00140078, source, room=32))
    if key.status in UNSUPPORTED:
        pending("FSCTL_SRV_COPYCHUNK")
    token = key.body[48:72]
    chunks = token + struct.pack("<IIQQII", 1, 0, 0, 0, 10, 0)
    for access in BITS:
        reply = wire.call(r.CREATE, r.create("goal", access=access))
        if reply.status != "SUCCESS":
            continue
        goal = r.file_id(reply)
        done = wire.call(r.IOCTL, r.ioctl(0x001480F2, goal, chunks, 12))
        assert (done.status == "SUCCESS") == bool(access & WD), f"{access:#x}: {done}"
        done = wire.call(r.IOCTL, r.ioctl(0x001440F2, goal, chunks, 12))
        assert done.status != "SUCCESS", f"COPYCHUNK with {access:#x}"
        wire.call(r.CLOSE, r.close(goal))


# --- 30 ---


def owner(server: Server, path: str) -> str:
    return server.vm.run(["stat", "-c", "%u:%g", path]).out.strip()


@pytest.mark.attack(30)
def test_what_a_user_makes_is_the_users(server: Server, port: int) -> None:
    for user, uid in (("user1", 2001), ("user2", 2002)):
        with Raw(port) as wire:
            wire.negotiate()
            wire.login(user)
            wire.tree()
            wire.open(f"{user}file")
            wire.open(f"{user}dir", options=1)
            handle = wire.open(f"{user}old")
            name = f"{user}new".encode("utf-16-le")
            data = struct.pack("<BxxxxxxxQI", 1, 0, len(name)) + name
            assert wire.call(r.SET_INFO, r.set_info(handle, 1, 11, data)).status == "SUCCESS"
        for what in ("file", "dir", "new"):
            assert owner(server, f"/srv/share/{user}{what}") == f"{uid}:{uid}"


@pytest.mark.attack(30)
def test_a_file_deleted_at_the_end_of_its_connection_is_deleted_by_its_user(
    server: Server, port: int
) -> None:
    """The folder lost its write permission meanwhile: whoever tears down is not root."""
    server.vm.run("mkdir -m 777 /srv/share/d")
    wire = Raw(port).ready()
    wire.open("d\\mine", options=0x1000)
    server.vm.run("chown 0:0 /srv/share/d; chmod 555 /srv/share/d")
    wire.socket.close()
    server.vm.run(
        "for i in $(seq 50); do grep -qE ':01BD [0-9A-F:]+ 08 ' /proc/net/tcp || break; sleep 0.1;"
        " done; sleep 1; chmod 777 /srv/share/d"
    )
    assert server.vm.run("ls /srv/share/d").out.split() == ["mine"]


@pytest.mark.attack(30)
def test_reserved_blocks_are_not_for_clients(server: Server, port: int) -> None:
    """CAP_SYS_RESOURCE would let a client fill what the file system keeps for root."""
    server.vm.run("rm -rf /srv/small/*; chmod 777 /srv/small; tune2fs -m 20 /srv/small.img || true")
    server.vm.run("umount /srv/small && mount -o loop /srv/small.img /srv/small", check=False)
    try:
        with Raw(port) as wire:
            wire.ready("small")
            wire.call(r.ECHO, r.echo(), credits=64)
            handle = wire.open("big")
            for number in range(200):
                reply = wire.call(r.WRITE, r.write(handle, bytes(65536), number * 65536))
                if reply.status != "SUCCESS":
                    break
            assert reply.status == "DISK_FULL"
            wire.call(r.FLUSH, struct.pack("<HHI", 24, 0, 0) + handle)
        free, available = map(int, server.vm.run("stat -f -c '%f %a' /srv/small").out.split())
        assert free - available > 100, "there is nothing reserved to take"
        assert free > available
    finally:
        server.vm.run("rm -rf /srv/small/*; tune2fs -m 5 /srv/small.img || true")


@pytest.mark.attack(30)
def test_a_users_permissions_are_the_kernels(server: Server, port: int) -> None:
    """Root's and another user's files, whatever is asked for."""
    server.vm.run(
        "cd /srv/share; echo r > roots; chmod 600 roots; echo 2 > theirs; chmod 600 theirs;"
        " chown 2002 theirs; mkdir -m 700 closed; touch closed/x; mkdir -m 755 shut; touch shut/x"
    )
    with Raw(port) as wire:
        wire.ready()
        for name in ("roots", "theirs", "closed\\x", "closed\\new", "shut\\new"):
            for disposition in (1, 3, 5):
                for access in (1, 2, 0x10000, 0x40000, 0x80000, 0x1F01FF, 0x120089):
                    if access == 0x10000 and "\\" not in name and disposition != 5:
                        continue  # who may write to a folder may delete from it
                    reply = wire.call(
                        r.CREATE, r.create(name, access=access, disposition=disposition)
                    )
                    assert reply.status != "SUCCESS", f"{name} {access:#x}"
        for access in (0x10000, 0x1F01FF):
            reply = wire.call(r.CREATE, r.create("shut\\x", access=access, options=0x1000,
                                                 disposition=1))  # fmt: skip
            assert reply.status != "SUCCESS"
    out = server.vm.run("cd /srv/share; ls shut; ls closed; cat roots theirs").out.split()
    assert out == ["x", "x", "r", "2"]


@pytest.mark.attack(30)
def test_a_probe_of_credentials_at_every_vfs_call() -> None:
    pending("a probe inside the kernel (neither rig has BPF); the effects are tested above")
