# SPDX-License-Identifier: GPL-2.0-only
"""The items of `hosts allow` and `hosts deny`, and the addresses they are compared with.

An item is ALL, LOCAL (this machine and link-local addresses), localhost, an address, a network
(192.0.2.0/24, 192.0.2.0/255.255.255.0, 2001:db8::/32) or a prefix that ends in a dot (192.0.2.).
Names are refused: resolving what a client controls, per connection, is neither safe nor quick.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PREFIX = re.compile(r"([0-9]{1,3}\.){1,3}")
_MAPPED_BITS = 96
_EVERYBODY: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_LOCALHOST: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_LOCAL = (*_LOCALHOST, ip_network("169.254.0.0/16"), ip_network("fe80::/10"))


def parse(item: str) -> tuple[Network, ...]:
    """The networks an item stands for.

    Raises:
        ValueError: the item is none; the text says what is.
    """
    word = item.upper()
    if word == "ALL":
        return _EVERYBODY
    if word == "LOCAL":
        return _LOCAL
    if word == "LOCALHOST":
        return _LOCALHOST
    text = item
    if _PREFIX.fullmatch(item):
        known = item[:-1].split(".")
        text = ".".join(known + ["0"] * (4 - len(known))) + f"/{8 * len(known)}"
    try:
        return (_unmapped(ip_network(text, strict=False)),)
    except ValueError:
        raise ValueError(
            f"{item!r} is not an address such as 192.0.2.7, 192.0.2., 192.0.2.0/24 or 2001:db8::/32"
        ) from None


def _unmapped(network: Network) -> Network:
    """::ffff:192.0.2.0/120 is 192.0.2.0/24, as `parse_peer()` has it."""
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ip_network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


def parse_peer(text: str) -> Address | None:
    """Reads the address of a client as the module writes it.

    Listeners are dual-stack, so IPv4 clients arrive as ::ffff:a.b.c.d; some modules write
    a placeholder instead of an address, for which the answer is None.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
