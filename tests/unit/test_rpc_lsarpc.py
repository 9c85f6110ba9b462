# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest
from impacket.dcerpc.v5 import dssp, lsad, lsat
from impacket.dcerpc.v5.dtypes import MAXIMUM_ALLOWED, NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from ksmbd.mountd.rpc.dtyp import Sid
from ksmbd.tests.unit.rpc_support import MACHINE, client, environment

UNKNOWN = "S-1-5-21-7-7-7-1000"

KNOWN = [
    (f"{MACHINE}-1500", "KS", "alice", 1),
    (f"{MACHINE}-0", "KS", "root", 1),
    (f"{MACHINE}-513", "KS", "None", 2),
    (MACHINE, "KS", "", 3),
    ("S-1-1-0", "", "Everyone", 5),
    ("S-1-5-18", "NT AUTHORITY", "SYSTEM", 5),
    ("S-1-5-32-544", "BUILTIN", "Administrators", 4),
    ("S-1-5-32", "BUILTIN", "", 3),
    ("S-1-22-1-1501", "Unix User", "bob", 1),
    ("S-1-22-2-50", "Unix Group", "staff", 2),
]


def lsarpc(restricted=False, **kwargs):
    return client("lsarpc", lsat.MSRPC_UUID_LSAT, environment(**kwargs), restricted)


def opened(dce=None):
    dce = dce or lsarpc()
    return dce, lsad.hLsarOpenPolicy2(dce, MAXIMUM_ALLOWED)["PolicyHandle"]


def code(caught):
    return caught.value.get_error_code()


def domains(answer):
    return [row["Name"] for row in answer["ReferencedDomains"]["Domains"]]


def test_a_policy_opens_the_old_way_too():
    dce = lsarpc()
    handle = lsad.hLsarOpenPolicy(dce, MAXIMUM_ALLOWED)["PolicyHandle"]

    assert lsad.hLsarClose(dce, handle)["ErrorCode"] == 0


def test_a_closed_handle_is_a_context_mismatch():
    dce, handle = opened()
    lsad.hLsarClose(dce, handle)
    with pytest.raises(DCERPCException) as caught:
        lsat.hLsarLookupSids(dce, handle, ["S-1-1-0"])

    assert "nca_s_fault_context_mismatch" in str(caught.value)


def test_another_handle_number_is_a_context_mismatch():
    dce, handle = opened()
    raw = bytearray(handle)
    raw[-1] ^= 1
    with pytest.raises(DCERPCException, match="context_mismatch"):
        lsad.hLsarClose(dce, bytes(raw))


def test_handles_are_bounded():
    dce = lsarpc()
    for _ in range(1024):
        opened(dce)
    with pytest.raises(DCERPCException) as caught:
        opened(dce)

    assert code(caught) == 0xC000009A


@pytest.mark.parametrize(
    "call", [lsad.hLsarQueryInformationPolicy, lsad.hLsarQueryInformationPolicy2]
)
def test_the_account_domain_is_the_machine(call):
    info = call(*opened(), 5)["PolicyInformation"]["PolicyAccountDomainInfo"]

    assert info["DomainName"] == "KS"
    assert info["DomainSid"].formatCanonical() == MACHINE


@pytest.mark.parametrize(
    ("level", "arm"), [(3, "PolicyPrimaryDomainInfo"), (12, "PolicyDnsDomainInfo")]
)
def test_the_primary_domain_is_the_workgroup(level, arm):
    info = lsad.hLsarQueryInformationPolicy2(*opened(), level)["PolicyInformation"][arm]

    assert info["Name"] == "WG"
    assert info["Sid"] == b""


def test_the_server_role_is_primary():
    info = lsad.hLsarQueryInformationPolicy(*opened(), 6)["PolicyInformation"]

    assert info["PolicyServerRoleInfo"]["LsaServerRole"] == 3


def test_a_policy_that_is_not_kept_is_an_invalid_parameter():
    with pytest.raises(DCERPCException) as caught:
        lsad.hLsarQueryInformationPolicy(*opened(), 11)

    assert code(caught) == 0xC000000D


@pytest.mark.parametrize("call", [lsat.hLsarLookupSids, lsat.hLsarLookupSids2])
def test_known_sids_have_names(call):
    answer = call(*opened(), [sid for sid, *_ in KNOWN])
    rows = answer["TranslatedNames"]["Names"]
    listed = domains(answer)

    assert len(KNOWN) == answer["MappedCount"]
    assert [row[1:] for row in KNOWN] == [
        (listed[row["DomainIndex"]], row["Name"], row["Use"]) for row in rows
    ]
    assert len(set(listed)) == len(listed)


def test_an_unknown_sid_is_its_own_text():
    with pytest.raises(lsat.DCERPCSessionError) as caught:
        lsat.hLsarLookupSids(*opened(), ["S-1-1-0", UNKNOWN])
    answer = caught.value.get_packet()
    row = answer["TranslatedNames"]["Names"][1]

    assert code(caught) == 0x107
    assert (row["Name"], row["Use"], row["DomainIndex"]) == (UNKNOWN, 8, -1)
    assert answer["MappedCount"] == 1


def test_only_unknown_sids_map_none():
    with pytest.raises(lsat.DCERPCSessionError) as caught:
        lsat.hLsarLookupSids2(*opened(), [UNKNOWN, "S-1-22-1-77", "S-1-22-1-4294967295"])

    assert code(caught) == 0xC0000073


@pytest.mark.parametrize(
    "call", [lsat.hLsarLookupNames, lsat.hLsarLookupNames2, lsat.hLsarLookupNames3]
)
def test_names_have_sids(call):
    names = ["KS\\alice", "ALICE", "bob@ks", "Everyone", "BUILTIN\\Users", "Unix Group\\staff"]
    answer = call(*opened(), names)
    rows = answer["TranslatedSids"]["Sids"]
    listed = domains(answer)

    assert [listed[row["DomainIndex"]] for row in rows] == [
        "KS",
        "KS",
        "KS",
        "",
        "BUILTIN",
        "Unix Group",
    ]
    assert [row["Use"] for row in rows] == [1, 1, 1, 5, 4, 2]
    if call is lsat.hLsarLookupNames3:
        assert f"{MACHINE}-1500" == rows[1]["Sid"].formatCanonical()
    else:
        assert [row["RelativeId"] for row in rows] == [1500, 1500, 1501, 0, 545, 50]


def test_a_domain_is_a_name_too():
    answer = lsat.hLsarLookupNames3(*opened(), ["ks", "BUILTIN\\"])
    rows = answer["TranslatedSids"]["Sids"]

    assert [row["Use"] for row in rows] == [3, 3]
    assert rows[0]["Sid"].formatCanonical() == MACHINE


@pytest.mark.parametrize("name", ["nobody-here", "KS\\ghost", "OTHER\\alice", "BUILTIN\\alice", ""])
def test_a_name_nobody_has(name):
    with pytest.raises(lsat.DCERPCSessionError) as caught:
        lsat.hLsarLookupNames(*opened(), [name])

    assert code(caught) == 0xC0000073


def test_the_lookups_of_a_secure_channel_are_refused():
    dce = lsarpc()
    dce.call(76, b"")
    with pytest.raises(DCERPCException, match="rpc_s_access_denied"):
        dce.recv()


def test_the_role_is_asked_on_the_same_pipe():
    dce = client("lsarpc", dssp.MSRPC_UUID_DSSP)
    request = dssp.DsRolerGetPrimaryDomainInformation()
    request["InfoLevel"] = 1
    info = dce.request(request)["DomainInfo"]["DomainInfoBasic"]

    assert info["MachineRole"] == 2
    assert info["DomainNameFlat"] == "WG\0"


def test_guests_are_shut_out_by_restrict_anonymous():
    with pytest.raises(DCERPCException, match="rpc_s_access_denied"):
        opened(lsarpc(restricted=True, settings="restrict anonymous = 2"))


def test_a_null_sid_in_a_lookup_is_unknown():
    request = lsat.LsarLookupSids()
    dce, handle = opened()
    request["PolicyHandle"] = handle
    empty = lsat.LSAPR_SID_INFORMATION()
    empty["Sid"] = NULL
    request["SidEnumBuffer"]["Entries"] = 1
    request["SidEnumBuffer"]["SidInfo"].append(empty)
    request["TranslatedNames"]["Names"] = NULL
    request["LookupLevel"] = lsat.LSAP_LOOKUP_LEVEL.LsapLookupWksta
    with pytest.raises(lsat.DCERPCSessionError) as caught:
        dce.request(request)

    assert code(caught) == 0xC0000073


@pytest.mark.parametrize("text", ["S-1-5-21-1-2-3", "S-1-0x10000000000-7", "S-1-1"])
def test_a_sid_reads_back_as_it_was_written(text):
    assert Sid.parse(text) == Sid.parse(str(Sid.parse(text)))


@pytest.mark.parametrize("text", ["", "S-1", "S-2-1-1", "X-1-1", "S-1-x", "S-1-1" + "-1" * 16])
def test_what_is_no_sid(text):
    with pytest.raises(ValueError, match=r".*"):
        Sid.parse(text)
