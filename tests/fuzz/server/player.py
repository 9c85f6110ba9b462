# SPDX-License-Identifier: GPL-2.0-only
"""Plays a program against a server and holds the server to what it owes every client:

- each answer is well formed, belongs to a request, and each request gets one final answer or
  the connection ends;
- whatever a program did, every connection that is left answers an ECHO afterwards, and a
  client that has nothing to do with it is served.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import raw as r
from grammar import CONNECTIONS, SLOTS, TREES, Message, Program, Step
from raw import HEADER, Gone, Raw

PATIENCE = 120
"""Seconds until silence is a hang: longer than any penalty, also on a machine with much to do."""

CREDITS = 400
NO_LOGON_SERVERS = "0xc000005e"


Created = Callable[[r.Reply, int | None], None]


class Finding(Exception):
    """The server did what no server may do."""


class Conn(Raw):
    """A connection that knows what it is owed."""

    def __init__(self, port: int, user: str, created: Created) -> None:
        super().__init__(port, PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.user, self.created = user, created
        self.trees: list[int] = []
        self.credit = 1
        self.owed: dict[int, int | None] = {}
        """MessageId to the slot that its handle goes to."""
        self.pending: dict[int, int] = {}
        """MessageId to AsyncId."""
        self.handles: dict[bytes, int] = {}
        """Handle to its tree."""
        self.odd = False
        """Something was sent whose answers cannot be foretold."""
        self.spent = False
        """Its session or a tree was ended: not for the next program."""
        self._in = bytearray()
        self._out = bytearray()

    def enter(self) -> Conn:
        self.negotiate(0x0210, 0x0300, 0x0302)
        for _ in range(10):
            reply = self.login(self.user)
            if reply.status != NO_LOGON_SERVERS:
                break  # else mountd took longer than the kernel waits
        if reply.status != "SUCCESS":
            raise Finding(f"{self.user} cannot log in: {reply.status}")
        for share in TREES:
            self.trees.append(self.tree(share).tree_id)
        self.call(r.ECHO, r.echo(), credits=CREDITS)
        self.credit = CREDITS
        return self

    # --- bytes ---

    def put(self, frame: bytes) -> None:
        self._out += struct.pack(">I", len(frame)) + frame

    def put_raw(self, data: bytes) -> None:
        self._out += data

    def flush(self) -> None:
        data, self._out = self._out, bytearray()
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from error

    def _exactly(self, size: int) -> bytes:
        # Many answers a system call: under UML that is what costs.
        while len(self._in) < size:
            try:
                part = self.socket.recv(1 << 18)
            except TimeoutError:
                raise Finding(f"silent for {PATIENCE} s; owed: {list(self.owed)[:9]}") from None
            except OSError as error:
                raise Gone(str(error)) from error
            if not part:
                raise Gone("end of file")
            self._in += part
        data = bytes(self._in[:size])
        del self._in[:size]
        return data

    # --- answers ---

    def take(self) -> r.Reply:
        """The next answer, checked."""
        try:
            reply = self.receive()
        except (AssertionError, struct.error) as error:
            raise Finding(f"malformed answer: {error!r}") from error
        self.credit += reply.credits
        if reply.is_break:
            return reply
        if reply.pending:
            if not reply.async_id:
                raise Finding(f"an interim answer without AsyncId: {reply}")
            self.pending[reply.message_id] = reply.async_id
            return reply
        self.pending.pop(reply.message_id, None)
        if reply.message_id not in self.owed:
            if not self.odd:
                raise Finding(f"an answer to nothing: {reply}")
            return reply
        into = self.owed.pop(reply.message_id)
        if reply.status == "SUCCESS":
            self.note(reply, into)
        return reply

    def call(self, command: int, body: bytes, **fields: int | None) -> r.Reply:
        """As in `Raw`, with answers to earlier messages and breaks in between."""
        message_id = self.send(command, body, **fields)
        self.owed[message_id] = None
        self.credit -= 1
        while True:
            reply = self.take()
            if reply.message_id == message_id and not reply.pending:
                return reply

    def note(self, reply: r.Reply, into: int | None) -> None:
        if reply.command == r.CREATE:
            if len(reply.body) < 88:
                raise Finding(f"a short CREATE response: {reply}")
            self.handles[r.file_id(reply)] = reply.tree_id
            self.created(reply, into)
        elif reply.command in (r.LOGOFF, r.TREE_DISCONNECT):
            self.spent = True
        elif reply.command == r.CLOSE:
            pass  # which one is not said; closing it again does no harm

    def ask(self, command: int, body: bytes, **fields: int) -> int:
        """Buffers a request of our own; its MessageId."""
        head = self.header(command, **fields)
        message_id = int(HEADER.unpack(head)[8])
        self.owed[message_id] = None
        self.credit -= 1
        self.put(head + body)
        return message_id

    def drain(self) -> None:
        """Sends what is buffered and an ECHO, and reads up to its answer."""
        wanted = CREDITS if self.credit < CREDITS else 1
        echo = self.ask(r.ECHO, r.echo(), credits=wanted, session_id=0)
        self.flush()
        while self.take().message_id != echo:
            pass

    def cancel(self) -> None:
        for message_id, async_id in self.pending.items():
            head = self.header(r.CANCEL, message_id=message_id, async_id=async_id)
            self.put(head + r.echo())
        self.flush()

    def settle(self) -> None:
        """Until nothing is owed and no handle is open."""
        self.drain()
        while self.owed:
            self.cancel()
            if self.odd:
                # Who knows which of them were ever requests.
                self.drain()
                self.owed.clear()
            else:
                self.take()
        while self.handles:
            for handle, tree in [*self.handles.items()][:50]:
                self.ask(r.CLOSE, r.close(handle), tree_id=tree)
                del self.handles[handle]
            self.drain()
        self.pending.clear()


class Player:
    """The connections that programs share, and the handles they opened."""

    def __init__(self, port: int = 445) -> None:
        self.port = port
        self.conns: list[Conn | None] = [None] * CONNECTIONS
        self.slots: list[bytes] = [bytes(16)] * SLOTS
        self.innocent = Conn(port, "user2", self.created).enter()
        self.innocent_file = self.innocent.open("innocent")

    def created(self, reply: r.Reply, into: int | None) -> None:
        if into is not None:
            self.slots[into % SLOTS] = r.file_id(reply)

    def conn(self, number: int) -> Conn:
        found = self.conns[number]
        if found is None:
            user = "user2" if number == 2 else "user1"
            found = self.conns[number] = Conn(self.port, user, self.created).enter()
        return found

    def lose(self, number: int) -> None:
        gone, self.conns[number] = self.conns[number], None
        if gone is not None:
            gone.socket.close()

    def reset(self) -> None:
        for number in range(CONNECTIONS):
            self.lose(number)

    def play(self, program: Program) -> None:
        """Plays all of it.

        Raises:
            Finding: the server broke its word.
        """
        for step in program["steps"]:
            number = step["c"] % CONNECTIONS
            try:
                self.step(self.conn(number), step)
            except Gone:
                self.lose(number)
        for number, conn in enumerate(self.conns):
            if conn is None:
                continue
            try:
                conn.settle()
            except Gone:
                conn.spent = True
            if conn.spent or conn.odd:
                self.lose(number)
        try:
            reply = self.innocent.call(r.READ, r.read(self.innocent_file, 10))
        except Gone:
            raise Finding("an innocent client was disconnected") from None
        if reply.status not in ("END_OF_FILE", "SUCCESS"):
            raise Finding(f"an innocent client got {reply}")

    # --- steps ---

    def step(self, conn: Conn, step: Step) -> None:
        kind = step["k"]
        if kind == "send":
            self.send(conn, step)
        elif kind == "drop":
            self.drop(conn, step["how"])
        elif kind == "login":
            conn.drain()
            before = conn.session_id
            conn.login(conn.user)
            conn.session_id = before
        elif kind == "relogin":
            conn.odd = True
            token = b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(16)
            body = struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0)
            conn.ask(r.SESSION_SETUP, body + token)
        elif kind == "cancel":
            conn.cancel()
        elif kind == "raw":
            conn.odd = True
            conn.put_raw(bytes.fromhex(step["b"]))

    def drop(self, conn: Conn, how: str) -> None:
        conn.flush()
        if how == "half":
            conn.socket.shutdown(socket.SHUT_WR)
        elif how == "rst":
            conn.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone("dropped")

    def send(self, conn: Conn, step: Step) -> None:
        if conn.credit < len(step["m"]) + 8:
            conn.drain()
        last = len(step["m"]) - 1
        conn.put(b"".join(
            self.pack(conn, msg, first=at == 0, last=at == last)
            for at, msg in enumerate(step["m"])
        ))  # fmt: skip
        if step["wait"]:
            conn.drain()

    def handle(self, which: int, related: bool) -> bytes:
        if which < 0:
            return b"\x7f" * 16 if which == -2 else r.RELATED_ID
        return r.RELATED_ID if related else self.slots[which % SLOTS]

    def pack(self, conn: Conn, msg: Message, *, first: bool, last: bool) -> bytes:
        fields = msg["f"]
        body = bytearray.fromhex(msg["body"])
        related = msg["rel"] and not first
        for offset, which in msg["h"]:
            body[offset : offset + 16] = self.handle(which, related)
        body += b"" if last else bytes(-len(body) % 8)
        sid = {
            "none": 0, "wild": 0x123456789, "own": conn.session_id,
            "other": self.innocent.session_id,
        }[fields.get("sid", "own")]  # fmt: skip
        tree = fields.get("tid", conn.trees[msg["t"] % len(conn.trees)])
        if related and "sid" not in fields:
            sid, tree = (1 << 64) - 1, 0xFFFFFFFF
        charge = fields.get("charge", 1)
        message_id = conn.message_id
        if fields or msg["cmd"] in (r.CANCEL, r.NEGOTIATE, r.SESSION_SETUP):
            conn.odd = True
        if msg["cmd"] != r.CANCEL:
            conn.message_id += max(charge, 1)
            conn.credit -= max(charge, 1)
            conn.owed[message_id] = msg["into"]
        return HEADER.pack(
            bytes.fromhex(fields.get("proto", "fe534d42")), fields.get("size", 64), charge,
            fields.get("status", 0), msg["cmd"], fields.get("credits", 4),
            fields.get("flags", r.RELATED if related else 0),
            fields.get("next", 0 if last else 64 + len(body)),
            (message_id + fields.get("mid", 0)) & ((1 << 64) - 1),
            fields.get("async", 0), tree, sid, bytes(16),
        ) + bytes(body)  # fmt: skip
