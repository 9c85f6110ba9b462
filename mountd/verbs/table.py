# SPDX-License-Identifier: GPL-2.0-only
"""All verbs, in the order of the help."""

from __future__ import annotations

from ksmbd.mountd.verbs import check
from ksmbd.mountd.verbs.verb import Verb

VERBS: tuple[Verb, ...] = (check.VERB,)
