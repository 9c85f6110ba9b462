# SPDX-License-Identifier: GPL-2.0-only
"""Self-relative security descriptors.  [MS-DTYP] 2.4.6"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ksmbd.mountd.rpc.dtyp import Sid

OWNER, GROUP, DACL = 0x1, 0x2, 0x4
"""SECURITY_INFORMATION: the parts a caller asks for."""

_SELF_RELATIVE, _DACL_PRESENT = 0x8000, 0x0004
_HEADER = struct.Struct("<BBHIIII")
_ACL_REVISION = 2
_ACCESS_ALLOWED = 0


@dataclass(frozen=True, slots=True)
class Allow:
    """One ACCESS_ALLOWED_ACE."""

    sid: Sid
    mask: int

    def to_bytes(self) -> bytes:
        sid = self.sid.to_bytes()
        return struct.pack("<BBHI", _ACCESS_ALLOWED, 0, 8 + len(sid), self.mask) + sid


def pack(parts: int, owner: Sid, group: Sid, dacl: Sequence[Allow]) -> bytes:
    """Builds a descriptor with the asked-for parts only."""
    body = b""
    offsets = {}
    aces = b"".join(ace.to_bytes() for ace in dacl)
    acl = struct.pack("<BBHHH", _ACL_REVISION, 0, 8 + len(aces), len(dacl), 0) + aces
    for part, raw in ((OWNER, owner.to_bytes()), (GROUP, group.to_bytes()), (DACL, acl)):
        if parts & part:
            offsets[part] = _HEADER.size + len(body)
            body += raw
    control = _SELF_RELATIVE | (_DACL_PRESENT if parts & DACL else 0)
    places = offsets.get(OWNER, 0), offsets.get(GROUP, 0), 0, offsets.get(DACL, 0)
    return _HEADER.pack(1, 0, control, *places) + body
