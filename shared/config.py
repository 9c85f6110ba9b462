# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.conf as typed values, with file and line in every complaint.

`load()` refuses (ConfigError) what has no safe meaning.  What can be served, but perhaps not as
its author meant it, is a `Complaint`; a share that cannot be served safely is left out and
has a complaint of level ERROR.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ksmbd.shared import parameters
from ksmbd.shared.dialect import Document, Entry, Stanza
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.parameters import Parameter, Scope, fold_key
from ksmbd.shared.samba import WITHOUT_EFFECT
from ksmbd.shared.values import PROTOCOLS, Encryption, MapToGuest, Signing, ValueFault

__all__ = [
    "Complaint",
    "Config",
    "Encryption",
    "Globals",
    "Level",
    "MapToGuest",
    "Share",
    "Signing",
    "fold_share_name",
    "load",
    "parse",
]

IPC_NAME = "ipc$"
MAX_SHARE_NAME_BYTES = 63  # the ABI's share field is 64 bytes and holds a NUL
_NAME_SEPARATORS = frozenset('/\\<>:"|?*')
_INCLUDES = frozenset({"include", "copy", "config file"})


class Level(enum.Enum):
    """How much a complaint matters."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something in the file that does not do what it seems to say."""

    file: str
    line: int
    text: str
    level: Level = Level.WARNING

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


_G = parameters.defaults(Scope.GLOBAL)
_S = parameters.defaults(Scope.SHARE)


@dataclass(frozen=True, slots=True)
class Globals:
    """The parameters of the server; `ksmbd.shared.parameters` says what each one means."""

    bind_interfaces_only: bool = _G["bind interfaces only"]
    deadtime: int = _G["deadtime"]
    durable_handles: bool = _G["durable handles"]
    guest_account: str = _G["guest account"]
    interfaces: tuple[str, ...] = _G["interfaces"]
    ipc_timeout: int = _G["ipc timeout"]
    kerberos_keytab_file: str = _G["kerberos keytab file"]
    kerberos_service_name: str = _G["kerberos service name"]
    kerberos_support: bool = _G["kerberos support"]
    map_to_guest: MapToGuest = _G["map to guest"]
    max_active_sessions: int = _G["max active sessions"]
    max_connections: int = _G["max connections"]
    max_ip_connections: int = _G["max ip connections"]
    file_max: int = _G["max open files"]
    netbios_name: str = _G["netbios name"]
    restrict_anonymous: int = _G["restrict anonymous"]
    root_directory: str = _G["root directory"]
    max_protocol: str = _G["server max protocol"]
    min_protocol: str = _G["server min protocol"]
    multichannel: bool = _G["server multi channel support"]
    signing: Signing = _G["server signing"]
    server_string: str = _G["server string"]
    fake_fscaps: int = _G["share:fake_fscaps"]
    smb2_leases: bool = _G["smb2 leases"]
    smb2_max_credits: int = _G["smb2 max credits"]
    smb2_max_read: int = _G["smb2 max read"]
    smb2_max_trans: int = _G["smb2 max trans"]
    smb2_max_write: int = _G["smb2 max write"]
    encryption: Encryption = _G["smb3 encryption"]
    smbd_max_io_size: int = _G["smbd max io size"]
    tcp_port: int = _G["tcp port"]
    workgroup: str = _G["workgroup"]


@dataclass(frozen=True, slots=True)
class Share:
    """One share.  `path` is None for the pipe share only.

    A user list that is configured but has no usable item is still a list: `valid_users_set`
    tells an empty one (nobody) from an absent one (everybody).
    """

    name: str
    path: str | None = _S["path"]
    line: int = 0
    is_ipc: bool = False
    admin_users: tuple[str, ...] = _S["admin users"]
    available: bool = _S["available"]
    browseable: bool = _S["browseable"]
    comment: str = _S["comment"]
    create_mask: int = _S["create mask"]
    crossmnt: bool = _S["crossmnt"]
    directory_mask: int = _S["directory mask"]
    follow_symlinks: bool = _S["follow symlinks"]
    force_create_mode: int = _S["force create mode"]
    force_directory_mode: int = _S["force directory mode"]
    force_group: str | None = _S["force group"]
    force_user: str | None = _S["force user"]
    guest_account: str | None = _S["guest account"]
    guest_ok: bool = _S["guest ok"]
    hide_dot_files: bool = _S["hide dot files"]
    hosts_allow: tuple[str, ...] = _S["hosts allow"]
    hosts_deny: tuple[str, ...] = _S["hosts deny"]
    inherit_owner: bool = _S["inherit owner"]
    invalid_users: tuple[str, ...] = _S["invalid users"]
    max_connections: int = _S["max connections"]
    oplocks: bool = _S["oplocks"]
    read_list: tuple[str, ...] = _S["read list"]
    read_only: bool = _S["read only"]
    store_dos_attributes: bool = _S["store dos attributes"]
    valid_users: tuple[str, ...] = _S["valid users"]
    valid_users_set: bool = False
    veto_files: tuple[str, ...] = _S["veto files"]
    vfs_objects: tuple[str, ...] = _S["vfs objects"]
    write_list: tuple[str, ...] = _S["write list"]

    @property
    def streams(self) -> bool:
        """Whether alternate data streams are kept in xattrs."""
        return "streams_xattr" in self.vfs_objects

    @property
    def acl_xattr(self) -> bool:
        """Whether NT ACLs are kept in xattrs."""
        return "acl_xattr" in self.vfs_objects


@dataclass(frozen=True, slots=True)
class Config:
    """A whole file.  `shares` is keyed by `fold_share_name()` and always has `ipc$`."""

    path: Path
    globals: Globals
    shares: Mapping[str, Share]
    complaints: tuple[Complaint, ...] = field(default=())

    def share(self, name: str) -> Share | None:
        """Finds a share by its name in any case."""
        return self.shares.get(fold_share_name(name))


def fold_share_name(name: str) -> str:
    """The form in which the module asks for a share: NFD, case folded."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def load(path: Path) -> Config:
    """Reads a configuration file.

    Raises:
        ConfigError: the file is missing, unreadable or not usable; one line per fault,
            each `file:line: text`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot read the configuration: {error.strerror}; an empty file is a valid one"
        ) from error
    return parse(content, path)


def parse(content: bytes, path: Path) -> Config:
    """Reads the text of a configuration file; `path` is its name in messages.

    Raises:
        ConfigError: as `load()`.
    """
    reader = _Reader(str(path))
    sections = _merge(Document(content, str(path), reader.warn).stanzas())
    globals_ = reader.globals(sections.pop("global", ()))
    shares = {}
    for stanzas in sections.values():
        share = reader.share(stanzas)
        if share is not None:
            shares[fold_share_name(share.name)] = share
    if IPC_NAME not in sections:
        shares[IPC_NAME] = reader.ipc(())
    reader.finish()
    complaints = tuple(sorted(reader.complaints, key=lambda complaint: complaint.line))
    return Config(path, globals_, MappingProxyType(shares), complaints)


def _merge(stanzas: Iterable[Stanza]) -> dict[str, tuple[Stanza, ...]]:
    sections: dict[str, tuple[Stanza, ...]] = {}
    for stanza in stanzas:
        name = fold_share_name(stanza.name)
        sections[name] = (*sections.get(name, ()), stanza)
    return sections


class _LeftOut(Exception):
    """A share that cannot be served safely."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class _Reader:
    """Turns sections into values, and collects what is wrong on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.complaints: list[Complaint] = []
        self.faults: list[str] = []
        self._defaults: dict[str, Any] = {}

    def warn(self, line: int, text: str) -> None:
        self.complaints.append(Complaint(self.file, line, text))

    def error(self, line: int, text: str) -> None:
        self.complaints.append(Complaint(self.file, line, text, Level.ERROR))

    def fault(self, line: int, text: str) -> None:
        self.faults.append(f"{self.file}:{line}: {text}")

    def finish(self) -> None:
        if self.faults:
            raise ConfigError("\n".join(self.faults))

    def globals(self, stanzas: tuple[Stanza, ...]) -> Globals:
        values: dict[str, Any] = {}
        shared: list[tuple[Entry, Parameter, bool]] = []
        for entry, found in self._entries(stanzas, Scope.GLOBAL):
            parameter, inverted = found
            if parameter.scope is Scope.SHARE:
                shared.append((entry, parameter, inverted))
            else:
                self._take(values, entry, parameter, inverted)
        for entry, parameter, inverted in shared:
            if parameter.inherits:
                self._take(self._defaults, entry, parameter, inverted)
            else:
                self.warn(entry.line, f"{parameter.name!r} has no effect in [global]")
        self._check_interfaces(stanzas, values)
        self._check_protocols(stanzas, values)
        return Globals(**values)

    def share(self, stanzas: tuple[Stanza, ...]) -> Share | None:
        """Reads one section, or complains and returns None when it must not be served."""
        name, line = stanzas[0].name, stanzas[0].line
        if fold_share_name(name) == IPC_NAME:
            return self.ipc(stanzas)
        try:
            _check_share_name(name, line)
            values = self._share_values(stanzas)
            _check_path(values.get("path"), line, name)
        except _LeftOut as reason:
            self.error(reason.line, f"share [{name}] is left out: {reason}")
            return None
        return Share(name=name, line=line, **values)

    def ipc(self, stanzas: tuple[Stanza, ...]) -> Share:
        """The pipe share, which is there whether configured or not."""
        line = stanzas[0].line if stanzas else 0
        try:
            values = self._share_values(stanzas)
        except _LeftOut as reason:
            self.fault(reason.line, f"[{IPC_NAME}]: {reason}")
            values = {}
        if values.pop("path", None) is not None:
            self.warn(line, f"[{IPC_NAME}] is for pipes, its path has no effect")
        values.setdefault("comment", "IPC service")
        # Every client connects to it: a limit meant for disks would lock the next one out.
        values.setdefault("max_connections", 0)
        return Share(name="IPC$", line=line, is_ipc=True, **values)

    def _share_values(self, stanzas: tuple[Stanza, ...]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        for entry, (parameter, inverted) in self._entries(stanzas, Scope.SHARE):
            self._take(own, entry, parameter, inverted)
        values = {**self._defaults, **own}
        values["valid_users_set"] = "valid_users" in values
        return values

    def _take(
        self, values: dict[str, Any], entry: Entry, parameter: Parameter, inverted: bool
    ) -> None:
        try:
            value = parameter.read(
                entry.value, lambda text: self.warn(entry.line, f"{entry.key}: {text}")
            )
        except ValueFault as error:
            self.fault(entry.line, f"{entry.key}: {error}")
            return
        if inverted:
            value = not value
        if parameter.attribute not in values:
            values[parameter.attribute] = value
        elif values[parameter.attribute] == value:
            self.warn(entry.line, f"{entry.key!r} is set twice")
        elif parameter.inverse:
            # As in the newest stock tool; and whoever said "read only" once is not overruled.
            values[parameter.attribute] = True
            self.warn(entry.line, f"{entry.key!r} contradicts an earlier line; read only it is")
        else:
            self.warn(entry.line, f"{entry.key!r} is set twice; the first value is used")
        if parameter.name == "vfs objects":
            self._check_modules(entry)

    def _entries(
        self, stanzas: tuple[Stanza, ...], scope: Scope
    ) -> Iterable[tuple[Entry, tuple[Parameter, bool]]]:
        for stanza in stanzas:
            for entry in stanza.entries:
                found = self._look_up(entry, scope)
                if found is None:
                    continue
                if not entry.value:
                    # The stock example lists every default of the shares in [global] so.
                    if scope is Scope.SHARE:
                        self.warn(entry.line, f"{entry.key!r} has no value; the line is ignored")
                    continue
                if "%" in entry.value and found[0].name in ("path", "force user", "valid users"):
                    self.warn(entry.line, f"{entry.key}: %-variables are not known, '%' is a '%'")
                yield entry, found

    def _look_up(self, entry: Entry, scope: Scope) -> tuple[Parameter, bool] | None:
        found = parameters.look_up(scope, entry.key)
        if found is None and scope is Scope.GLOBAL:
            found = parameters.look_up(Scope.SHARE, entry.key)
        if found is None:
            self._unknown(entry, scope)
        return found

    def _unknown(self, entry: Entry, scope: Scope) -> None:
        key = fold_key(entry.key)
        text = f"unknown parameter {entry.key!r} is ignored"
        if key in _INCLUDES:
            text = f"{entry.key!r} is not supported: write the lines of {entry.value} in this file"
            if scope is Scope.SHARE:
                raise _LeftOut(entry.line, text)
            self.fault(entry.line, text)
            return
        elsewhere = parameters.look_up(Scope.GLOBAL, key)
        if scope is Scope.SHARE and key in ("printable", "print ok"):
            if entry.value.casefold() not in ("no", "false", "off", "0"):
                raise _LeftOut(entry.line, "there is no printing here")
            return
        if scope is Scope.SHARE and elsewhere is not None:
            if elsewhere[0].attribute == "encryption" and fold_key(entry.value) in (
                "required",
                "mandatory",
            ):
                raise _LeftOut(
                    entry.line, f"{entry.key!r} can be insisted on in [global] only, for all shares"
                )
            text = f"{entry.key!r} belongs in [global] and is ignored here"
        elif key in WITHOUT_EFFECT:
            text = f"{entry.key!r} is Samba's and has no effect here"
        else:
            near = parameters.suggest(scope, key)
            if near is not None:
                text += f"; did you mean {near!r}?"
        self.warn(entry.line, text)

    def _check_modules(self, entry: Entry) -> None:
        for module in entry.value.replace(",", " ").split():
            if module not in ("streams_xattr", "acl_xattr"):
                self.warn(entry.line, f"vfs objects: {module} is not there and has no effect")

    def _check_interfaces(self, stanzas: tuple[Stanza, ...], values: Mapping[str, Any]) -> None:
        only = values.get("bind_interfaces_only", False)
        line = _line_of(stanzas, ("interfaces", "bind interfaces only"))
        if "interfaces" in values and not only:
            self.warn(line, "'interfaces' has no effect without 'bind interfaces only = yes'")
        if only and not values.get("interfaces"):
            # Listening everywhere would be the opposite of what was asked for.
            self.fault(line, "'bind interfaces only' needs 'interfaces' with a name such as eth0")

    def _check_protocols(self, stanzas: tuple[Stanza, ...], values: Mapping[str, Any]) -> None:
        lowest, highest = values.get("min_protocol"), values.get("max_protocol")
        if lowest and highest and PROTOCOLS.index(lowest) > PROTOCOLS.index(highest):
            self.fault(
                _line_of(stanzas, ("server min protocol", "min protocol")),
                f"no dialect is left between the minimum {lowest} and the maximum {highest}",
            )


def _line_of(stanzas: tuple[Stanza, ...], keys: Collection[str]) -> int:
    lines = (e.line for stanza in stanzas for e in stanza.entries if fold_key(e.key) in keys)
    return next(lines, 0)


def _check_share_name(name: str, line: int) -> None:
    if len(fold_share_name(name).encode()) > MAX_SHARE_NAME_BYTES:
        raise _LeftOut(line, f"its name is longer than {MAX_SHARE_NAME_BYTES} bytes")
    bad = sorted(_NAME_SEPARATORS & set(name))
    if bad:
        raise _LeftOut(line, f"no client can ask for a name with {' '.join(bad)}")


def _check_path(path: str | None, line: int, name: str) -> None:
    if path is None:
        hint = f"{name} is not special here; " if name.casefold() in ("homes", "printers") else ""
        raise _LeftOut(line, f"{hint}it has no path; add path = /some/directory")
    if not path.startswith("/"):
        raise _LeftOut(line, f"its path {path!r} is not absolute; begin it with /")
    if ".." in path.split("/"):
        raise _LeftOut(line, f"its path {path!r} contains '..'; write the directory itself")
