# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.files: replacing a file whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ksmbd.shared.files import locked, replace_file


def test_content_and_mode_are_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "f"
    replace_file(path, b"x", 0o640)
    assert path.read_bytes() == b"x"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")

    def no_space(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new", 0o600)
    assert path.read_bytes() == b"old"
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away is for root")
def test_the_owner_stays_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    os.chown(path, 65534, 65534)
    replace_file(path, b"new", 0o600)
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (65534, 65534)


def test_the_lock_makes_the_directory_it_needs(tmp_path: Path) -> None:
    with locked(tmp_path / "etc" / "f"):
        assert (tmp_path / "etc").is_dir()
