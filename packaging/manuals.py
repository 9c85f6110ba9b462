#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the manual pages and the completion: from the tools' own parsers and the table of
parameters, so that neither can be out of date.

    manuals.py FOLDER
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ksmbd.adduser import __main__ as adduser
from ksmbd.adduser import addshare
from ksmbd.mountd import __main__ as mountd
from ksmbd.mountd import control
from ksmbd.shared import parameters, samba
from ksmbd.shared.parameters import PARAMETERS, Scope

SEE_ALSO = ("ksmbd.mountd(8)", "ksmbd.adduser(8)", "ksmbd.addshare(8)", "ksmbd.control(8)",
            "ksmbd.conf(5)")  # fmt: skip


def escape(text: str) -> str:
    """Text as roff takes it."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def bold(text: str) -> str:
    return f"\\fB{escape(text)}\\fR"


def command_page(parser: argparse.ArgumentParser) -> str:
    """The page of one command."""
    title = parser.prog.upper()
    out = [
        f'.TH "{title}" 8 "" "ksmbd-py" "SMB file server"',
        ".SH NAME",
        f"{escape(parser.prog)} \\- {escape((parser.description or '').rstrip('.'))}",
        ".SH SYNOPSIS",
        f"{bold(parser.prog)} [options]",
        ".SH OPTIONS",
        *_options(parser),
    ]
    verbs = _verbs(parser)
    if verbs:
        out.append(".SH VERBS")
        for name, sub, help in verbs:
            out += [
                f".SS {escape(name)}",
                escape(help[:1].upper() + help[1:]) + ".",
                *_options(sub),
            ]
    if parser.epilog:
        out += [".SH NOTES", ".nf", escape(parser.epilog.strip()), ".fi"]
    out += _see_also(f"{parser.prog}(8)")
    return "\n".join(out) + "\n"


def _see_also(own: str) -> list[str]:
    return [".SH SEE ALSO", escape(", ".join(page for page in SEE_ALSO if page != own))]


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
        if isinstance(value, tuple):
            value = " ".join(value)
        if action.choices and not action.metavar:
            value = "|".join(map(str, action.choices))
        if action.option_strings:
            names = ", ".join(bold(one) for one in action.option_strings)
            head = f"{names} \\fI{escape(value)}\\fR" if action.nargs != 0 and value else names
        else:
            head = f"\\fI{escape(value)}\\fR"
        yield ".TP"
        yield head
        text = (action.help or "").replace("%(default)s", str(action.default))
        yield escape(text) or "\\&"


def _verbs(parser: argparse.ArgumentParser) -> list[tuple[str, argparse.ArgumentParser, str]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest: one.help or "" for one in action._choices_actions}
            return [(name, sub, helps[name]) for name, sub in action.choices.items()]
    return []


def configuration_page() -> str:
    """ksmbd.conf(5)."""
    out = [
        '.TH "KSMBD.CONF" 5 "" "ksmbd-py" "SMB file server"',
        ".SH NAME", "ksmbd.conf \\- configuration of the SMB file server",
        ".SH SYNOPSIS", "/etc/ksmbd/ksmbd.conf, /etc/ksmbd/conf.d/*.conf",
        ".SH DESCRIPTION",
        "The dialect of smb.conf(5): sections in brackets, \\fIkey = value\\fR, comments after "
        "; or #. [global] is the server's; what it says of a share's parameter is the default "
        "of all shares. Every other section is a share; [homes] makes one of each user's home.",
        ".PP",
        "\\fBinclude\\fR = FILE reads another file in its place, a pattern all that match; "
        "\\fBcopy\\fR = SECTION takes over what that section says. %h is the host's name, %L the "
        "netbios name, %D the workgroup, %v the version, %$(NAME) a variable of the environment, "
        "%S the share; in lists of users %U is whoever connects, and in [homes] %U and %u are the "
        "user and %H the home.",
        ".PP",
        "\\fBksmbd.control check\\fR says what becomes of every line.",
    ]  # fmt: skip
    for scope, title in (
        (Scope.GLOBAL, "PARAMETERS OF [GLOBAL]"),
        (Scope.SHARE, "PARAMETERS OF SHARES"),
    ):
        out.append(f".SH {title}")
        for row in PARAMETERS:
            if row.scope is scope:
                out += _parameter(row)
    out += [".SH PARAMETERS OF SAMBA", "These are known and have no effect."]
    by_reason: dict[str, list[str]] = {}
    for foreign in samba.FOREIGN.values():
        by_reason.setdefault(foreign.reason, []).append(foreign.name)
    for reason, names in by_reason.items():
        out += [".TP", escape(reason[:1].upper() + reason[1:]), escape(", ".join(sorted(names)))]
    out += _see_also("ksmbd.conf(5)")
    return "\n".join(out) + "\n"


def _parameter(row: parameters.Parameter) -> list[str]:
    also = [*row.synonyms, *(f"{name} (the opposite)" for name in row.inverse)]
    kind = f"{row.read.type}: {row.read.range}" if row.read.range else row.read.type
    text = (
        f"{row.help[:1].upper()}{row.help[1:]}. ({kind}; default {parameters.shown_default(row)})"
    )
    if also:
        text += f" Also: {', '.join(also)}."
    return [
        ".TP",
        bold(row.name),
        escape(text),
        ".br",
        escape(f"A change is in force {row.applies.value}."),
    ]


def completion(parsers: list[argparse.ArgumentParser]) -> str:
    """For bash: options and verbs; names of shares where a share is asked for."""
    out = [
        "# SPDX-License-Identifier: GPL-2.0-only",
        "_ksmbd() {",
        "\tlocal word=${COMP_WORDS[COMP_CWORD]} words",
        "\tcase ${COMP_WORDS[0]##*/} in",
    ]
    for parser in parsers:
        words = [one for action in parser._actions for one in action.option_strings]
        words += [name for name, _, _ in _verbs(parser)]
        out += [f"\t{parser.prog})", f"\t\twords='{' '.join(words)}'", "\t\t;;"]
    out += [
        "\tesac",
        "\tcase ${COMP_WORDS[COMP_CWORD - 1]} in",
        "\tonline | offline | --share | --update-share | --delete-share)",
        "\t\twords=$(sed -n 's/^[[:space:]]*\\[\\([^]]*\\)\\].*/\\1/p' "
        "/etc/ksmbd/ksmbd.conf 2>/dev/null)",
        "\t\t;;", "\tesac",
        '\tmapfile -t COMPREPLY < <(compgen -o default -W "$words" -- "$word")', "}",
        f"complete -F _ksmbd {' '.join(parser.prog for parser in parsers)}",
    ]  # fmt: skip
    return "\n".join(out) + "\n"


def main() -> int:
    folder = Path(sys.argv[1])
    (folder / "completion").mkdir(parents=True, exist_ok=True)
    parsers: list[argparse.ArgumentParser] = [
        mountd.parser(), adduser.parser(), addshare.parser(), control.parser()
    ]  # fmt: skip
    for parser in parsers:
        (folder / f"{parser.prog}.8").write_text(command_page(parser))
        (folder / "completion" / parser.prog).write_text(completion(parsers))
    (folder / "ksmbd.conf.5").write_text(configuration_page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
