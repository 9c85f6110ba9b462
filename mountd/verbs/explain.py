# SPDX-License-Identifier: GPL-2.0-only
"""`ksmbd.control explain-access`: why somebody gets in, or does not, step by step."""

from __future__ import annotations

import argparse
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ksmbd.mountd import access, shares
from ksmbd.mountd.homes import find_share
from ksmbd.mountd.nss import Identity, Nss, System
from ksmbd.mountd.verbs.verb import DONE, REFUSED, Verb, say, show_json
from ksmbd.shared import abi
from ksmbd.shared import config as configuration
from ksmbd.shared.abi import TreeFlag, TreeStatus, UserStatus
from ksmbd.shared.config import Config, MapToGuest, Share
from ksmbd.shared.users import UserDb


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at."""

    allowed: bool
    text: str


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", help="the name that is typed at the client; '' for anonymous")
    parser.add_argument("share")
    parser.add_argument("path", nargs="?", default="", help="in the share, / or \\ between names")
    parser.add_argument(
        "--from", dest="address", default="127.0.0.1", help="the client's address (127.0.0.1)"
    )


def _run(arguments: argparse.Namespace) -> int:
    config = configuration.load(arguments.config)
    users = UserDb.load(arguments.pwddb)
    who = Who(arguments.user, arguments.address)
    steps = list(explain(who, arguments.share, arguments.path, World(config, users, Nss())))
    allowed = all(step.allowed for step in steps)
    if arguments.json:
        show_json(
            {
                "allowed": allowed,
                "steps": [{"allowed": step.allowed, "text": step.text} for step in steps],
            }
        )
    else:
        for step in steps:
            mark, colour = ("  yes ", "32") if step.allowed else ("   NO ", "31")
            say(f" {step.text}", mark=mark, colour=colour)
    return DONE if allowed else REFUSED


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody at a client."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class World:
    """What decides."""

    config: Config
    users: UserDb
    system: System


def explain(who: Who, share_name: str, path: str, world: World) -> Iterator[Step]:
    """The steps from log-on to file; the first that refuses is the last."""
    name, config, users, system = who.name, world.config, world.users, world.system
    user = users.find(name) if name else None
    if user is None:
        account = config.globals.guest_account
        mapped = config.globals.map_to_guest is MapToGuest.BAD_USER
        if name and name != account and not mapped:
            yield Step(False, f"log-on: {name!r} has no password here (ksmbd.adduser {name})")
            return
        identity = system.user(account)
        yield Step(
            identity is not None, f"log-on: {name or 'anonymous'!r} is the guest {account!r}"
        )
    else:
        identity = system.user(user.name)
        if identity is None:
            yield Step(False, f"log-on: {user.name!r} is no user of this system (useradd)")
            return
        yield Step(True, f"log-on: {user.name!r}, uid {identity.uid}, gid {identity.gid}")
    share = find_share(share_name, config, users, system)
    if identity is None or share is None:
        if share is None:
            yield Step(False, f"share: there is no {share_name!r}")
        return
    yield from _into_share(user.name if user else "", share, who.address, world)
    if not share.is_ipc:
        yield from _on_disk(share, path, identity, config, system)


def _into_share(account: str, share: Share, address: str, world: World) -> Iterator[Step]:
    guest = UserStatus.OK if account else UserStatus.OK | UserStatus.GUEST_ACCOUNT
    request = abi.TreeConnectRequest(
        handle=0, account_flags=guest, flags=abi.TreeRequestFlag.SMB2, session_id=1, connect_id=1,
        account=account, share=share.name, peer_addr=address,
    )  # fmt: skip
    verdict, _ = access.decide(request, world.config, world.users, world.system)
    where = f"{share.file}:{share.line}" if share.line else "built in"
    if verdict.status is not TreeStatus.OK:
        yield Step(False, f"share [{share.name}] ({where}): {verdict.reason}")
        return
    mode = "read and write" if verdict.flags & TreeFlag.WRITABLE else "read only"
    yield Step(True, f"share [{share.name}] ({where}): {mode}")


def _on_disk(
    share: Share, path: str, identity: Identity, config: Config, system: System
) -> Iterator[Step]:
    try:
        uid, gid = shares.forced_ids(share, system)
        root = shares.directory(share, config.globals.root_directory)
    except shares.Unusable as e:
        yield Step(False, f"share [{share.name}]: {e}")
        return
    uid = identity.uid if uid == abi.NO_FORCED_ID else uid
    gids = {identity.gid if gid == abi.NO_FORCED_ID else gid, *identity.groups}
    parts = PurePosixPath(path.replace("\\", "/").strip("/")).parts
    if ".." in parts:
        yield Step(False, f"path: {path!r} leads out of the share")
        return
    at = Path("/")
    for part in (*PurePosixPath(root).parts[1:], *parts):
        step = _enter(at, uid, gids)
        if step is not None:
            yield step
            return
        at /= part
    yield _rights(at, uid, gids, inside=bool(parts))


def _enter(folder: Path, uid: int, gids: set[int]) -> Step | None:
    """What keeps somebody from going through a folder; ACLs are asked of the mode's mask."""
    try:
        mode = _bits(folder.stat(), uid, gids)
    except OSError as e:
        return Step(False, f"{folder}: {e.strerror}")
    if not mode & 1:
        return Step(False, f"{folder}: uid {uid} may not enter it ({_mode(folder)})")
    return None


def _rights(path: Path, uid: int, gids: set[int], *, inside: bool) -> Step:
    try:
        found = path.lstat() if inside else path.stat()
    except FileNotFoundError:
        parent = _bits(path.parent.stat(), uid, gids) if path.parent.exists() else 0
        can = "may be made" if parent & 2 else "may not be made"
        return Step(bool(parent & 2), f"{path}: is not there and {can} by uid {uid}")
    except OSError as e:
        return Step(False, f"{path}: {e.strerror}")
    if inside and stat.S_ISLNK(found.st_mode):
        return Step(False, f"{path}: is a symbolic link, those are not followed")
    bits = _bits(found, uid, gids)
    words = [word for bit, word in ((4, "read"), (2, "write"), (1, "enter")) if bits & bit]
    text = f"{path}: uid {uid} may {', '.join(words) or 'do nothing'} ({_mode(path)})"
    if _has_acl(path):
        text += "; it has a POSIX ACL, which may say more or less: getfacl"
    return Step(bool(bits & 4), text)


def _bits(found: os.stat_result, uid: int, gids: set[int]) -> int:
    if uid == 0:
        return 7
    if found.st_uid == uid:
        return found.st_mode >> 6 & 7
    if found.st_gid in gids:
        return found.st_mode >> 3 & 7
    return found.st_mode & 7


def _mode(path: Path) -> str:
    found = path.lstat()
    return f"{stat.filemode(found.st_mode)} {found.st_uid}:{found.st_gid}"


def _has_acl(path: Path) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(path, follow_symlinks=False)
    except OSError:
        return False


VERB = Verb("explain-access", "say why a user gets into a share, or does not", _arguments, _run)
