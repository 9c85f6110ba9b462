# SPDX-License-Identifier: GPL-2.0-only
"""NDR transfer syntax: bytes to values and back.  [C706] chapter 14.

Pure: nothing here knows a socket, a pipe or an interface.

A type is described once, by a `Codec`, and read and written from that description.
A protocol structure is a frozen dataclass whose annotations name the codecs:

    @dataclass(frozen=True, slots=True)
    class ShareInfo1:
        netname: StringPtr
        type: U32
        remark: StringPtr

Theory of the two halves of every codec.  A pointer embedded in a construct is
represented there by a referent id only; what it points to follows the whole
construct, depth first and from left to right ([C706] 14.3.12.3).  So each codec has an
inline part and a deferred part, and a construct runs the inline parts of all its members
before the deferred parts of any.  A parameter is a construct of its own.

Counts and referent ids go through `Reader.count`, `Reader.referent` and their writing
twins only: these are what NDR64 makes wider.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar, get_args, get_type_hints
from uuid import UUID

from ksmbd.shared.errors import ProtocolError

T = TypeVar("T")

ByteOrder: TypeAlias = Literal["little", "big"]

FIRST_REFERENT = 0x00020000


@dataclass(slots=True)
class Reader:
    """A cursor over one request stub.

    A primitive of size n starts at a multiple of n, so every read aligns
    first.  Reading past the end raises `ProtocolError`, never anything else.
    """

    data: bytes
    pos: int = 0
    order: ByteOrder = "little"

    def align(self, size: int) -> None:
        self.pos = -(-self.pos // size) * size

    def take(self, size: int, align: int = 1) -> bytes:
        start = -(-self.pos // align) * align
        end = start + size
        if end > len(self.data):
            raise ProtocolError(f"stub ends at {len(self.data)}, need {end}")
        self.pos = end
        return self.data[start:end]

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size, size), self.order)

    def u8(self) -> int:
        return self.integer(1)

    def u16(self) -> int:
        return self.integer(2)

    def u32(self) -> int:
        return self.integer(4)

    def u64(self) -> int:
        return self.integer(8)

    def count(self, unit: int = 1) -> int:
        """A conformance or variance count of elements of at least `unit` bytes each.

        The bound keeps the work in proportion to the bytes that were sent.
        """
        value = self.u32()
        if value * unit > len(self.data) - self.pos:
            raise ProtocolError(f"{value} elements announced, stub ends at {len(self.data)}")
        return value

    def referent(self) -> int:
        return self.u32()

    def utf16(self, units: int) -> str:
        raw = self.take(2 * units)
        try:
            return raw.decode("utf-16-le" if self.order == "little" else "utf-16-be")
        except UnicodeDecodeError as e:
            raise ProtocolError("string is not UTF-16") from e


@dataclass(slots=True)
class Writer:
    """Builds one response stub, aligned from its first byte."""

    order: ByteOrder = "little"
    data: bytearray = field(default_factory=bytearray)
    referents: int = 0

    def align(self, size: int) -> None:
        self.data.extend(bytes(-len(self.data) % size))

    def put(self, raw: bytes, align: int = 1) -> None:
        self.align(align)
        self.data.extend(raw)

    def integer(self, value: int, size: int) -> None:
        self.put(value.to_bytes(size, self.order), size)

    def u8(self, value: int) -> None:
        self.integer(value, 1)

    def u16(self, value: int) -> None:
        self.integer(value, 2)

    def u32(self, value: int) -> None:
        self.integer(value, 4)

    def u64(self, value: int) -> None:
        self.integer(value, 8)

    def count(self, value: int) -> None:
        self.u32(value)

    def referent(self, present: bool) -> None:
        if not present:
            self.u32(0)
            return
        self.u32(FIRST_REFERENT + 4 * self.referents)
        self.referents += 1

    def utf16(self, text: str) -> bytes:
        """The text in this stub's byte order; what UTF-16 cannot carry becomes '?'."""
        return text.encode("utf-16-le" if self.order == "little" else "utf-16-be", "replace")


class Codec(ABC, Generic[T]):
    """One NDR type: how its inline and its deferred part are read and written."""

    align: int = 4
    size: int = 1
    """The fewest bytes the inline part can take, to bound the arrays of it."""

    @abstractmethod
    def read_inline(self, r: Reader) -> Any:
        """Reads the part inside the construct; the result is for `read_deferred`."""

    def read_deferred(self, r: Reader, part: Any) -> T:
        value: T = part
        return value

    @abstractmethod
    def write_inline(self, w: Writer, value: T) -> None: ...

    def write_deferred(self, w: Writer, value: T) -> None:
        return None

    def read(self, r: Reader) -> T:
        """Reads a whole value: `ProtocolError` if it does not decode."""
        return self.read_deferred(r, self.read_inline(r))

    def write(self, w: Writer, value: T) -> None:
        self.write_inline(w, value)
        self.write_deferred(w, value)


class Integer(Codec[int]):
    """An unsigned integer of `size` bytes.  `align` differs for hypers sent as two longs."""

    def __init__(self, size: int, align: int | None = None) -> None:
        self.size = size
        self.align = align or size

    def read_inline(self, r: Reader) -> int:
        return int.from_bytes(r.take(self.size, self.align), r.order)

    def write_inline(self, w: Writer, value: int) -> None:
        w.put(value.to_bytes(self.size, w.order), self.align)


class OldLargeInteger(Codec[int]):
    """Two longs, the low one first in both byte orders.  [MS-SAMR] 2.2.2.2"""

    size = 8

    def read_inline(self, r: Reader) -> int:
        low = r.u32()
        return low | r.u32() << 32

    def write_inline(self, w: Writer, value: int) -> None:
        w.u32(value & 0xFFFFFFFF)
        w.u32(value >> 32)


class Guid(Codec[UUID]):
    """[MS-DTYP] 2.3.4.1: a long, two shorts and eight bytes."""

    size = 16

    def read_inline(self, r: Reader) -> UUID:
        a, b, c, rest = r.u32(), r.u16(), r.u16(), r.take(8)
        return UUID(fields=(a, b, c, rest[0], rest[1], int.from_bytes(rest[2:], "big")))

    def write_inline(self, w: Writer, value: UUID) -> None:
        w.u32(value.time_low)
        w.u16(value.time_mid)
        w.u16(value.time_hi_version)
        w.put(value.bytes[8:])


class WideString(Codec[str]):
    """A conformant varying UTF-16 string with its NUL: max count, offset, count, units."""

    size = 12

    def read_inline(self, r: Reader) -> str:
        max_count, offset, count = r.u32(), r.u32(), r.count(2)
        if offset or count > max_count:
            raise ProtocolError(f"string counts {max_count}, {offset}, {count}")
        return r.utf16(count).split("\0", 1)[0]

    def write_inline(self, w: Writer, value: str) -> None:
        raw = w.utf16(value + "\0")
        for count in (len(raw) // 2, 0, len(raw) // 2):
            w.count(count)
        w.put(raw)


class Bytes(Codec[bytes]):
    """A conformant array of bytes."""

    def read_inline(self, r: Reader) -> bytes:
        return r.take(r.count())

    def write_inline(self, w: Writer, value: bytes) -> None:
        w.count(len(value))
        w.put(value)


class Pointer(Codec[T | None]):
    """A unique pointer, or an embedded reference pointer, which looks the same."""

    size = 4

    def __init__(self, target: Codec[T]) -> None:
        self.target = target

    def read_inline(self, r: Reader) -> bool:
        return r.referent() != 0

    def read_deferred(self, r: Reader, part: bool) -> T | None:
        return self.target.read(r) if part else None

    def write_inline(self, w: Writer, value: T | None) -> None:
        w.referent(value is not None)

    def write_deferred(self, w: Writer, value: T | None) -> None:
        if value is not None:
            self.target.write(w, value)


class Array(Codec[tuple[T, ...]]):
    """A conformant array; `varying` adds the offset and the actual count."""

    def __init__(self, element: Codec[T], varying: bool = False) -> None:
        self.element = element
        self.varying = varying

    def read_inline(self, r: Reader) -> list[Any]:
        if self.varying:
            max_count, offset, count = r.u32(), r.u32(), r.count(self.element.size)
            if offset or count > max_count:
                raise ProtocolError(f"array counts {max_count}, {offset}, {count}")
        else:
            count = r.count(self.element.size)
        return [self.element.read_inline(r) for _ in range(count)]

    def read_deferred(self, r: Reader, part: list[Any]) -> tuple[T, ...]:
        return tuple([self.element.read_deferred(r, each) for each in part])

    def write_inline(self, w: Writer, value: tuple[T, ...]) -> None:
        w.count(len(value))
        if self.varying:
            w.count(0)
            w.count(len(value))
        for each in value:
            self.element.write_inline(w, each)

    def write_deferred(self, w: Writer, value: tuple[T, ...]) -> None:
        for each in value:
            self.element.write_deferred(w, each)


class Counted(Codec[tuple[T, ...] | None]):
    """The usual container: a count, then a unique pointer to an array of that size."""

    size = 8

    def __init__(self, element: Codec[T]) -> None:
        self.array = Array(element)

    def read_inline(self, r: Reader) -> tuple[int, bool]:
        return r.u32(), r.referent() != 0

    def read_deferred(self, r: Reader, part: tuple[int, bool]) -> tuple[T, ...] | None:
        count, present = part
        values = self.array.read(r) if present else None
        if values is not None and len(values) != count:
            raise ProtocolError(f"array of {len(values)} announced as {count}")
        return values

    def write_inline(self, w: Writer, value: tuple[T, ...] | None) -> None:
        w.u32(len(value or ()))
        w.referent(value is not None)

    def write_deferred(self, w: Writer, value: tuple[T, ...] | None) -> None:
        if value is not None:
            self.array.write(w, value)


@dataclass(frozen=True, slots=True)
class Tagged:
    """The value of a union: the discriminant and its arm, None where the arm is empty."""

    tag: int
    value: Any


class Union(Codec[Tagged]):
    """A union that carries its discriminant.  A tag without an arm has an empty one.

    Whatever the arm, it starts where the most aligned of all arms would.  [C706] 14.3.8
    """

    def __init__(self, tag: Codec[int], arms: Mapping[int, Codec[Any]]) -> None:
        self.tag = tag
        self.arms = arms
        self.align = max(codec.align for codec in (tag, *arms.values()))
        self.size = tag.size

    def read_inline(self, r: Reader) -> tuple[int, Any]:
        r.align(self.align)
        tag = self.tag.read_inline(r)
        arm = self.arms.get(tag)
        if arm is None:
            return tag, None
        r.align(self.align)
        return tag, arm.read_inline(r)

    def read_deferred(self, r: Reader, part: tuple[int, Any]) -> Tagged:
        tag, inline = part
        arm = self.arms.get(tag)
        return Tagged(tag, arm.read_deferred(r, inline) if arm else None)

    def write_inline(self, w: Writer, value: Tagged) -> None:
        w.align(self.align)
        self.tag.write_inline(w, value.tag)
        arm = self.arms.get(value.tag)
        if arm:
            w.align(self.align)
            arm.write_inline(w, value.value)

    def write_deferred(self, w: Writer, value: Tagged) -> None:
        arm = self.arms.get(value.tag)
        if arm:
            arm.write_deferred(w, value.value)


def codecs_of(cls: type[Any]) -> list[tuple[str, Codec[Any]]]:
    """The fields of a protocol dataclass with the codecs their annotations name."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for each in dataclasses.fields(cls):
        codecs = [c for c in get_args(hints[each.name])[1:] if isinstance(c, Codec)]
        if len(codecs) != 1:
            raise TypeError(f"{cls.__name__}.{each.name} names no codec")
        found.append((each.name, codecs[0]))
    return found


class Struct(Codec[T]):
    """A structure, described by the annotations of a dataclass."""

    def __init__(self, cls: type[T]) -> None:
        self.cls = cls
        self.fields = codecs_of(cls)
        self.align = max(codec.align for _, codec in self.fields)
        self.size = sum(codec.size for _, codec in self.fields)

    def read_inline(self, r: Reader) -> list[Any]:
        r.align(self.align)
        return [codec.read_inline(r) for _, codec in self.fields]

    def read_deferred(self, r: Reader, part: list[Any]) -> T:
        pairs = zip(self.fields, part, strict=True)
        return self.cls(*[codec.read_deferred(r, each) for (_, codec), each in pairs])

    def write_inline(self, w: Writer, value: T) -> None:
        w.align(self.align)
        for name, codec in self.fields:
            codec.write_inline(w, getattr(value, name))

    def write_deferred(self, w: Writer, value: T) -> None:
        for name, codec in self.fields:
            codec.write_deferred(w, getattr(value, name))


class Parameters(Generic[T]):
    """The parameters of one direction of a call: each is a construct of its own."""

    def __init__(self, cls: type[T]) -> None:
        self.cls = cls
        self.fields = codecs_of(cls)

    def read(self, r: Reader) -> T:
        """Reads a request stub: `ProtocolError` if it does not decode."""
        return self.cls(*[codec.read(r) for _, codec in self.fields])

    def write(self, w: Writer, value: T) -> None:
        for name, codec in self.fields:
            codec.write(w, getattr(value, name))


def pack_stub(cls: type[T], value: T, order: ByteOrder = "little") -> bytes:
    """The stub of one set of parameters."""
    w = Writer(order)
    Parameters(cls).write(w, value)
    return bytes(w.data)


BYTE = Integer(1)
SHORT = Integer(2)
LONG = Integer(4)
HYPER = Integer(8)
STRING = WideString()

U8: TypeAlias = Annotated[int, BYTE]
U16: TypeAlias = Annotated[int, SHORT]
U32: TypeAlias = Annotated[int, LONG]
U64: TypeAlias = Annotated[int, HYPER]
Uuid: TypeAlias = Annotated[UUID, Guid()]
String: TypeAlias = Annotated[str, STRING]
StringPtr: TypeAlias = Annotated[str | None, Pointer(STRING)]
LongPtr: TypeAlias = Annotated[int | None, Pointer(LONG)]
