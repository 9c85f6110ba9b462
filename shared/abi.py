# SPDX-License-Identifier: GPL-2.0-only
"""The messages between the kernel module and mountd, as values.

One class for each struct of `kernel/ipc/abi.h`, in the header's order and with
its field names; `LAYOUT` is the struct as the compiler lays it out, padding
included, and a test compares the two.  Integers are in the host's byte order,
as always on netlink.

Both directions have one contract: bytes or value, or `ProtocolError`, nothing
else.  What the kernel sends is taken as untrusted input, because account and
share names in it were typed by a client.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import ClassVar, Self

from ksmbd.shared.errors import ProtocolError
from ksmbd.shared.layout import (
    Field,
    Layout,
    Message,
    as_bytes,
    as_int,
    hidden,
    s32,
    text,
    u16,
    u32,
    u64,
)

FAMILY_NAME = "SMBD_GENL"
FAMILY_VERSION = 1

NO_FORCED_ID = 0xFFFF
"""force_uid and force_gid of a share that forces nobody."""

MAX_RPC_REQUEST = 4096
"""Longest PDU that the kernel hands over, and longest transceive answer it passes on."""


class Event(IntEnum):
    """The command number, which is also the type of the message's one attribute."""

    HEARTBEAT_REQUEST = 1
    STARTING_UP = 2
    SHUTTING_DOWN = 3
    LOGIN_REQUEST = 4
    LOGIN_RESPONSE = 5
    SHARE_CONFIG_REQUEST = 6
    SHARE_CONFIG_RESPONSE = 7
    TREE_CONNECT_REQUEST = 8
    TREE_CONNECT_RESPONSE = 9
    TREE_DISCONNECT_REQUEST = 10
    LOGOUT_REQUEST = 11
    RPC_REQUEST = 12
    RPC_RESPONSE = 13
    SPNEGO_AUTHEN_REQUEST = 14
    SPNEGO_AUTHEN_RESPONSE = 15
    LOGIN_REQUEST_EXT = 16
    LOGIN_RESPONSE_EXT = 17


class Signing(IntEnum):
    """startup_request.signing."""

    DISABLED = 0
    ENABLED = 1
    AUTO = 2
    MANDATORY = 3


class GlobalFlag(IntFlag):
    """startup_request.flags; neither ENCRYPTION bit means: when the client asks.

    NO_DIRECTORY_LEASES is ours: stock ksmbd passes over it, and goes by SMB2_LEASES.
    """

    SMB2_LEASES = 0x01
    SMB3_ENCRYPTION = 0x02
    SMB3_MULTICHANNEL = 0x04
    SMB3_ENCRYPTION_OFF = 0x08
    DURABLE_HANDLES = 0x10
    NO_DIRECTORY_LEASES = 0x80000000


class UserStatus(IntFlag):
    """login_response.status, and the account_flags that come back later."""

    OK = 0x01
    BAD_PASSWORD = 0x02
    BAD_UID = 0x04
    BAD_USER = 0x08
    GUEST_ACCOUNT = 0x10
    DELAY_SESSION = 0x20
    EXTENSION = 0x40


class ShareFlag(IntFlag):
    """share_config_response.flags; none of them set means: no such share."""

    AVAILABLE = 0x1
    BROWSEABLE = 0x2
    WRITEABLE = 0x4
    READONLY = 0x8
    GUEST_OK = 0x10
    GUEST_ONLY = 0x20
    STORE_DOS_ATTRS = 0x40
    OPLOCKS = 0x80
    PIPE = 0x100
    HIDE_DOT_FILES = 0x200
    INHERIT_OWNER = 0x400
    STREAMS = 0x800
    FOLLOW_SYMLINKS = 0x1000
    ACL_XATTR = 0x2000
    UPDATE = 0x4000
    CROSSMNT = 0x8000
    CONTINUOUS_AVAILABILITY = 0x10000
    RECYCLE = 1 << 25
    """This and the following are our module's; the stock one passes over them."""
    TIME_MACHINE = 1 << 26
    APPLE = 1 << 27
    SNAPSHOTS = 1 << 28
    HIDE_SPECIAL = 1 << 29
    HIDE_UNWRITEABLE = 1 << 30
    HIDE_UNREADABLE = 1 << 31


class TreeRequestFlag(IntFlag):
    """tree_connect_request.flags."""

    IPV6 = 0x1
    SMB2 = 0x2
    ENCRYPTS = 0x8000
    """Of our module only: it insists on encryption where the answer has ENCRYPT."""


class TreeFlag(IntFlag):
    """tree_connect_response.connection_flags; only WRITABLE lets a client write."""

    GUEST_ACCOUNT = 0x1
    READ_ONLY = 0x2
    WRITABLE = 0x4
    ADMIN_ACCOUNT = 0x8
    UPDATE = 0x10
    ENCRYPT = 0x8000
    """Nothing is served in clear; for a request that has ENCRYPTS only."""


class TreeStatus(IntEnum):
    """tree_connect_response.status."""

    OK = 0
    NOMEM = 1
    NO_SHARE = 2
    NO_USER = 3
    INVALID_USER = 4
    HOST_DENIED = 5
    CONN_EXIST = 6
    TOO_MANY_CONNS = 7
    TOO_MANY_SESSIONS = 8
    ERROR = 9


class RpcMethod(IntFlag):
    """rpc_command.flags of a request: one method, the service, the caller's standing.

    IOCTL and READ share METHOD_RETURN on the wire (0x9 and 0x41), so the method
    is told by its own bit; whoever tests for "any bit of 0x9" takes a READ for
    an IOCTL.
    """

    METHOD_RETURN = 0x001
    SRVSVC = 0x002
    WKSSVC = 0x004
    IOCTL = 0x008
    OPEN = 0x010
    WRITE = 0x020
    READ = 0x040
    CLOSE = 0x080
    RAP = 0x100
    RESTRICTED_CONTEXT = 0x200
    SAMR = 0x400
    LSARPC = 0x800


_NO_SHARE = ShareFlag(0)
_NO_ACCESS = TreeFlag(0)

RPC_SERVICES = RpcMethod.SRVSVC | RpcMethod.WKSSVC | RpcMethod.SAMR | RpcMethod.LSARPC


class RpcStatus(IntEnum):
    """rpc_command.flags of a response."""

    OK = 0x00
    EBAD_FUNC = 0x01
    EACCESS_DENIED = 0x05
    EBAD_FID = 0x06
    ENOMEM = 0x08
    EBAD_DATA = 0x0D
    ENOTIMPLEMENTED = 0x40
    EINVALID_PARAMETER = 0x57
    EINVALID_LEVEL = 0x7C
    EMORE_DATA = 0xEA
    SOME_NOT_MAPPED = 0x107


@dataclass(frozen=True, slots=True)
class Heartbeat(Message):
    """Kernel to mountd, unanswered: that it could be delivered is the proof of life."""

    LAYOUT: ClassVar[Layout] = Layout("ksmbd_heartbeat", u32("handle"))

    handle: int


@dataclass(frozen=True, slots=True)
class StartupRequest(Message):
    """The global configuration.  The one packed struct: max_ip_connections is unaligned."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_startup_request",
        u32("flags"),
        s32("signing"),
        text("min_prot", 16),
        text("max_prot", 16),
        text("netbios_name", 16),
        text("work_group", 64),
        text("server_string", 64),
        u16("tcp_port"),
        u16("ipc_timeout"),
        u32("deadtime"),
        u32("file_max"),
        u32("smb2_max_write"),
        u32("smb2_max_read"),
        u32("smb2_max_trans"),
        u32("share_fake_fscaps"),
        Field("sub_auth", "3I", "sub_auth"),
        u32("smb2_max_credits"),
        u32("smbd_max_io_size"),
        u32("max_connections"),
        Field("bind_interfaces_only", "b", "bind_interfaces_only"),
        u32("max_ip_connections"),
        hidden("reserved", "499s"),
        u32("ifc_list_sz"),
    )

    flags: GlobalFlag
    signing: Signing
    min_prot: str
    max_prot: str
    netbios_name: str
    work_group: str
    server_string: str
    tcp_port: int
    ipc_timeout: int
    deadtime: int
    file_max: int
    smb2_max_write: int
    smb2_max_read: int
    smb2_max_trans: int
    share_fake_fscaps: int
    sub_auth: tuple[int, int, int]
    smb2_max_credits: int
    smbd_max_io_size: int
    max_connections: int
    bind_interfaces_only: bool
    max_ip_connections: int
    interfaces: tuple[str, ...] = ()

    def pack(self) -> bytes:
        """The struct followed by the interface names, each with its NUL."""
        names = b""
        for name in self.interfaces:
            if not name or "\0" in name:
                raise ProtocolError(f"ksmbd_startup_request: {name!r} is no interface name")
            names += name.encode("utf-8", "surrogateescape") + b"\0"
        return self._pack_fixed(ifc_list_sz=len(names)) + names

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The request in `data`, whose size must agree with ifc_list_sz."""
        values = cls._unpack_fixed(data)
        size = values.pop("ifc_list_sz")
        cls.LAYOUT.exactly(data, cls.LAYOUT.size + size)
        names = data[cls.LAYOUT.size :].split(b"\0")
        if names.pop():
            raise ProtocolError("ksmbd_startup_request: the interface list does not end")
        if not all(names):
            raise ProtocolError("ksmbd_startup_request: an interface has no name")
        values["bind_interfaces_only"] = bool(values["bind_interfaces_only"])
        values["interfaces"] = tuple(n.decode("utf-8", "surrogateescape") for n in names)
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ShutdownRequest(Message):
    """Declared by the ABI and sent by nobody."""

    LAYOUT: ClassVar[Layout] = Layout("ksmbd_shutdown_request", hidden("reserved", "16i"))


@dataclass(frozen=True, slots=True)
class LoginRequest(Message):
    """Who is this?  `account` is what the client typed; empty is anonymous."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_login_request",
        u32("handle"),
        text("account", 48),
        hidden("reserved", "16I"),
    )

    handle: int
    account: str


@dataclass(frozen=True, slots=True)
class LoginResponse(Message):
    """The account with its NT hash.  An empty account name is a guest."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_login_response",
        u32("handle"),
        u32("gid"),
        u32("uid"),
        text("account", 48),
        u16("status"),
        u16("hash_sz"),
        Field("hash", "18s", "hash"),
        hidden("(padding)", "2s"),
        hidden("reserved", "16I"),
    )

    handle: int
    status: UserStatus
    uid: int = 0
    gid: int = 0
    account: str = ""
    hash: bytes = field(default=b"", repr=False)

    def pack(self) -> bytes:
        """148 bytes; hash_sz is the length of `hash`."""
        return self._pack_fixed(hash_sz=len(self.hash))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The response in `data`, its hash cut to hash_sz."""
        cls.LAYOUT.exactly(data, cls.LAYOUT.size)
        values = cls._unpack_fixed(data)
        size = values.pop("hash_sz")
        if size > len(values["hash"]):
            raise ProtocolError(f"ksmbd_login_response: hash_sz {size}")
        values["hash"] = values["hash"][:size]
        return cls(**values)


@dataclass(frozen=True, slots=True)
class LoginResponseExt(Message):
    """The account's supplementary groups, without its primary one."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_login_response_ext",
        u32("handle"),
        s32("ngroups"),
        hidden("reserved", "128s"),
    )

    handle: int
    groups: tuple[int, ...] = ()

    def pack(self) -> bytes:
        """136 bytes and 4 for each group."""
        try:
            gids = struct.pack(f"={len(self.groups)}I", *self.groups)
        except struct.error as e:
            raise ProtocolError(f"ksmbd_login_response_ext: {e}") from e
        return self._pack_fixed(ngroups=len(self.groups)) + gids

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The response in `data`, whose size must agree with ngroups."""
        values = cls._unpack_fixed(data)
        count = values.pop("ngroups")
        if count < 0:
            raise ProtocolError(f"ksmbd_login_response_ext: {count} groups")
        cls.LAYOUT.exactly(data, cls.LAYOUT.size + 4 * count)
        groups = struct.unpack_from(f"={count}I", data, cls.LAYOUT.size)
        return cls(handle=values["handle"], groups=groups)


@dataclass(frozen=True, slots=True)
class ShareConfigRequest(Message):
    """Asks for a share by its casefolded name."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_share_config_request",
        u32("handle"),
        text("share_name", 64),
        hidden("reserved", "16I"),
    )

    handle: int
    share_name: str


@dataclass(frozen=True, slots=True)
class ShareConfigResponse(Message):
    """A share.  payload_sz is always exact: newer kernels drop a response without it.

    Payload:
        pipe share           one NUL
        disk share           path NUL
        with veto patterns   (pattern NUL)... NUL path NUL
        with SNAPSHOTS       and after that: folder NUL format NUL
        with APPLE           and after that: model NUL
        with RECYCLE         and after that: folder NUL rules NUL exclude NUL

    veto_list_sz counts the patterns with their NULs, not the one after them.
    """

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_share_config_response",
        u32("handle"),
        u32("flags"),
        u16("create_mask"),
        u16("directory_mask"),
        u16("force_create_mode"),
        u16("force_directory_mode"),
        u16("force_uid"),
        u16("force_gid"),
        text("share_name", 64),
        hidden("reserved", "111I"),
        u32("payload_sz"),
        u32("veto_list_sz"),
    )

    handle: int
    flags: ShareFlag = _NO_SHARE
    create_mask: int = 0
    directory_mask: int = 0
    force_create_mode: int = 0
    force_directory_mode: int = 0
    force_uid: int = 0
    force_gid: int = 0
    share_name: str = ""
    path: str = ""
    veto: tuple[str, ...] = ()
    snapshots: tuple[str, str] = ("", "")
    """Folder below the path, and the format of the names in it; with SNAPSHOTS only."""
    model: str = ""
    """What Macs take the server for; with APPLE only."""
    recycle: tuple[str, str, str] = ("", "", "")
    """With RECYCLE only: a folder below the path, with %U for the user; of the letters t
    (keep the tree) and v (versions); patterns with a slash between them."""

    def pack(self) -> bytes:
        """536 bytes and the payload; nothing but zeros for a share without flags."""
        if not self.flags:
            return self._pack_fixed(payload_sz=0, veto_list_sz=0)
        veto = b"".join(_string(pattern) for pattern in self.veto)
        payload = (veto + b"\0" if veto else b"") + _string(self.path)
        if ShareFlag.SNAPSHOTS in self.flags:
            payload += b"".join(_string(part) for part in self.snapshots)
        if ShareFlag.APPLE in self.flags:
            payload += _string(self.model)
        if ShareFlag.RECYCLE in self.flags:
            payload += b"".join(_string(part) for part in self.recycle)
        return self._pack_fixed(payload_sz=len(payload), veto_list_sz=len(veto)) + payload

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The response in `data`, whose size must agree with payload_sz."""
        values = cls._unpack_fixed(data)
        size, veto_size = values.pop("payload_sz"), values.pop("veto_list_sz")
        cls.LAYOUT.exactly(data, cls.LAYOUT.size + size)
        if veto_size and veto_size >= size:
            raise ProtocolError(f"ksmbd_share_config_response: veto list of {veto_size} bytes")
        payload = data[cls.LAYOUT.size :]
        veto = payload[:veto_size].split(b"\0")
        path = payload[veto_size + 1 if veto_size else 0 :]
        values["veto"] = tuple(_from_string(v) for v in veto if v)
        path, _, rest = path.partition(b"\0")
        values["path"] = _from_string(path)
        if ShareFlag.SNAPSHOTS in ShareFlag(values["flags"]):
            values["snapshots"], rest = _strings(rest, 2)
        if ShareFlag.APPLE in ShareFlag(values["flags"]):
            (values["model"],), rest = _strings(rest, 1)
        if ShareFlag.RECYCLE in ShareFlag(values["flags"]):
            values["recycle"], rest = _strings(rest, 3)
        return cls(**values)


def _strings(data: bytes, count: int) -> tuple[tuple[str, ...], bytes]:
    """So many strings, and the bytes behind them."""
    parts = data.split(b"\0", count)
    if len(parts) <= count:
        raise ProtocolError(f"ksmbd_share_config_response: no {count} strings in {data!r}")
    return tuple(map(_from_string, parts[:count])), parts[count]


def _string(text: str) -> bytes:
    """A path or pattern with its NUL; undecodable bytes of a file name survive."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as e:
        raise ProtocolError(f"ksmbd_share_config_response: {text!r} is not a file name") from e
    if b"\0" in raw:
        raise ProtocolError(f"ksmbd_share_config_response: {text!r} has a NUL inside")
    return raw + b"\0"


def _from_string(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class TreeConnectRequest(Message):
    """May this account use this share, from this address?"""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_tree_connect_request",
        u32("handle"),
        u16("account_flags"),
        u16("flags"),
        u64("session_id"),
        u64("connect_id"),
        text("account", 48),
        text("share", 64),
        text("peer_addr", 64),
        hidden("reserved", "16I"),
    )

    handle: int
    account_flags: UserStatus
    flags: TreeRequestFlag
    session_id: int
    connect_id: int
    account: str
    share: str
    peer_addr: str


@dataclass(frozen=True, slots=True)
class TreeConnectResponse(Message):
    """The verdict, and what the client may do in the tree."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_tree_connect_response",
        u32("handle"),
        u16("status"),
        u16("connection_flags"),
        hidden("reserved", "16I"),
    )

    handle: int
    status: TreeStatus
    connection_flags: TreeFlag = _NO_ACCESS


@dataclass(frozen=True, slots=True)
class TreeDisconnectRequest(Message):
    """A tree is gone.  No handle, no answer."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_tree_disconnect_request",
        u64("session_id"),
        u64("connect_id"),
        hidden("reserved", "16I"),
    )

    session_id: int
    connect_id: int


@dataclass(frozen=True, slots=True)
class LogoutRequest(Message):
    """The kernel dropped a user object.  BAD_PASSWORD says why.  No handle, no answer."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_logout_request",
        text("account", 48),
        u32("account_flags"),
        hidden("reserved", "16I"),
    )

    account: str
    account_flags: UserStatus


@dataclass(frozen=True, slots=True)
class RpcRequest(Message):
    """One operation on a named pipe; `handle` is the pipe."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_rpc_command", u32("handle"), u32("flags"), u32("payload_sz")
    )

    handle: int
    flags: RpcMethod
    payload: bytes = field(default=b"", repr=False)

    def pack(self) -> bytes:
        """12 bytes and the PDU."""
        return self._pack_fixed(payload_sz=len(self.payload)) + self.payload

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The request in `data`; the kernel adds a byte to it that means nothing."""
        values = cls._unpack_fixed(data)
        size = values.pop("payload_sz")
        payload = data[cls.LAYOUT.size : cls.LAYOUT.size + size]
        if len(payload) != size:
            raise ProtocolError(f"ksmbd_rpc_command: {len(payload)} bytes of payload, not {size}")
        return cls(payload=payload, **values)


@dataclass(frozen=True, slots=True)
class RpcResponse(Message):
    """The answer on a named pipe: a status where the request had its method."""

    LAYOUT: ClassVar[Layout] = RpcRequest.LAYOUT

    handle: int
    flags: int
    payload: bytes = field(default=b"", repr=False)

    def pack(self) -> bytes:
        """12 bytes and the PDU."""
        return self._pack_fixed(payload_sz=len(self.payload)) + self.payload

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The response in `data`, whose size must agree with payload_sz."""
        values = cls._unpack_fixed(data)
        cls.LAYOUT.exactly(data, cls.LAYOUT.size + values.pop("payload_sz"))
        return cls(payload=data[cls.LAYOUT.size :], **values)


@dataclass(frozen=True, slots=True)
class SpnegoAuthenRequest(Message):
    """A Kerberos token from SESSION_SETUP.

    sizeof is 8, yet the blob starts at 6, in the padding; the kernel's attribute
    is up to three bytes longer than the blob needs.
    """

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_spnego_authen_request",
        u32("handle"),
        u16("spnego_blob_len"),
        hidden("spnego_blob", "0s"),
        hidden("(padding)", "2s"),
    )
    BLOB_OFFSET: ClassVar[int] = LAYOUT.offsets["spnego_blob"]

    handle: int
    spnego_blob: bytes = field(default=b"", repr=False)

    def pack(self) -> bytes:
        """At least the struct's 8 bytes, and as many as the blob needs."""
        fixed = self._pack_fixed(spnego_blob_len=len(self.spnego_blob))
        return (fixed[: self.BLOB_OFFSET] + self.spnego_blob).ljust(self.LAYOUT.size, b"\0")

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The request in `data`; bytes after the blob are ignored."""
        values = cls._unpack_fixed(data)
        size = values["spnego_blob_len"]
        blob = data[cls.BLOB_OFFSET : cls.BLOB_OFFSET + size]
        if len(blob) != size:
            raise ProtocolError(f"ksmbd_spnego_authen_request: blob of {len(blob)}, not {size}")
        return cls(handle=values["handle"], spnego_blob=blob)


@dataclass(frozen=True, slots=True)
class SpnegoAuthenResponse(Message):
    """The account behind a Kerberos token, the session key and the answer token."""

    LAYOUT: ClassVar[Layout] = Layout(
        "ksmbd_spnego_authen_response",
        u32("handle"),
        Field("login_response", f"{LoginResponse.LAYOUT.size}s", "login_response"),
        u16("session_key_len"),
        u16("spnego_blob_len"),
    )

    handle: int
    login_response: LoginResponse
    session_key: bytes = field(default=b"", repr=False)
    spnego_blob: bytes = field(default=b"", repr=False)

    def pack(self) -> bytes:
        """156 bytes, the session key, the token."""
        fixed = self.LAYOUT.pack(
            {
                "handle": self.handle,
                "login_response": self.login_response.pack(),
                "session_key_len": len(self.session_key),
                "spnego_blob_len": len(self.spnego_blob),
            }
        )
        return fixed + self.session_key + self.spnego_blob

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The response in `data`, whose size must agree with its two lengths."""
        handle, login, key_size, blob_size = cls.LAYOUT.unpack(data)
        key_end = cls.LAYOUT.size + as_int(key_size)
        cls.LAYOUT.exactly(data, key_end + as_int(blob_size))
        return cls(
            handle=as_int(handle),
            login_response=LoginResponse.unpack(as_bytes(login)),
            session_key=data[cls.LAYOUT.size : key_end],
            spnego_blob=data[key_end:],
        )


MESSAGES: Mapping[Event, type[Message]] = {
    Event.HEARTBEAT_REQUEST: Heartbeat,
    Event.STARTING_UP: StartupRequest,
    Event.SHUTTING_DOWN: ShutdownRequest,
    Event.LOGIN_REQUEST: LoginRequest,
    Event.LOGIN_RESPONSE: LoginResponse,
    Event.SHARE_CONFIG_REQUEST: ShareConfigRequest,
    Event.SHARE_CONFIG_RESPONSE: ShareConfigResponse,
    Event.TREE_CONNECT_REQUEST: TreeConnectRequest,
    Event.TREE_CONNECT_RESPONSE: TreeConnectResponse,
    Event.TREE_DISCONNECT_REQUEST: TreeDisconnectRequest,
    Event.LOGOUT_REQUEST: LogoutRequest,
    Event.RPC_REQUEST: RpcRequest,
    Event.RPC_RESPONSE: RpcResponse,
    Event.SPNEGO_AUTHEN_REQUEST: SpnegoAuthenRequest,
    Event.SPNEGO_AUTHEN_RESPONSE: SpnegoAuthenResponse,
    Event.LOGIN_REQUEST_EXT: LoginRequest,
    Event.LOGIN_RESPONSE_EXT: LoginResponseExt,
}
"""The message that each event carries."""
