#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Inside the guest: makes up programs for the server for as long as told, and keeps those
that reach code no other did.

    fuzz.py run SECONDS OUT [SEED]     corpus in OUT/corpus, a finding in OUT/finding.json
    fuzz.py replay FILE...             plays saved programs in their order

OUT/journal holds the last programs before a crash, one a line, the crashing one last.
"""

from __future__ import annotations

import bisect
import errno
import hashlib
import json
import os
import random
import re
import shutil
import sys
import time
from pathlib import Path
from typing import TextIO

TOP = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TOP / "tests" / "vm")]

import grammar  # noqa: E402
from grammar import Program  # noqa: E402
from kcov import Coverage, functions  # noqa: E402
from player import Finding, Player  # noqa: E402
from vm import SPLAT  # noqa: E402

SHARES = [Path("/srv") / name for name in ("share", "small")]
JOURNAL = 200
EXCUSED = re.compile(r"suspicious RCU usage")


class Journal:
    """The last programs, on the host before they are played: a crash takes nothing of it."""

    def __init__(self, folder: Path) -> None:
        self.paths = (folder / "journal.old", folder / "journal")
        self.file: TextIO = self.paths[1].open("w")
        self.count = 0

    def write(self, program: Program) -> None:
        if self.count >= JOURNAL:
            self.file.close()
            self.paths[1].replace(self.paths[0])
            self.file = self.paths[1].open("w")
            self.count = 0
        self.file.write(json.dumps(program, separators=(",", ":")) + "\n")
        self.file.flush()
        self.count += 1

    def tail(self) -> list[Program]:
        lines = [
            line for path in self.paths if path.exists() for line in path.read_text().splitlines()
        ]
        return [json.loads(line) for line in lines[-JOURNAL:]]


class KernelLog:
    """New lines of the kernel log: one system call when there are none."""

    def __init__(self) -> None:
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def splat(self) -> str:
        found = ""
        while True:
            try:
                line = os.read(self.fd, 8192).decode(errors="replace")
            except OSError as error:
                if error.errno == errno.EPIPE:
                    continue  # it overran us
                return found
            if SPLAT.search(line) and not EXCUSED.search(line):
                found += line


def clean() -> None:
    for share in SHARES:
        for entry in share.iterdir():
            if entry.name in ("innocent", "lost+found"):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
    (SHARES[0] / "link").symlink_to("/etc")
    os.mkfifo(SHARES[0] / "fifo")


class Fuzzer:
    def __init__(self, out: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.out = out
        self.corpus_dir = out / "corpus"
        self.corpus_dir.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(out)
        self.log = KernelLog()
        self.coverage = Coverage()
        self.player = Player()
        self.seen: set[int] = set()
        self.corpus: list[Program] = []
        self.played = 0

    def one(self, program: Program) -> bool:
        """Plays a program; True if it ran blocks that none before did."""
        if self.played % 100 == 0:
            clean()
        if self.played % 40 == 0:
            self.player.reset()
        self.played += 1
        self.journal.write(program)
        self.player.play(program)
        blocks = self.coverage.take()
        splat = self.log.splat()
        if splat:
            raise Finding(f"the kernel said: {splat}")
        new = blocks - self.seen
        self.seen |= new
        return bool(new)

    def keep(self, program: Program) -> None:
        self.corpus.append(program)
        text = json.dumps(program, separators=(",", ":"))
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        (self.corpus_dir / name).write_text(text)

    def next_program(self) -> Program:
        if len(self.corpus) < 20 or self.rng.random() < 0.1:
            return grammar.new_program(self.rng)
        # The newest reach the least trodden code.
        pick = (
            self.corpus[-self.rng.randrange(1, 60) :][0]
            if self.rng.random() < 0.5
            else (self.rng.choice(self.corpus))
        )
        return grammar.mutate(self.rng, pick, self.rng.choice(self.corpus))

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        last = 0.0
        known = sorted(self.corpus_dir.iterdir())
        for path in known:
            program = json.loads(path.read_text())
            if self.one(program):
                self.corpus.append(program)
            else:
                path.unlink()
        print(f"corpus: {len(self.corpus)} of {len(known)}, {len(self.seen)} blocks", flush=True)
        while time.monotonic() < end:
            program = self.next_program()
            if self.one(program):
                self.keep(program)
            if time.monotonic() > last + 30:
                last = time.monotonic()
                print(f"{self.played} programs, corpus {len(self.corpus)}, "
                      f"{len(self.seen)} blocks, {end - last:.0f} s left", flush=True)  # fmt: skip

    def report(self) -> None:
        """Which functions of the module no message has reached."""
        places = functions()
        starts = [start for start, _ in places]
        reached: set[str] = set()
        for block in self.seen:
            at = bisect.bisect_right(starts, block) - 1
            if at >= 0:
                reached.add(places[at][1])
        names = {name for _, name in places}
        text = "\n".join(sorted(names - reached))
        (self.out / "unreached").write_text(text + "\n")
        print(f"{self.played} programs; {len(reached)} of {len(names)} functions reached, "
              f"{len(self.seen)} blocks", flush=True)  # fmt: skip


def run(seconds: float, out: Path, seed: int) -> int:
    fuzzer = Fuzzer(out, seed)
    try:
        fuzzer.run(seconds)
    except Finding as finding:
        print(f"FINDING: {finding}", flush=True)
        (out / "finding.json").write_text(
            json.dumps({"why": str(finding), "programs": fuzzer.journal.tail()})
        )
        return 1
    finally:
        fuzzer.report()
    return 0


def programs_of(path: Path) -> list[Program]:
    """A finding, a journal or a single program."""
    text = path.read_text()
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]
    programs = found.get("programs", [found])
    assert isinstance(programs, list)
    return programs


def replay(paths: list[Path]) -> int:
    log = KernelLog()
    clean()
    player = Player()
    for path in paths:
        for number, program in enumerate(programs_of(path)):
            try:
                player.play(program)
                if splat := log.splat():
                    raise Finding(f"the kernel said: {splat}")
            except Finding as finding:
                print(f"{path}: program {number}: {finding}")
                return 1
    print("replayed: nothing found")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"] and len(sys.argv) in (4, 5):
        seed = int(sys.argv[4]) if len(sys.argv) == 5 else int.from_bytes(os.urandom(4))
        sys.exit(run(float(sys.argv[2]), Path(sys.argv[3]), seed))
    if sys.argv[1:2] == ["replay"] and len(sys.argv) > 2:
        sys.exit(replay([Path(name) for name in sys.argv[2:]]))
    sys.exit(__doc__)
