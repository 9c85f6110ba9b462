# SPDX-License-Identifier: GPL-2.0-only
"""The %-variables of smb.conf: which are known when, and what stands for them.

Some are the server's and known as soon as the file is read (`Server`).  `%S` is known when a
share is.  `%U` and `%u` are known when somebody connects: in lists of users they mean whoever
that is, and in [homes] the user whose home it is.  The rest would be another one for every
client, while the kernel has one share of a name for all of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ksmbd.shared.version import tools_version

OF_SHARE = "%S"
OF_USER = frozenset({"%U", "%u"})
PRIMARY_GROUP = frozenset({"@%g", "@%G"})
_PER_CLIENT = frozenset("UuGgHmMRaIiTtdjJwVpNsP")
_VARIABLE = re.compile(r"%(?P<letter>[A-Za-z])|%\$\((?P<name>\w+)\)")


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of the server before the first client."""

    host: str
    name: str = ""
    workgroup: str = ""
    environment: Mapping[str, str] | None = None

    @classmethod
    def here(cls) -> Server:
        """This machine."""
        return cls(os.uname().nodename, environment=os.environ)

    def expand(self, text: str) -> str:
        """Replaces what is the server's: %h, %L, %D, %v and %$(NAME)."""
        return _VARIABLE.sub(self._value, text) if "%" in text else text

    def _value(self, match: re.Match[str]) -> str:
        known = {"h": self.host, "v": tools_version()}
        if self.name:
            known["L"] = self.name
        if self.workgroup:
            known["D"] = self.workgroup
        if match["name"] is not None:
            environment = self.environment or {}
            return environment.get(match["name"], match[0])
        return known.get(match["letter"], match[0])


def unknown(text: str, known: frozenset[str] = frozenset()) -> list[str]:
    """The variables of Samba in a text whose values are not known, those of `known` apart."""
    return [
        match[0]
        for match in _VARIABLE.finditer(text)
        if match[0] not in known
        and (match["name"] is not None or match["letter"] in _PER_CLIENT | {"S", "L", "D"})
    ]


def replace(text: str, values: Mapping[str, str]) -> str:
    """Replaces the variables in `values`, all of them at once."""
    return _VARIABLE.sub(lambda match: values.get(match[0], match[0]), text)
