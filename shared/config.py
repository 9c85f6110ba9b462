# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.conf as typed values, with file and line in every complaint.

`load()` refuses (ConfigError) what has no safe meaning.  What can be served, but perhaps not as
its author meant it, is a `Complaint`; a share that cannot be served safely is left out and
has a complaint of level ERROR.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ksmbd.shared import macros, parameters, samba
from ksmbd.shared.dialect import Entry, Stanza
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.includes import Collector, Disk, Files
from ksmbd.shared.log import printable
from ksmbd.shared.parameters import Parameter, Scope, fold_key
from ksmbd.shared.values import PROTOCOLS, Encryption, MapToGuest, Signing, ValueFault

__all__ = [
    "Complaint",
    "Config",
    "Encryption",
    "Examination",
    "Globals",
    "Kind",
    "Level",
    "Line",
    "MapToGuest",
    "Share",
    "Signing",
    "examine",
    "fold_share_name",
    "load",
    "parse",
]

IPC_NAME = "ipc$"
MAX_SHARE_NAME_BYTES = 63  # the ABI's share field is 64 bytes and holds a NUL
_NAME_SEPARATORS = frozenset('/\\<>:"|?*')
_COPY = "copy"
_HOMES = "homes"
_MOST_COPIES = 16


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
        """One line, whatever the file has in it."""
        return printable(f"{self.file}:{self.line}: {self.text}")


class Kind(enum.Enum):
    """What becomes of a line."""

    HONOURED = "honoured"
    WITHOUT_EFFECT = "without effect"
    MISSED = "not there"
    UNKNOWN = "unknown"
    UNUSED = "unused"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """The verdict on one `key = value`."""

    file: str
    line: int
    section: str
    key: str
    value: str
    kind: Kind


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
    directory_leases: bool = _G["smb3 directory leases"]
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
    file: str = ""
    is_ipc: bool = False
    admin_users: tuple[str, ...] = _S["admin users"]
    available: bool = _S["available"]
    browseable: bool = _S["browseable"]
    comment: str = _S["comment"]
    create_mask: int = _S["create mask"]
    crossmnt: bool = _S["crossmnt"]
    directory_mask: int = _S["directory mask"]
    encryption: Encryption = _S["smb3 encryption"]
    follow_symlinks: bool = _S["follow symlinks"]
    fruit_model: str = _S["fruit:model"]
    time_machine: bool = _S["fruit:time machine"]
    force_create_mode: int = _S["force create mode"]
    force_directory_mode: int = _S["force directory mode"]
    force_group: str | None = _S["force group"]
    force_user: str | None = _S["force user"]
    guest_account: str | None = _S["guest account"]
    guest_ok: bool = _S["guest ok"]
    hide_dot_files: bool = _S["hide dot files"]
    hide_special_files: bool = _S["hide special files"]
    hide_unreadable: bool = _S["hide unreadable"]
    hide_unwriteable_files: bool = _S["hide unwriteable files"]
    hosts_allow: tuple[str, ...] = _S["hosts allow"]
    hosts_deny: tuple[str, ...] = _S["hosts deny"]
    inherit_owner: bool = _S["inherit owner"]
    invalid_users: tuple[str, ...] = _S["invalid users"]
    max_connections: int = _S["max connections"]
    oplocks: bool = _S["oplocks"]
    read_list: tuple[str, ...] = _S["read list"]
    read_only: bool = _S["read only"]
    recycle_exclude: tuple[str, ...] = _S["recycle:exclude"]
    recycle_folder: str = _S["recycle:repository"]
    recycle_keep_tree: bool = _S["recycle:keeptree"]
    recycle_versions: bool = _S["recycle:versions"]
    snapshot_folder: str = _S["shadow:snapdir"]
    snapshot_format: str = _S["shadow:format"]
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
    def previous_versions(self) -> bool:
        """Whether clients see the snapshots in `snapshot_folder`."""
        return "shadow_copy2" in self.vfs_objects

    @property
    def recycles(self) -> bool:
        """Whether deleted files are kept."""
        return "recycle" in self.vfs_objects

    @property
    def apple(self) -> bool:
        """Whether a Mac is told what it asks for."""
        return "fruit" in self.vfs_objects or self.time_machine

    @property
    def acl_xattr(self) -> bool:
        """Whether NT ACLs are kept in xattrs."""
        return "acl_xattr" in self.vfs_objects


@dataclass(frozen=True, slots=True)
class Config:
    """A whole file.  `shares` is keyed by `fold_share_name()` and always has `ipc$`.

    `homes` is the pattern of the shares that users have without a section of their own.
    """

    path: Path
    globals: Globals
    shares: Mapping[str, Share]
    complaints: tuple[Complaint, ...] = field(default=())
    homes: Share | None = None
    files: tuple[Path, ...] = ()

    def share(self, name: str) -> Share | None:
        """Finds a share by its name in any case."""
        return self.shares.get(fold_share_name(name))


def home_share(pattern: Share, user: str, directory: str) -> Share:
    """The share of a user's home, made from [homes].

    Without `valid users` only the user gets in, where Samba would let in everybody whom the
    permissions of the directory do not stop.
    """
    known = {"%S": user, "%U": user, "%u": user, "%H": directory}
    share = _substituted(pattern, known)
    valid = share.valid_users if share.valid_users_set else (user,)
    return replace(
        share, name=user, path=share.path or directory, valid_users=valid, valid_users_set=True
    )


def _substituted(share: Share, known: Mapping[str, str]) -> Share:
    """A share with the variables of its texts and lists replaced."""
    changed: dict[str, Any] = {}
    for row in parameters.PARAMETERS:
        if row.scope is not Scope.SHARE or not row.variables:
            continue
        value = getattr(share, row.attribute)
        if isinstance(value, str):
            changed[row.attribute] = macros.replace(value, known)
        elif isinstance(value, tuple):
            changed[row.attribute] = tuple(macros.replace(item, known) for item in value)
    return replace(share, **changed)


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that can be said of a file; `config` is None when it has faults."""

    config: Config | None
    complaints: tuple[Complaint, ...]
    faults: tuple[Complaint, ...]
    lines: tuple[Line, ...]
    files: tuple[Path, ...]


def fold_share_name(name: str) -> str:
    """The form in which the module asks for a share: NFD, case folded."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def load(path: Path) -> Config:
    """Reads a configuration file.

    Raises:
        ConfigError: the file is missing, unreadable or not usable; one line per fault,
            each `file:line: text`.
    """
    return parse(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """The text of a configuration file.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot read the configuration: {error.strerror}; an empty file is a valid one"
        ) from error


def parse(content: bytes, path: Path, files: Files | None = None) -> Config:
    """Reads the text of a configuration file; `path` is its name in messages.

    Args:
        files: where the files come from that it includes; the disk, unless a test knows better.

    Raises:
        ConfigError: as `load()`.
    """
    result = examine(content, path, files)
    if result.config is None:
        raise ConfigError("\n".join(map(str, result.faults)))
    return result.config


def examine(
    content: bytes,
    path: Path,
    files: Files | None = None,
    server: macros.Server | None = None,
) -> Examination:
    """Reads a file as far as it goes, with a verdict on every line.

    Raises:
        ConfigError: the main file does not follow the grammar at all.
    """
    reader = _Reader(server or macros.Server.here())
    collector = Collector(files or Disk(), reader.server, reader.warn, reader.fault)
    sections = _merge(collector.collect(content, path))
    globals_ = reader.globals(sections.pop("global", ()))
    reader.sections = sections
    shares = {}
    homes = None
    for name, stanzas in sections.items():
        share = reader.share(stanzas)
        if share is None:
            continue
        if name == _HOMES:
            homes = share
        else:
            shares[fold_share_name(share.name)] = share
    if IPC_NAME not in sections:
        shares[IPC_NAME] = reader.ipc(())
    reader.check_time_machines(globals_, [*shares.values(), *filter(None, [homes])])
    read = tuple(collector.read)
    order = {str(file): number for number, file in enumerate(read)}

    def place(complaint: Complaint) -> tuple[int, int]:
        return order.get(complaint.file, 0), complaint.line

    complaints = tuple(sorted(reader.complaints, key=place))
    faults = tuple(sorted(reader.faults, key=place))
    config = None
    if not faults:
        config = Config(path, globals_, MappingProxyType(shares), complaints, homes, read)
    return Examination(config, complaints, faults, tuple(reader.verdicts(order)), read)


def _merge(stanzas: Iterable[Stanza]) -> dict[str, tuple[Stanza, ...]]:
    sections: dict[str, tuple[Stanza, ...]] = {}
    for stanza in stanzas:
        name = fold_share_name(stanza.name)
        sections[name] = (*sections.get(name, ()), stanza)
    return sections


class _LeftOut(Exception):
    """A share that cannot be served safely, or not at all and nobody expects it."""

    def __init__(self, entry: Entry | Stanza, text: str, level: Level = Level.ERROR) -> None:
        super().__init__(text)
        self.file, self.line, self.level = entry.file, entry.line, level


_MODULES = frozenset({"acl_xattr", "fruit", "recycle", "shadow_copy2", "streams_xattr"})
"""Those of Samba's that are built in."""


class _Reader:
    """Turns sections into values, and collects what is wrong on the way."""

    def __init__(self, server: macros.Server) -> None:
        self.server = server
        self.sections: Mapping[str, tuple[Stanza, ...]] = {}
        self.complaints: list[Complaint] = []
        self.faults: list[Complaint] = []
        self._lines: dict[tuple[str, int], Line] = {}
        self._defaults: dict[str, Any] = {}

    def warn(self, file: str, line: int, text: str) -> None:
        # What is inherited or copied is read again and again: one word about it is enough.
        complaint = Complaint(file, line, text)
        if complaint not in self.complaints:
            self.complaints.append(complaint)

    def fault(self, file: str, line: int, text: str) -> None:
        fault = Complaint(file, line, text, Level.ERROR)
        if fault not in self.faults:
            self.faults.append(fault)

    def verdicts(self, order: Mapping[str, int]) -> Iterator[Line]:
        """The lines in the order of the files."""
        for at in sorted(self._lines, key=lambda at: (order.get(at[0], 0), at[1])):
            yield self._lines[at]

    def globals(self, stanzas: tuple[Stanza, ...]) -> Globals:
        values: dict[str, Any] = {}
        shared: list[tuple[Entry, Parameter, bool]] = []
        found = list(self._entries(stanzas, Scope.GLOBAL))
        # %L is the name, %D the workgroup: those two come first.
        for first in (True, False):
            for entry, (parameter, inverted) in found:
                if parameter.scope is Scope.SHARE:
                    if first:
                        shared.append((entry, parameter, inverted))
                elif first == (parameter.name in ("netbios name", "workgroup")):
                    self._take(values, entry, parameter, inverted)
            defaults = Globals()
            self.server = replace(
                self.server,
                name=values.get("netbios_name", defaults.netbios_name),
                workgroup=values.get("workgroup", defaults.workgroup),
            )
        for entry, parameter, inverted in shared:
            if parameter.inherits:
                self._take(self._defaults, entry, parameter, inverted)
            else:
                self._unused(entry, f"{parameter.name!r} has no effect in [global]")
        self._check_interfaces(stanzas, values)
        self._check_protocols(stanzas, values)
        return Globals(**values)

    def share(self, stanzas: tuple[Stanza, ...]) -> Share | None:
        """Reads one section, or complains and returns None when it must not be served."""
        stanza = stanzas[0]
        name = stanza.name
        if fold_share_name(name) == IPC_NAME:
            return self.ipc(stanzas)
        is_home = fold_share_name(name) == _HOMES
        try:
            _check_share_name(name, stanza)
            values = self._share_values(stanzas)
            share = Share(name=name, line=stanza.line, file=stanza.file, **values)
            if is_home:
                _check_home(share, stanza)
                return share
            share = _substituted(share, {macros.OF_SHARE: name})
            _check_path(share.path, stanza, name)
            _check_fixed(share, stanza)
        except _LeftOut as reason:
            text = f"share [{name}] is left out: {reason}"
            self.complaints.append(Complaint(reason.file, reason.line, text, reason.level))
            self._note_left_out(stanzas)
            return None
        return share

    def ipc(self, stanzas: tuple[Stanza, ...]) -> Share:
        """The pipe share, which is there whether configured or not."""
        stanza = stanzas[0] if stanzas else Stanza(IPC_NAME, 0, ())
        try:
            values = self._share_values(stanzas)
        except _LeftOut as reason:
            self.fault(reason.file, reason.line, f"[{IPC_NAME}]: {reason}")
            values = {}
        if values.pop("path", None) is not None:
            self.warn(
                stanza.file, stanza.line, f"[{IPC_NAME}] is for pipes, its path has no effect"
            )
        values.setdefault("comment", "IPC service")
        # Every client connects to it: a limit meant for disks would lock the next one out.
        values.setdefault("max_connections", 0)
        share = Share(name="IPC$", line=stanza.line, file=stanza.file, is_ipc=True, **values)
        return _substituted(share, {macros.OF_SHARE: "IPC$"})

    def _share_values(self, stanzas: tuple[Stanza, ...]) -> dict[str, Any]:
        values = {**self._defaults, **self._own_values(stanzas)}
        values["valid_users_set"] = "valid_users" in values
        return values

    def _own_values(
        self, stanzas: tuple[Stanza, ...], copied: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """What a section says itself, and what it copies of another one."""
        own: dict[str, Any] = {}
        for entry, (parameter, inverted) in self._entries(stanzas, Scope.SHARE):
            self._take(own, entry, parameter, inverted)
        for entry in (e for stanza in stanzas for e in stanza.entries if fold_key(e.key) == _COPY):
            source = fold_share_name(entry.value)
            others = self.sections.get(source)
            if others is None:
                raise _LeftOut(entry, f"copy: there is no section [{entry.value}]")
            if source in copied or len(copied) >= _MOST_COPIES:
                raise _LeftOut(entry, f"copy: [{entry.value}] copies itself")
            own = {**self._own_values(others, (*copied, source)), **own}
            self._note(entry, Kind.HONOURED)
        return own

    def _take(
        self, values: dict[str, Any], entry: Entry, parameter: Parameter, inverted: bool
    ) -> None:
        def warn(text: str) -> None:
            self.warn(entry.file, entry.line, f"{entry.key}: {text}")

        try:
            text = self._expanded(entry, parameter)
            value: Any = parameter.read(text, warn)
        except ValueFault as error:
            self._note(entry, Kind.WRONG)
            self.fault(entry.file, entry.line, f"{entry.key}: {error}")
            return
        self._note(entry, Kind.HONOURED)
        if inverted:
            value = not value
        if parameter.attribute not in values:
            values[parameter.attribute] = value
        elif values[parameter.attribute] == value:
            self._unused(entry, f"{entry.key!r} is set twice")
        elif parameter.inverse:
            # As in the newest stock tool; and whoever said "read only" once is not overruled.
            values[parameter.attribute] = True
            self._unused(entry, f"{entry.key!r} contradicts an earlier line; read only it is")
        else:
            self._unused(entry, f"{entry.key!r} is set twice; the first value is used")
        if parameter.name == "vfs objects":
            self._check_modules(entry)

    def _expanded(self, entry: Entry, parameter: Parameter) -> str:
        """The value with what is known of the server in it.

        Raises:
            ValueFault: a list that keeps people out has a variable that nobody knows.
        """
        if not parameter.variables:
            return entry.value
        text = self.server.expand(entry.value)
        if "%" not in text or parameter.scope is Scope.GLOBAL:
            known = frozenset[str]()
        else:
            known = frozenset({macros.OF_SHARE, "%U", "%u", "%g", "%G", "%H"})
        left = macros.unknown(text, known)
        if not left:
            return text
        if parameter.name in ("invalid users", "read list"):
            raise ValueFault(f"{left[0]} is not known here, so this would keep nobody out")
        if parameter.name not in _FIXED:
            self.warn(
                entry.file, entry.line, f"{entry.key}: {left[0]} is not known, it stays as it is"
            )
        return text

    def _entries(
        self, stanzas: tuple[Stanza, ...], scope: Scope
    ) -> Iterable[tuple[Entry, tuple[Parameter, bool]]]:
        for stanza in stanzas:
            for entry in stanza.entries:
                self._lines.setdefault(
                    (entry.file, entry.line),
                    Line(entry.file, entry.line, stanza.name, entry.key, entry.value, Kind.UNUSED),
                )
                found = self._look_up(entry, scope)
                if found is None:
                    continue
                if not entry.value:
                    # The stock example lists every default of the shares in [global] so.
                    if scope is Scope.SHARE:
                        self._unused(entry, f"{entry.key!r} has no value; the line is ignored")
                    continue
                yield entry, found

    def _look_up(self, entry: Entry, scope: Scope) -> tuple[Parameter, bool] | None:
        found = parameters.look_up(scope, entry.key)
        if found is None and scope is Scope.GLOBAL:
            found = parameters.look_up(Scope.SHARE, entry.key)
        if found is None and not (scope is Scope.SHARE and fold_key(entry.key) == _COPY):
            self._foreign(entry, scope)
        return found

    def _foreign(self, entry: Entry, scope: Scope) -> None:
        """A key that is not honoured: Samba's, misplaced or unknown.

        Raises:
            _LeftOut: without it the share would be open to more than its author wanted.
        """
        key = fold_key(entry.key)
        if key == "config file":
            self._note(entry, Kind.WRONG)
            self.fault(
                entry.file,
                entry.line,
                f"'config file' is not supported: start ksmbd.mountd with -C {entry.value}",
            )
            return
        if scope is Scope.SHARE:
            self._check_leaves_out(entry, key)
        foreign = samba.look_up(key)
        if key in samba.PRINTABLE:
            self._note(entry, Kind.WITHOUT_EFFECT)
        elif parameters.look_up(Scope.GLOBAL, key) is not None:
            self._unused(entry, f"{entry.key!r} belongs in [global] and is ignored here")
        elif foreign is not None:
            missed = foreign.is_missed(entry.value)
            self._note(entry, Kind.MISSED if missed else Kind.WITHOUT_EFFECT)
            word = "is not there" if missed else "has no effect"
            self.warn(entry.file, entry.line, f"{entry.key!r} {word}: {foreign.reason}")
        else:
            self._unknown(entry, scope, key)

    def _check_leaves_out(self, entry: Entry, key: str) -> None:
        value = fold_key(entry.value)
        if key in samba.PRINTABLE and value not in ("no", "false", "off", "0"):
            raise _LeftOut(entry, "there is no printing here", Level.WARNING)

    def _unknown(self, entry: Entry, scope: Scope, key: str) -> None:
        text = f"unknown parameter {entry.key!r} is ignored"
        near = parameters.suggest(scope, key)
        if near is not None:
            text += f"; did you mean {near!r}?"
        self._note(entry, Kind.UNKNOWN)
        self.warn(entry.file, entry.line, text)

    def _unused(self, entry: Entry, text: str) -> None:
        self._note(entry, Kind.UNUSED)
        self.warn(entry.file, entry.line, text)

    def _note(self, entry: Entry, kind: Kind) -> None:
        at = entry.file, entry.line
        if at in self._lines:
            self._lines[at] = replace(self._lines[at], kind=kind)

    def _note_left_out(self, stanzas: tuple[Stanza, ...]) -> None:
        for entry in (entry for stanza in stanzas for entry in stanza.entries):
            line = self._lines.get((entry.file, entry.line))
            if line is None or line.kind is Kind.HONOURED:
                self._lines[entry.file, entry.line] = Line(
                    entry.file, entry.line, stanzas[0].name, entry.key, entry.value, Kind.UNUSED
                )

    def _check_modules(self, entry: Entry) -> None:
        for module in entry.value.replace(",", " ").split():
            if module not in _MODULES:
                self.warn(
                    entry.file,
                    entry.line,
                    f"vfs objects: {module} is not there and has no effect",
                )

    def check_time_machines(self, settings: Globals, shares: Iterable[Share]) -> None:
        """Warns of what a Mac's backup would stumble over."""
        for share in shares:
            if not share.time_machine or share.is_ipc:
                continue
            if not settings.durable_handles:
                text = "Time Machine wants 'durable handles = yes' in [global]"
                self.warn(share.file, share.line, f"[{share.name}]: {text}")
            if not share.streams:
                text = "Time Machine wants 'vfs objects = fruit streams_xattr'"
                self.warn(share.file, share.line, f"[{share.name}]: {text}")

    def _check_interfaces(self, stanzas: tuple[Stanza, ...], values: Mapping[str, Any]) -> None:
        only = values.get("bind_interfaces_only", False)
        at = _place_of(stanzas, ("interfaces", "bind interfaces only"))
        if "interfaces" in values and not only:
            self.warn(*at, "'interfaces' has no effect without 'bind interfaces only = yes'")
        if only and not values.get("interfaces"):
            # Listening everywhere would be the opposite of what was asked for.
            self.fault(*at, "'bind interfaces only' needs 'interfaces' with a name such as eth0")

    def _check_protocols(self, stanzas: tuple[Stanza, ...], values: Mapping[str, Any]) -> None:
        lowest, highest = values.get("min_protocol"), values.get("max_protocol")
        if lowest and highest and PROTOCOLS.index(lowest) > PROTOCOLS.index(highest):
            self.fault(
                *_place_of(stanzas, ("server min protocol", "min protocol")),
                f"no dialect is left between the minimum {lowest} and the maximum {highest}",
            )


def _place_of(stanzas: tuple[Stanza, ...], keys: Collection[str]) -> tuple[str, int]:
    places = (
        (entry.file, entry.line)
        for stanza in stanzas
        for entry in stanza.entries
        if fold_key(entry.key) in keys
    )
    return next(places, ("", 0))


# What the kernel is told of a share once, for everybody who connects to it.
_FIXED = ("path", "force user", "force group", "guest account")


def _check_share_name(name: str, stanza: Stanza) -> None:
    if len(fold_share_name(name).encode()) > MAX_SHARE_NAME_BYTES:
        raise _LeftOut(stanza, f"its name is longer than {MAX_SHARE_NAME_BYTES} bytes")
    bad = sorted(_NAME_SEPARATORS & set(name))
    if bad:
        raise _LeftOut(stanza, f"no client can ask for a name with {' '.join(bad)}")


def _check_path(path: str | None, stanza: Stanza, name: str) -> None:
    if path is None:
        hint = f"{name} is not special here; " if name.casefold() == "printers" else ""
        raise _LeftOut(stanza, f"{hint}it has no path; add path = /some/directory")
    if not path.startswith("/"):
        raise _LeftOut(stanza, f"its path {path!r} is not absolute; begin it with /")
    if ".." in path.split("/"):
        raise _LeftOut(stanza, f"its path {path!r} contains '..'; write the directory itself")


def _check_fixed(share: Share, stanza: Stanza) -> None:
    for title, value in _fixed(share):
        if left := macros.unknown(value):
            hint = "; [homes] makes a share for each user" if left[0] in macros.OF_USER else ""
            raise _LeftOut(
                stanza,
                f"its {title} {value!r} has {left[0]}, which is another one for every client{hint}",
            )


def _check_home(share: Share, stanza: Stanza) -> None:
    for title, value in _fixed(share):
        known = frozenset({macros.OF_SHARE, "%U", "%u", "%H"})
        if left := macros.unknown(value, known):
            raise _LeftOut(stanza, f"its {title} {value!r} has {left[0]}, which is not known here")
    if share.path is not None and not share.path.startswith("%H"):
        _check_path(share.path, stanza, share.name)


def _fixed(share: Share) -> Iterator[tuple[str, str]]:
    for title in _FIXED:
        value = getattr(share, title.replace(" ", "_"))
        if value is not None:
            yield title, value
