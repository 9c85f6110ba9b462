# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import grp
import pwd

import pytest
from ksmbd.mountd.rpc.environment import UnixAccounts
from ksmbd.mountd.rpc.principals import Directory
from ksmbd.mountd.rpc.services import INTERFACES
from ksmbd.tests.unit.rpc_support import MACHINE, environment


def test_the_systems_accounts_are_found_both_ways():
    user, group = pwd.getpwall()[0], grp.getgrall()[0]
    accounts = UnixAccounts()

    assert user.pw_uid == accounts.uid(user.pw_name)
    assert pwd.getpwuid(user.pw_uid).pw_name == accounts.user(user.pw_uid)
    assert group.gr_gid == accounts.gid(group.gr_name)
    assert grp.getgrgid(group.gr_gid).gr_name == accounts.group(group.gr_gid)


@pytest.mark.parametrize("name", ["no such name", "nul\0inside", "lone\udc80surrogate\ud800", ""])
def test_names_nobody_can_have(name):
    assert UnixAccounts().uid(name) is None
    assert UnixAccounts().gid(name) is None


@pytest.mark.parametrize("number", [0xFFFFFFFE, 0xFFFFFFFF, 1 << 40])
def test_numbers_nobody_has(number):
    assert UnixAccounts().user(number) is None
    assert UnixAccounts().group(number) is None


def test_the_machine_sid_is_made_of_the_sub_authorities():
    assert str(environment().machine_sid) == MACHINE


def test_an_account_of_the_database_that_the_system_lacks_is_nobody():
    directory = Directory(environment())

    assert [user.name for user in directory.users()] == ["alice", "bob"]
    assert directory.account("ghost") is None


def test_no_two_interfaces_share_a_syntax():
    syntaxes = [interface.syntax for interface in INTERFACES]

    assert len(set(syntaxes)) == len(syntaxes)
