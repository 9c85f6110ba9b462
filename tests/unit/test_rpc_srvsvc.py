# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from impacket.dcerpc.v5 import srvs
from impacket.dcerpc.v5.dtypes import NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from ksmbd.mountd.rpc.environment import TreeConnection
from ksmbd.mountd.rpc.srvsvc import paginate
from ksmbd.mountd.rpc.srvsvc_types import ShareInfo0
from ksmbd.tests.unit.rpc_support import NOW, client, environment

ALL = 0xFFFFFFFF
TREES = (
    TreeConnection(1, 1, "ipc$", "alice", "10.0.0.1", NOW - timedelta(seconds=90)),
    TreeConnection(1, 2, "data", "alice", "10.0.0.1", NOW - timedelta(seconds=60)),
    TreeConnection(2, 3, "DATA", "", "10.0.0.2", NOW - timedelta(seconds=30)),
)


def srvsvc(restricted=False, **kwargs):
    return client("srvsvc", srvs.MSRPC_UUID_SRVS, environment(**kwargs), restricted)


def entries(answer):
    level = answer["InfoStruct"]["Level"]
    return answer["InfoStruct"]["ShareInfo"][f"Level{level}"]["Buffer"]


def names(answer):
    level = answer["InfoStruct"]["Level"]
    return [entry[f"shi{level}_netname"][:-1] for entry in entries(answer)]


def enum(dce, level, preferred=ALL, resume=0, call=srvs.NetrShareEnum):
    request = call()
    request["ServerName"] = "\\\\KS\0"
    request["PreferedMaximumLength"] = preferred
    request["ResumeHandle"] = resume
    request["InfoStruct"]["Level"] = level
    request["InfoStruct"]["ShareInfo"]["tag"] = level
    request["InfoStruct"]["ShareInfo"][f"Level{level}"]["Buffer"] = NULL
    return dce.request(request)


def error(caught):
    return caught.value.get_error_code()


@pytest.mark.parametrize("level", [0, 1, 2, 501, 502, 503])
def test_every_level_lists_the_browseable_shares(level):
    answer = enum(srvsvc(), level)

    assert names(answer) == ["Büro", "data", "IPC$"]
    assert answer["TotalEntries"] == 3
    assert answer["ErrorCode"] == 0


def test_level_502_tells_path_limit_and_use():
    answer = enum(srvsvc(trees=TREES), 502)

    data = entries(answer)[1]
    assert data["shi502_path"] == "C:\\srv\\data\0"
    assert data["shi502_max_uses"] == 7
    assert data["shi502_current_uses"] == 2
    assert data["shi502_remark"] == "All the data\0"
    ipc = entries(answer)[2]
    assert ipc["shi502_type"] == 0x80000003


def test_a_long_list_comes_in_fragments_no_client_has_to_refuse():
    shares = "".join(f"[s{i:04}]\npath = /srv/{i}\ncomment = number {i}\n" for i in range(1000))
    dce = srvsvc(shares=shares)

    assert len(entries(enum(dce, 1))) == 1001
    assert dce._transport.fragments > 10
    assert dce._transport.largest <= 4096


def test_the_resume_handle_walks_through_the_list():
    dce = srvsvc()
    seen, resume = [], 0
    while True:
        try:
            answer = enum(dce, 0, preferred=64, resume=resume)
        except srvs.DCERPCSessionError as e:
            assert e.get_error_code() == 234
            answer = e.get_packet()
        seen += names(answer)
        resume = answer["ResumeHandle"]
        if not resume:
            break

    assert seen == ["Büro", "data", "IPC$"]


def test_a_preferred_length_too_small_for_one_entry_says_so():
    with pytest.raises(srvs.DCERPCSessionError) as caught:
        enum(srvsvc(), 1, preferred=8)

    assert error(caught) == 2123


def test_a_resume_handle_beyond_the_end_lists_nothing():
    assert paginate([ShareInfo0("a")], ALL, 0xFFFFFFFF).rows == ()


def test_the_sticky_list_has_no_pipe_share():
    answer = enum(srvsvc(), 1, call=srvs.NetrShareEnumSticky)

    assert names(answer) == ["Büro", "data"]


def test_the_sticky_list_has_no_level_501():
    with pytest.raises(srvs.DCERPCSessionError) as caught:
        enum(srvsvc(), 501, call=srvs.NetrShareEnumSticky)

    assert error(caught) == 124


def test_a_level_of_no_enumeration_is_invalid():
    request = srvs.NetrShareEnum()
    request["ServerName"] = NULL
    request["PreferedMaximumLength"] = ALL
    request["ResumeHandle"] = NULL
    request["InfoStruct"]["Level"] = 1005
    request["InfoStruct"]["ShareInfo"]["tag"] = 1
    request["InfoStruct"]["ShareInfo"]["Level1"]["Buffer"] = NULL
    raw = bytearray(request.getData())
    index = raw.index((1).to_bytes(4, "little"), 4)
    raw[index : index + 4] = (1005).to_bytes(4, "little")
    dce = srvsvc()
    dce.call(15, bytes(raw))

    assert (124).to_bytes(4, "little") == dce.recv()[-4:]


@pytest.mark.parametrize("level", [0, 1, 2, 501, 502, 503, 1005])
def test_one_share_is_found_in_any_case_and_hidden_or_not(level):
    for name in ("DATA", "hidden", "ipc$"):
        answer = srvs.hNetrShareGetInfo(srvsvc(), name + "\0", level)

        assert answer["ErrorCode"] == 0
        assert level == answer["InfoStruct"]["tag"]


def test_an_unknown_share_is_named_so():
    with pytest.raises(srvs.DCERPCSessionError) as caught:
        srvs.hNetrShareGetInfo(srvsvc(), "nix\0", 1)

    assert error(caught) == 2310


def test_an_unknown_level_is_refused_before_the_share_is_looked_for():
    with pytest.raises(srvs.DCERPCSessionError) as caught:
        srvs.hNetrShareGetInfo(srvsvc(), "nix\0", 1004)

    assert error(caught) == 124


@pytest.mark.parametrize(("level", "allowed"), [(1, True), (2, False), (501, True), (502, False)])
def test_a_guest_is_not_told_paths(level, allowed):
    dce = srvsvc(restricted=True)
    if allowed:
        assert srvs.hNetrShareGetInfo(dce, "data\0", level)["ErrorCode"] == 0
    else:
        with pytest.raises(DCERPCException) as caught:
            srvs.hNetrShareGetInfo(dce, "data\0", level)
        assert error(caught) == 5


def test_restrict_anonymous_shuts_guests_out():
    with pytest.raises(DCERPCException, match="rpc_s_access_denied"):
        enum(srvsvc(restricted=True, settings="restrict anonymous = 1"), 1)
    assert enum(srvsvc(settings="restrict anonymous = 1"), 1)["TotalEntries"]


@pytest.mark.parametrize(("path", "kind"), [("C:\\srv\\data", 0), ("", 0x80000003)])
def test_a_path_is_checked_for_being_shared(path, kind):
    assert kind == srvs.hNetrShareCheck(srvsvc(), path + "\0")["Type"]


def test_a_path_that_is_not_shared():
    with pytest.raises(srvs.DCERPCSessionError) as caught:
        srvs.hNetrShareCheck(srvsvc(), "C:\\srv\0")

    assert error(caught) == 2311


@pytest.mark.parametrize("level", [100, 101, 102])
def test_the_server_says_who_it_is(level):
    info = srvs.hNetrServerGetInfo(srvsvc(), level)["InfoStruct"][f"ServerInfo{level}"]

    assert info[f"sv{level}_name"] == "KS\0"
    assert info[f"sv{level}_platform_id"] == 500
    if level > 100:
        assert info[f"sv{level}_comment"] == "The Server\0"


@pytest.mark.parametrize("level", [502, 503, 7])
def test_a_server_level_that_is_not_served_is_invalid(level):
    request = srvs.NetrServerGetInfo()
    request["ServerName"] = NULL
    request["Level"] = level
    dce = srvsvc()
    dce.call(request.opnum, request.getData())

    assert (124).to_bytes(4, "little") == dce.recv()[-4:]


def test_the_time_of_day_is_utc_with_the_zone_beside_it():
    east = NOW.astimezone(timezone(timedelta(hours=2)))
    tod = srvs.hNetrRemoteTOD(srvsvc(now=east))["BufferPtr"]

    assert (tod["tod_year"], tod["tod_month"], tod["tod_day"]) == (2026, 3, 4)
    assert (
        tod["tod_hours"],
        tod["tod_mins"],
        tod["tod_secs"],
        tod["tod_hunds"],
    ) == (5, 6, 7, 89)
    assert tod["tod_timezone"] & 0xFFFFFFFF == -120 & 0xFFFFFFFF
    assert tod["tod_weekday"] == 3
    assert int(NOW.timestamp()) == tod["tod_elapsedt"]


@pytest.mark.parametrize("level", [0, 1, 2, 10, 502])
def test_sessions_are_listed_once_each(level):
    answer = srvs.hNetrSessionEnum(srvsvc(trees=TREES), NULL, NULL, level)
    rows = answer["InfoStruct"]["SessionInfo"][f"Level{level}"]["Buffer"]

    assert [row[f"sesi{level}_cname"] for row in rows] == ["10.0.0.1\0", "10.0.0.2\0"]
    if level:
        assert [row[f"sesi{level}_username"] for row in rows] == ["alice\0", "\0"]
        assert [row[f"sesi{level}_time"] for row in rows] == [90, 30]


def test_sessions_of_one_user():
    answer = srvs.hNetrSessionEnum(srvsvc(trees=TREES), NULL, "Alice\0", 10)

    assert answer["TotalEntries"] == 1


def test_connections_of_a_share_and_of_a_client():
    dce = srvsvc(trees=TREES)
    share = srvs.hNetrConnectionEnum(dce, "data\0", 1)["InfoStruct"]["ConnectInfo"]
    host = srvs.hNetrConnectionEnum(dce, "\\\\10.0.0.1\0", 1)["InfoStruct"]["ConnectInfo"]

    assert [row["coni1_netname"] for row in share["Level1"]["Buffer"]] == [
        "10.0.0.1\0",
        "10.0.0.2\0",
    ]
    assert [row["coni1_netname"] for row in host["Level1"]["Buffer"]] == ["ipc$\0", "data\0"]


def test_connections_need_a_qualifier():
    with pytest.raises(srvs.DCERPCSessionError) as caught:
        srvs.hNetrConnectionEnum(srvsvc(), "\0", 1)

    assert error(caught) == 87


@pytest.mark.parametrize("level", [2, 3])
def test_files_are_an_empty_list(level):
    answer = srvs.hNetrFileEnum(srvsvc(), NULL, NULL, level)

    assert answer["TotalEntries"] == 0
    assert answer["ErrorCode"] == 0


def test_the_one_drive():
    answer = srvs.hNetrServerDiskEnum(srvsvc(), 0)

    assert [row["Disk"] for row in answer["DiskInfoStruct"]["Buffer"]] == ["C:\0"]


def test_the_one_transport():
    answer = srvs.hNetrServerTransportEnum(srvsvc(trees=TREES), 0)
    rows = answer["InfoStruct"]["XportInfo"]["Level0"]["Buffer"]

    assert [row["svti0_transportname"] for row in rows] == ["\\Device\\NetbiosSmb\0"]
    assert rows[0]["svti0_numberofvcs"] == 2


@pytest.mark.parametrize(
    ("name", "kind", "flags", "status"),
    [
        ("data", 9, 0, 0),
        ("a" * 80, 9, 0, 0),
        ("a" * 81, 9, 0, 123),
        ("", 9, 0, 123),
        ("a/b", 9, 0, 123),
        ("a\x1f", 9, 0, 123),
        ("pa:ss", 2, 0, 0),
        ("", 2, 0, 0),
        (". .", 2, 0, 123),
        ("a*b", 4, 0, 123),
        (" a", 4, 0, 123),
        ("a*", 11, 0, 0),
        ("*a", 11, 0, 123),
        ("b" * 260, 11, 0, 123),
        ("b" * 259 + "*", 11, 0, 0),
        ("W G", 6, 0, 123),
        ("W G", 13, 0, 0),
        ("data", 0, 0, 87),
        ("data", 14, 0, 87),
        ("data", 9, 1, 87),
    ],
)
def test_names_are_validated_by_their_type(name, kind, flags, status):
    request = srvs.NetprNameValidate()
    request["ServerName"] = NULL
    request["Name"] = name + "\0"
    request["NameType"] = kind
    request["Flags"] = flags
    dce = srvsvc()
    dce.call(request.opnum, request.getData())

    assert status.to_bytes(4, "little") == dce.recv()


def test_what_is_not_there_is_a_fault_and_the_pipe_goes_on():
    dce = srvsvc()
    with pytest.raises(DCERPCException, match="nca_s_op_rng_error"):
        srvs.hNetrShareDel(dce, "data\0")

    assert enum(dce, 0)["TotalEntries"]
