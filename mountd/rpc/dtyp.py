# SPDX-License-Identifier: GPL-2.0-only
"""Data types that several interfaces share.  [MS-DTYP]"""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from ksmbd.mountd.rpc.ndr import Array, Codec, Counted, Integer, Pointer, Reader, Struct, Writer
from ksmbd.shared.errors import ProtocolError

MAX_SUB_AUTHORITIES = 15

NEVER = 0x7FFFFFFFFFFFFFFF
"""The FILETIME that [MS-SAMR] uses for what does not happen."""


@dataclass(frozen=True, slots=True)
class Sid:
    """A security identifier.  [MS-DTYP] 2.4.2"""

    authority: int
    subs: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Sid":
        """Reads S-1-..., the authority in decimal or 0x hexadecimal.

        Raises:
            ValueError: the text is not a SID.
        """
        head, revision, authority, *subs = text.split("-")
        if head.upper() != "S" or revision != "1" or len(subs) > MAX_SUB_AUTHORITIES:
            raise ValueError(f"not a SID: {text!r}")
        return cls(int(authority, 0), tuple(int(sub) for sub in subs))

    def child(self, rid: int) -> "Sid":
        return Sid(self.authority, (*self.subs, rid))

    @property
    def parent(self) -> "Sid | None":
        return Sid(self.authority, self.subs[:-1]) if self.subs else None

    def __str__(self) -> str:
        authority = self.authority
        first = f"{authority:#014x}" if authority >= 1 << 32 else str(authority)
        return "-".join(["S", "1", first, *map(str, self.subs)])

    def to_bytes(self) -> bytes:
        """The packet form of [MS-DTYP] 2.4.2.2, always little-endian."""
        head = bytes([1, len(self.subs)]) + self.authority.to_bytes(6, "big")
        return head + b"".join(sub.to_bytes(4, "little") for sub in self.subs)


class RpcSid(Codec[Sid]):
    """RPC_SID, [MS-DTYP] 2.4.2.3: the conformance of the sub-authorities comes first."""

    size = 12

    def read_inline(self, r: Reader) -> Sid:
        conformance, revision, count = r.count(4), r.u8(), r.u8()
        if revision != 1 or count != conformance or count > MAX_SUB_AUTHORITIES:
            raise ProtocolError(f"SID revision {revision}, counts {conformance}, {count}")
        authority = int.from_bytes(r.take(6), "big")
        return Sid(authority, tuple(r.u32() for _ in range(count)))

    def write_inline(self, w: Writer, value: Sid) -> None:
        w.count(len(value.subs))
        w.u8(1)
        w.u8(len(value.subs))
        w.put(value.authority.to_bytes(6, "big"))
        for sub in value.subs:
            w.u32(sub)


class UnicodeString(Codec[str | None]):
    """RPC_UNICODE_STRING, [MS-DTYP] 2.3.10.

    u16 Length and u16 MaximumLength in bytes, then a pointer to a conformant varying
    array of units without a NUL.  `room` counts a NUL in MaximumLength, as the large
    strings of [MS-LSAD] and [MS-SAMR] servers do.
    """

    size = 8

    def __init__(self, room: bool = False) -> None:
        self.room = 1 if room else 0

    def read_inline(self, r: Reader) -> tuple[int, bool]:
        r.align(4)
        length, maximum = r.u16(), r.u16()
        if length % 2 or length > maximum:
            raise ProtocolError(f"string of {length} bytes in {maximum}")
        return length // 2, r.referent() != 0

    def read_deferred(self, r: Reader, part: tuple[int, bool]) -> str | None:
        length, present = part
        if not present:
            return None
        max_count, offset, count = r.u32(), r.u32(), r.count(2)
        if offset or count != length or count > max_count:
            raise ProtocolError(f"string counts {max_count}, {offset}, {count}")
        return r.utf16(count)

    def write_inline(self, w: Writer, value: str | None) -> None:
        units = len(w.utf16(value or "")) // 2
        w.align(4)
        w.u16(2 * units)
        w.u16(2 * (units + self.room) if value is not None else 0)
        w.referent(value is not None)

    def write_deferred(self, w: Writer, value: str | None) -> None:
        if value is None:
            return
        raw = w.utf16(value)
        w.count(len(raw) // 2 + self.room)
        w.count(0)
        w.count(len(raw) // 2)
        w.put(raw)


class ContextHandle(Codec[bytes]):
    """A context handle: 20 bytes that mean nothing to the peer.  [C706] 14.2.16.6

    The GUID in it is swapped with the byte order, so that a handle reads back as it was
    written whichever order the client uses.
    """

    size = 20

    def read_inline(self, r: Reader) -> bytes:
        attributes, a, b, c = r.u32(), r.u32(), r.u16(), r.u16()
        head = attributes.to_bytes(4, "big") + a.to_bytes(4, "big")
        return head + b.to_bytes(2, "big") + c.to_bytes(2, "big") + r.take(8)

    def write_inline(self, w: Writer, value: bytes) -> None:
        w.u32(int.from_bytes(value[:4], "big"))
        w.u32(int.from_bytes(value[4:8], "big"))
        w.u16(int.from_bytes(value[8:10], "big"))
        w.u16(int.from_bytes(value[10:12], "big"))
        w.put(value[12:])


NULL_HANDLE = bytes(20)

SID = RpcSid()
UNICODE_STRING = UnicodeString()

SidValue: TypeAlias = Annotated[Sid, SID]
SidPtr: TypeAlias = Annotated[Sid | None, Pointer(SID)]
UnicodeStr: TypeAlias = Annotated[str | None, UNICODE_STRING]
LargeUnicodeStr: TypeAlias = Annotated[str | None, UnicodeString(room=True)]
Handle: TypeAlias = Annotated[bytes, ContextHandle()]


@dataclass(frozen=True, slots=True)
class SidBox:
    """LSAPR_SID_INFORMATION and the like: a structure that holds only a pointer to a SID."""

    sid: SidPtr


SID_BOXES = Counted(Struct(SidBox))
NAMES = Array(UNICODE_STRING)
LONGS = Counted(Integer(4))
