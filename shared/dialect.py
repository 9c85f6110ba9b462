# SPDX-License-Identifier: GPL-2.0-only
"""The grammar of ksmbd.conf, the smb.conf dialect, on top of configobj.

configobj keeps the tree, the order and the comments, but has a grammar of its own: quotes,
`#` anywhere, nested sections, no `;`, no repetition.  So each line is translated into one line
of configobj that nothing of this touches, and back:

    ; text, empty lines       #<escaped line>
    [name]                    [<line number>~<escaped name>]
    key = value ; comment     <line number>~<escaped key> = <escaped value>

The line numbers make repeated names distinct, let every complaint name its line, and lead
back to the original text: a line that nobody changed is written exactly as it was read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from configobj import ConfigObj, ConfigObjError, Section
from ksmbd.shared.errors import ConfigError

Report = Callable[[int, str], None]

_HEADER = re.compile(r"\[(?P<name>[^\[\]]*)\](?P<rest>.*)")
_TRAILER = re.compile(r"(^|[ \t])[;#].*$")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key = value`."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Stanza:
    """One section header and what stands below it.  A name may come more than once."""

    name: str
    line: int
    entries: tuple[Entry, ...]


def decode(content: bytes, file: str) -> list[str]:
    """Splits a file into lines, without line ends, and checks its characters.

    Raises:
        ConfigError: it is not UTF-8 text.
    """
    lines = []
    faults = []
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            line = raw.removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            faults.append(f"{file}:{number}: this line is not UTF-8; convert the file with iconv")
            continue
        bad = _FORBIDDEN.search(line)
        if bad is not None:
            faults.append(f"{file}:{number}: control character 0x{ord(bad[0]):02x}; remove it")
        lines.append(line)
    if faults:
        raise ConfigError("\n".join(faults))
    return lines


class Document:
    """A configuration file that can be read entry by entry and changed in place."""

    def __init__(self, content: bytes, file: str, report: Report) -> None:
        """Parses `content`.

        Args:
            file: the name to use in messages.
            report: told the line and the text of what is tolerated.

        Raises:
            ConfigError: the file does not follow the grammar; every fault is listed.
        """
        self._lines = decode(content, file)
        if self._lines and not self._lines[-1]:
            self._lines.pop()
        translated = _translate(self._lines, file, report)
        try:
            self._tree = ConfigObj(
                translated,
                list_values=False,
                interpolation=False,
                raise_errors=True,
                write_empty_values=True,
            )
        except ConfigObjError as error:
            # The translation leaves nothing to object to; should it, this names the line.
            raise ConfigError(f"{file}:{error.line_number}: {error}") from error

    def stanzas(self) -> tuple[Stanza, ...]:
        """The sections in the order of the file."""
        return tuple(_stanza(name, self._tree[name]) for name in self._tree.sections)


def _translate(lines: Sequence[str], file: str, report: Report) -> list[str]:
    faults: list[str] = []
    out = []
    in_section = False
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        translated = "#" + _escape(line)
        if not text or text[0] in ";#":
            pass
        elif text[0] == "[":
            match = _HEADER.match(text)
            if match is None or not match["name"].strip():
                faults.append(f"{file}:{number}: {text!r} is not a section; write [name]")
            else:
                if _TRAILER.sub("", match["rest"]).strip():
                    report(number, f"text after [{match['name']}] is ignored")
                translated = f"[{number}~{_escape(match['name'].strip())}]"
            in_section = True
        elif "=" not in text:
            faults.append(
                f"{file}:{number}: {text!r} has no '='; write key = value, or ; before a comment"
            )
        elif not in_section:
            faults.append(
                f"{file}:{number}: {text!r} stands before the first section; put [global] above it"
            )
        else:
            key, _, value = text.partition("=")
            if not key.strip():
                faults.append(f"{file}:{number}: {text!r} has nothing before '='")
            value = _TRAILER.sub("", value.strip()).strip()
            if value.endswith("\\"):
                report(number, "a line cannot be continued with '\\' here; it is part of the value")
            translated = f"{number}~{_escape(key.strip())} = {_escape(value)}"
        out.append(translated)
    if faults:
        raise ConfigError("\n".join(faults))
    return out


def _escape(text: str) -> str:
    return quote(text, safe="")


def _numbered(name: str) -> tuple[int, str]:
    number, _, escaped = name.partition("~")
    return int(number), unquote(escaped)


def _stanza(name: str, section: Section) -> Stanza:
    line, title = _numbered(name)
    entries = []
    for scalar in section.scalars:
        number, key = _numbered(scalar)
        entries.append(Entry(key, unquote(section[scalar]), number))
    return Stanza(title, line, tuple(entries))
