# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest
from impacket.dcerpc.v5 import samr
from impacket.dcerpc.v5.dtypes import RPC_SID
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.ldap.ldaptypes import SR_SECURITY_DESCRIPTOR
from ksmbd.mountd.rpc.dtyp import ContextHandle, Sid, SidBox
from ksmbd.mountd.rpc.ndr import Reader, pack_stub
from ksmbd.mountd.rpc.samr_types import AliasMembershipIn
from ksmbd.tests.unit.rpc_support import MACHINE, client, environment

BUILTIN = "S-1-5-32"


def connected(restricted=False, connect=samr.hSamrConnect5, **kwargs):
    dce = client("samr", samr.MSRPC_UUID_SAMR, environment(**kwargs), restricted)
    return dce, connect(dce)["ServerHandle"]


def domain(sid=MACHINE):
    dce, server = connected()
    wanted = RPC_SID()
    wanted.fromCanonical(sid)
    return dce, samr.hSamrOpenDomain(dce, server, domainId=wanted)["DomainHandle"]


def user(rid=1500):
    dce, handle = domain()
    return dce, samr.hSamrOpenUser(dce, handle, userId=rid)["UserHandle"]


def code(caught):
    return caught.value.get_error_code()


@pytest.mark.parametrize(
    "connect", [samr.hSamrConnect, samr.hSamrConnect2, samr.hSamrConnect4, samr.hSamrConnect5]
)
def test_every_way_to_connect(connect):
    dce, server = connected(connect=connect)

    assert samr.hSamrCloseHandle(dce, server)["ErrorCode"] == 0


def test_two_domains_each_with_its_own_sid():
    dce, server = connected()
    answer = samr.hSamrEnumerateDomainsInSamServer(dce, server)
    names = [row["Name"] for row in answer["Buffer"]["Buffer"]]
    sids = [
        samr.hSamrLookupDomainInSamServer(dce, server, name)["DomainId"].formatCanonical()
        for name in names
    ]

    assert names == ["KS", "Builtin"]
    assert sids == [MACHINE, BUILTIN]


@pytest.mark.parametrize(("name", "status"), [("OTHER", 0xC00000DF), ("", 0xC000000D)])
def test_an_unknown_domain(name, status):
    dce, server = connected()
    with pytest.raises(DCERPCException) as caught:
        samr.hSamrLookupDomainInSamServer(dce, server, name)

    assert status == code(caught)


def test_a_domain_opens_by_its_sid_only():
    with pytest.raises(DCERPCException) as caught:
        domain("S-1-5-21-1-1-1")

    assert code(caught) == 0xC00000DF


def test_a_server_handle_is_no_domain_handle():
    with pytest.raises(DCERPCException, match="context_mismatch"):
        samr.hSamrEnumerateUsersInDomain(*connected())


def test_the_users_are_those_of_the_database_that_the_system_knows():
    answer = samr.hSamrEnumerateUsersInDomain(*domain())
    rows = answer["Buffer"]["Buffer"]

    assert [(r["Name"], r["RelativeId"]) for r in rows] == [("alice", 1500), ("bob", 1501)]


def test_an_enumeration_goes_on_where_it_stopped():
    dce, handle = domain()
    with pytest.raises(samr.DCERPCSessionError) as caught:
        samr.hSamrEnumerateUsersInDomain(dce, handle, preferedMaximumLength=1)
    first = caught.value.get_packet()
    rest = samr.hSamrEnumerateUsersInDomain(
        dce, handle, enumerationContext=first["EnumerationContext"]
    )

    assert code(caught) == 0x105
    assert [row["Name"] for row in first["Buffer"]["Buffer"]] == ["alice"]
    assert [row["Name"] for row in rest["Buffer"]["Buffer"]] == ["bob"]


def test_groups_and_aliases():
    groups = samr.hSamrEnumerateGroupsInDomain(*domain())["Buffer"]["Buffer"]
    aliases = samr.hSamrEnumerateAliasesInDomain(*domain(BUILTIN))["Buffer"]["Buffer"]

    assert [(row["Name"], row["RelativeId"]) for row in groups] == [("None", 513)]
    assert ("Administrators", 544) in [(row["Name"], row["RelativeId"]) for row in aliases]


def test_names_and_rids_of_the_machine():
    dce, handle = domain()
    found = samr.hSamrLookupNamesInDomain(dce, handle, ("alice", "None"))
    back = samr.hSamrLookupIdsInDomain(dce, handle, (1500, 513))

    assert [row["Data"] for row in found["RelativeIds"]["Element"]] == [1500, 513]
    assert [row["Data"] for row in found["Use"]["Element"]] == [1, 2]
    assert [row["Data"] for row in back["Names"]["Element"]] == ["alice", "None"]


def test_names_that_are_partly_known():
    with pytest.raises(samr.DCERPCSessionError) as caught:
        samr.hSamrLookupNamesInDomain(*domain(), ("alice", "nix"))
    answer = caught.value.get_packet()

    assert code(caught) == 0x107
    assert [row["Data"] for row in answer["RelativeIds"]["Element"]] == [1500, 0]
    assert [row["Data"] for row in answer["Use"]["Element"]] == [1, 8]


def test_rids_that_nobody_has():
    with pytest.raises(samr.DCERPCSessionError) as caught:
        samr.hSamrLookupIdsInDomain(*domain(BUILTIN), (1500,))

    assert code(caught) == 0xC0000073


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 6, 7, 8, 9])
@pytest.mark.parametrize(
    "call", [samr.hSamrQueryInformationDomain, samr.hSamrQueryInformationDomain2]
)
def test_what_a_domain_tells(level, call):
    answer = call(*domain(), domainInformationClass=level)

    assert answer["ErrorCode"] == 0
    if level == 2:
        general = answer["Buffer"]["General"]
        assert (general["DomainName"], general["UserCount"], general["GroupCount"]) == ("KS", 2, 1)


def test_a_user_opens_without_a_lookup_before():
    answer = samr.hSamrQueryInformationUser(
        *user(1501), samr.USER_INFORMATION_CLASS.UserAllInformation
    )
    info = answer["Buffer"]["All"]

    assert (info["UserName"], info["UserId"], info["PrimaryGroupId"]) == ("bob", 1501, 513)
    assert info["UserAccountControl"] == 0x210
    assert info["LogonHours"]["UnitsPerWeek"] == 168
    assert info["NtOwfPassword"]["Buffer"] == b""


@pytest.mark.parametrize(
    ("level", "arm", "field"),
    [(1, "General", "UserName"), (6, "Name", "UserName"), (7, "AccountName", "UserName")],
)
def test_the_smaller_classes_of_a_user(level, arm, field):
    answer = samr.hSamrQueryInformationUser2(*user(), level)

    assert answer["Buffer"][arm][field] == "alice"


@pytest.mark.parametrize("level", [8, 9, 10, 11, 12, 13, 14, 16, 17])
def test_every_class_that_is_served_decodes(level):
    assert samr.hSamrQueryInformationUser(*user(), level)["ErrorCode"] == 0


@pytest.mark.parametrize("rid", [513, 1502])
def test_what_is_no_user_does_not_open(rid):
    with pytest.raises(DCERPCException) as caught:
        user(rid)

    assert code(caught) == 0xC0000064


def test_a_user_is_in_the_one_group():
    rows = samr.hSamrGetGroupsForUser(*user())["Groups"]["Groups"]

    assert [(row["RelativeId"], row["Attributes"]) for row in rows] == [(513, 7)]


def test_a_user_is_in_no_alias():
    # impacket leaves out the pointer of each SID here, so this request is our own.
    dce, handle = domain(BUILTIN)
    sid = Sid.parse(f"{MACHINE}-1500")
    wanted = AliasMembershipIn(ContextHandle().read(Reader(handle)), (SidBox(sid),))
    dce.call(16, pack_stub(AliasMembershipIn, wanted))

    assert samr.SamrGetAliasMembershipResponse(dce.recv())["Membership"]["Count"] == 0


def test_the_security_descriptor_lets_the_user_write():
    answer = samr.hSamrQuerySecurityObject(*user(), 7)
    raw = b"".join(answer["SecurityDescriptor"]["SecurityDescriptor"])
    parsed = SR_SECURITY_DESCRIPTOR(data=raw)

    assert parsed["OwnerSid"].formatCanonical() == "S-1-5-32-544"
    assert [("S-1-1-0", 0x2035B), ("S-1-5-32-544", 0xF07FF), (f"{MACHINE}-1500", 0x20044)] == [
        (ace["Ace"]["Sid"].formatCanonical(), ace["Ace"]["Mask"]["Mask"])
        for ace in parsed["Dacl"].aces
    ]


def test_guests_are_shut_out_by_restrict_anonymous():
    with pytest.raises(DCERPCException, match="rpc_s_access_denied"):
        connected(restricted=True, settings="restrict anonymous = 1")
