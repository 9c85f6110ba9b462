# SPDX-License-Identifier: GPL-2.0-only
"""The NT hash of a password: MD4(UTF-16LE(password)), [MS-NLMP] 3.3.1 NTOWFv1."""

from __future__ import annotations

from ksmbd.shared.errors import ConfigError
from ksmbd.shared.md4 import md4

MAX_PASSWORD_BYTES = 128


def nt_hash(password: str) -> bytes:
    """Hashes a password as clients do.

    Raises:
        ConfigError: the password is not Unicode text or longer than 128 bytes of UTF-8.
    """
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        raise ConfigError("the password is not UTF-8 text") from None
    if size > MAX_PASSWORD_BYTES:
        raise ConfigError(f"the password is longer than {MAX_PASSWORD_BYTES} bytes")
    return bytes(md4(password.encode("utf-16-le")))
