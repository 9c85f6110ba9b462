# SPDX-License-Identifier: GPL-2.0-only
"""The beginning: the module is loaded, and the kernel takes this mountd and its parameters."""

import asyncio
import errno
import logging
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from ksmbd.mountd.netlink.family import Family, FamilyAbsent
from ksmbd.shared import abi
from ksmbd.shared.abi import Event, GlobalFlag, StartupRequest
from ksmbd.shared.config import Globals
from ksmbd.shared.errors import KsmbdError

log = logging.getLogger(__name__)

ATTEMPTS = 6
_PAUSE = 1.0
_ACK_TIMEOUT = 10.0
_MODPROBE_TIMEOUT = 60

HOW_TO_LOAD = (
    "the ksmbd kernel module is not loaded and could not be loaded: {reason}. "
    "Run as root: modprobe ksmbd (or, in a source tree: insmod kernel/ksmbd.ko), "
    "then start ksmbd.mountd again, or start it with --wait"
)


class Caller(Protocol):
    """The part of `Family` that start-up needs."""

    async def call(self, event: Event, payload: bytes, timeout: float) -> int: ...


def request(settings: Globals, sub_auth: tuple[int, int, int], port: int | None) -> StartupRequest:
    """The global parameters as the kernel takes them; `port` is the command line's."""
    flags = GlobalFlag(settings.encryption.startup_flags)
    for flag, is_set in (
        (GlobalFlag.SMB2_LEASES, settings.smb2_leases),
        (GlobalFlag.SMB3_MULTICHANNEL, settings.multichannel),
        (GlobalFlag.DURABLE_HANDLES, settings.durable_handles),
        (GlobalFlag.NO_DIRECTORY_LEASES, not settings.directory_leases),
    ):
        if is_set:
            flags |= flag
    return StartupRequest(
        flags=flags,
        signing=abi.Signing(settings.signing),
        min_prot=settings.min_protocol,
        max_prot=settings.max_protocol,
        netbios_name=settings.netbios_name,
        work_group=settings.workgroup,
        server_string=settings.server_string,
        tcp_port=settings.tcp_port if port is None else port,
        ipc_timeout=settings.ipc_timeout,
        deadtime=settings.deadtime,
        file_max=settings.file_max,
        smb2_max_write=settings.smb2_max_write,
        smb2_max_read=settings.smb2_max_read,
        smb2_max_trans=settings.smb2_max_trans,
        share_fake_fscaps=settings.fake_fscaps,
        sub_auth=sub_auth,
        smb2_max_credits=settings.smb2_max_credits,
        smbd_max_io_size=settings.smbd_max_io_size,
        max_connections=settings.max_connections,
        bind_interfaces_only=settings.bind_interfaces_only,
        max_ip_connections=settings.max_ip_connections,
        interfaces=settings.interfaces if settings.bind_interfaces_only else (),
    )


async def register(
    family: Caller,
    startup: StartupRequest,
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Makes this mountd the kernel's.

    The kernel says EINVAL while another mountd's socket is open and while it resets itself,
    and does not tell when that is over: so this asks again, a few times.

    Raises:
        KsmbdError: it will not have us; the text says what to do.
    """
    payload = startup.pack()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            code = await family.call(Event.STARTING_UP, payload, _ACK_TIMEOUT)
        except TimeoutError:
            raise KsmbdError("the kernel module does not answer the start-up request") from None
        except OSError as e:
            raise KsmbdError(f"cannot send to the kernel module: {e.strerror}") from e
        if code == 0:
            return
        if code != errno.EINVAL:
            raise KsmbdError(_refusal(code))
        if attempt < ATTEMPTS:
            log.info(
                "the kernel refuses: another mountd is alive or the server is resetting; "
                "attempt %d of %d",
                attempt,
                ATTEMPTS,
            )
            await pause(_PAUSE)
    raise KsmbdError(
        "the kernel refuses this mountd: another one is alive (stop it with "
        "ksmbd.control --shutdown), or the server is still resetting, or the module does "
        "not accept a global parameter (its message is in dmesg)"
    )


def _refusal(code: int) -> str:
    if code == errno.EPERM:
        return "the kernel refuses this mountd: it needs to run as root or with CAP_NET_ADMIN"
    if code in (errno.ERANGE, errno.EOPNOTSUPP):
        return "the loaded ksmbd module speaks another protocol than this mountd"
    return f"the kernel refuses this mountd: {os.strerror(code)}"


def open_family(*, may_load: bool) -> Family:
    """Opens the family, loading the module when it is not there.  Blocks.

    Raises:
        FamilyAbsent: there is no module; the text says what to do.
        KsmbdError: something else is wrong.
    """
    try:
        return Family.open()
    except FamilyAbsent:
        reason = load_module() if may_load else "--no-modprobe was given"
        if reason is not None:
            raise FamilyAbsent(HOW_TO_LOAD.format(reason=reason)) from None
    try:
        return Family.open()
    except FamilyAbsent:
        reason = "modprobe succeeded, but what it loaded has no SMBD_GENL"
        raise FamilyAbsent(HOW_TO_LOAD.format(reason=reason)) from None


def load_module() -> str | None:
    """Runs modprobe; returns why it failed, or None."""
    modprobe = shutil.which("modprobe", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if modprobe is None:
        return "there is no modprobe here"
    log.info("loading the kernel module: %s ksmbd", modprobe)
    try:
        done = subprocess.run(
            [modprobe, "ksmbd"],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_MODPROBE_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        return str(e)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines() or [f"modprobe exits with {done.returncode}"]
    return lines[-1]


def server_state(stats: Path) -> str | None:
    """The word for the kernel's state: startup, running, reset or shutdown."""
    try:
        words = stats.read_text(errors="replace").split()
    except OSError:
        return None
    return words[1] if len(words) > 1 else None
