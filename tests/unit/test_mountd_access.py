# SPDX-License-Identifier: GPL-2.0-only
"""Who may use which share, from where, and what the kernel is told of it."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.mountd import access, hosts, shares
from ksmbd.mountd.accounts import Accounts
from ksmbd.mountd.nss import Identity
from ksmbd.shared import abi, config
from ksmbd.shared.abi import ShareFlag, TreeFlag, TreeStatus, UserStatus
from ksmbd.shared.config import Config, Globals, MapToGuest, Share
from ksmbd.shared.users import User, UserDb
from ksmbd.shared.values import Encryption

HASH = bytes(range(16))

USERS = UserDb(
    Path("db"), {n: User(n, HASH) for n in ("alice", "bob", "carol", "ghost", "Dora", "dora")}
)


SYSTEM_USERS = {
    "alice": Identity(1000, 1000, (50, 51)),
    "bob": Identity(1001, 50),
    "carol": Identity(70000, 70000),
    "Dora": Identity(1003, 1003),
    "dora": Identity(1004, 1004),
    "nobody": Identity(65534, 65534),
}
SYSTEM_GROUPS = {"staff": 50, "wheel": 51, "huge": 70000, "edge": 65535}


class FakeSystem:
    """A system without NSS."""

    def user(self, name: str) -> Identity | None:
        return SYSTEM_USERS.get(name)

    def group(self, name: str) -> int | None:
        return SYSTEM_GROUPS.get(name)


SYSTEM = FakeSystem()


def one_share(share: Share, **settings: object) -> Config:
    ipc = Share(name="IPC$", is_ipc=True)
    return Config(
        Path("ksmbd.conf"),
        replace(Globals(), **settings),  # type: ignore[arg-type]
        {config.fold_share_name(s.name): s for s in (share, ipc)},
    )


def connect(
    share: Share,
    account: str = "alice",
    peer: str = "192.0.2.1",
    name: str = "",
    flags: abi.TreeRequestFlag = abi.TreeRequestFlag.SMB2,
    **settings: object,
) -> access.Verdict:
    request = abi.TreeConnectRequest(
        handle=1,
        account_flags=UserStatus.OK if account else UserStatus.OK | UserStatus.GUEST_ACCOUNT,
        flags=flags,
        session_id=1,
        connect_id=1,
        account=account,
        share=name or share.name,
        peer_addr=peer,
    )
    return access.decide(request, one_share(share, **settings), USERS, SYSTEM)[0]


DATA = Share(name="data", path="/srv/data")
SEALED = replace(DATA, encryption=Encryption.MANDATORY)
INVALID = TreeStatus.INVALID_USER
RO = access.Verdict(TreeStatus.OK, TreeFlag.READ_ONLY)
RW = access.Verdict(TreeStatus.OK, TreeFlag.WRITABLE)


@pytest.mark.parametrize(
    ("share", "account", "expected"),
    [
        (DATA, "alice", RO),
        (replace(DATA, read_only=False), "alice", RW),
        (replace(DATA, write_list=("alice",)), "alice", RW),
        (replace(DATA, write_list=("alice",)), "bob", RO),
        (replace(DATA, write_list=("@wheel",)), "alice", RW),
        (replace(DATA, write_list=("@staff",)), "bob", RW),
        (replace(DATA, write_list=("@nosuch",)), "bob", RO),
        (replace(DATA, read_only=False, read_list=("alice",)), "alice", RO),
        (replace(DATA, read_only=False, read_list=("ALICE",)), "alice", RO),
        (replace(DATA, read_only=False, read_list=("alice",), write_list=("alice",)), "alice", RO),
        (
            replace(DATA, admin_users=("alice",)),
            "alice",
            access.Verdict(TreeStatus.OK, TreeFlag.ADMIN_ACCOUNT | TreeFlag.READ_ONLY),
        ),
        (replace(DATA, valid_users=("alice",), valid_users_set=True), "alice", RO),
        (replace(DATA, valid_users=("ALICE",), valid_users_set=True), "alice", RO),
        (replace(DATA, valid_users=("@staff",), valid_users_set=True), "bob", RO),
    ],
)
def test_an_admitted_user_gets_what_the_lists_say(
    share: Share, account: str, expected: access.Verdict
) -> None:
    assert expected == connect(share, account)


def test_a_share_to_be_encrypted_is_served_by_a_module_that_sees_to_it() -> None:
    able = abi.TreeRequestFlag.SMB2 | abi.TreeRequestFlag.ENCRYPTS
    assert connect(SEALED, flags=able).flags == TreeFlag.READ_ONLY | TreeFlag.ENCRYPT
    assert connect(DATA, flags=able).flags == TreeFlag.READ_ONLY
    refused = connect(SEALED)
    assert refused.status is TreeStatus.ERROR
    assert "kernel module cannot insist" in refused.reason


@pytest.mark.parametrize(
    ("share", "account", "status"),
    [
        (replace(DATA, available=False), "alice", TreeStatus.NO_SHARE),
        (replace(DATA, invalid_users=("alice",)), "alice", INVALID),
        (replace(DATA, invalid_users=("Alice",)), "alice", INVALID),
        (replace(DATA, invalid_users=("@wheel",)), "alice", INVALID),
        (
            replace(DATA, invalid_users=("alice",), admin_users=("alice",), write_list=("alice",)),
            "alice",
            INVALID,
        ),
        (
            replace(DATA, valid_users=("bob",), valid_users_set=True),
            "alice",
            INVALID,
        ),
        (replace(DATA, valid_users=(), valid_users_set=True), "alice", INVALID),
        (
            replace(DATA, valid_users=("bob",), valid_users_set=True, write_list=("alice",)),
            "alice",
            INVALID,
        ),
        # Two users differ in case only: the list means the one it spells.
        (
            replace(DATA, valid_users=("dora",), valid_users_set=True),
            "Dora",
            INVALID,
        ),
        (DATA, "deleted", TreeStatus.NO_USER),
        (DATA, "", TreeStatus.ERROR),
        (replace(DATA, hosts_deny=("ALL",)), "alice", TreeStatus.HOST_DENIED),
        (
            replace(DATA, guest_ok=True, valid_users=("alice",), valid_users_set=True),
            "",
            INVALID,
        ),
        (replace(DATA, guest_ok=True, invalid_users=("nobody",)), "", INVALID),
    ],
)
def test_a_refusal_stands_and_says_why(share: Share, account: str, status: TreeStatus) -> None:
    verdict = connect(share, account)
    assert status == verdict.status
    assert TreeFlag(0) == verdict.flags
    assert verdict.reason


def test_a_guest_uses_what_has_guest_ok_and_the_pipes_with_it() -> None:
    public = replace(DATA, guest_ok=True, read_only=False)
    guest = TreeFlag.GUEST_ACCOUNT | TreeFlag.WRITABLE

    assert guest == connect(public, "").flags
    assert guest == connect(public, "", name="ipc$").flags
    assert connect(DATA, "", name="ipc$").status == TreeStatus.ERROR
    assert connect(public, "", name="ipc$", restrict_anonymous=1).status == TreeStatus.ERROR
    assert connect(public, "", restrict_anonymous=1).status == TreeStatus.OK


def test_an_unknown_share_is_no_share() -> None:
    assert connect(DATA, name="other").status == TreeStatus.NO_SHARE
    assert connect(DATA, name="DATA").status == TreeStatus.OK


LONG_FORM = "0000:0000:0000:0000:0000:ffff:c000:0201"  # 192.0.2.1 as the 6.1 module writes it


@pytest.mark.parametrize(
    ("allow", "deny", "peer", "is_allowed"),
    [
        ("", "", "(einval)", True),
        ("192.0.2.1", "", "192.0.2.1", True),
        ("192.0.2.1", "", LONG_FORM, True),
        ("192.0.2.1", "", "::ffff:192.0.2.1", True),
        ("192.0.2.2", "", "192.0.2.1", False),
        ("192.0.2.0/24", "", LONG_FORM, True),
        ("192.0.2.0/255.255.255.0", "", "192.0.2.1", True),
        ("192.0.2.", "", "192.0.2.1", True),
        ("192.0.", "", "192.0.2.1", True),
        ("19", "", "192.0.2.1", False),
        ("1.", "", "192.0.2.1", False),
        ("ALL", "", "2001:db8::1", True),
        ("all", "", "192.0.2.1", True),
        ("2001:db8::/32", "", "2001:db8::1", True),
        ("2001:db8::/32", "", "2001:db9::1", False),
        ("fe80::/10", "", "fe80::1%eth0", True),
        ("localhost", "", "127.0.0.1", True),
        ("localhost", "", "::1", True),
        ("localhost", "", "192.0.2.1", False),
        ("192.0.2. EXCEPT 192.0.2.1", "", "192.0.2.1", False),
        ("192.0.2. EXCEPT 192.0.2.1", "", "192.0.2.7", True),
        ("ALL EXCEPT 192.0.2.0/24 EXCEPT 192.0.2.1", "", "192.0.2.1", True),
        ("ALL EXCEPT 192.0.2.0/24 EXCEPT 192.0.2.1", "", "192.0.2.2", False),
        ("", "192.0.2.1", "192.0.2.1", False),
        ("", "192.0.2.1", "192.0.2.2", True),
        ("", "ALL", "127.0.0.1", False),
        ("", "ALL EXCEPT 10.0.0.0/8", "10.1.2.3", True),
        ("192.0.2.1", "ALL", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.0/24", "192.0.2.2", False),
        ("192.0.2.1", "192.0.2.0/24", "198.51.100.1", True),
        ("ALL", "", "(einval)", False),
        ("", "192.0.2.1", "(einval)", False),
        ("", "192.0.2.1", "", False),
        ("client.example", "", "192.0.2.1", False),
        ("", "client.example", "192.0.2.1", False),
        ("ALL client.example", "", "192.0.2.1", False),
    ],
)
def test_host_lists(allow: str, deny: str, peer: str, is_allowed: bool) -> None:
    reason = hosts.refusal(allow.split(), deny.split(), peer)
    assert is_allowed == (reason is None), reason


@given(st.lists(st.text(max_size=20)), st.lists(st.text(max_size=20)), st.text(max_size=64))
def test_host_lists_take_any_text(allow: list[str], deny: list[str], peer: str) -> None:
    hosts.refusal(allow, deny, peer)


def describe(share: Share, name: str = "", **settings: object) -> abi.ShareConfigResponse:
    request = abi.ShareConfigRequest(9, name or config.fold_share_name(share.name))
    return shares.describe(request, one_share(share, **settings), USERS, SYSTEM)


NO_SHARE = abi.ShareConfigResponse(9)


def test_a_share_is_described_with_its_exact_payload() -> None:
    response = describe(replace(DATA, veto_files=("*.tmp", ".DS_Store")))

    assert ShareFlag(0x82CB) == response.flags
    assert response.path == "/srv/data"
    assert (response.force_uid, response.force_gid) == (abi.NO_FORCED_ID, abi.NO_FORCED_ID)
    assert response == abi.ShareConfigResponse.unpack(response.pack())


def test_flags_follow_the_parameters() -> None:
    everything = replace(
        DATA,
        read_only=False,
        guest_ok=True,
        inherit_owner=True,
        follow_symlinks=True,
        hide_special_files=True,
        hide_unreadable=True,
        hide_unwriteable_files=True,
        vfs_objects=("acl_xattr", "streams_xattr"),
    )
    nothing = replace(
        DATA,
        browseable=False,
        store_dos_attributes=False,
        oplocks=False,
        hide_dot_files=False,
        crossmnt=False,
    )
    assert ShareFlag(0xE000BED7) == describe(everything).flags
    assert describe(nothing).flags == ShareFlag.AVAILABLE | ShareFlag.READONLY


def test_the_pipe_share_has_one_nul_for_a_payload() -> None:
    response = describe(DATA, "ipc$")
    assert ShareFlag.PIPE in response.flags
    assert response.share_name == "ipc$"
    assert len(response.pack()) == 537


@pytest.mark.parametrize(
    ("root", "path", "expected"),
    [
        ("", "/srv/data/", "/srv/data"),
        ("/export", "/srv", "/export/srv"),
        ("/export/", "/srv", "/export/srv"),
        ("/export", "/", "/export"),
        ("", "//srv//data", "/srv/data"),
        ("", "/", "/"),
    ],
)
def test_a_path_is_joined_to_the_root_directory(root: str, path: str, expected: str) -> None:
    assert expected == shares.directory(replace(DATA, path=path), root)


@pytest.mark.parametrize(
    ("share", "settings"),
    [
        (replace(DATA, path=None), {}),
        (replace(DATA, path=""), {}),
        (replace(DATA, path="srv"), {}),
        (replace(DATA, path="/srv/../etc"), {}),
        (replace(DATA, path="/" + "x" * 4096), {}),
        (replace(DATA, path="/srv\0/etc"), {}),
        (DATA, {"root_directory": "export"}),
        (replace(DATA, available=False), {}),
        (replace(DATA, force_user="nosuch"), {}),
        (replace(DATA, force_group="nosuch"), {}),
        (replace(DATA, force_user="carol"), {}),
        (replace(DATA, force_group="huge"), {}),
        (replace(DATA, force_group="edge"), {}),
        (replace(DATA, veto_files=("x" * 40000,)), {}),
    ],
)
def test_an_unusable_share_is_no_share_and_the_log_says_why(
    share: Share, settings: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert describe(share, **settings) == NO_SHARE
    assert "refused" in caplog.text


def test_forced_ids_come_from_user_and_group() -> None:
    assert shares.forced_ids(replace(DATA, force_user="alice"), SYSTEM) == (1000, 1000)
    both = replace(DATA, force_user="alice", force_group="staff")
    assert shares.forced_ids(both, SYSTEM) == (1000, 50)
    group = replace(DATA, force_group="staff")
    assert shares.forced_ids(group, SYSTEM) == (abi.NO_FORCED_ID, 50)


def login(name: str, **settings: object) -> abi.LoginResponse:
    settings_ = replace(Globals(), **settings)  # type: ignore[arg-type]
    return Accounts(settings_, USERS, SYSTEM).login(5, name)


GUEST = abi.LoginResponse(5, UserStatus.OK | UserStatus.GUEST_ACCOUNT, 65534, 65534)
BAD_USER = abi.LoginResponse(5, UserStatus.BAD_USER)


def test_a_user_is_found_in_any_case_and_answered_by_the_stored_name() -> None:
    expected = abi.LoginResponse(
        5, UserStatus.OK | UserStatus.EXTENSION, 1000, 1000, account="alice", hash=HASH
    )
    assert expected == login("alice")
    assert expected == login("ALICE")
    assert login("Dora").uid == 1003
    assert login("DORA") == BAD_USER  # two candidates: neither


def test_groups_are_asked_for_only_where_there_are_some() -> None:
    accounts = Accounts(Globals(), USERS, SYSTEM)
    assert UserStatus.EXTENSION not in login("bob").status
    assert abi.LoginResponseExt(6, (50, 51)) == accounts.groups(6, "Alice")
    assert abi.LoginResponseExt(6) == accounts.groups(6, "nosuch")
    assert abi.LoginResponseExt(6) == accounts.groups(6, "")


def test_guests_and_strangers() -> None:
    assert login("") == GUEST
    assert login("stranger") == BAD_USER
    # Its name with any password is no better than a stranger's.
    assert login("nobody") == BAD_USER
    assert login("nobody", map_to_guest=MapToGuest.BAD_USER) == GUEST
    assert login("stranger", map_to_guest=MapToGuest.BAD_USER) == GUEST
    assert login("", guest_account="nosuch") == BAD_USER
    assert login("ghost", map_to_guest=MapToGuest.BAD_USER) == BAD_USER  # no system user
    # A guest account with a password is asked for it.
    assert login("alice", guest_account="alice").hash == HASH
