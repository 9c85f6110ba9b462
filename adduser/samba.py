# SPDX-License-Identifier: GPL-2.0-only
"""Accounts of Samba: the lines of `pdbedit -Lw`, which are those of smbpasswd(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ksmbd.shared.users import name_fault

_HASH = re.compile(r"[0-9A-Fa-f]{32}")


@dataclass(frozen=True, slots=True)
class Account:
    """One line: a name with its NT hash, or the reason why it cannot be taken over."""

    name: str
    nt_hash: bytes = b""
    reason: str = ""


def read(text: str) -> Iterator[Account]:
    """The accounts in a listing; what is not one is an account with a reason."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(":")
        if len(fields) < 5:
            yield Account(f"line {number}", reason="is not a line of pdbedit -Lw")
            continue
        yield _account(fields[0], fields[3], fields[4])


def _account(name: str, nt_hash: str, flags: str) -> Account:
    fault = name_fault(name)
    if fault is not None:
        return Account(name, reason=f"the name {fault}")
    if "U" not in flags:
        return Account(name, reason="is a machine's or a trust's account")
    if "D" in flags:
        return Account(name, reason="is disabled")
    if "N" in flags:
        return Account(name, reason="needs no password there")
    if not _HASH.fullmatch(nt_hash):
        return Account(name, reason="has no NT hash: set a password with ksmbd.adduser")
    return Account(name, bytes.fromhex(nt_hash))
