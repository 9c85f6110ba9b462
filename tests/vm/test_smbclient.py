# SPDX-License-Identifier: GPL-2.0-only
"""Samba's smbclient, on the host, against the guest: every dialect, and the main job."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest
from server import Server, smbclient, smbclient_list, smbclient_ok

DIALECTS = ["SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11"]
TREE_FILES = 5200
GIB = 1 << 30


def random_file(path: Path, size: int, seed: int) -> str:
    """Writes `size` bytes that do not compress or repeat; their SHA-256."""
    source, digest = random.Random(seed), hashlib.sha256()
    with path.open("wb") as file:
        while size:
            block = source.randbytes(min(size, 1 << 20))
            digest.update(block)
            file.write(block)
            size -= len(block)
    return digest.hexdigest()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_in_guest(server: Server, path: str) -> str:
    return server.vm.run(["sha256sum", path], 300).out.split()[0]


def tree_digest(root: Path) -> dict[str, str]:
    """Path and checksum of each file below, and every folder."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(root):
        base = Path(folder).relative_to(root)
        found.update({str(base / name) + "/": "" for name in folders})
        for name in files:
            found[str(base / name)] = sha256(Path(folder) / name)
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_everyday_commands_work_in(
    server: Server, share: str, tmp_path: Path, dialect: str
) -> None:
    digest = random_file(tmp_path / "up", 3_000_017, 1)
    script = (
        "mkdir dir; put up dir\\up; put up dir\\other; get dir\\up down; cd dir; ls; rename up new;"
        " del other; cd \\; ls dir\\*; mkdir empty; rmdir empty; ls"
    )
    out = smbclient_ok(server.vm, script, folder=tmp_path, dialect=dialect)
    assert "new" in out and "dir" in out
    assert digest == sha256(tmp_path / "down")
    assert digest == sha256_in_guest(server, f"{share}/dir/new")
    assert server.vm.run(["ls", f"{share}/dir"]).out == "new\n"
    assert server.vm.run(["ls", share]).out == "dir\n"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_shares_are_listed_in(server: Server, tmp_path: Path, dialect: str) -> None:
    done = smbclient_list(server.vm, folder=tmp_path, dialect=dialect)
    listed = set(done.stdout.splitlines())
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"Disk|share|the ordinary one", "Disk|small|a disk of 8 MiB"} <= listed
    assert any(line.upper().startswith("IPC|IPC$|") for line in listed)
    assert not any("|hidden|" in line for line in listed)


@pytest.mark.parametrize("signing", ["required", "off"])
def test_signing_is_the_clients_choice(
    server: Server, share: str, tmp_path: Path, signing: str
) -> None:
    digest = random_file(tmp_path / "up", 5_000_001, 2)
    smbclient_ok(
        server.vm, "put up; get up down", folder=tmp_path,
        options=(f"--client-protection={'sign' if signing == 'required' else 'off'}",),
    )  # fmt: skip
    assert digest == sha256(tmp_path / "down") == sha256_in_guest(server, f"{share}/up")


def test_names_beyond_ascii_survive(server: Server, share: str, tmp_path: Path) -> None:
    names = ["žluťoučký kůň", "日本語", "𝄞 clef", "a b  c", "x" * 200]
    for name in names:
        (tmp_path / name).write_text(name)
    script = "; ".join(f'put "{name}"' for name in names)
    smbclient_ok(server.vm, script + "; ls", folder=tmp_path)
    assert sorted(names) == sorted(server.vm.run(["ls", share]).out.splitlines())


def test_one_gibibyte_there_and_back(server: Server, share: str, tmp_path: Path) -> None:
    digest = random_file(tmp_path / "up", GIB, 3)
    smbclient_ok(server.vm, "put up; get up down", folder=tmp_path, timeout=900)
    assert (tmp_path / "down").stat().st_size == GIB
    assert digest == sha256(tmp_path / "down")
    assert digest == sha256_in_guest(server, f"{share}/up")


def test_a_tree_of_small_files_there_and_back(server: Server, share: str, tmp_path: Path) -> None:
    source, up, down = random.Random(4), tmp_path / "up", tmp_path / "down"
    for number in range(TREE_FILES):
        path = up / "tree" / f"d{number % 40}" / f"e{number % 7}" / f"file {number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(source.randrange(0, 4096)))
    down.mkdir()
    smbclient_ok(server.vm, "recurse; prompt; mput tree", folder=tmp_path, cwd=up, timeout=900)
    smbclient_ok(server.vm, "recurse; prompt; mget tree", folder=tmp_path, cwd=down, timeout=900)
    sent = tree_digest(up)
    assert sum(not name.endswith("/") for name in sent) == TREE_FILES
    assert sent == tree_digest(down)
    listing = server.vm.run("cd /srv/share && find tree -type f -exec sha256sum {} +", 300).out
    stored = dict(line.split("  ", 1)[::-1] for line in listing.splitlines())
    assert {name: digest for name, digest in sent.items() if digest} == stored

    out = smbclient_ok(server.vm, "recurse; ls", folder=tmp_path, timeout=300)
    assert out.count(".txt") == TREE_FILES
    smbclient_ok(server.vm, "deltree tree; ls", folder=tmp_path, timeout=600)
    assert server.vm.run(["ls", share]).out == ""


def test_a_wrong_password_is_a_logon_failure(server: Server, tmp_path: Path) -> None:
    done = smbclient(server.vm, "ls", folder=tmp_path, user="user1%wrong")
    assert "NT_STATUS_LOGON_FAILURE" in done.stdout + done.stderr
    smbclient_ok(server.vm, "ls", folder=tmp_path)
