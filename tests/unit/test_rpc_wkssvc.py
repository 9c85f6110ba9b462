# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import struct

import pytest
from impacket.dcerpc.v5 import wkst
from impacket.dcerpc.v5.dtypes import NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from ksmbd.tests.unit.rpc_support import client, environment


def wkssvc(restricted=False, **kwargs):
    return client("wkssvc", wkst.MSRPC_UUID_WKST, environment(**kwargs), restricted)


@pytest.mark.parametrize("level", [100, 101, 102])
def test_the_machine_says_its_own_name_whatever_it_was_called(level):
    request = wkst.NetrWkstaGetInfo()
    request["ServerName"] = "\\\\another\0"
    request["Level"] = level
    info = wkssvc().request(request)["WkstaInfo"][f"WkstaInfo{level}"]

    assert info[f"wki{level}_computername"] == "KS\0"
    assert info[f"wki{level}_langroup"] == "WG\0"
    assert info[f"wki{level}_platform_id"] == 500


@pytest.mark.parametrize("level", [502, 99])
def test_a_level_that_is_not_served_is_invalid(level):
    request = wkst.NetrWkstaGetInfo()
    request["ServerName"] = NULL
    request["Level"] = level
    dce = wkssvc()
    dce.call(request.opnum, request.getData())

    assert (124).to_bytes(4, "little") == dce.recv()[-4:]


def test_a_guest_gets_level_100_only():
    dce = wkssvc(restricted=True)

    assert wkst.hNetrWkstaGetInfo(dce, 100)["ErrorCode"] == 0
    with pytest.raises(DCERPCException) as caught:
        wkst.hNetrWkstaGetInfo(dce, 102)
    assert caught.value.get_error_code() == 5


@pytest.mark.parametrize("level", [0, 1])
def test_nobody_is_logged_on(level):
    answer = wkst.hNetrWkstaUserEnum(wkssvc(), level)

    assert answer["TotalEntries"] == 0
    assert answer["ErrorCode"] == 0


def test_the_redirector_has_no_transport():
    assert wkst.hNetrWkstaTransportEnum(wkssvc(), 0)["TotalEntries"] == 0


@pytest.mark.parametrize("level", [0, 1, 2])
def test_no_other_server_is_in_use(level):
    # impacket takes the array for one structure here, so the answer is read by hand.
    request = wkst.NetrUseEnum()
    request["ServerName"] = NULL
    request["PreferredMaximumLength"] = 0xFFFFFFFF
    request["InfoStruct"]["Level"] = level
    request["InfoStruct"]["UseInfo"]["tag"] = level
    request["InfoStruct"]["UseInfo"][f"Level{level}"]["Buffer"] = NULL
    request["ResumeHandle"] = NULL
    dce = wkssvc()
    dce.call(request.opnum, request.getData())
    words = struct.unpack("<9I", dce.recv())

    container, array = 0x20000, 0x20004
    total = resume = status = 0
    assert (level, level, container, 0, array, 0, total, resume, status) == words


def test_the_machine_is_joined_to_a_workgroup():
    answer = wkst.hNetrGetJoinInformation(wkssvc(), "\0")

    assert (answer["NameBuffer"], answer["BufferType"]) == ("WG\0", 2)


@pytest.mark.parametrize(("kind", "names"), [(0, ["KS"]), (1, []), (2, ["KS"])])
def test_the_machine_has_one_name(kind, names):
    answer = wkst.hNetrEnumerateComputerNames(wkssvc(), kind)

    assert names == [row["Data"] for row in answer["ComputerNames"]["ComputerNames"]]


def test_a_kind_of_name_that_is_none():
    with pytest.raises(DCERPCException) as caught:
        wkst.hNetrEnumerateComputerNames(wkssvc(), 3)

    assert caught.value.get_error_code() == 87
