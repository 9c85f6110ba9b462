# SPDX-License-Identifier: GPL-2.0-only
"""Every parameter of ksmbd.conf, one row each: the reader, the defaults and the help use it."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ksmbd.shared import values
from ksmbd.shared.values import Encryption, MapToGuest, Reader, Signing

KIB = 1024
MIB = 1024 * KIB
U32 = 0xFFFFFFFF
MOST_CONNECTIONS = 65536


class Scope(enum.Enum):
    """Where a parameter belongs.  A share's parameter in [global] is the shares' default."""

    GLOBAL = "global"
    SHARE = "share"


class Applies(enum.Enum):
    """When a value that was changed is in force."""

    NOW = "now"
    CONNECT = "for new connections to the share; connected clients keep the old value"
    RESTART = "after ksmbd.control --shutdown and a new start"


# What mountd decides by, at each log-on and tree connect.  Other global parameters are the
# kernel's, which learns them once; other parameters of shares are pinned with each connection.
_NOW = frozenset(
    {
        "guest account", "kerberos keytab file", "kerberos service name", "kerberos support",
        "map to guest", "max active sessions", "restrict anonymous", "available", "browseable",
        "comment", "guest ok", "hosts allow", "hosts deny", "max connections",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row.

    Attributes:
        inverse: names that mean the opposite (`writable` for `read only`).
        inherits: a share's parameter whose value in [global] is the default of the shares.
        variables: %S and its like stand for something in it.
    """

    name: str
    attribute: str
    scope: Scope
    read: Reader
    default: Any
    help: str
    synonyms: tuple[str, ...] = ()
    inverse: tuple[str, ...] = ()
    inherits: bool = True
    variables: bool = True

    @property
    def applies(self) -> Applies:
        """When a change of it is in force."""
        if self.scope is Scope.SHARE:
            return Applies.NOW if self.name in _NOW else Applies.CONNECT
        if self.name == "root directory":
            return Applies.CONNECT
        if self.name in _NOW and self.name != "max connections":
            return Applies.NOW
        return Applies.RESTART


def _global(
    name: str,
    read: Reader,
    default: object,
    help: str,
    *,
    attribute: str = "",
    synonyms: tuple[str, ...] = (),
) -> Parameter:
    attribute = attribute or name.replace(" ", "_")
    return Parameter(name, attribute, Scope.GLOBAL, read, default, help, synonyms)


def _share(
    name: str,
    read: Reader,
    default: object,
    help: str,
    *,
    synonyms: tuple[str, ...] = (),
    inverse: tuple[str, ...] = (),
    attribute: str = "",
    inherits: bool = True,
    variables: bool = True,
) -> Parameter:
    attribute = attribute or name.replace(" ", "_")
    return Parameter(
        name, attribute, Scope.SHARE, read, default, help, synonyms, inverse, inherits, variables
    )


_connections = values.size(1, MOST_CONNECTIONS, zero=MOST_CONNECTIONS)
_io_size = values.size(64 * KIB, 8 * MIB, zero_is_special=True)

PARAMETERS: tuple[Parameter, ...] = (
    _global("bind interfaces only", values.boolean, False, "listen on the interfaces listed only"),
    _global(
        "deadtime",
        values.number(0, 71582),  # minutes; more overflows 32 bits of jiffies at HZ=1000
        10080,
        "minutes after which a connection with no open file is dropped; 0 is never",
    ),
    _global("durable handles", values.boolean, False, "let clients reclaim handles after a cut"),
    _global("guest account", values.string(47), "nobody", "system user that guests act as"),
    _global("interfaces", values.interface_names, (), "names of the interfaces to listen on"),
    _global(
        "ipc timeout",
        values.number(0, 262),  # the module counts jiffies in 16 bits: 262 s at HZ=250
        0,
        "seconds between two signs of life the module wants of ksmbd.mountd; 0 is never",
    ),
    _global("kerberos keytab file", values.string(), "", "keytab; empty is the system's"),
    _global(
        "kerberos service name", values.string(), "", "service[/host[@REALM]]; empty is cifs/host"
    ),
    _global("kerberos support", values.boolean, False, "accept Kerberos tickets"),
    _global(
        "map to guest",
        values.map_to_guest,
        MapToGuest.NEVER,
        "never, or bad user: an unknown user becomes a guest",
    ),
    _global("max active sessions", _connections, 1024, "sessions with a connected share, in total"),
    _global("max connections", _connections, 256, "TCP connections, in total"),
    _global("max ip connections", _connections, 32, "TCP connections of one client address"),
    _global(
        "max open files",
        values.number(1, 65536, zero=65536),
        10000,
        "open files, in total",
        attribute="file_max",
    ),
    _global("netbios name", values.string(15), "KSMBD SERVER", "name of the server in NTLM"),
    _global(
        "restrict anonymous",
        values.number(0, 2),
        0,
        "1 or 2: guests get no pipes, and no shares but those with guest ok",
    ),
    _global(
        "root directory",
        values.string(4095),
        "",
        "text put before the path of every share",
        synonyms=("root", "root dir"),
    ),
    _global(
        "server max protocol",
        values.max_protocol,
        "",
        "highest dialect, SMB2_02 to SMB3_11; empty is the module's",
        attribute="max_protocol",
        synonyms=("max protocol", "protocol"),
    ),
    _global(
        "server min protocol",
        values.min_protocol,
        "",
        "lowest dialect, SMB2_02 to SMB3_11; empty is the module's",
        attribute="min_protocol",
        synonyms=("min protocol",),
    ),
    _global(
        "server multi channel support",
        values.boolean,
        False,
        "several connections for one session",
        attribute="multichannel",
    ),
    _global(
        "server signing",
        values.signing,
        Signing.MANDATORY,
        "mandatory (authenticated sessions must sign), auto, enabled or disabled",
        attribute="signing",
    ),
    _global("server string", values.string(63), "SMB SERVER", "comment of the server"),
    _global(
        "share:fake_fscaps",
        values.number(0, U32),
        64,
        "file system attributes claimed in addition; 64 is sparse files",
        attribute="fake_fscaps",
    ),
    _global("smb2 leases", values.boolean, False, "let clients cache with leases"),
    _global("smb2 max credits", values.size(1, 65535, zero_is_special=True), 0, "0: the module's"),
    _global("smb2 max read", _io_size, 0, "largest read; 0 is the module's"),
    _global("smb2 max trans", _io_size, 0, "largest transaction; 0 is the module's"),
    _global("smb2 max write", _io_size, 0, "largest write; 0 is the module's"),
    _global(
        "smb3 directory leases",
        values.yes_unless_told,
        True,
        "with smb2 leases, let clients keep what is in a directory as well",
        attribute="directory_leases",
    ),
    _global(
        "smb3 encryption",
        values.encryption,
        Encryption.AUTO,
        "auto (clients that ask), mandatory or disabled",
        attribute="encryption",
        synonyms=("smb encrypt", "server smb encrypt"),
    ),
    _global(
        "smbd max io size",
        values.size(512 * KIB, 16 * MIB, zero_is_special=True),
        0,
        "largest RDMA transfer; 0 is the module's",
    ),
    _global("tcp port", values.port, 445, "port to listen on"),
    _global("workgroup", values.string(63), "WORKGROUP", "workgroup or domain shown to clients"),
    _share("admin users", values.user_list, (), "users and @groups that administer the share"),
    _share("available", values.boolean, True, "no: nobody can connect"),
    _share(
        "browseable", values.boolean, True, "show in the list of shares", synonyms=("browsable",)
    ),
    _share("comment", values.string(), "", "text in the list of shares"),
    _share(
        "create mask",
        values.octal_mode,
        0o744,
        "permission bits a new file may have",
        synonyms=("create mode",),
    ),
    _share("crossmnt", values.boolean, True, "go into file systems mounted below the path"),
    _share(
        "directory mask",
        values.octal_mode,
        0o755,
        "permission bits a new directory may have",
        synonyms=("directory mode",),
    ),
    _share("follow symlinks", values.boolean, False, "follow links that stay in the share"),
    _share("force create mode", values.octal_mode, 0, "permission bits every new file has"),
    _share("force directory mode", values.octal_mode, 0, "permission bits every new directory has"),
    _share(
        "force group",
        values.force_group,
        None,
        "system group everybody acts with",
        synonyms=("group",),
    ),
    _share("force user", values.string(), None, "system user everybody acts as"),
    _share(
        "fruit:model",
        values.string(63),
        "Xserve",
        "what Macs take the server for, and show it as (vfs objects = fruit)",
        attribute="fruit_model",
    ),
    _share(
        "fruit:time machine",
        values.boolean,
        False,
        "Macs may back up to this share; implies vfs objects = fruit",
        attribute="time_machine",
        synonyms=("time machine",),
    ),
    _share(
        "guest account",
        values.string(47),
        None,
        "system user that guests of this share act as",
        inherits=False,
    ),
    _share("guest ok", values.boolean, False, "guests may connect", synonyms=("public",)),
    _share("hide dot files", values.boolean, True, "mark .names as hidden"),
    _share("hide special files", values.boolean, False, "list files and directories only"),
    _share("hide unreadable", values.boolean, False, "list only what the user may read"),
    _share(
        "hide unwriteable files", values.boolean, False, "list only files that the user may write"
    ),
    _share(
        "hosts allow",
        values.host_patterns,
        (),
        "addresses that may connect",
        synonyms=("allow hosts",),
    ),
    _share(
        "hosts deny",
        values.host_patterns,
        (),
        "addresses that may not connect",
        synonyms=("deny hosts",),
    ),
    _share("inherit owner", values.boolean, False, "new files belong to the directory's owner"),
    _share("invalid users", values.refused_users, (), "users and @groups that may not connect"),
    _share(
        "max connections",
        values.size(1, MOST_CONNECTIONS, zero_is_special=True),
        128,
        "connections to this share; 0 is unlimited",
        inherits=False,
    ),
    _share("oplocks", values.boolean, True, "let clients cache with oplocks and leases"),
    _share(
        "path",
        values.string(4095),
        None,
        "absolute directory to share",
        synonyms=("directory",),
        inherits=False,
    ),
    _share("read list", values.user_list, (), "users and @groups that only read"),
    _share(
        "read only",
        values.boolean,
        True,
        "no: those allowed to connect may write",
        inverse=("writable", "writeable", "write ok"),
    ),
    _share(
        "recycle:exclude",
        values.file_patterns,
        (),
        "deleted for good, such as *.tmp (vfs objects = recycle)",
        attribute="recycle_exclude",
    ),
    _share(
        "recycle:keeptree",
        values.boolean,
        False,
        "deleted files keep their folders below the repository (vfs objects = recycle)",
        attribute="recycle_keep_tree",
    ),
    _share(
        "recycle:repository",
        values.recycle_folder,
        ".recycle/%U",
        "where deleted files go, from the share's path; %U is the user (vfs objects = recycle)",
        attribute="recycle_folder",
        variables=False,
    ),
    _share(
        "recycle:versions",
        values.boolean,
        True,
        "a deleted file does not take the place of an older one (vfs objects = recycle)",
        attribute="recycle_versions",
    ),
    _share(
        "shadow:format",
        values.snapshot_format,
        "@GMT-%Y.%m.%d-%H.%M.%S",
        "names of snapshots: their time in UTC (vfs objects = shadow_copy2)",
        attribute="snapshot_format",
        variables=False,
    ),
    _share(
        "shadow:snapdir",
        values.folder_below,
        ".snapshots",
        "folder of snapshots, from the share's path (vfs objects = shadow_copy2)",
        attribute="snapshot_folder",
    ),
    _share(
        "smb3 encryption",
        values.encryption,
        Encryption.AUTO,
        "mandatory: nothing of this share is served in clear",
        attribute="encryption",
        synonyms=("smb encrypt", "server smb encrypt"),
        inherits=False,
    ),
    _share("store dos attributes", values.boolean, True, "keep DOS attributes with the file"),
    _share("valid users", values.user_list, (), "when given: only these may connect"),
    _share("veto files", values.veto_patterns, (), "/pattern/pattern/: names that do not exist"),
    _share(
        "vfs objects",
        values.words,
        (),
        "streams_xattr, acl_xattr, shadow_copy2",
        synonyms=("vfs object",),
    ),
    _share("write list", values.user_list, (), "users and @groups that may write"),
)


def fold_key(key: str) -> str:
    """The form in which keys are compared: any case, any run of blanks."""
    return " ".join(key.casefold().split())


def _index(scope: Scope) -> Mapping[str, tuple[Parameter, bool]]:
    index: dict[str, tuple[Parameter, bool]] = {}
    for parameter in PARAMETERS:
        if parameter.scope is scope:
            for name in (parameter.name, *parameter.synonyms):
                index[name] = (parameter, False)
            for name in parameter.inverse:
                index[name] = (parameter, True)
    return index


_INDEX = {scope: _index(scope) for scope in Scope}


def look_up(scope: Scope, key: str) -> tuple[Parameter, bool] | None:
    """Finds the row of a key; the second item says that its value is meant the other way."""
    return _INDEX[scope].get(fold_key(key))


def defaults(scope: Scope) -> Mapping[str, Any]:
    """The values of the parameters that are not configured, by the parameters' names."""
    return {row.name: row.default for row in PARAMETERS if row.scope is scope}


def suggest(scope: Scope, key: str) -> str | None:
    """The known key that an unknown one was probably meant to be."""
    known = set(_INDEX[Scope.SHARE]) | (
        set(_INDEX[Scope.GLOBAL]) if scope is Scope.GLOBAL else set()
    )
    close = difflib.get_close_matches(fold_key(key), sorted(known), n=1, cutoff=0.7)
    return close[0] if close else None


def markdown() -> str:
    """The parameters as tables for the documentation."""
    out = []
    for scope, title in ((Scope.GLOBAL, "[global]"), (Scope.SHARE, "shares")):
        out += [f"### {title}", "", "| parameter | also | default | meaning |", "|---|---|---|---|"]
        for row in PARAMETERS:
            if row.scope is scope:
                also = [*row.synonyms, *(f"{name} (the opposite)" for name in row.inverse)]
                default = shown_default(row)
                out.append(f"| {row.name} | {', '.join(also)} | {default} | {row.help} |")
        out.append("")
    return "\n".join(out)


def shown_default(row: Parameter) -> str:
    """The default as a file would say it."""
    default = row.default
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, enum.Enum):
        return default.name.lower().replace("_", " ")
    if default is None or default in ("", ()):
        return "-"
    if row.read is values.octal_mode:
        return f"{default:04o}"
    return str(default)
