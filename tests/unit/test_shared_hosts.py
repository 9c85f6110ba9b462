# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.hosts: hosts allow and hosts deny."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.shared.hosts import parse, parse_peer, permitted

MAPPED = "0000:0000:0000:0000:0000:ffff:c000:0207"  # 192.0.2.7 as stock modules write it


@pytest.mark.parametrize(
    ("item", "peer", "matches"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", MAPPED, True),
        ("192.0.2.8", MAPPED, False),
        ("192.0.2.", MAPPED, True),
        ("192.0.20.", MAPPED, False),
        ("192.", "192.255.255.255", True),
        ("192.0.2.0/24", MAPPED, True),
        ("192.0.2.0/255.255.255.0", MAPPED, True),
        ("192.0.2.9/24", MAPPED, True),
        ("192.0.3.0/24", MAPPED, False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("2001:db8::/32", "192.0.2.7", False),
        ("::ffff:192.0.2.0/120", "192.0.2.7", True),
        ("::ffff:192.0.2.0/120", "192.0.3.7", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("ALL", "2001:db8::1", True),
        ("all", "192.0.2.7", True),
        ("LOCAL", "127.0.0.1", True),
        ("LOCAL", "::1", True),
        ("LOCAL", "192.0.2.7", False),
    ],
)
def test_an_item_matches(item: str, peer: str, matches: bool) -> None:
    assert matches is permitted(peer, [item], [])
    assert matches is not permitted(peer, [], [item])


@pytest.mark.parametrize(
    ("allow", "deny", "expected"),
    [
        ([], [], True),
        (["192.0.2.7"], ["ALL"], True),
        (["192.0.2.8"], ["ALL"], False),
        (["192.0.2.8"], ["192.0.3."], True),
        (["192.0.2.8"], [], False),
        ([], ["192.0.3."], True),
    ],
)
def test_both_lists_together_are_as_in_samba(
    allow: list[str], deny: list[str], expected: bool
) -> None:
    assert expected is permitted(MAPPED, allow, deny)


def test_an_address_that_cannot_be_read_is_only_let_in_where_nobody_is_kept_out() -> None:
    assert permitted("(einval)", [], [])
    assert not permitted("(einval)", ["ALL"], [])
    assert not permitted("(einval)", [], ["192.0.2.1"])


@pytest.mark.parametrize("item", ["example.org", "EXCEPT", "", ".", "300.", "1.2.3.4.", "::1."])
def test_what_is_no_address_is_refused(item: str) -> None:
    with pytest.raises(ValueError, match="is not an address such as"):
        parse(item)


@given(st.text(max_size=40))
def test_any_text_is_a_peer_or_none(text: str) -> None:
    parse_peer(text)
    assert permitted(text, [], [])


@given(st.ip_addresses())
def test_every_address_is_in_itself_and_in_all(address: object) -> None:
    text = str(address)
    assert permitted(text, [text], ["ALL"])
    assert not permitted(text, [], ["ALL"])
