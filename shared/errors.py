# SPDX-License-Identifier: GPL-2.0-only
"""The errors this project raises on purpose."""


class KsmbdError(Exception):
    """Something the administrator or the peer got wrong; the text says what."""


class ConfigError(KsmbdError):
    """ksmbd.conf or ksmbdpwd.db does not say what it has to."""


class ProtocolError(KsmbdError):
    """A peer sent bytes that its specification forbids."""
