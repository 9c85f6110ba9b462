# SPDX-License-Identifier: GPL-2.0-only
"""C structs as Python values: the layout, and the dataclasses that follow it.

`ksmbd.shared.abi` declares the structs; nothing here knows one of them.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from typing import Any, ClassVar, Self

from ksmbd.shared.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a C struct; `code` is its struct-module format.

    `value` is the Python field it is kept in, or None for padding and reserved
    space, which is zero on sending and ignored on reception.
    """

    name: str
    code: str
    value: str | None


class Layout:
    """A C struct: its members with their offsets, and its size."""

    def __init__(self, c_name: str, *members: Field) -> None:
        self.c_name = c_name
        self.members = members
        self.offsets: dict[str, int] = {}
        offset = 0
        for member in members:
            self.offsets[member.name] = offset
            offset += struct.calcsize("=" + member.code)
        self.size = offset
        self._format = struct.Struct(
            "=" + "".join(m.code if m.value else f"{_width(m)}x" for m in members)
        )

    def pack(self, values: Mapping[str, object]) -> bytes:
        """The struct's bytes; raises ProtocolError for a value that has no room."""
        ordered: list[object] = []
        for member in self.members:
            if member.value is None:
                continue
            value = values[member.value]
            if isinstance(value, tuple):
                ordered.extend(value)
            elif isinstance(value, str):
                ordered.append(self._text_bytes(member, value))
            else:
                if isinstance(value, bytes) and len(value) > _width(member):
                    raise self._error(f"{member.name} has {len(value)} bytes")
                ordered.append(value)
        try:
            return self._format.pack(*ordered)
        except struct.error as e:
            raise self._error(str(e)) from e

    def unpack(self, data: bytes) -> Iterator[object]:
        """The values of the named members, in order, from the first bytes of `data`."""
        if len(data) < self.size:
            raise self._error(f"{len(data)} bytes, its size is {self.size}")
        return iter(self._format.unpack_from(data))

    def text(self, member: Field, raw: bytes) -> str:
        """A NUL-terminated char array as text."""
        text, nul, _ = raw.partition(b"\0")
        if not nul:
            raise self._error(f"{member.name} does not end")
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as e:
            raise self._error(f"{member.name} is not UTF-8") from e

    def exactly(self, data: bytes, size: int) -> None:
        """Raises ProtocolError unless `data` is `size` bytes long."""
        if len(data) != size:
            raise self._error(f"{len(data)} bytes instead of {size}")

    def _text_bytes(self, member: Field, value: str) -> bytes:
        try:
            raw = value.encode("utf-8")
        except UnicodeEncodeError as e:
            raise self._error(f"{member.name} is not Unicode text") from e
        if b"\0" in raw:
            raise self._error(f"{member.name} has a NUL inside")
        if len(raw) >= _width(member):
            raise self._error(f"{member.name} has {len(raw)} bytes, room is {_width(member) - 1}")
        return raw

    def _error(self, what: str) -> ProtocolError:
        return ProtocolError(f"{self.c_name}: {what}")


def _width(member: Field) -> int:
    return struct.calcsize("=" + member.code)


def u16(name: str) -> Field:
    """A __u16."""
    return Field(name, "H", name)


def u32(name: str) -> Field:
    """A __u32."""
    return Field(name, "I", name)


def s32(name: str) -> Field:
    """A __s32."""
    return Field(name, "i", name)


def u64(name: str) -> Field:
    """A __u64."""
    return Field(name, "Q", name)


def text(name: str, width: int) -> Field:
    """A char array, NUL-terminated if its Python field is a str."""
    return Field(name, f"{width}s", name)


def hidden(name: str, code: str) -> Field:
    """Padding or reserved space."""
    return Field(name, code, None)


class Message:
    """What all messages share: a LAYOUT, and dataclass fields of the same names.

    A `str` field is a NUL-terminated char array, a `bytes` field a char array
    taken whole, an enum field its integer.  Messages with a variable part
    override `pack` and `unpack` and use the two protected halves.
    """

    __slots__ = ()
    LAYOUT: ClassVar[Layout]

    def pack(self) -> bytes:
        """The message as the kernel expects it."""
        return self._pack_fixed()

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The message in `data`, which must have exactly the struct's size."""
        cls.LAYOUT.exactly(data, cls.LAYOUT.size)
        return cls(**cls._unpack_fixed(data))

    def _pack_fixed(self, **computed: int) -> bytes:
        values: dict[str, object] = {name: getattr(self, name) for name in _kinds(type(self))}
        values.update(computed)
        return self.LAYOUT.pack(values)

    @classmethod
    def _unpack_fixed(cls, data: bytes) -> dict[str, Any]:
        kinds = _kinds(cls)
        values: dict[str, Any] = {}
        raw = cls.LAYOUT.unpack(data)
        for member in cls.LAYOUT.members:
            if member.value is None:
                continue
            kind = kinds.get(member.value, int)
            if kind is str:
                values[member.value] = cls.LAYOUT.text(member, as_bytes(next(raw)))
            elif kind is bytes:
                values[member.value] = as_bytes(next(raw))
            elif member.code[:-1]:
                values[member.value] = tuple(next(raw) for _ in range(int(member.code[:-1])))
            elif isinstance(kind, type) and issubclass(kind, IntEnum):
                values[member.value] = _as_enum(kind, next(raw), cls.LAYOUT.c_name)
            elif isinstance(kind, type) and issubclass(kind, IntFlag):
                values[member.value] = kind(as_int(next(raw)))
            else:
                values[member.value] = next(raw)
        return values


_kinds_of: dict[type[Message], Mapping[str, Any]] = {}


def _kinds(cls: type[Message]) -> Mapping[str, Any]:
    """The types of a message's fields, by name; looked up once."""
    if cls not in _kinds_of:
        _kinds_of[cls] = {f.name: f.type for f in fields(cls)}  # type: ignore[arg-type]
    return _kinds_of[cls]


def as_bytes(value: object) -> bytes:
    """`value`, which the layout says is a char array."""
    if not isinstance(value, bytes):
        raise TypeError(f"{value!r} is not a char array")
    return value


def _as_enum(kind: type[IntEnum], value: object, c_name: str) -> IntEnum:
    try:
        return kind(as_int(value))
    except ValueError as e:
        raise ProtocolError(f"{c_name}: {value} is no {kind.__name__}") from e


def as_int(value: object) -> int:
    """`value`, which the layout says is an integer."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not an integer")
    return value
