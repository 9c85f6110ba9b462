# SPDX-License-Identifier: GPL-2.0-only
"""CREATE with contexts: [MS-SMB2] 2.2.13.2."""

from __future__ import annotations

import struct

from raw import create

BATCH, LEASE = 9, 0xFF
"""Of RequestedOplockLevel."""


def create_with(
    name: str,
    *contexts: tuple[bytes, bytes],
    level: int = BATCH,
    disposition: int = 3,
    share: int = 7,
) -> bytes:
    """A CREATE with (name, data) pairs behind it."""
    body = create(name, oplock=level, disposition=disposition, share=share)
    body += bytes(-len(body) % 8)
    chain = b""
    for number, (tag, data) in enumerate(contexts):
        name = tag + bytes(-len(tag) % 8)
        one = struct.pack("<IHHHHI", 0, 16, len(tag), 0, 16 + len(name), len(data)) + name + data
        one += bytes(-len(one) % 8)
        if number + 1 < len(contexts):
            one = struct.pack("<I", len(one)) + one[4:]
        chain += one
    where = (64 + len(body), len(chain)) if chain else (0, 0)
    return body[:48] + struct.pack("<II", *where) + body[56:] + chain


def durable_v2(guid: bytes, timeout: int = 0) -> tuple[bytes, bytes]:
    """DurableHandleRequestV2; the timeout in ms, 0 for the server's."""
    return b"DH2Q", struct.pack("<IIQ16s", timeout, 0, 0, guid)


def again_v2(handle: bytes, guid: bytes) -> tuple[bytes, bytes]:
    """DurableHandleReconnectV2"""
    return b"DH2C", handle + guid + bytes(4)


def lease(key: bytes, state: int = 7) -> tuple[bytes, bytes]:
    """RequestLease: R 1, H 2, W 4"""
    return b"RqLs", struct.pack("<16sIIQ", key, state, 0, 0)
