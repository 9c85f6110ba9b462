# SPDX-License-Identifier: GPL-2.0-only
"""Oplocks and leases as a client asks for them and gives them back."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from raw import CREATE, Raw, Reply, create, file_id

NONE, LEVEL_II, EXCLUSIVE, BATCH = 0, 1, 8, 9
READ, HANDLE, WRITES = 1, 2, 4


def acknowledge(handle: bytes, level: int) -> bytes:
    return struct.pack("<HBBI16s", 24, level, 0, 0, handle)


def leased(name: str, key: int, state: int) -> bytes:
    """A CREATE that asks for a lease, version 1."""
    body = create(name, oplock=0xFF)
    body += bytes(-len(body) % 8)
    data = struct.pack("<16sIIQ", bytes([key]) * 16, state, 0, 0)
    context = struct.pack("<IHHHHI4sI", 0, 16, 4, 0, 24, len(data), b"RqLs", 0) + data
    return body[:48] + struct.pack("<II", 64 + len(body), len(context)) + body[56:] + context


def lease_of(reply: Reply) -> int:
    """The state that a CREATE was granted, of the only context."""
    assert reply.status == "SUCCESS" and reply.body[2] == 0xFF, reply
    (offset,) = struct.unpack_from("<I", reply.body, 80)
    (state,) = struct.unpack_from("<I", reply.body, offset - 64 + 24 + 16)
    return int(state)


def granted(client: Raw, name: str, level: int, **more: int) -> tuple[bytes, int]:
    reply = client.call(CREATE, create(name, oplock=level, **more))
    assert reply.status == "SUCCESS", reply
    return file_id(reply), reply.body[2]


def acknowledge_lease(key: int, state: int) -> bytes:
    return struct.pack("<HHI16sIQ", 36, 0, 0, bytes([key]) * 16, state, 0)


@dataclass(frozen=True, slots=True)
class LeaseV2:
    """What a CREATE was granted, of the only context: [MS-SMB2] 2.2.14.2.11."""

    state: int
    breaking: bool
    epoch: int


def leased_v2(
    name: str, key: int, state: int, parent: int | None = None, epoch: int = 0, **more: int
) -> bytes:
    """A CREATE that asks for a lease, version 2; `parent`: that of its directory."""
    data = struct.pack(
        "<16sIIQ16sHH", bytes([key]) * 16, state, 0 if parent is None else 4, 0,
        bytes([parent or 0]) * 16, epoch, 0,
    )  # fmt: skip
    body = create(name, oplock=0xFF, **more)
    body += bytes(-len(body) % 8)
    context = struct.pack("<IHHHHI4sI", 0, 16, 4, 0, 24, len(data), b"RqLs", 0) + data
    return body[:48] + struct.pack("<II", 64 + len(body), len(context)) + body[56:] + context


def lease_v2_of(reply: Reply) -> LeaseV2:
    assert reply.status == "SUCCESS" and reply.body[2] == 0xFF, reply
    (offset,) = struct.unpack_from("<I", reply.body, 80)
    state, flags, epoch = struct.unpack_from("<II24xH", reply.body, offset - 64 + 24 + 16)
    return LeaseV2(state, bool(flags & 2), epoch)
