# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.users and nthash: ksmbdpwd.db."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.nthash import nt_hash
from ksmbd.shared.users import UserDb

HASH = bytes(range(16))
LINE = "h42AFGBs2ilnekTvoTU/xw=="  # "secret", as both stock tools write it


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ksmbdpwd.db"


@pytest.mark.parametrize(
    ("password", "encoded"),
    [
        ("secret", LINE),
        ("pw", "jMGbaoz+rCmcKHHIazjeKA=="),
        ("x", "qfDdV+Htq1u1WprAqZwV7A=="),
        ("", "MdbP4NFq6TG3PFnX4MCJwA=="),
        ("p\u00e4ss", None),
    ],
)
def test_hashes_are_those_of_the_stock_tools(
    path: Path, password: str, encoded: str | None
) -> None:
    db = UserDb(path)
    db.add("u", nt_hash(password))
    db.save()
    if encoded is not None:
        assert f"u:{encoded}\n" == path.read_text()
    assert nt_hash(password) == UserDb.load(path).users["u"].nt_hash


def test_a_password_that_looks_like_a_hash_is_a_password() -> None:
    assert nt_hash(f"{'0' * 32}:{HASH.hex()}") != HASH
    assert bytes.fromhex("69943c5e63b4d2c104dbbcc15138b72b") == nt_hash("1")


@pytest.mark.parametrize("password", ["x" * 129, "ä" * 65, "\udc80"])
def test_a_password_that_cannot_be_one(password: str) -> None:
    with pytest.raises(ConfigError, match="the password is"):
        nt_hash(password)


def test_a_file_that_is_not_there_is_empty(path: Path) -> None:
    assert len(UserDb.load(path)) == 0
    assert not path.exists()


def test_a_file_of_the_stock_tools_is_read(path: Path) -> None:
    path.write_text(f"b:{LINE}\n\na a:{LINE}\r\nÄ:{LINE}")
    assert [user.name for user in UserDb.load(path)] == ["a a", "b", "Ä"]


def test_the_file_is_sorted_and_for_its_owner_only(path: Path) -> None:
    path.write_text(f"b:{LINE}\na:{LINE}\n")
    path.chmod(0o644)
    UserDb.load(path).save()
    assert f"a:{LINE}\nb:{LINE}\n" == path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_later_of_two_lines_counts(path: Path) -> None:
    path.write_text(f"a:{LINE}\na:MdbP4NFq6TG3PFnX4MCJwA==\n")
    assert nt_hash("") == UserDb.load(path).users["a"].nt_hash


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nocolon", "no ':' between user and password hash"),
        (b":" + LINE.encode(), "user name '' is empty"),
        (b"u:", "the NT hash of 'u' has 0 bytes"),
        (b"u:****", "the password hash of 'u' is not base64"),
        (b"u:AAAA", "the NT hash of 'u' has 3 bytes, not 16"),
        (b"u:" + LINE.encode() + b":x", "is not base64"),
        (b"\xff:" + LINE.encode(), "the user name is not UTF-8"),
        (b"a\x01:" + LINE.encode(), "contains a control character"),
        (b"x" * 48 + b":" + LINE.encode(), "is longer than 47 bytes"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(path: Path, line: bytes, reason: str) -> None:
    path.write_bytes(f"ok:{LINE}\n".encode() + line + b"\n")
    with pytest.raises(ConfigError) as error:
        UserDb.load(path)
    assert str(error.value).startswith(f"{path}:2: ")
    assert reason in str(error.value)


@given(st.binary())
def test_any_bytes_are_a_database_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("db") / "db"
    path.write_bytes(content)
    try:
        db = UserDb.load(path)
    except ConfigError as error:
        assert str(error).startswith(f"{path}:")
        return
    db.save()
    assert dict(db.users) == dict(UserDb.load(path).users)


NAMES = st.text(
    alphabet=st.characters(exclude_categories=["C"], exclude_characters=":"),
    min_size=1,
    max_size=11,
)


@given(st.dictionaries(NAMES, st.binary(min_size=16, max_size=16)))
def test_what_is_saved_is_what_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, users: dict[str, bytes]
) -> None:
    db = UserDb(tmp_path_factory.mktemp("db") / "db")
    for name, value in users.items():
        db.add(name, value)
    db.save()
    assert users == {user.name: user.nt_hash for user in UserDb.load(db.path)}


def test_a_user_is_found_in_any_case_but_never_the_wrong_one(path: Path) -> None:
    db = UserDb(path)
    for name in ("alice", "Bob", "BOB", "Straße"):
        db.add(name, HASH)
    for asked, found in (
        ("alice", "alice"),
        ("ALICE", "alice"),
        ("Bob", "Bob"),
        ("BOB", "BOB"),
        ("bob", None),
        ("STRASSE", "Straße"),
        ("carol", None),
        ("", None),
    ):
        user = db.find(asked)
        assert found == (None if user is None else user.name)


def test_add_update_and_remove_insist_on_what_is_there(path: Path) -> None:
    db = UserDb(path)
    db.add("a", HASH)
    with pytest.raises(ConfigError, match="already exists"):
        db.add("a", HASH)
    with pytest.raises(ConfigError, match="does not exist"):
        db.update("A", HASH)
    with pytest.raises(ConfigError, match="does not exist"):
        db.remove("b")
    with pytest.raises(ConfigError, match="contains a colon"):
        db.add("a:b", HASH)
    db.remove("a")
    assert "a" not in db


def test_an_edit_that_fails_changes_nothing(path: Path) -> None:
    path.write_text(f"a:{LINE}\n")
    with pytest.raises(RuntimeError), UserDb.edit(path) as db:
        db.add("b", HASH)
        raise RuntimeError
    assert f"a:{LINE}\n" == path.read_text()


def test_a_reader_keeps_the_old_file_while_it_is_replaced(path: Path) -> None:
    path.write_text(f"a:{LINE}\n")
    with path.open() as old:
        with UserDb.edit(path) as db:
            db.add("b", HASH)
        assert f"a:{LINE}\n" == old.read()
    assert len(UserDb.load(path)) == 2


def test_nothing_is_left_beside_the_file_but_its_lock(path: Path) -> None:
    with UserDb.edit(path) as db:
        db.add("a", HASH)
    assert {path.name, f".{path.name}.lock"} == {file.name for file in path.parent.iterdir()}


def test_a_symbolic_link_stays_one(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.write_text("")
    path.symlink_to(real)
    with UserDb.edit(path) as db:
        db.add("a", HASH)
    assert path.is_symlink()
    assert real.read_text().startswith("a:")


def _add_many(path: Path, first: int, count: int) -> None:
    for number in range(first, first + count):
        with UserDb.edit(path) as db:
            db.add(f"user{number}", HASH)


def test_writers_at_the_same_time_lose_nothing(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_add_many, args=(path, 10 * n, 10)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert len(UserDb.load(path)) == 40
