# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.hosts: the items of hosts allow and hosts deny."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.shared.hosts import parse, parse_peer


def stands_for(item: str, peer: str) -> bool:
    address = parse_peer(peer)
    assert address is not None
    return any(address in network for network in parse(item))


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
        ("localhost", "127.1.2.3", True),
        ("localhost", "fe80::1", False),
        ("LOCAL", "192.0.2.7", False),
    ],
)
def test_an_item_stands_for_addresses(item: str, peer: str, matches: bool) -> None:
    assert matches is stands_for(item, peer)


def test_a_placeholder_is_no_address() -> None:
    assert parse_peer("(einval)") is None


@pytest.mark.parametrize("item", ["example.org", "EXCEPT", "", ".", "300.", "1.2.3.4.", "::1."])
def test_what_is_no_address_is_refused(item: str) -> None:
    with pytest.raises(ValueError, match="is not an address such as"):
        parse(item)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = parse_peer(text)
    assert address is None or address == parse_peer(str(address))


@given(st.text(max_size=40))
def test_any_text_is_an_item_or_a_value_error(text: str) -> None:
    try:
        assert parse(text)
    except ValueError as error:
        assert "is not an address such as" in str(error)


@given(st.ip_addresses())
def test_every_address_is_in_itself_and_in_all(address: object) -> None:
    assert stands_for(str(address), str(address))
    assert stands_for("ALL", str(address))
