# SPDX-License-Identifier: GPL-2.0-only
"""Changes of the sections of ksmbd.conf, as text in and text out."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ksmbd.shared import config, parameters, samba
from ksmbd.shared.config import Level, fold_share_name
from ksmbd.shared.dialect import Document, Entry, Stanza
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.parameters import Parameter, Scope, fold_key

log = logging.getLogger(__name__)

GLOBAL = "global"
_UNWRITABLE = frozenset("[]")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: add, update or delete; None adds or updates."""

    action: str | None
    share: str
    options: tuple[tuple[str, str], ...]
    path: Path


def options(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Reads `key = value` texts; one text may hold several, a line each.

    Raises:
        ConfigError: one of them has no `=`.
    """
    found = []
    for line in (line for text in texts for line in text.splitlines() if line.strip()):
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"option {line.strip()!r} is not of the form 'key = value'")
        found.append((key.strip(), value.strip()))
    return tuple(found)


def apply(plan: Plan, content: bytes) -> tuple[bytes, str]:
    """Carries a plan out on the text of a file; returns the new text and what was done.

    Raises:
        ConfigError: the plan cannot be carried out, or its result could not be served.
    """
    document = Document(content, str(plan.path), lambda line, text: None)
    name = fold_share_name(plan.share)
    stanzas = [one for one in document.stanzas() if fold_share_name(one.name) == name]
    _check_existence(plan, bool(stanzas))
    if plan.action == "delete":
        for stanza in stanzas:
            document.remove_stanza(stanza)
        return document.render(), "deleted"
    if not plan.options:
        raise ConfigError(f"no options given for share {plan.share!r}: -o 'path = /some/directory'")
    done = "updated" if stanzas else "added"
    if not stanzas:
        stanzas = [document.add_stanza(_written_name(plan.share))]
    for key, value in plan.options:
        _set_option(document, name, stanzas[0].line, key, value)
    rendered = document.render()
    _check_result(plan, rendered)
    return rendered, done


def _check_existence(plan: Plan, exists: bool) -> None:
    if fold_share_name(plan.share) == GLOBAL:
        if plan.action == "delete":
            raise ConfigError("[global] is not a share and is not deleted; remove it in an editor")
        return
    if plan.action == "add" and exists:
        raise ConfigError(f"share {plan.share!r} already exists in {plan.path}; update with -u")
    if plan.action in ("update", "delete") and not exists:
        raise ConfigError(f"share {plan.share!r} does not exist in {plan.path}")


def _written_name(name: str) -> str:
    if _UNWRITABLE & set(name) or any(ord(c) < ord(" ") for c in name) or name != name.strip():
        raise ConfigError(f"share name {name!r} cannot stand in [brackets]")
    return name


def _set_option(document: Document, name: str, first_line: int, key: str, value: str) -> None:
    """Gives one parameter one value in the sections of a name, whatever it was called there."""
    scope = Scope.GLOBAL if name == GLOBAL else Scope.SHARE
    row = _row(scope, key)
    if row is None:
        return
    target, old = None, None
    for stanza in document.stanzas():
        if fold_share_name(stanza.name) != name:
            continue
        if stanza.line == first_line:
            target = stanza
        for entry in stanza.entries:
            if _row_of(scope, entry.key) is not row:
                continue
            if value and old is None and fold_key(entry.key) == fold_key(key):
                old = (stanza, entry)
            else:
                document.remove(stanza, entry)
    _write(document, target, old, key, value)


def _write(
    document: Document,
    target: Stanza | None,
    old: tuple[Stanza, Entry] | None,
    key: str,
    value: str,
) -> None:
    if not value:
        return
    if any(mark in f" {value}" for mark in (" ;", " #", "\t;", "\t#")):
        raise ConfigError(f"{key}: a ';' or '#' after a blank would begin a comment in the file")
    if old is not None:
        document.set(old[0], key, value, old[1])
    elif target is not None:
        document.set(target, fold_key(key), value)


def _row_of(scope: Scope, key: str) -> Parameter | None:
    found = parameters.look_up(scope, key)
    if found is None and scope is Scope.GLOBAL:
        found = parameters.look_up(Scope.SHARE, key)
    return found[0] if found else None


def _row(scope: Scope, key: str) -> Parameter | None:
    """The row of an option; None for one that is Samba's and not worth a line in the file.

    Raises:
        ConfigError: there is no such parameter here.
    """
    row = _row_of(scope, key)
    if row is not None:
        return row
    if scope is Scope.SHARE and parameters.look_up(Scope.GLOBAL, key) is not None:
        raise ConfigError(f"{key!r} is not a share's: ksmbd.addshare -u global -o '{key} = ...'")
    foreign = samba.look_up(fold_key(key))
    if foreign is not None:
        log.warning("%r has no effect here: %s; not written", key, foreign.reason)
        return None
    near = parameters.suggest(scope, key)
    hint = f"; did you mean {near!r}?" if near else ""
    raise ConfigError(f"unknown parameter {key!r}{hint}")


def _check_result(plan: Plan, content: bytes) -> None:
    """Refuses a result that mountd would refuse, and passes its warnings on."""
    result = config.parse(content, plan.path)
    name = fold_share_name(plan.share)
    own = [one for one in result.complaints if _is_about(one, content, name, plan.path)]
    errors = [str(complaint) for complaint in own if complaint.level is Level.ERROR]
    served = name in (GLOBAL, "homes") or name in result.shares
    if errors or not served:
        raise ConfigError("\n".join(errors) or f"share {plan.share!r} could not be served")
    for complaint in own:
        log.warning("%s", complaint)


def _is_about(complaint: config.Complaint, content: bytes, name: str, path: Path) -> bool:
    if complaint.file != str(path):
        return False
    document = Document(content, str(path), lambda line, text: None)
    above = [stanza for stanza in document.stanzas() if stanza.line <= complaint.line]
    return bool(above) and fold_share_name(above[-1].name) == name
