# SPDX-License-Identifier: GPL-2.0-only
"""The Python messages are the kernel header's structs, and decode nothing else."""

import dataclasses
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.shared import abi
from ksmbd.shared.errors import ProtocolError

HEADER = Path(__file__).parents[2] / "kernel" / "ipc" / "abi.h"

LAYOUTS = {m.LAYOUT.c_name: m.LAYOUT for m in abi.MESSAGES.values()}

# What stock modules and tools use, as measured; independent of our header.
SIZES = {
    "ksmbd_heartbeat": 4,
    "ksmbd_startup_request": 744,
    "ksmbd_shutdown_request": 64,
    "ksmbd_login_request": 116,
    "ksmbd_login_response": 148,
    "ksmbd_login_response_ext": 136,
    "ksmbd_share_config_request": 132,
    "ksmbd_share_config_response": 536,
    "ksmbd_tree_connect_request": 264,
    "ksmbd_tree_connect_response": 72,
    "ksmbd_tree_disconnect_request": 80,
    "ksmbd_logout_request": 116,
    "ksmbd_rpc_command": 12,
    "ksmbd_spnego_authen_request": 8,
    "ksmbd_spnego_authen_response": 156,
}

little = pytest.mark.skipif(sys.byteorder == "big", reason="captured on a little-endian machine")


def zeros(size: int, **at: bytes) -> bytes:
    """`size` zero bytes with some of them set: x0210=b"\\x01" puts a 1 at 0x210."""
    data = bytearray(size)
    for where, value in at.items():
        offset = int(where[1:], 16)
        data[offset : offset + len(value)] = value
    assert size == len(data)
    return bytes(data)


STARTUP = abi.StartupRequest(
    flags=abi.GlobalFlag(0),
    signing=abi.Signing.AUTO,
    min_prot="",
    max_prot="",
    netbios_name="KS",
    work_group="WG",
    server_string="SMB SERVER",
    tcp_port=445,
    ipc_timeout=0,
    deadtime=0,
    file_max=10000,
    smb2_max_write=0,
    smb2_max_read=0,
    smb2_max_trans=0,
    share_fake_fscaps=64,
    sub_auth=(0xAD28BFB9, 0x34C5B782, 0x5DFB99C3),
    smb2_max_credits=0,
    smbd_max_io_size=0,
    max_connections=256,
    bind_interfaces_only=False,
    max_ip_connections=32,
)

LOGIN = abi.LoginResponse(
    handle=0,
    status=abi.UserStatus.OK,
    uid=1500,
    gid=1500,
    account="alice",
    hash=bytes.fromhex("878d8014606cda29677a44efa1353fc7"),
)

PRIV = abi.ShareConfigResponse(
    handle=0,
    flags=abi.ShareFlag(0x82C7),
    create_mask=0o744,
    directory_mask=0o755,
    force_uid=abi.NO_FORCED_ID,
    force_gid=abi.NO_FORCED_ID,
    share_name="priv",
    path="/srv/s",
)

MASKS = bytes.fromhex("e401ed0100000000ffffffff")

# Captures from live stock halves.
CAPTURES = [
    (
        STARTUP,
        zeros(
            744,
            x04=b"\x02",
            x28=b"KS",
            x38=b"WG",
            x78=b"SMB SERVER",
            xb8=bytes.fromhex("bd010000"),
            xc0=bytes.fromhex("10270000"),
            xd0=bytes.fromhex("40000000b9bf28ad82b7c534c399fb5d"),
            xe8=bytes.fromhex("000100000020000000"),
        ),
    ),
    (
        dataclasses.replace(STARTUP, interfaces=("lo", "eth9"), bind_interfaces_only=True),
        zeros(
            752,
            x04=b"\x02",
            x28=b"KS",
            x38=b"WG",
            x78=b"SMB SERVER",
            xb8=bytes.fromhex("bd010000"),
            xc0=bytes.fromhex("10270000"),
            xd0=bytes.fromhex("40000000b9bf28ad82b7c534c399fb5d"),
            xe8=bytes.fromhex("000100000120000000"),
            x2e4=bytes.fromhex("08000000") + b"lo\0eth9\0",
        ),
    ),
    (
        abi.LoginRequest(handle=0, account="alice"),
        zeros(116, x04=b"alice"),
    ),
    (
        LOGIN,
        zeros(
            148,
            x04=bytes.fromhex("dc050000dc050000616c696365"),
            x3c=bytes.fromhex("01001000878d8014606cda29677a44efa1353fc7"),
        ),
    ),
    (
        abi.LoginResponse(
            handle=0,
            status=abi.UserStatus.OK | abi.UserStatus.GUEST_ACCOUNT,
            uid=65534,
            gid=65534,
        ),
        zeros(148, x04=bytes.fromhex("feff0000feff0000"), x3c=b"\x11"),
    ),
    (
        abi.LoginResponseExt(handle=0, groups=(2001, 2002)),
        zeros(144, x04=b"\x02", x88=bytes.fromhex("d1070000d2070000")),
    ),
    (
        abi.ShareConfigRequest(handle=0, share_name="ipc$"),
        zeros(132, x04=b"ipc$"),
    ),
    (
        dataclasses.replace(PRIV, flags=abi.ShareFlag(0x83C3), share_name="ipc$", path=""),
        zeros(537, x04=bytes.fromhex("c3830000"), x08=MASKS, x14=b"ipc$", x210=b"\x01"),
    ),
    (
        PRIV,
        zeros(
            543,
            x04=bytes.fromhex("c7820000"),
            x08=MASKS,
            x14=b"priv",
            x210=b"\x07",
            x218=b"/srv/s",
        ),
    ),
    (
        dataclasses.replace(
            PRIV,
            flags=abi.ShareFlag(0x82D7),
            share_name="pub",
            path="/srv/s/pub",
            veto=("*.tmp", ".DS_Store"),
        ),
        zeros(
            564,
            x04=bytes.fromhex("d7820000"),
            x08=MASKS,
            x14=b"pub",
            x210=b"\x1c\0\0\0\x10",
            x218=b"*.tmp\0.DS_Store\0\0/srv/s/pub",
        ),
    ),
    (
        dataclasses.replace(
            PRIV,
            flags=abi.ShareFlag.AVAILABLE | abi.ShareFlag.SNAPSHOTS,
            snapshots=(".snap", "%Y%m%d"),
        ),
        zeros(
            556,
            x04=bytes.fromhex("01000010"),
            x08=MASKS,
            x14=b"priv",
            x210=b"\x14",
            x218=b"/srv/s\0.snap\0%Y%m%d",
        ),
    ),
    (
        dataclasses.replace(
            PRIV,
            flags=abi.ShareFlag.AVAILABLE | abi.ShareFlag.SNAPSHOTS | abi.ShareFlag.APPLE,
            snapshots=(".snap", "%Y%m%d"),
            model="Xserve",
        ),
        zeros(
            563,
            x04=bytes.fromhex("01000018"),
            x08=MASKS,
            x14=b"priv",
            x210=b"\x1b",
            x218=b"/srv/s\0.snap\0%Y%m%d\0Xserve",
        ),
    ),
    (
        dataclasses.replace(
            PRIV,
            flags=abi.ShareFlag.AVAILABLE | abi.ShareFlag.APPLE | abi.ShareFlag.RECYCLE,
            model="Xserve",
            recycle=(".recycle/%U", "tv", "*.tmp/~$*"),
        ),
        zeros(
            575,
            x04=bytes.fromhex("0100000a"),
            x08=MASKS,
            x14=b"priv",
            x210=b"\x27",
            x218=b"/srv/s\0Xserve\0.recycle/%U\0tv\0*.tmp/~$*",
        ),
    ),
    (abi.ShareConfigResponse(handle=0), bytes(536)),
    (
        abi.TreeConnectRequest(
            handle=0,
            account_flags=abi.UserStatus.OK,
            flags=abi.TreeRequestFlag.IPV6 | abi.TreeRequestFlag.SMB2,
            session_id=1,
            connect_id=1,
            account="alice",
            share="ipc$",
            peer_addr="0000:0000:0000:0000:0000:ffff:7f00:0001",
        ),
        zeros(
            264,
            x04=b"\x01\x00\x03",
            x08=b"\x01",
            x10=b"\x01",
            x18=b"alice",
            x48=b"ipc$",
            x88=b"0000:0000:0000:0000:0000:ffff:7f00:0001",
        ),
    ),
    (
        abi.TreeConnectResponse(0, abi.TreeStatus.OK, abi.TreeFlag.WRITABLE),
        zeros(72, x06=b"\x04"),
    ),
    (abi.TreeConnectResponse(0, abi.TreeStatus.ERROR), zeros(72, x04=b"\x09")),
    (abi.TreeDisconnectRequest(1, 1), zeros(80, x00=b"\x01", x08=b"\x01")),
    (
        abi.LogoutRequest("alice", abi.UserStatus.OK | abi.UserStatus.BAD_PASSWORD),
        zeros(116, x00=b"alice", x30=b"\x03"),
    ),
    (
        abi.RpcRequest(0, abi.RpcMethod.OPEN | abi.RpcMethod.SRVSVC),
        bytes.fromhex("000000001200000000000000"),
    ),
    (abi.RpcResponse(0, abi.RpcStatus.OK, b"\x05"), bytes.fromhex("00000000000000000100000005")),
    (
        abi.SpnegoAuthenResponse(
            handle=7,
            login_response=dataclasses.replace(LOGIN, handle=7),
            session_key=bytes(range(16)),
            spnego_blob=b"\xa1\x00",
        ),
        zeros(
            174,
            x00=b"\x07\0\0\0\x07",
            x08=bytes.fromhex("dc050000dc050000616c696365"),
            x40=bytes.fromhex("01001000878d8014606cda29677a44efa1353fc7"),
            x98=bytes.fromhex("10000200") + bytes(range(16)) + b"\xa1",
        ),
    ),
]


def test_every_event_has_a_message_and_every_message_a_known_size() -> None:
    assert set(abi.Event) == set(abi.MESSAGES)
    assert {name: layout.size for name, layout in LAYOUTS.items()} == SIZES


@little
@pytest.mark.parametrize(("message", "data"), CAPTURES)
def test_a_message_has_the_bytes_that_were_captured(message: abi.Message, data: bytes) -> None:
    assert data == message.pack()
    assert message == type(message).unpack(data)


@little
def test_the_surplus_bytes_of_the_kernel_are_ignored_where_it_sends_them() -> None:
    ioctl = bytes.fromhex("000000000b00000004000000") + b"\5\0\x0b\3" + b"\0"
    spnego = bytes.fromhex("00000000040060820102000000")

    assert abi.RpcRequest(0, abi.RpcMethod(0x0B), b"\5\0\x0b\3") == abi.RpcRequest.unpack(ioctl)
    assert abi.SpnegoAuthenRequest(0, b"\x60\x82\1\2") == abi.SpnegoAuthenRequest.unpack(spnego)


@pytest.mark.parametrize(("message", "data"), CAPTURES)
def test_a_message_cut_anywhere_is_a_protocol_error(message: abi.Message, data: bytes) -> None:
    for size in range(len(message.pack())):
        with pytest.raises(ProtocolError):
            type(message).unpack(message.pack()[:size])


@pytest.mark.parametrize("message", sorted(set(abi.MESSAGES.values()), key=lambda m: m.__name__))
@given(data=st.data())
def test_any_bytes_decode_or_are_a_protocol_error(
    message: type[abi.Message], data: st.DataObject
) -> None:
    size = message.LAYOUT.size
    raw = data.draw(st.binary(max_size=size + 8) | st.binary(min_size=size, max_size=size))
    try:
        value = message.unpack(raw)
    except ProtocolError:
        return
    assert value == message.unpack(value.pack())


names = st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"))


@given(account=names, handle=st.integers(0, 2**32 - 1))
def test_a_name_fits_with_its_nul_or_is_refused(account: str, handle: int) -> None:
    message = abi.LoginRequest(handle, account)
    if len(account.encode()) <= 47:
        assert message == abi.LoginRequest.unpack(message.pack())
    else:
        with pytest.raises(ProtocolError):
            message.pack()


@pytest.mark.parametrize(
    "message",
    [
        abi.LoginRequest(-1, "x"),
        abi.LoginRequest(2**32, "x"),
        abi.LoginRequest(0, "a\0b"),
        abi.LoginRequest(0, "\ud800"),
        dataclasses.replace(LOGIN, hash=bytes(19)),
        dataclasses.replace(STARTUP, interfaces=("",)),
        dataclasses.replace(STARTUP, tcp_port=65536),
        dataclasses.replace(PRIV, path="/a\0b"),
        dataclasses.replace(PRIV, path="\ud800"),
        dataclasses.replace(PRIV, force_uid=65536),
        abi.LoginResponseExt(0, (-1,)),
        abi.SpnegoAuthenResponse(0, LOGIN, bytes(65536)),
    ],
)
def test_a_value_without_room_is_a_protocol_error(message: abi.Message) -> None:
    with pytest.raises(ProtocolError):
        message.pack()


def test_lengths_that_disagree_with_the_message_are_protocol_errors() -> None:
    share = bytearray(PRIV.pack())
    struct.pack_into("=I", share, 532, 7)  # veto_list_sz swallows the path
    login = bytearray(LOGIN.pack())
    struct.pack_into("=H", login, 62, 19)  # hash_sz beyond the array
    groups = bytearray(abi.LoginResponseExt(0, (1,)).pack())
    struct.pack_into("=i", groups, 4, -1)

    for kind, data in (
        (abi.ShareConfigResponse, share),
        (abi.LoginResponse, login),
        (abi.LoginResponseExt, groups),
    ):
        with pytest.raises(ProtocolError):
            kind.unpack(bytes(data))


def test_a_hash_is_not_in_the_text_of_a_message() -> None:
    assert "878d" not in repr(LOGIN)
    assert repr(LOGIN.hash) not in repr(LOGIN)


def layout_of_the_header(tmp_path: Path) -> dict[str, tuple[int, dict[str, int]]]:
    """Sizes and offsets as the C compiler sees them."""
    lines = []
    for name, layout in LAYOUTS.items():
        lines.append(f'printf("{name} . %zu\\n", sizeof(struct {name}));')
        lines += [
            f'printf("{name} {m.name} %zu\\n", offsetof(struct {name}, {m.name}));'
            for m in layout.members
            if not m.name.startswith("(") and m.name != "reserved"
        ]
    source = tmp_path / "abi.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n#include <linux/types.h>\n"
        f'#include "{HEADER}"\nint main(void) {{ {chr(10).join(lines)} return 0; }}\n'
    )
    program = tmp_path / "abi"
    compiled = subprocess.run(
        ["cc", "-Wall", "-Werror", "-o", program, source],
        check=False,
        capture_output=True,
        text=True,
    )
    assert compiled.returncode == 0, compiled.stderr
    out = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    found: dict[str, tuple[int, dict[str, int]]] = {}
    for struct_name, member, value in (line.split() for line in out.splitlines()):
        if member == ".":
            found[struct_name] = (int(value), {})
        else:
            found[struct_name][1][member] = int(value)
    return found


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_layouts_are_those_of_the_kernel_header(tmp_path: Path) -> None:
    expected = layout_of_the_header(tmp_path)
    actual = {
        name: (layout.size, {m: layout.offsets[m] for m in expected[name][1]})
        for name, layout in LAYOUTS.items()
    }
    assert expected == actual
