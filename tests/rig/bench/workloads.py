# SPDX-License-Identifier: GPL-2.0-only
"""What is measured: one client, the same for every server, that waits for each answer.

A `Workload` is set up once for a server and then told to do its operation so many times.
The floor (`floor.c`) is given the very same requests, without a session.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import raw as r
import sealed
from sealed import AES128_GCM, AES_CMAC, AES_GMAC, Sealed

KIB, MIB = 1 << 10, 1 << 20
FILE = 16 * MIB
"""Bytes of the files that are read and written: all of them stay in the page cache."""
CREDITS = 600
"""More than the 128 of a read of 8 MiB, or the 32 requests of the deepest queue."""
PLAIN, GMAC, CMAC, GCM = "unsigned", "GMAC", "CMAC", "GCM"
READ_ATTRIBUTES, READ_DATA, READ_WRITE, DELETE = 0x80, 0x120089, 0x12019F, 0x10000
OPEN, CREATE_NEW, OPEN_IF = 1, 2, 3
DIRECTORY, DELETE_ON_CLOSE = 0x1, 0x1000
BATCH = 9
BOTH_DIRECTORY, ALL_INFORMATION = 37, 18
FULL_LISTING = 10_000


class WorkloadError(Exception):
    """A server answered otherwise than it must."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a server listens, and what it can be asked."""

    host: str
    port: int
    speaks_smb: bool = True
    """False of the floor: no log-on, no signature, no encryption."""


class Wire(Sealed):
    """A connection that knows how many credits it has."""

    granted = 1

    def __enter__(self) -> Wire:
        return self

    def receive(self) -> r.Reply:
        reply = super().receive()
        self.granted += reply.credits
        return reply

    def ask(self, command: int, body: bytes, charge: int = 1) -> r.Reply:
        """One request that must succeed; it asks for as many credits as it costs."""
        return succeed(self.call(command, body, charge=charge, credits=charge))

    def create(self, name: str, **more: int) -> bytes:
        """The id of the handle, 16 bytes."""
        return r.file_id(self.ask(r.CREATE, r.create(name, **more)))

    def together(self, bodies: list[tuple[int, bytes]]) -> list[r.Reply]:
        """Sends unsigned requests at once and waits for all the answers."""
        frames = [self.header(command) + body for command, body in bodies]
        self.socket.sendall(b"".join(struct.pack(">I", len(one)) + one for one in frames))
        replies: list[r.Reply] = []
        while len(replies) < len(frames):
            reply = self.receive()
            if not reply.pending:
                replies.append(succeed(reply))
        return replies

    @classmethod
    def to(cls, target: Target, mode: str = PLAIN) -> Wire:
        """Logged on and connected to the share, with the credits for anything."""
        wire = cls(target.port, timeout=120, host=target.host)
        if not target.speaks_smb:
            wire.dialect, wire.granted = 0x0311, 1 << 60
            return wire
        wire.enter(AES_GMAC if mode == GMAC else AES_CMAC)
        if mode in (GMAC, CMAC) and wire.signing != (AES_GMAC if mode == GMAC else AES_CMAC):
            raise WorkloadError(f"the server does not sign with {mode}")
        if mode == GCM and wire.cipher != AES128_GCM:
            raise WorkloadError("the server does not encrypt with AES-128-GCM")
        wire.sealing = mode == GCM
        wire.signing_messages = mode in (GMAC, CMAC)
        while wire.granted - wire.message_id < CREDITS:
            before = wire.granted - wire.message_id
            succeed(wire.call(r.ECHO, r.echo(), credits=CREDITS))
            if wire.granted - wire.message_id <= before:
                raise WorkloadError(f"the server gives no more than {before} credits")
        return wire

    def enter(self, signing: int) -> None:
        succeed(self.offer(signing=(signing,)))
        succeed(self.login())
        # 3.1.1 wants its tree connects signed, [MS-SMB2] 3.2.4.2.4.
        self.signing_messages = True
        succeed(self.tree())
        self.signing_messages = False


def succeed(reply: r.Reply) -> r.Reply:
    if reply.status != "SUCCESS":
        raise WorkloadError(f"command {reply.command}: {reply.status}")
    return reply


def pattern(offset: int, size: int) -> bytes:
    """What the files hold: another 64 KiB block at each multiple of 64 KiB."""
    block = 64 * KIB
    first, last = offset // block, -(-(offset + size) // block)
    data = b"".join(
        hashlib.shake_128(struct.pack("<I", number)).digest(block) for number in range(first, last)
    )
    return data[offset - first * block :][:size]


def charge(size: int) -> int:
    """Credits for a transfer of so many bytes, [MS-SMB2] 3.1.5.2."""
    return max(1, -(-size // (64 * KIB)))


@dataclass
class Workload:
    """One row of the table.

    Args:
        each: operations in one turn of `turn`; the cost is of one operation.
    """

    name: str
    each: int = 1

    @property
    def on_floor(self) -> bool:
        """Whether it needs no session."""
        return True

    def begin(self, target: Target) -> None:
        """Connects, and makes sure once that the answers are right."""
        raise NotImplementedError

    def turn(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """Leaves nothing open."""


@dataclass
class Wired(Workload):
    """A workload on one connection."""

    mode: str = PLAIN
    wire: Wire = field(init=False, repr=False)

    @property
    def on_floor(self) -> bool:
        return self.mode == PLAIN

    def begin(self, target: Target) -> None:
        self.wire = Wire.to(target, self.mode)
        try:
            self.prepare()
        except BaseException:
            self.end()
            raise

    def prepare(self) -> None:
        pass

    def end(self) -> None:
        self.wire.socket.close()


@dataclass
class Transfer(Wired):
    """READ or WRITE of `size` bytes, onwards through a file and again from its start."""

    size: int = 4 * KIB
    depth: int = 1
    writes: bool = False
    file: str = ""
    offset: int = field(default=0, init=False)
    handle: bytes = field(default=b"", init=False, repr=False)
    data: bytes = field(default=b"", init=False, repr=False)

    def prepare(self) -> None:
        # A file of its own for who writes: what is read stays what was written here.
        name = self.file or ("bench-written" if self.writes else "bench-read")
        self.handle = self.wire.create(name, access=READ_WRITE, disposition=OPEN_IF)
        step = max(self.size, MIB)
        for offset in range(0, FILE, step):
            self.put(pattern(offset, step), offset)
        # smbd sends without a copy what was there when the file was opened, and only that.
        self.wire.ask(r.CLOSE, r.close(self.handle))
        self.handle = self.wire.create(name, access=READ_WRITE, disposition=OPEN)
        self.data = pattern(0, self.size)
        self.offset = 0
        reply = self.wire.ask(r.READ, r.read(self.handle, self.size), charge(self.size))
        if self.payload(reply) != self.data:
            raise WorkloadError(f"{self.name}: other bytes than were written")
        if self.mode == GCM and not self.wire.was_sealed:
            raise WorkloadError(f"{self.name}: the answer is not encrypted")
        if self.mode in (GMAC, CMAC):
            frame = self.wire.last_frame
            if sealed.sign(self.wire.signing, self.wire.signing_key, frame) != frame:
                raise WorkloadError(f"{self.name}: the answer is not signed, or wrongly")

    def put(self, data: bytes, offset: int) -> None:
        self.wire.ask(r.WRITE, r.write(self.handle, data, offset), charge(len(data)))

    @staticmethod
    def payload(reply: r.Reply) -> bytes:
        (length,) = struct.unpack_from("<I", reply.body, 4)
        return reply.body[16 : 16 + length]

    def next_offset(self) -> int:
        offset = self.offset
        self.offset = (offset + self.size) % FILE
        return offset

    def turn(self) -> None:
        if self.depth > 1:
            self.deep_turn()
        elif self.writes:
            self.put(self.data, self.next_offset())
        else:
            request = r.read(self.handle, self.size, self.next_offset())
            reply = self.wire.ask(r.READ, request, charge(self.size))
            if len(reply.body) < 16 + self.size:
                raise WorkloadError(f"{self.name}: a short answer")

    def deep_turn(self) -> None:
        offsets = [self.next_offset() for _ in range(self.depth)]
        if self.writes:
            self.wire.together(
                [(r.WRITE, r.write(self.handle, self.data, offset)) for offset in offsets]
            )
        else:
            self.wire.together(
                [(r.READ, r.read(self.handle, self.size, offset)) for offset in offsets]
            )


@dataclass
class Compound(Wired):
    """A path's attributes in one frame: CREATE, QUERY_INFO of everything, CLOSE."""

    def prepare(self) -> None:
        self.wire.ask(r.CLOSE, r.close(self.wire.create("bench-stat", access=READ_WRITE)))

    def turn(self) -> None:
        self.wire.compound([
            (r.CREATE, r.create("bench-stat", access=READ_ATTRIBUTES, disposition=OPEN)),
            (r.QUERY_INFO, r.query_info(r.RELATED_ID, 1, ALL_INFORMATION)),
            (r.CLOSE, r.close(r.RELATED_ID)),
        ])  # fmt: skip
        for _ in range(3):
            succeed(self.wire.receive())


@dataclass
class LifeOfAFile(Wired):
    """A new file, 4 KiB in it, closed; opened again and deleted: five round trips."""

    count: int = field(default=0, init=False)

    def turn(self) -> None:
        self.count += 1
        name = f"bench-life-{self.count}"
        handle = self.wire.create(name, access=READ_WRITE, disposition=CREATE_NEW)
        self.wire.ask(r.WRITE, r.write(handle, bytes(4 * KIB)))
        self.wire.ask(r.CLOSE, r.close(handle))
        handle = self.wire.create(
            name, access=DELETE | READ_ATTRIBUTES, disposition=OPEN, options=DELETE_ON_CLOSE
        )
        self.wire.ask(r.CLOSE, r.close(handle))


@dataclass
class Cached(Wired):
    """A file opened by who wants to cache it, and closed: two round trips."""

    def prepare(self) -> None:
        self.wire.ask(r.CLOSE, r.close(self.wire.create("bench-cached", access=READ_WRITE)))

    def turn(self) -> None:
        handle = self.wire.create("bench-cached", access=READ_WRITE, disposition=OPEN, oplock=BATCH)
        self.wire.ask(r.CLOSE, r.close(handle))


@dataclass
class Listing(Wired):
    """A directory opened, read to its end with 64 KiB of room, closed."""

    each: int = FULL_LISTING
    folder: str = f"many-{FULL_LISTING}"

    def prepare(self) -> None:
        self.list()

    def turn(self) -> None:
        self.list()

    def list(self) -> None:
        handle = self.wire.create(
            self.folder, access=READ_DATA, disposition=OPEN, options=DIRECTORY, attributes=0
        )
        seen = 0
        while True:
            request = r.query_directory(handle, info_class=BOTH_DIRECTORY)
            reply = self.wire.call(r.QUERY_DIRECTORY, request)
            if reply.status == "NO_MORE_FILES":
                break
            seen += entries(succeed(reply).body)
        self.wire.ask(r.CLOSE, r.close(handle))
        if seen not in (self.each, self.each + 2):  # . and ..
            raise WorkloadError(f"{self.name}: {seen} entries")


def entries(body: bytes) -> int:
    """How many a QUERY_DIRECTORY response has, by their chain of offsets."""
    count, at = 1, 8
    while step := struct.unpack_from("<I", body, at)[0]:
        count, at = count + 1, at + step
    return count


@dataclass
class Miss(Wired):
    """A name that is not there, in no case, and another one each time."""

    folder: str = ""
    count: int = field(default=0, init=False)

    def turn(self) -> None:
        self.count += 1
        body = r.create(
            f"{self.folder}\\Missing-{self.count}.TXT", access=READ_ATTRIBUTES, disposition=OPEN
        )
        reply = self.wire.call(r.CREATE, body)
        if reply.status != "OBJECT_NAME_NOT_FOUND":
            raise WorkloadError(f"{self.name}: {reply.status}")


@dataclass
class LogOn(Workload):
    """A new connection: NEGOTIATE, NTLMv2, TREE_CONNECT, and its end."""

    target: Target = field(init=False, repr=False)

    @property
    def on_floor(self) -> bool:
        return False

    def begin(self, target: Target) -> None:
        self.target = target

    def turn(self) -> None:
        with Wire(self.target.port, timeout=120, host=self.target.host) as wire:
            wire.enter(AES_GMAC)


def all_workloads() -> Iterator[Workload]:
    sizes = {64 * KIB: "64 KiB", MIB: "1 MiB", 8 * MIB: "8 MiB"}
    for word, writes in (("read", False), ("write", True)):
        for size, text in sizes.items():
            for mode in (PLAIN, GMAC, CMAC, GCM):
                yield Transfer(f"{word} {text}, {mode}", mode=mode, size=size, writes=writes)
    for word, writes in (("read", False), ("write", True)):
        for depth in (1, 32):
            yield Transfer(f"4 KiB {word}, depth {depth}", each=depth, depth=depth, writes=writes)
    yield Compound("compound: CREATE, QUERY_INFO, CLOSE")
    yield LifeOfAFile("create, write 4 KiB, close, open, delete")
    yield Cached("open with a batch oplock, close")
    yield Listing("listing of 10,000, per entry")
    yield Miss("a name that is not there, among 100", folder="many-100")
    yield Miss("a name that is not there, among 10,000", folder=f"many-{FULL_LISTING}")
    yield LogOn("log-on, tree connect, disconnect")


FOLDERS = "".join(
    f"mkdir /srv/share/many-{count}; cd /srv/share/many-{count};"
    f" seq -f 'File-%05g.dat' {count} | xargs touch;"
    for count in (100, FULL_LISTING)
)
"""Makes the directories that the workloads expect, in the guest."""


def chosen(names: list[str]) -> Callable[[str], bool]:
    """Whether a row is meant by one of the names; without any name all are.

    A name means the rows in which all of its parts occur: "4 KiB, depth 1" reads and writes.
    """
    wanted = [[part.strip().lower() for part in name.split(",")] for name in names if name.strip()]
    return lambda row: (
        not wanted or any(all(part in row.lower() for part in parts) for parts in wanted)
    )
