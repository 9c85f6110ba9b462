# SPDX-License-Identifier: GPL-2.0-only
"""smbprotocol, with the words the tests need."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from server import PASSWORD
from smbprotocol.connection import Connection, Dialects
from smbprotocol.exceptions import SMBResponseException
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    ImpersonationLevel,
    Open,
    ShareAccess,
    SMB2QueryInfoRequest,
    SMB2QueryInfoResponse,
    SMB2SetInfoRequest,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

DIALECTS = {
    "2.0.2": Dialects.SMB_2_0_2,
    "2.1": Dialects.SMB_2_1_0,
    "3.0": Dialects.SMB_3_0_0,
    "3.0.2": Dialects.SMB_3_0_2,
    "3.1.1": Dialects.SMB_3_1_1,
}

READ, WRITE, APPEND, EXECUTE, DELETE = 0x1, 0x2, 0x4, 0x20, 0x10000
READ_ATTRIBUTES, WRITE_ATTRIBUTES = 0x80, 0x100
READ_CONTROL, SYNCHRONIZE, MAXIMUM = 0x20000, 0x100000, 0x02000000
ALL = 0x1F01FF
SHARE_ALL = (
    ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | (ShareAccess.FILE_SHARE_DELETE)
)

FILE, FILESYSTEM, SECURITY = 1, 2, 3

STATUS = {
    "SUCCESS": 0x00000000,
    "PENDING": 0x00000103,
    "BUFFER_OVERFLOW": 0x80000005,
    "NO_MORE_FILES": 0x80000006,
    "INVALID_INFO_CLASS": 0xC0000003,
    "INFO_LENGTH_MISMATCH": 0xC0000004,
    "INVALID_PARAMETER": 0xC000000D,
    "NO_SUCH_FILE": 0xC000000F,
    "INVALID_DEVICE_REQUEST": 0xC0000010,
    "END_OF_FILE": 0xC0000011,
    "MORE_PROCESSING_REQUIRED": 0xC0000016,
    "ACCESS_DENIED": 0xC0000022,
    "BUFFER_TOO_SMALL": 0xC0000023,
    "OBJECT_NAME_INVALID": 0xC0000033,
    "OBJECT_NAME_NOT_FOUND": 0xC0000034,
    "OBJECT_NAME_COLLISION": 0xC0000035,
    "OBJECT_PATH_NOT_FOUND": 0xC000003A,
    "OBJECT_PATH_SYNTAX_BAD": 0xC000003B,
    "SHARING_VIOLATION": 0xC0000043,
    "FILE_LOCK_CONFLICT": 0xC0000054,
    "LOCK_NOT_GRANTED": 0xC0000055,
    "DELETE_PENDING": 0xC0000056,
    "LOGON_FAILURE": 0xC000006D,
    "RANGE_NOT_LOCKED": 0xC000007E,
    "DISK_FULL": 0xC000007F,
    "INSUFFICIENT_RESOURCES": 0xC000009A,
    "MEDIA_WRITE_PROTECTED": 0xC00000A2,
    "FILE_IS_A_DIRECTORY": 0xC00000BA,
    "NOT_SUPPORTED": 0xC00000BB,
    "NETWORK_NAME_DELETED": 0xC00000C9,
    "BAD_NETWORK_NAME": 0xC00000CC,
    "REQUEST_NOT_ACCEPTED": 0xC00000D0,
    "DIRECTORY_NOT_EMPTY": 0xC0000101,
    "NOT_A_DIRECTORY": 0xC0000103,
    "CANCELLED": 0xC0000120,
    "CANNOT_DELETE": 0xC0000121,
    "FILE_CLOSED": 0xC0000128,
    "FS_DRIVER_REQUIRED": 0xC000019C,
    "USER_SESSION_DELETED": 0xC0000203,
    "INVALID_BUFFER_SIZE": 0xC0000206,
    "DUPLICATE_OBJECTID": 0xC000022A,
    "FILE_SYSTEM_LIMITATION": 0xC0000427,
    "FILE_NOT_AVAILABLE": 0xC0000467,
}
NAMES = {value: name for name, value in STATUS.items()}


def status(call: Callable[..., Any], *args: Any, **more: Any) -> str:
    """Calls and names the status of the answer; what answers well is SUCCESS."""
    try:
        call(*args, **more)
    except SMBResponseException as error:
        return NAMES.get(error.status, f"{error.status:#010x}")
    return "SUCCESS"


class Client:
    """One connection with one session and its trees."""

    def __init__(
        self,
        port: int,
        dialect: str = "3.1.1",
        user: str = "user1",
        password: str = PASSWORD,
        sign: bool | None = None,
    ) -> None:
        # In 3.1.1 a client must sign its tree connects ([MS-SMB2] 3.2.4.2.4), and
        # smbprotocol signs all or nothing.
        if sign is None:
            sign = dialect == "3.1.1"
        self.connection = Connection(uuid.uuid4(), "127.0.0.1", port, require_signing=sign)
        self.connection.connect(DIALECTS[dialect], timeout=30)
        self.session = Session(self.connection, user, password, require_encryption=False)
        self.session.connect()

    def tree(self, share: str = "share") -> Tree:
        tree = TreeConnect(self.session, rf"\\127.0.0.1\{share}")
        tree.connect()
        return Tree(tree)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.connection.disconnect()


class Tree:
    """A tree connect, and everything one does below it."""

    def __init__(self, tree: TreeConnect) -> None:
        self.tree = tree
        self.connection = tree.session.connection
        self.sid, self.tid = tree.session.session_id, tree.tree_connect_id

    def open(
        self,
        name: str,
        disposition: int = CreateDisposition.FILE_OPEN_IF,
        *,
        access: int = ALL,
        share: int = SHARE_ALL,
        options: int = 0,
        attributes: int = 0x80,
        contexts: list[Any] | None = None,
    ) -> Open:
        handle = Open(self.tree, name)
        handle.contexts = handle.create(
            ImpersonationLevel.Impersonation, access, attributes, share, disposition, options,
            create_contexts=contexts,
        )  # fmt: skip
        return handle

    def mkdir(self, name: str) -> Open:
        return self.open(name, options=CreateOptions.FILE_DIRECTORY_FILE, attributes=0x10)

    def opendir(self, name: str = "") -> Open:
        return self.open(
            name, CreateDisposition.FILE_OPEN, access=READ | READ_ATTRIBUTES | SYNCHRONIZE,
            options=CreateOptions.FILE_DIRECTORY_FILE,
        )  # fmt: skip

    def put(self, name: str, data: bytes = b"") -> None:
        handle = self.open(name, CreateDisposition.FILE_OVERWRITE_IF)
        if data:
            handle.write(data, 0)
        handle.close()

    def query(
        self, handle: Open, kind: int, info_class: int, length: int = 65536, more: int = 0
    ) -> bytes:
        request = SMB2QueryInfoRequest()
        request["info_type"] = kind
        request["file_info_class"] = info_class
        request["output_buffer_length"] = length
        request["additional_information"] = more
        request["file_id"] = handle.file_id
        answer = self.connection.receive(self.connection.send(request, self.sid, self.tid))
        response = SMB2QueryInfoResponse()
        response.unpack(answer["data"].get_value())
        return bytes(response["buffer"].get_value())

    def set(self, handle: Open, kind: int, info_class: int, data: bytes, more: int = 0) -> None:
        request = SMB2SetInfoRequest()
        request["info_type"] = kind
        request["file_info_class"] = info_class
        request["additional_information"] = more
        request["file_id"] = handle.file_id
        request["buffer"] = data
        self.connection.receive(self.connection.send(request, self.sid, self.tid))


@contextlib.contextmanager
def connected(port: int, *args: Any, **more: Any) -> Iterator[Client]:
    client = Client(port, *args, **more)
    try:
        yield client
    finally:
        client.close()
