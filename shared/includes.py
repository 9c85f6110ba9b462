# SPDX-License-Identifier: GPL-2.0-only
"""The files that a configuration is made of: `include`, and conf.d beside the main file.

An included file is read as if its lines stood in the place of the `include`, but its
sections end with it: what follows the `include` belongs to the section that it stands in.
(In Samba it belongs to the last section of the included file, which nobody expects.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ksmbd.shared import macros
from ksmbd.shared.dialect import Document, Entry, Stanza
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.parameters import fold_key

DROP_INS = "conf.d/*.conf"
DEEPEST = 8
MOST_FILES = 1024
INCLUDE = "include"

Report = Callable[[str, int, str], None]


class Files(Protocol):
    """Where included files come from."""

    def read(self, path: Path) -> bytes: ...

    def glob(self, folder: Path, pattern: str) -> list[Path]: ...


class Disk:
    """The real files."""

    def read(self, path: Path) -> bytes:
        """Reads one file."""
        return path.read_bytes()

    def glob(self, folder: Path, pattern: str) -> list[Path]:
        """The files that match, sorted; none if the folder is not there."""
        if pattern.startswith("/"):
            folder, pattern = Path("/"), pattern.lstrip("/")
        return sorted(path for path in folder.glob(pattern) if path.is_file())


class Collector:
    """Reads a configuration with all that it includes, as one run of sections."""

    def __init__(self, files: Files, server: macros.Server, warn: Report, fault: Report) -> None:
        self._files = files
        self._server = server
        self._warn = warn
        self._fault = fault
        self.read: list[Path] = []

    def collect(self, content: bytes, path: Path) -> list[Stanza]:
        """The sections of the main file, then those of conf.d.

        Raises:
            ConfigError: the main file does not follow the grammar.
        """
        stanzas = list(self._stanzas(content, path, (path,)))
        for drop_in in self._files.glob(path.parent, DROP_INS):
            stanzas += self._file(drop_in, (path,), str(path), 0, headless=False)
        return stanzas

    def _stanzas(
        self, content: bytes, path: Path, chain: tuple[Path, ...], *, headless: bool = False
    ) -> Iterator[Stanza]:
        self.read.append(path)
        name = str(path)
        document = Document(
            content, name, lambda line, text: self._warn(name, line, text), headless=headless
        )
        for stanza in document.stanzas():
            yield from self._expanded(stanza, path, chain)

    def _expanded(self, stanza: Stanza, path: Path, chain: tuple[Path, ...]) -> Iterator[Stanza]:
        rest: list[Entry] = []
        for entry in stanza.entries:
            if fold_key(entry.key) != INCLUDE:
                rest.append(entry)
                continue
            yield replace(stanza, entries=tuple(rest))
            rest = []
            for included in self._include(entry, path, chain):
                # What stands above its first header belongs to where the include stands.
                yield replace(included, name=stanza.name) if not included.name else included
        yield replace(stanza, entries=tuple(rest))

    def _include(self, entry: Entry, path: Path, chain: tuple[Path, ...]) -> Iterator[Stanza]:
        target = self._server.expand(entry.value)
        where = (str(path), entry.line)
        if not target:
            return
        if unknown := macros.unknown(target):
            self._fault(
                *where, f"include: {unknown[0]} is another one for every client; name a file"
            )
            return
        if any(mark in target for mark in "*?["):
            for found in self._files.glob(path.parent, target):
                yield from self._file(found, chain, *where)
            return
        yield from self._file(path.parent / target, chain, *where)

    def _file(
        self, path: Path, chain: tuple[Path, ...], file: str, line: int, *, headless: bool = True
    ) -> list[Stanza]:
        if path in chain or len(chain) > DEEPEST or len(self.read) >= MOST_FILES:
            self._fault(file, line, f"include: {path} includes itself, or there are too many files")
            return []
        try:
            return list(
                self._stanzas(self._files.read(path), path, (*chain, path), headless=headless)
            )
        except OSError as error:
            self._fault(file, line, f"include: {path}: {error.strerror}")
        except ConfigError as error:
            for fault in str(error).splitlines():
                where, _, text = fault.partition(": ")
                name, _, number = where.rpartition(":")
                self._fault(name, int(number), text)
        return []
