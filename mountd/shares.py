# SPDX-License-Identifier: GPL-2.0-only
"""A share of the configuration as the kernel is told of it.

Looks users up and touches the directory, both of which may block: for a worker thread.
"""

import logging
import posixpath
from pathlib import Path

from ksmbd.mountd.homes import find_share
from ksmbd.mountd.nss import System
from ksmbd.shared.abi import NO_FORCED_ID, ShareConfigRequest, ShareConfigResponse, ShareFlag
from ksmbd.shared.config import Config, Share
from ksmbd.shared.users import UserDb

log = logging.getLogger(__name__)

_PATH_MAX = 4095
_VETO_MAX = 32768


class Unusable(Exception):
    """A share that must not be served; the text says why."""


def describe(
    request: ShareConfigRequest, config: Config, users: UserDb, system: System
) -> ShareConfigResponse:
    """The answer to a share request; one without flags says that there is no such share."""
    share = find_share(request.share_name, config, users, system)
    if share is None:
        log.info("share %r refused: there is no such share", request.share_name)
        return ShareConfigResponse(request.handle)
    try:
        return _response(request, share, config, system)
    except Unusable as e:
        log.error("share [%s] refused: %s", share.name, e)
        return ShareConfigResponse(request.handle)


def _response(
    request: ShareConfigRequest, share: Share, config: Config, system: System
) -> ShareConfigResponse:
    if not share.available:
        raise Unusable("it is not available (available = no)")
    uid, gid = forced_ids(share, system)
    path = "" if share.is_ipc else directory(share, config.globals.root_directory)
    veto = () if share.is_ipc else share.veto_files
    if sum(len(pattern.encode("utf-8", "surrogateescape")) + 1 for pattern in veto) > _VETO_MAX:
        raise Unusable(f"its list of veto files is longer than {_VETO_MAX} bytes")
    if path:
        _look_at(share, path)
    bits = flags(share)
    return ShareConfigResponse(
        handle=request.handle,
        flags=bits,
        create_mask=share.create_mask,
        directory_mask=share.directory_mask,
        force_create_mode=share.force_create_mode,
        force_directory_mode=share.force_directory_mode,
        force_uid=uid,
        force_gid=gid,
        # The kernel compares the name with the one it asked for.
        share_name=request.share_name,
        path=path,
        veto=veto,
        snapshots=(share.snapshot_folder, share.snapshot_format)
        if ShareFlag.SNAPSHOTS in bits
        else ("", ""),
        model=share.fruit_model if ShareFlag.APPLE in bits else "",
        recycle=_recycle(share) if ShareFlag.RECYCLE in bits else ("", "", ""),
    )


def _recycle(share: Share) -> tuple[str, str, str]:
    rules = ("t" if share.recycle_keep_tree else "") + ("v" if share.recycle_versions else "")
    return share.recycle_folder, rules, "/".join(share.recycle_exclude)


def flags(share: Share) -> ShareFlag:
    """The flags of a share that is available."""
    wanted = {
        ShareFlag.AVAILABLE: True,
        ShareFlag.BROWSEABLE: share.browseable,
        ShareFlag.WRITEABLE: not share.read_only,
        ShareFlag.READONLY: share.read_only and not share.is_ipc,
        ShareFlag.GUEST_OK: share.guest_ok,
        ShareFlag.STORE_DOS_ATTRS: share.store_dos_attributes,
        ShareFlag.OPLOCKS: share.oplocks,
        ShareFlag.PIPE: share.is_ipc,
        ShareFlag.HIDE_DOT_FILES: share.hide_dot_files,
        ShareFlag.RECYCLE: share.recycles and not share.is_ipc,
        ShareFlag.TIME_MACHINE: share.time_machine and not share.is_ipc,
        ShareFlag.APPLE: share.apple and not share.is_ipc,
        ShareFlag.SNAPSHOTS: share.previous_versions and not share.is_ipc,
        ShareFlag.HIDE_SPECIAL: share.hide_special_files and not share.is_ipc,
        ShareFlag.HIDE_UNWRITEABLE: share.hide_unwriteable_files and not share.is_ipc,
        ShareFlag.HIDE_UNREADABLE: share.hide_unreadable and not share.is_ipc,
        ShareFlag.INHERIT_OWNER: share.inherit_owner,
        ShareFlag.STREAMS: share.streams,
        ShareFlag.FOLLOW_SYMLINKS: share.follow_symlinks,
        ShareFlag.ACL_XATTR: share.acl_xattr,
        ShareFlag.CROSSMNT: share.crossmnt,
    }
    result = ShareFlag(0)
    for flag, is_set in wanted.items():
        if is_set:
            result |= flag
    return result


def directory(share: Share, root: str) -> str:
    """The share's directory below `root directory`, absolute and without loose ends.

    Raises:
        Unusable: there is no path that the kernel could be given.
    """
    path = share.path
    if not path:
        # To the kernel an empty path is the root of the host.
        raise Unusable("it has no path")
    if not path.startswith("/"):
        raise Unusable(f"its path {path!r} is not absolute")
    if root and not root.startswith("/"):
        raise Unusable(f"the root directory {root!r} is not absolute")
    whole = posixpath.normpath("/" + root.strip("/") + "/" + path.strip("/"))
    # normpath keeps two leading slashes, which POSIX gives a meaning of their own.
    whole = "/" + whole.lstrip("/")
    if ".." in (root + "/" + path).split("/"):
        raise Unusable(f"its path {path!r} contains '..'")
    if "\0" in whole or len(whole.encode("utf-8", "surrogateescape")) > _PATH_MAX:
        raise Unusable("its path is not a file name")
    return whole


def forced_ids(share: Share, system: System) -> tuple[int, int]:
    """The uid and gid that everybody has in the share.

    Raises:
        Unusable: a name is unknown, or its number has no room in the ABI's 16 bits.
    """
    uid = gid = NO_FORCED_ID
    if share.force_user is not None:
        identity = system.user(share.force_user)
        if identity is None:
            raise Unusable(f"its force user {share.force_user!r} is no user of this system")
        uid, gid = identity.uid, identity.gid
    if share.force_group is not None:
        group = system.group(share.force_group)
        if group is None:
            raise Unusable(f"its force group {share.force_group!r} is no group of this system")
        gid = group
    if share.force_user is not None and uid >= NO_FORCED_ID:
        raise Unusable(f"uid {uid} of {share.force_user!r} is too large to be forced")
    if gid > NO_FORCED_ID or (gid == NO_FORCED_ID and (share.force_user or share.force_group)):
        raise Unusable(f"gid {gid} is too large to be forced")
    return uid, gid


def _look_at(share: Share, path: str) -> None:
    """Says early what the client will only see as a bad network name."""
    try:
        is_directory = Path(path).is_dir()
    except OSError:
        return  # not for mountd to see; the kernel decides with the user's own rights
    if not is_directory:
        log.warning("share [%s]: %s is not there or not a directory", share.name, path)
