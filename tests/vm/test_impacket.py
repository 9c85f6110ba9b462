# SPDX-License-Identifier: GPL-2.0-only
"""impacket: a third client, and DCE/RPC on the named pipes."""

from __future__ import annotations

import io
import ntpath
from collections.abc import Iterator
from typing import Any

import pytest
from impacket.dcerpc.v5 import rpcrt, srvs, transport, wkst
from impacket.smbconnection import SMBConnection
from server import PASSWORD, Server

DIALECTS = {"2.0.2": 0x0202, "2.1": 0x0210, "3.0": 0x0300, "3.1.1": 0x0311}


def connect(server: Server, dialect: int = 0x0311) -> SMBConnection:
    connection = SMBConnection(
        "127.0.0.1", "127.0.0.1", sess_port=server.vm.smb_port, preferredDialect=dialect, timeout=30
    )
    connection.login("user1", PASSWORD)
    return connection


@pytest.fixture(params=DIALECTS.values(), ids=DIALECTS.keys())
def connection(request: pytest.FixtureRequest, server: Server, share: str) -> Iterator[Any]:
    connection = connect(server, request.param)
    yield connection
    connection.close()


def test_the_dialect_is_the_one_asked_for(connection: Any, request: Any) -> None:
    assert connection.getDialect() == request.node.callspec.params["connection"]
    assert not connection.isGuestSession()


def test_files_come_and_go(connection: Any, server: Server) -> None:
    data = bytes(range(256)) * 3000
    connection.createDirectory("share", "dir")
    connection.putFile("share", "dir\\up", io.BytesIO(data).read)
    down = io.BytesIO()
    connection.getFile("share", "dir\\up", down.write)
    assert down.getvalue() == data
    connection.rename("share", "dir\\up", "dir\\new")
    listed = {
        entry.get_longname(): entry.get_filesize()
        for entry in connection.listPath("share", ntpath.join("dir", "*"))
    }
    assert listed["new"] == len(data)
    assert {".", "..", "new"} == set(listed)
    connection.deleteFile("share", "dir\\new")
    connection.deleteDirectory("share", "dir")
    assert server.vm.run(["ls", "/srv/share"]).out == ""


def test_shares_are_listed(connection: Any) -> None:
    listed = {entry["shi1_netname"][:-1]: entry["shi1_remark"][:-1]
              for entry in connection.listShares()}  # fmt: skip
    assert listed["share"] == "the ordinary one"
    assert "hidden" not in listed
    assert "IPC$" in {name.upper() for name in listed}


@pytest.fixture
def pipe(server: Server) -> Iterator[Any]:
    connection = connect(server)
    handles: list[Any] = []

    def bind(name: str, uuid: Any) -> Any:
        rpc = transport.SMBTransport(
            "127.0.0.1", dstport=server.vm.smb_port, filename=name, smb_connection=connection
        ).get_dce_rpc()
        rpc.connect()
        rpc.bind(uuid)
        handles.append(rpc)
        return rpc

    yield bind
    for rpc in handles:
        rpc.disconnect()
    connection.close()


@pytest.mark.parametrize("level", [0, 1, 2, 501, 502])
def test_net_share_enum_at_level(pipe: Any, level: int) -> None:
    rpc = pipe("\\srvsvc", srvs.MSRPC_UUID_SRVS)
    answer = srvs.hNetrShareEnum(rpc, level)
    entries = answer["InfoStruct"]["ShareInfo"][f"Level{level}"]["Buffer"]
    found = {entry[f"shi{level}_netname"][:-1] for entry in entries}
    assert {"share", "second", "readonly"} <= found
    assert "hidden" not in found
    assert answer["TotalEntries"] == len(entries)


@pytest.mark.parametrize("level", [0, 1, 2, 501, 502])
def test_net_share_get_info_at_level(pipe: Any, level: int) -> None:
    rpc = pipe("\\srvsvc", srvs.MSRPC_UUID_SRVS)
    answer = srvs.hNetrShareGetInfo(rpc, "share\0", level)
    info = answer["InfoStruct"][f"ShareInfo{level}"]
    assert info[f"shi{level}_netname"] == "share\0"
    if level in (1, 2, 501, 502):
        assert info[f"shi{level}_remark"] == "the ordinary one\0"


def test_an_unknown_share_has_no_information(pipe: Any) -> None:
    rpc = pipe("\\srvsvc", srvs.MSRPC_UUID_SRVS)
    with pytest.raises(srvs.DCERPCSessionError) as caught:
        srvs.hNetrShareGetInfo(rpc, "nosuch\0", 1)
    assert caught.value.get_error_code() == 0x906  # NERR_NetNameNotFound


def test_net_server_get_info_and_the_time(pipe: Any, server: Server) -> None:
    rpc = pipe("\\srvsvc", srvs.MSRPC_UUID_SRVS)
    info = srvs.hNetrServerGetInfo(rpc, 101)["InfoStruct"]["ServerInfo101"]
    assert info["sv101_name"] == "KSMBDVM\0"
    assert info["sv101_comment"] == "ksmbd under test\0"
    said = srvs.hNetrRemoteTOD(rpc)["BufferPtr"]["tod_elapsedt"]
    assert abs(said - int(server.vm.run(["date", "+%s"]).out)) < 30


def test_net_wksta_get_info(pipe: Any) -> None:
    rpc = pipe("\\wkssvc", wkst.MSRPC_UUID_WKST)
    info = wkst.hNetrWkstaGetInfo(rpc, 100)["WkstaInfo"]["WkstaInfo100"]
    assert info["wki100_computername"] == "KSMBDVM\0"
    assert info["wki100_langroup"] == "TESTGROUP\0"


def test_an_unknown_operation_is_a_fault(pipe: Any) -> None:
    rpc = pipe("\\srvsvc", srvs.MSRPC_UUID_SRVS)
    rpc.call(200, b"")
    with pytest.raises(rpcrt.DCERPCException, match=r"nca_s_op_rng_error|nca_op_rng_error"):
        rpc.recv()


def test_an_unknown_pipe_does_not_exist(server: Server) -> None:
    connection = connect(server)
    tree = connection.connectTree("IPC$")
    with pytest.raises(Exception, match="OBJECT_NAME_NOT_FOUND"):
        connection.openFile(tree, "nosuchpipe")
    connection.close()
