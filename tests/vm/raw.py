# SPDX-License-Identifier: GPL-2.0-only
"""SMB2 by hand: sends exactly the bytes a test wants, valid or not.

Speaks no more than a test needs to get to an open file, unsigned, in 2.0.2 to 3.0.2
(where a server may not demand a signature that it did not announce).
"""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from types import TracebackType

import spnego
from client import NAMES
from server import PASSWORD

NEGOTIATE, SESSION_SETUP, LOGOFF, TREE_CONNECT, TREE_DISCONNECT, CREATE, CLOSE, FLUSH = range(8)
READ, WRITE, LOCK, IOCTL, CANCEL, ECHO, QUERY_DIRECTORY, CHANGE_NOTIFY = range(8, 16)
QUERY_INFO, SET_INFO, OPLOCK_BREAK = range(16, 19)

HEADER = struct.Struct("<4sHHIHHIIQIIQ16s")
RELATED = 4
RELATED_ID = b"\xff" * 16


@dataclass(frozen=True, slots=True)
class Reply:
    """One response of a frame."""

    status: str
    command: int
    credits: int
    flags: int
    message_id: int
    async_id: int
    session_id: int
    tree_id: int
    body: bytes

    @property
    def pending(self) -> bool:
        return self.status == "PENDING"

    @property
    def is_break(self) -> bool:
        """A notification, which answers nothing: [MS-SMB2] 3.3.4.6 and 3.3.4.7."""
        return self.command == OPLOCK_BREAK and self.message_id == (1 << 64) - 1


class Gone(Exception):
    """The server closed the connection."""


class Raw:
    """A connection. A context manager."""

    def __init__(self, port: int, timeout: float = 20, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout)
        self.message_id = 0
        self.session_id = 0
        self.tree_id = 0
        self.dialect = 0
        self.queue: list[Reply] = []
        self.breaks: list[Reply] = []
        """Those that came while `call` waited for something else."""

    def __enter__(self) -> Raw:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    # --- frames ---

    def send_bytes(self, message: bytes) -> None:
        self.socket.sendall(struct.pack(">I", len(message)) + message)

    def receive_bytes(self) -> bytes:
        """One frame.

        Raises:
            Gone: the connection ended.
        """
        try:
            (size,) = struct.unpack(">I", self._exactly(4))
            return self._exactly(size & 0xFFFFFF)
        except (ConnectionError, BrokenPipeError) as error:
            raise Gone(str(error)) from error

    def _exactly(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            got = self.socket.recv_into(view)
            if not got:
                raise Gone("end of file")
            view = view[got:]
        return bytes(data)

    def gone(self) -> bool:
        """Waits for the server's next word; True if that is the end of the connection."""
        try:
            self.receive_bytes()
        except Gone:
            return True
        return False

    # --- messages ---

    def header(
        self,
        command: int,
        *,
        message_id: int | None = None,
        charge: int = 1,
        credits: int = 1,
        flags: int = 0,
        session_id: int | None = None,
        tree_id: int | None = None,
        async_id: int | None = None,
        next_offset: int = 0,
        sequence: int = 0,
    ) -> bytes:
        if message_id is None:
            message_id = self.message_id
            self.message_id += max(charge, 1)
        low, high = 0, self.tree_id if tree_id is None else tree_id
        if async_id is not None:
            flags |= 2
            low, high = async_id & 0xFFFFFFFF, async_id >> 32
        return HEADER.pack(
            b"\xfeSMB", 64, charge if self.dialect > 0x0202 else 0, sequence, command, credits,
            flags, next_offset, message_id, low, high,
            self.session_id if session_id is None else session_id, bytes(16),
        )  # fmt: skip

    def send(self, command: int, body: bytes, **fields: int | None) -> int:
        """Sends one message; its message id."""
        head = self.header(command, **fields)  # type: ignore[arg-type]
        self.send_bytes(head + body)
        return int(HEADER.unpack(head)[8])

    def compound(self, parts: list[tuple[int, bytes]], related: bool = True) -> None:
        """Sends messages in one frame, each but the last padded to 8 bytes."""
        frame = b""
        for number, (command, body) in enumerate(parts):
            last = number == len(parts) - 1
            padding = b"" if last else bytes(-len(body) % 8)
            extra: dict[str, int] = {}
            if related and number:
                extra = {"flags": RELATED, "session_id": (1 << 64) - 1, "tree_id": (1 << 32) - 1}
            frame += self.header(
                command,
                next_offset=0 if last else 64 + len(body) + len(padding),
                **extra,
            )
            frame += body + padding
        self.send_bytes(frame)

    def receive(self) -> Reply:
        """The next response, from this frame or the next one."""
        if not self.queue:
            frame = self.receive_bytes()
            while frame:
                fields = HEADER.unpack_from(frame)
                assert fields[0] == b"\xfeSMB", frame[:4]
                assert fields[1] == 64
                assert fields[6] & 1, "not a response"
                step = fields[7] or len(frame)
                assert fields[7] % 8 == 0
                self.queue.append(
                    Reply(
                        NAMES.get(fields[3], f"{fields[3]:#010x}"), fields[4], fields[5],
                        fields[6], fields[8],
                        fields[9] | fields[10] << 32 if fields[6] & 2 else 0,
                        fields[11], fields[10], frame[64:step],
                    )
                )  # fmt: skip
                frame = frame[step:]
        return self.queue.pop(0)

    def call(self, command: int, body: bytes, **fields: int | None) -> Reply:
        """Sends one message and returns its final answer."""
        message_id = self.send(command, body, **fields)
        reply = self.receive()
        while reply.pending or reply.is_break:
            if reply.is_break:
                self.breaks.append(reply)
            reply = self.receive()
        assert reply.message_id == message_id
        return reply

    # --- the way in ---

    def negotiate(self, *dialects: int, mode: int = 1) -> Reply:
        dialects = dialects or (0x0210,)
        body = struct.pack("<HHHHI16sQ", 36, len(dialects), mode, 0, 0x40, os.urandom(16), 0)
        reply = self.call(NEGOTIATE, body + struct.pack(f"<{len(dialects)}H", *dialects))
        if reply.status == "SUCCESS":
            (self.dialect,) = struct.unpack_from("<H", reply.body, 4)
        return reply

    def setup(self, token: bytes, mode: int = 1, previous: int = 0, **fields: int) -> Reply:
        body = struct.pack("<HBBIIHHQ", 25, 0, mode, 0, 0, 88, len(token), previous)
        return self.call(SESSION_SETUP, body + token, credits=64, **fields)

    def login(
        self, user: str = "user1", password: str = PASSWORD, mode: int = 1, previous: int = 0
    ) -> Reply:
        """NTLM in SPNEGO; leaves the session id for what follows."""
        context = spnego.client(
            user, password, hostname="127.0.0.1", service="cifs", protocol="negotiate"
        )
        token = context.step() or b""
        self.session_id = 0
        reply = self.setup(token, mode, previous)
        self.session_id = reply.session_id
        while reply.status == "MORE_PROCESSING_REQUIRED":
            offset, length = struct.unpack_from("<HH", reply.body, 4)
            answer = reply.body[offset - 64 : offset - 64 + length]
            reply = self.setup(context.step(answer) or b"", mode, previous)
        return reply

    def anonymous(self) -> Reply:
        """NTLM with neither a name nor a proof, [MS-NLMP] 3.2.5.1.2; as `login` otherwise."""
        flags = 0xE2088A97  # NTLMSSP_NEGOTIATE_ANONYMOUS among them
        self.session_id = 0
        reply = self.setup(b"NTLMSSP\0" + struct.pack("<II", 1, flags) + bytes(16))
        self.session_id = reply.session_id
        if reply.status != "MORE_PROCESSING_REQUIRED":
            return reply
        nothing = struct.pack("<HHI", 0, 0, 88)
        token = b"NTLMSSP\0" + struct.pack("<I", 3) + struct.pack("<HHI", 1, 1, 88)
        return self.setup(token + nothing * 5 + struct.pack("<I", flags) + bytes(24) + b"\0")

    def tree(self, share: str = "share") -> Reply:
        path = f"\\\\127.0.0.1\\{share}".encode("utf-16-le")
        reply = self.call(TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(path)) + path)
        self.tree_id = reply.tree_id
        return reply

    def ready(self, share: str = "share", *dialects: int) -> Raw:
        """Negotiated, logged in, connected to a share."""
        for reply in (self.negotiate(*dialects), self.login(), self.tree(share)):
            assert reply.status == "SUCCESS", reply
        return self

    def open(self, name: str, **more: int) -> bytes:
        """Creates or opens a file; its id."""
        reply = self.call(CREATE, create(name, **more))
        assert reply.status == "SUCCESS", reply
        return file_id(reply)


def create(
    name: str,
    *,
    access: int = 0x1F01FF,
    disposition: int = 3,
    options: int = 0,
    share: int = 7,
    attributes: int = 0x80,
    oplock: int = 0,
) -> bytes:
    """[MS-SMB2] 2.2.13"""
    text = name.encode("utf-16-le")
    return struct.pack(
        "<HBBIQQIIIIIHHII", 57, 0, oplock, 2, 0, 0, access, attributes, share, disposition,
        options, 120, len(text), 0, 0,
    ) + (text or b"\0")  # fmt: skip


def file_id(reply: Reply) -> bytes:
    return reply.body[64:80]


def close(handle: bytes, flags: int = 0) -> bytes:
    """[MS-SMB2] 2.2.15"""
    return struct.pack("<HHI", 24, flags, 0) + handle


def read(handle: bytes, length: int, offset: int = 0, minimum: int = 0) -> bytes:
    """[MS-SMB2] 2.2.19"""
    return (
        struct.pack("<HBBIQ", 49, 0x50, 0, length, offset)
        + handle
        + struct.pack("<IIIHHB", minimum, 0, 0, 0, 0, 0)
    )


def write(handle: bytes, data: bytes, offset: int = 0) -> bytes:
    """[MS-SMB2] 2.2.21"""
    return (
        struct.pack("<HHIQ", 49, 112, len(data), offset)
        + handle
        + struct.pack("<IIHHI", 0, 0, 0, 0, 0)
        + data
    )


def lock(handle: bytes, *ranges: tuple[int, int, int]) -> bytes:
    """[MS-SMB2] 2.2.26; each range is (offset, length, flags)"""
    return (
        struct.pack("<HHI", 48, len(ranges), 0)
        + handle
        + b"".join(
            struct.pack("<QQII", offset, length, flags, 0) for offset, length, flags in ranges
        )
    )


def query_info(handle: bytes, kind: int, info_class: int, length: int = 4096) -> bytes:
    """[MS-SMB2] 2.2.37"""
    return struct.pack("<HBBIHHIII", 41, kind, info_class, length, 0, 0, 0, 0, 0) + handle + b"\0"


def set_info(handle: bytes, kind: int, info_class: int, data: bytes) -> bytes:
    """[MS-SMB2] 2.2.39"""
    return struct.pack("<HBBIHHI", 33, kind, info_class, len(data), 96, 0, 0) + handle + data


def query_directory(
    handle: bytes, pattern: str = "*", info_class: int = 1, flags: int = 0, length: int = 65536
) -> bytes:
    """[MS-SMB2] 2.2.33"""
    text = pattern.encode("utf-16-le")
    return (
        struct.pack("<HBBI", 33, info_class, flags, 0)
        + handle
        + struct.pack("<HHI", 96, len(text), length)
        + text
    )


def ioctl(code: int, handle: bytes, data: bytes = b"", room: int = 4096) -> bytes:
    """[MS-SMB2] 2.2.31, as an FSCTL"""
    offset = 120 if data else 0
    return (
        struct.pack("<HHI", 57, 0, code)
        + handle
        + struct.pack("<IIIIIIII", offset, len(data), 0, 0, 0, room, 1, 0)
        + data
    )


def echo() -> bytes:
    return struct.pack("<HH", 4, 0)
