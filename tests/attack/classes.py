# SPDX-License-Identifier: GPL-2.0-only
"""The ways in which kernel file servers were broken before, one number each.

A test that covers a class carries `@pytest.mark.attack(NUMBER)`; one for a feature that the
server does not have yet calls `pending("feature")`, which skips it by that name and no other
way. tests/unit/test_attack_classes.py counts that every number has a test.
"""

from __future__ import annotations

from typing import NoReturn

import pytest

CLASSES = {
    1: "frame lengths, trickled and cut frames",
    2: "protocol ids in every state",
    3: "NEGOTIATE again, before and after others",
    4: "negotiate contexts that lie about themselves",
    5: "commands after a failed NEGOTIATE",
    6: "wrong StructureSize, truncated bodies",
    7: "security buffers and NTLMSSP fields out of range",
    8: "SPNEGO that is not DER",
    9: "SESSION_SETUPs that never finish",
    10: "the same leg twice at once",
    11: "PreviousSessionId without proof",
    12: "binding a channel without proof",
    13: "session ids of other connections",
    14: "ending on one channel while another works",
    15: "Kerberos for a session that exists",
    16: "guessing passwords in parallel",
    17: "keys in logs and freed memory",
    18: "wrong, replayed and missing signatures and encryption",
    19: "NextCommand that leads anywhere",
    20: "chains that begin with what needs no session",
    21: "chains that end what they use",
    22: "chains that fill the response",
    23: "errors in the middle of signed chains",
    24: "create contexts that lie about themselves",
    25: "names that are none",
    26: "escape from the share",
    27: "special files in the share",
    28: "overwriting what is read-only",
    29: "operations without the right for them",
    30: "credentials of what the server does in the file system",
    31: "security descriptors that lie about themselves",
    32: "extended attribute lists that lie about themselves",
    33: "offsets and lengths of READ and WRITE",
    34: "a blocked LOCK and every end of it",
    35: "a pending CHANGE_NOTIFY and every end of it",
    36: "oplock and lease breaks that are not answered",
    37: "durable handles of others",
    38: "two enumerations of one handle at once",
    39: "idle and vanished connections",
    40: "credits ignored",
    41: "allocations that fail",
    42: "a daemon that cannot be trusted",
    43: "shutdown and unload during all of it",
    44: "SMB Direct headers",
    45: "names of the server's own attributes",
    46: "asynchronous answers on encrypted sessions",
    47: "network interfaces that come and go",
}


def pending(feature: str) -> NoReturn:
    pytest.skip(f"pending: {feature}")
