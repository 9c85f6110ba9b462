# SPDX-License-Identifier: GPL-2.0-only
"""PDUs captured from Samba's client library, in both byte orders."""

from __future__ import annotations

import struct

import pytest
from ksmbd.mountd.rpc.pdu import PacketType
from ksmbd.mountd.rpc.pipe import Pipes
from ksmbd.mountd.rpc.services import INTERFACES
from ksmbd.shared.abi import RpcStatus
from ksmbd.tests.unit.rpc_support import environment

BIND = {
    "little": (
        "05000b03100000007400000001000000d016d01600000000020000000000"
        "0100c84f324b7016d30112785a47bf6ee18803000000045d888aeb1cc911"
        "9fe808002b1048600200000001000100c84f324b7016d30112785a47bf6e"
        "e188030000002c1cb76c12984045030000000000000001000000"
    ),
    "big": (
        "05000b0300000000007400000000000116d016d000000000020000000000"
        "01004b324fc8167001d312785a47bf6ee188000000038a885d041ceb11c9"
        "9fe808002b10486000000002000101004b324fc8167001d312785a47bf6e"
        "e188000000036cb71c2c98124540030000000000000000000001"
    ),
}
SHARE_ENUM = {
    "little": (
        "0500000310000000600000000d0000004800000000000f00000002000c00"
        "0000000000000c0000005c005c003100320037002e0030002e0030002e00"
        "310000000000000000000000040002000000000000000000ffffffff0800"
        "020000000000"
    ),
    "big": (
        "0500000300000000006000000000000d000000480000000f000200000000"
        "000c000000000000000c005c005c003100320037002e0030002e0030002e"
        "003100000000000000000000000200040000000000000000ffffffff0002"
        "000800000000"
    ),
}
SERVER_INFO = {
    "little": (
        "0500000310000000440000002e0000002c00000000001500000002000c00"
        "0000000000000c0000005c005c003100320037002e0030002e0030002e00"
        "3100000064000000"
    ),
    "big": (
        "0500000300000000004400000000002e0000002c00000015000200000000"
        "000c000000000000000c005c005c003100320037002e0030002e0030002e"
        "0031000000000064"
    ),
}


@pytest.fixture(params=["little", "big"])
def order(request):
    return request.param


def answer(pipes, captured):
    status, data = pipes.ioctl(0, bytes.fromhex(captured))
    assert status == RpcStatus.OK
    return data


def bound(order):
    pipes = Pipes(environment(), INTERFACES)
    pipes.open(0, "srvsvc")
    return pipes, answer(pipes, BIND[order])


def longs(order, data):
    mark = "<" if order == "little" else ">"
    return list(struct.unpack(f"{mark}{len(data) // 4}I", data))


def test_the_bind_is_accepted_and_its_features_acknowledged(order):
    _, ack = bound(order)
    mark = "<" if order == "little" else ">"

    assert ack[2] == PacketType.BIND_ACK
    assert struct.unpack_from(f"{mark}HH", ack, 44) == (0, 0)
    assert struct.unpack_from(f"{mark}HH", ack, 68) == (3, 0)
    assert struct.unpack_from(f"{mark}I", ack, 64)[0] == 2
    assert len(ack) == 92


def test_the_shares_of_level_0(order):
    pipes, _ = bound(order)
    response = answer(pipes, SHARE_ENUM[order])
    encoding = "utf-16-le" if order == "little" else "utf-16-be"
    head = longs(order, response[24 : 24 + 36])

    assert head == [0, 0, 0x20000, 3, 0x20004, 3, 0x20008, 0x2000C, 0x20010]
    assert "Büro\0".encode(encoding) in response
    assert longs(order, response[-16:]) == [3, 0x20014, 0, 0]


def test_the_server_in_its_smallest_form(order):
    pipes, _ = bound(order)
    response = answer(pipes, SERVER_INFO[order])
    encoding = "utf-16-le" if order == "little" else "utf-16-be"

    assert longs(order, response[24:52]) == [100, 0x20000, 500, 0x20004, 3, 0, 3]
    assert "KS\0".encode(encoding) == response[52:58]
    assert longs(order, response[-4:])[0] == 0


@pytest.mark.parametrize("captured", [BIND, SHARE_ENUM, SERVER_INFO])
def test_every_prefix_waits(order, captured):
    whole = bytes.fromhex(captured[order])
    for size in range(len(whole)):
        pipes, _ = bound(order)
        assert pipes.write(0, whole[:size]) == RpcStatus.OK
        assert pipes.read(0) == (RpcStatus.EBAD_DATA, b"")
