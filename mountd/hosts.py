# SPDX-License-Identifier: GPL-2.0-only
"""What `hosts allow` and `hosts deny` together say of a client, and why.

`ksmbd.shared.hosts` knows the single items.  Here are `EXCEPT`, which takes the items after
it away from those before it, `localhost`, and the two lists' order.
"""

from collections.abc import Sequence

from ksmbd.shared.hosts import Address, parse, parse_peer


def refusal(allow: Sequence[str], deny: Sequence[str], peer: str) -> str | None:
    """Why an address is refused by a share's two lists, or None when it is not.

    As in Samba, an address in both lists is allowed, and one in neither is allowed
    unless there is only an allow list.  Where an address or an item cannot be read, the
    answer is no: newer stock modules write "(einval)" for every client, and to guess that
    this one was not meant may be wrong.
    """
    if not allow and not deny:
        return None
    address = parse_peer(peer)
    if address is None:
        return f"there is a list of hosts, and the kernel does not tell the address ({peer!r})"
    try:
        allowed, denied = _listed(allow, address), _listed(deny, address)
    except ValueError as e:
        return f"the list of hosts cannot be read: {e}"
    if allowed:
        return None
    if denied:
        return "its address is in hosts deny"
    return "its address is not in hosts allow" if not deny else None


def _listed(items: Sequence[str], address: Address) -> bool:
    """Whether a list means an address; "a EXCEPT b EXCEPT c" is a without (b without c)."""
    for position, item in enumerate(items):
        if item.casefold() == "except":
            listed = _any(items[:position], address)
            excepted = _listed(items[position + 1 :], address)
            return listed and not excepted
    return _any(items, address)


def _any(items: Sequence[str], address: Address) -> bool:
    # A list and not a generator: an item that cannot be read is found wherever it stands.
    return any([_matches(item, address) for item in items])  # noqa: C419


def _matches(item: str, address: Address) -> bool:
    if item.casefold() == "localhost":
        return address.is_loopback
    return any(n.version == address.version and address in n for n in parse(item))
