# SPDX-License-Identifier: GPL-2.0-only
"""Samba's client with what shares can ask of it or offer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from server import PASSWORD


def smbclient(share: str, commands: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["smbclient", f"//127.0.0.1/{share}", "-U", f"user1%{PASSWORD}", "-c", commands, *options],
        text=True, capture_output=True, timeout=120, check=False, cwd="/tmp",
    )  # fmt: skip


def test_it_encrypts_for_a_share_that_insists(folder: Path) -> None:
    Path("/tmp/sent").write_text("secret")
    done = smbclient("sealed", "put sent; get sent got; ls")
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path("/tmp/got").read_text() == "secret"
    assert (folder / "sent").read_text() == "secret"


def test_a_client_that_cannot_encrypt_stays_outside(folder: Path) -> None:
    option = "--option=client max protocol=SMB2_10"
    done = smbclient("sealed", "ls", option)
    assert done.returncode == 1
    assert "NT_STATUS_ACCESS_DENIED" in done.stdout + done.stderr
    assert smbclient("share", "ls", option).returncode == 0


def test_it_finds_previous_versions(folder: Path) -> None:
    old = folder / ".snap" / "daily" / "day-2024-02-29_235958"
    old.mkdir(parents=True)
    (old / "file").write_text("old")
    (folder / "file").write_text("now")
    for path in (folder / "file", old / "file"):
        os.chown(path, 2001, 2001)
    done = smbclient("history", "allinfo file")
    assert "@GMT-2024.02.29-23.59.58" in done.stdout, done.stdout + done.stderr
    done = smbclient(
        "history", r"get @GMT-2024.02.29-23.59.58\file got; ls @GMT-2024.02.29-23.59.58\*"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path("/tmp/got").read_text() == "old"
    done = smbclient("history", r"del @GMT-2024.02.29-23.59.58\file")
    assert (old / "file").exists(), done.stdout
