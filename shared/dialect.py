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
_BLANKS = " \t\r"
_BOM = b"\xef\xbb\xbf"
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key = value`."""

    key: str
    value: str
    line: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Stanza:
    """One section header and what stands below it.  A name may come more than once."""

    name: str
    line: int
    entries: tuple[Entry, ...]
    file: str = ""


def decode(content: bytes, file: str) -> list[str]:
    """Splits a file at its line feeds and checks its characters.

    Raises:
        ConfigError: it is not UTF-8 text.
    """
    lines = []
    faults = []
    for number, raw in enumerate(content.removeprefix(_BOM).split(b"\n"), start=1):
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            faults.append(f"{file}:{number}: this line is not UTF-8; convert the file with iconv")
            continue
        bad = _FORBIDDEN.search(line.removesuffix("\r"))
        if bad is not None:
            faults.append(f"{file}:{number}: control character 0x{ord(bad[0]):02x}; remove it")
        lines.append(line)
    if faults:
        raise ConfigError("\n".join(faults))
    return lines


class Document:
    """A configuration file that can be read entry by entry and changed in place."""

    def __init__(
        self, content: bytes, file: str, report: Report, *, headless: bool = False
    ) -> None:
        """Parses `content`.

        Args:
            file: the name to use in messages.
            report: told the line and the text of what is tolerated.
            headless: entries may stand above the first header, in a section without a name,
                as in a file that is included; such a document is not for `render()`.

        Raises:
            ConfigError: the file does not follow the grammar; every fault is listed.
        """
        self._bom = content.startswith(_BOM)
        self._lines = decode(content, file)
        self._ends_whole = not self._lines[-1]
        if self._ends_whole:
            self._lines.pop()
        self._return = "\r" if self._lines and self._lines[0].endswith("\r") else ""
        self._made = 0
        self._file = file
        translated = _translate(self._lines, file, report, headless=headless)
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
        return tuple(_stanza(name, self._tree[name], self._file) for name in self._tree.sections)

    def add_stanza(self, name: str) -> Stanza:
        """Appends an empty section, below whatever comment ends the file."""
        above = list(self._tree.final_comment)
        self._tree.final_comment = []
        while above and _is_blank(above[-1]):
            above.pop()
        before = above or self._tree.sections or self._tree.initial_comment[-1:]
        if before and not _is_blank(before[-1]):
            above.append("#" + _escape(self._return))
        handle = self._new_handle(name)
        self._tree[handle] = {}
        self._tree.comments[handle] = above
        return _stanza(handle, self._tree[handle], self._file)

    def remove_stanza(self, stanza: Stanza) -> None:
        """Removes a section with its entries and the comment that touches its header."""
        handle = _handle(stanza.line, stanza.name)
        above = list(self._tree.comments[handle])
        while above and not _is_blank(above[-1]):
            above.pop()
        self._put_above_next(stanza, above)
        del self._tree[handle]

    def _put_above_next(self, stanza: Stanza, comments: list[str]) -> None:
        place = self._tree.sections.index(_handle(stanza.line, stanza.name)) + 1
        if place < len(self._tree.sections):
            following = self._tree.sections[place]
            self._tree.comments[following] = comments + self._tree.comments[following]
        else:
            self._tree.final_comment = comments + self._tree.final_comment

    def set(self, stanza: Stanza, key: str, value: str, old: Entry | None = None) -> None:
        """Writes an entry, in the place of `old` or at the end of its section."""
        section = self._tree[_handle(stanza.line, stanza.name)]
        if old is None:
            section[self._new_handle(key)] = _escape(value)
        else:
            section[_handle(old.line, old.key)] = _escape(value)

    def remove(self, stanza: Stanza, entry: Entry) -> None:
        """Removes one entry; the comment above it stays for the next one."""
        section = self._tree[_handle(stanza.line, stanza.name)]
        handle = _handle(entry.line, entry.key)
        following = section.scalars[section.scalars.index(handle) + 1 :]
        above = section.comments[handle]
        del section[handle]
        if following:
            section.comments[following[0]] = above + section.comments[following[0]]
        else:
            self._put_above_next(stanza, above)

    def render(self) -> bytes:
        """The file as it is to be written; lines that nobody changed are as they were read."""
        out = [self._written(line) for line in self._tree.write()]
        text = "\n".join(out)
        if out and (self._ends_whole or out != self._lines):
            text += "\n"
        return (_BOM if self._bom else b"") + text.encode()

    def _new_handle(self, name: str) -> str:
        self._made -= 1
        return _handle(self._made, name)

    def _written(self, line: str) -> str:
        """Translates a line of configobj back."""
        if line.startswith("#"):
            return unquote(line[1:])
        if line.startswith("["):
            number, name = _numbered(line[1:-1])
            return self._lines[number - 1] if number > 0 else f"[{name}]{self._return}"
        handle, _, escaped = line.partition(" = ")
        number, key = _numbered(handle)
        value = unquote(escaped)
        if number < 0:
            return f"\t{key} = {value}{self._return}"
        original = self._lines[number - 1]
        before, _, after = original.removesuffix("\r").partition("=")
        if _value(after) == value:
            return original
        comment = _TRAILER.search(after.strip(_BLANKS))
        tail = f" {comment[0].strip()}" if comment else ""
        return f"{before.rstrip()} = {value}{tail}{original[len(before) + 1 + len(after) :]}"


def _value(text: str) -> str:
    return _TRAILER.sub("", text.strip(_BLANKS)).strip(_BLANKS)


def _is_blank(translated: str) -> bool:
    return translated.startswith("#") and not unquote(translated[1:]).strip()


def _handle(number: int, name: str) -> str:
    return f"{number}~{_escape(name)}"


def _translate(
    lines: Sequence[str], file: str, report: Report, *, headless: bool = False
) -> list[str]:
    faults: list[str] = []
    out = [f"[{_handle(0, '')}]"] if headless else []
    in_section = headless
    for number, line in enumerate(lines, start=1):
        text = line.strip(_BLANKS)
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
                translated = f"[{_handle(number, match['name'].strip())}]"
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
            if not key.strip(_BLANKS):
                faults.append(
                    f"{file}:{number}: {text!r} has nothing before '='; write key = value"
                )
            value = _value(value)
            if value.endswith("\\"):
                report(number, "a line cannot be continued with '\\' here; it is part of the value")
            translated = f"{_handle(number, key.strip(_BLANKS))} = {_escape(value)}"
        out.append(translated)
    if faults:
        raise ConfigError("\n".join(faults))
    return out


def _escape(text: str) -> str:
    return quote(text, safe="")


def _numbered(name: str) -> tuple[int, str]:
    number, _, escaped = name.partition("~")
    return int(number), unquote(escaped)


def _stanza(name: str, section: Section, file: str) -> Stanza:
    line, title = _numbered(name)
    entries = []
    for scalar in section.scalars:
        number, key = _numbered(scalar)
        entries.append(Entry(key, unquote(section[scalar]), number, file))
    return Stanza(title, line, tuple(entries), file)
