# SPDX-License-Identifier: GPL-2.0-only
"""Names in large directories: in any case, whoever changes them, at a flat price."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from raw import CLOSE, CREATE, Raw, close, create

OPEN = 1
CREATE_NEW = 2
READ_FILE = 0x120089
MANY = 700  # more than what makes an index worthwhile


def status(client: Raw, name: str, disposition: int = OPEN) -> str:
    reply = client.call(CREATE, create(name, access=READ_FILE, disposition=disposition))
    if reply.status == "SUCCESS":
        assert client.call(CLOSE, close(reply.body[64:80])).status == "SUCCESS"
    return reply.status


def fill(path: Path, count: int = MANY) -> None:
    path.mkdir(mode=0o777)
    path.chmod(0o777)
    for number in range(count):
        (path / f"File{number:05}").write_text("")


def test_a_large_directory_folds_case_and_sees_local_changes(client: Raw, folder: Path) -> None:
    big = folder / "big"
    fill(big)
    assert status(client, r"big\absent") == "OBJECT_NAME_NOT_FOUND"  # builds the index

    assert status(client, r"BIG\FILE00042") == "SUCCESS"
    assert status(client, r"big\NEW") == "OBJECT_NAME_NOT_FOUND"
    (big / "new").write_text("")
    assert status(client, r"big\NEW") == "SUCCESS"
    assert status(client, r"big\NEW", CREATE_NEW) == "OBJECT_NAME_COLLISION"
    (big / "new").rename(big / "moved")
    assert status(client, r"big\NEW") == "OBJECT_NAME_NOT_FOUND"
    assert status(client, r"big\MOVED") == "SUCCESS"
    os.link(big / "moved", big / "linked")
    assert status(client, r"big\LINKED") == "SUCCESS"
    (big / "moved").rename(big / "linked")  # the same inode: both stay
    (big / "moved").unlink()
    assert status(client, r"big\MOVED") == "OBJECT_NAME_NOT_FOUND"
    (big / "over").write_text("")
    (big / "over").rename(big / "linked")  # replaces
    assert status(client, r"big\OVER") == "OBJECT_NAME_NOT_FOUND"
    (big / "linked").unlink()
    assert status(client, r"big\LINKED") == "OBJECT_NAME_NOT_FOUND"


@pytest.mark.parametrize("count", [3, MANY])
def test_who_may_not_list_a_directory_needs_the_very_name(
    client: Raw, folder: Path, count: int
) -> None:
    """Whether it was read before or not."""
    fill(folder / "big", count)
    (folder / "big").chmod(0o711)
    assert status(client, r"big\File00001") == "SUCCESS"
    assert status(client, r"big\FILE00001") == "OBJECT_NAME_NOT_FOUND"
    (folder / "big").chmod(0o755)
    assert status(client, r"big\FILE00001") == "SUCCESS"
    (folder / "big").chmod(0o711)
    assert status(client, r"big\FILE00002") == "OBJECT_NAME_NOT_FOUND"


def test_case_is_folded_as_windows_does(client: Raw, folder: Path) -> None:
    fill(folder / "big")
    assert status(client, r"big\absent") == "OBJECT_NAME_NOT_FOUND"

    (folder / "big" / "Ärger").write_text("")
    assert status(client, r"big\äRGER") == "SUCCESS"
    assert status(client, r"big\ärger", CREATE_NEW) == "OBJECT_NAME_COLLISION"
    # nothing is normalised, nothing ignored
    assert status(client, "big\\a\u0308rger", CREATE_NEW) == "SUCCESS"
    assert status(client, "big\\\u00e4rg\u200der", CREATE_NEW) == "SUCCESS"
    (folder / "big" / "same").write_text("")
    (folder / "big" / "SAME").write_text("")
    (folder / "big" / "same").unlink()
    assert status(client, r"big\Same") == "SUCCESS"


def test_one_who_may_not_list_the_directory_finds_exact_names_only(
    client: Raw, folder: Path
) -> None:
    fill(folder / "big")
    assert status(client, r"big\absent") == "OBJECT_NAME_NOT_FOUND"
    (folder / "big").chmod(0o711)

    assert status(client, r"big\FILE00001") == "OBJECT_NAME_NOT_FOUND"
    assert status(client, r"big\File00001") == "SUCCESS"


def test_a_removed_or_replaced_directory_takes_its_index_along(client: Raw, folder: Path) -> None:
    for _ in range(3):
        fill(folder / "big")
        assert status(client, r"big\absent") == "OBJECT_NAME_NOT_FOUND"
        (folder / "big").rename(folder / "bin")
        assert status(client, r"bin\FILE00007") == "SUCCESS"
        for entry in (folder / "bin").iterdir():
            entry.unlink()
        (folder / "bin").rmdir()


def test_to_create_files_costs_the_same_in_a_large_directory(client: Raw, folder: Path) -> None:
    """The scan that this replaced grew with the directory: the ratio was that of the sizes."""
    took = []
    for size in (400, 8000):
        path = folder / f"n{size}"
        fill(path, size)
        assert status(client, rf"n{size}\absent") == "OBJECT_NAME_NOT_FOUND"
        begin = time.monotonic()
        for number in range(100):
            assert status(client, rf"n{size}\new{number}", CREATE_NEW) == "SUCCESS"
        took.append(time.monotonic() - begin)
    print(f"100 creates: {took[0]:.2f} s among 400, {took[1]:.2f} s among 8000")
    assert took[1] < 3 * took[0]


def test_names_come_and_go_while_the_directory_is_read(client: Raw, folder: Path) -> None:
    """The index is built under fire; afterwards it has every name and no other."""
    big = folder / "big"
    fill(big, 3000)
    child = os.fork()
    if not child:
        try:
            for number in range(1500):
                (big / f"File{number:05}").rename(big / f"Renamed{number:05}")
        finally:
            os._exit(0)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert status(client, r"big\absent") == "OBJECT_NAME_NOT_FOUND"
    for number in (0, 1, 700, 1499):
        assert status(client, rf"big\FILE{number:05}") == "OBJECT_NAME_NOT_FOUND"
        assert status(client, rf"big\RENAMED{number:05}") == "SUCCESS"
    assert status(client, r"big\FILE01500") == "SUCCESS"
