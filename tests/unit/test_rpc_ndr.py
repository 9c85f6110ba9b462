# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.mountd.rpc import lsarpc_types, samr_types, srvsvc_types, wkssvc
from ksmbd.mountd.rpc.dtyp import RpcSid, Sid, UnicodeString
from ksmbd.mountd.rpc.ndr import (
    LONG,
    SHORT,
    STRING,
    U8,
    U16,
    U32,
    U64,
    Array,
    Bytes,
    Counted,
    Guid,
    OldLargeInteger,
    Parameters,
    Pointer,
    Reader,
    StringPtr,
    Struct,
    Tagged,
    Union,
    Writer,
    pack_stub,
)
from ksmbd.mountd.rpc.services import INTERFACES
from ksmbd.shared.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Mixed:
    byte: U8
    hyper: U64
    short: U16
    long: U32


@dataclass(frozen=True, slots=True)
class Row:
    name: StringPtr
    number: U32


@dataclass(frozen=True, slots=True)
class Outer:
    rows: Annotated[tuple[Row, ...] | None, Counted(Struct(Row))]
    last: StringPtr


def written(codec, value, order="little"):
    w = Writer(order)
    codec.write(w, value)
    return bytes(w.data)


def long(value):
    return value.to_bytes(4, "little")


def wide(text):
    raw = (text + "\0").encode("utf-16-le")
    return long(len(raw) // 2) + long(0) + long(len(raw) // 2) + raw


def test_primitives_align_to_their_size():
    reader = Reader(b"\xff" + b"\0" * 3 + b"\x07\0\0\0", pos=1)

    assert reader.u32() == 7


def test_a_structure_aligns_its_members_and_itself():
    raw = written(Struct(Mixed), Mixed(1, 2, 3, 4))

    assert len(raw) == 24
    assert Mixed(1, 2, 3, 4) == Struct(Mixed).read(Reader(raw))


def test_the_other_byte_order_is_read_and_written():
    raw = written(Struct(Mixed), Mixed(1, 2, 3, 4), "big")

    assert bytes([1, *bytes(7), *bytes(7), 2, 0, 3, 0, 0, 0, 0, 0, 4]) == raw
    assert Mixed(1, 2, 3, 4) == Struct(Mixed).read(Reader(raw, order="big"))


def test_referents_follow_the_outermost_construct_depth_first():
    raw = written(Struct(Outer), Outer((Row("ab", 1), Row(None, 2), Row("c", 3)), "z"))

    expected = long(3) + long(0x20000) + long(0x20004)
    expected += long(3) + long(0x20008) + long(1) + long(0) + long(2) + long(0x2000C) + long(3)
    expected += wide("ab") + b"\0\0" + wide("c") + wide("z")
    assert expected == raw


def test_what_was_written_reads_back():
    value = Outer((Row("ab", 1), Row(None, 2)), None)

    assert value == Struct(Outer).read(Reader(written(Struct(Outer), value)))


def test_each_parameter_is_a_construct_of_its_own():
    raw = pack_stub(Row, Row("a", 7))

    assert long(0x20000) + wide("a") + long(7) == raw
    assert Row("a", 7) == Parameters(Row).read(Reader(raw))


def test_a_union_arm_starts_where_the_widest_would():
    union = Union(SHORT, {1: SHORT, 2: LONG})

    assert bytes([1, 0, 0, 0, 9, 0]) == written(union, Tagged(1, 9))
    assert Tagged(1, 9) == union.read(Reader(bytes([1, 0, 0, 0, 9, 0])))


def test_a_tag_without_an_arm_is_empty():
    union = Union(LONG, {1: LONG})

    assert Tagged(5, None) == union.read(Reader(long(5)))
    assert long(5) == written(union, Tagged(5, None))


@pytest.mark.parametrize("size", range(16))
def test_a_string_cut_anywhere_is_a_protocol_error(size):
    with pytest.raises(ProtocolError):
        STRING.read(Reader(wide("a")[:size]))


@pytest.mark.parametrize(
    "raw",
    [
        long(1) + long(0) + long(2) + b"a\0b\0",
        long(2) + long(1) + long(1) + b"a\0",
        long(1) + long(0) + long(1) + b"\0\xd8",
        long(0xFFFFFFFF) + long(0) + long(0xFFFFFFFF),
    ],
)
def test_what_is_no_string(raw):
    with pytest.raises(ProtocolError):
        STRING.read(Reader(raw))


def test_what_utf16_cannot_carry_does_not_fail_the_answer():
    assert STRING.read(Reader(written(STRING, "a\udc80"))) == "a?"


@pytest.mark.parametrize("count", [2, 0xFFFFFFFF])
def test_an_array_longer_than_the_stub_is_refused_before_it_is_made(count):
    with pytest.raises(ProtocolError, match="announced"):
        Array(LONG).read(Reader(long(count) + long(1)))


def test_a_container_that_contradicts_its_count():
    with pytest.raises(ProtocolError):
        Counted(LONG).read(Reader(long(2) + long(1) + long(1) + long(5)))


def test_a_length_without_an_array_is_no_array():
    assert Counted(LONG).read(Reader(long(2) + long(0))) is None


@pytest.mark.parametrize(
    "raw", [b"\x03\0\x04\0", b"\x04\0\x02\0", b"\x04\0\x04\0\1\0\0\0" + long(2)]
)
def test_a_counted_string_that_contradicts_itself(raw):
    with pytest.raises(ProtocolError):
        UnicodeString().read(Reader(raw + bytes(12)))


def test_a_large_string_has_room_for_a_nul():
    raw = written(UnicodeString(room=True), "ab")

    assert raw[:4] == b"\x04\0\x06\0"
    assert long(3) + long(0) + long(2) == raw[8:20]
    assert UnicodeString().read(Reader(raw)) == "ab"


@pytest.mark.parametrize("head", [long(1) + b"\2\1", long(2) + b"\1\1", long(16) + b"\1\x10"])
def test_what_is_no_sid(head):
    with pytest.raises(ProtocolError):
        RpcSid().read(Reader(head + bytes(80)))


def test_an_old_large_integer_has_its_low_half_first_in_both_orders():
    assert bytes([0, 0, 0, 1, 0, 0, 0, 0]) == written(OldLargeInteger(), 1, "big")


@dataclass(frozen=True, slots=True)
class NoCodec:
    number: int


def test_a_field_without_a_codec_is_found_when_it_is_described():
    with pytest.raises(TypeError, match=r"NoCodec\.number"):
        Struct(NoCodec)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_reads_back(text):
    for order in ("little", "big"):
        assert text == STRING.read(Reader(written(STRING, text, order), order=order))


@given(
    st.integers(0, (1 << 48) - 1),
    st.lists(st.integers(0, 0xFFFFFFFF), max_size=15),
    st.sampled_from(["little", "big"]),
)
def test_any_sid_reads_back(authority, subs, order):
    sid = Sid(authority, tuple(subs))

    assert sid == RpcSid().read(Reader(written(RpcSid(), sid, order), order=order))
    assert sid == Sid.parse(str(sid))


@given(st.uuids(), st.sampled_from(["little", "big"]))
def test_any_guid_reads_back(value: UUID, order):
    assert value == Guid().read(Reader(written(Guid(), value, order), order=order))


@given(st.binary(max_size=400), st.sampled_from(["little", "big"]))
def test_any_bytes_decode_or_are_a_protocol_error(data, order):
    for interface in INTERFACES:
        for operation in interface.operations.values():
            for parameters in (operation.takes, operation.gives):
                try:
                    parameters.read(Reader(data, order=order))
                except ProtocolError:
                    continue


@pytest.mark.parametrize(
    "value",
    [
        srvsvc_types.ShareInfoIn("\\\\KS", "data", 1),
        srvsvc_types.ShareEnumIn(
            None, Tagged(1, srvsvc_types.Container((srvsvc_types.ShareInfo1("a", 0, "b"),))), 9, 0
        ),
        wkssvc.GetInfoIn("x", 100),
        samr_types.LookupNamesIn(bytes(20), 2, ("a", None)),
        lsarpc_types.LookupSidsIn(bytes(20), (lsarpc_types.SidBox(Sid(5, (18,))),), None, 1, 0),
    ],
)
def test_every_prefix_of_a_request_is_a_protocol_error(value):
    raw = pack_stub(type(value), value)

    assert value == Parameters(type(value)).read(Reader(raw))
    for size in range(len(raw)):
        with pytest.raises(ProtocolError):
            Parameters(type(value)).read(Reader(raw[:size]))


def test_bytes_and_null_pointers():
    assert Bytes().read(Reader(long(3) + b"abc")) == b"abc"
    assert Pointer(LONG).read(Reader(long(0))) is None
