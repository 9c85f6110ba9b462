# SPDX-License-Identifier: GPL-2.0-only
"""All verbs, in the order of the help."""

from __future__ import annotations

from ksmbd.mountd.verbs import announce, check, doctor, end, explain, metrics, share, status, trace
from ksmbd.mountd.verbs.verb import Verb

VERBS: tuple[Verb, ...] = (
    *status.VERBS,
    *end.VERBS,
    *share.VERBS,
    check.VERB,
    explain.VERB,
    *doctor.VERBS,
    trace.VERB,
    metrics.VERB,
    announce.VERB,
)
