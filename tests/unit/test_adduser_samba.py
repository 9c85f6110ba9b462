# SPDX-License-Identifier: GPL-2.0-only
"""Accounts taken over from Samba."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.adduser import __main__ as adduser
from ksmbd.adduser.samba import read
from ksmbd.shared.nthash import nt_hash
from ksmbd.shared.users import UserDb

NO_LM = "X" * 32
# `pdbedit -Lw` of Samba 4.17
LISTING = f"""\
alice:1000:{NO_LM}:{nt_hash("secret").hex().upper()}:[U          ]:LCT-65A1B2C3:
bob:1001:{NO_LM}:{nt_hash("other").hex().upper()}:[DU         ]:LCT-65A1B2C3:
pc$:1002:{NO_LM}:{nt_hash("machine").hex().upper()}:[W          ]:LCT-65A1B2C3:
nopw:1003:{NO_LM}:{NO_LM}:[U          ]:LCT-00000000:
free:1004:{NO_LM}:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:[NU         ]:LCT-00000000:
nonsense
"""


def test_what_can_be_taken_over_is_and_the_rest_has_its_reason() -> None:
    found = {one.name: one for one in read(LISTING)}
    assert found["alice"].nt_hash == nt_hash("secret")
    assert {name: one.reason for name, one in found.items() if one.reason} == {
        "bob": "is disabled",
        "pc$": "is a machine's or a trust's account",
        "nopw": "has no NT hash: set a password with ksmbd.adduser",
        "free": "needs no password there",
        "line 6": "is not a line of pdbedit -Lw",
    }


@given(st.text())
def test_any_text_is_accounts_or_reasons(text: str) -> None:
    for one in read(text):
        assert bool(one.reason) != (len(one.nt_hash) == 16)


def test_the_tool_imports_and_keeps_who_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "db"
    words = ["-P", str(db), "-C", str(tmp_path / "none"), "--lock", str(tmp_path / "l")]
    assert adduser.main([*words, "-a", "alice", "-p", "mine"]) == 0
    monkeypatch.setattr(
        "sys.stdin", io.StringIO(LISTING.replace("bob", "carol").replace("DU", "U"))
    )
    assert adduser.main([*words, "--import-samba", "-"]) == 0
    users = UserDb.load(db)
    assert sorted(users.users) == ["alice", "carol"]
    assert users.users["alice"].nt_hash == nt_hash("mine")
    said = capsys.readouterr().err
    assert "alice: is there already" in said
    assert "1 of 6 accounts imported" in said
