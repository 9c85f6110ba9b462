# SPDX-License-Identifier: GPL-2.0-only
"""Configurations of several files, variables, copies and homes."""

from __future__ import annotations

from pathlib import Path

import pytest
from ksmbd.mountd.homes import find_share
from ksmbd.mountd.nss import Identity
from ksmbd.shared.config import Config, examine, home_share, parse
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.macros import Server
from ksmbd.shared.users import User, UserDb

SERVER = Server("box.example", environment={"DISK": "/mnt/disk"})


def load(folder: Path, **files: str) -> Config:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".conf").write_text(text)
    main = folder / "main.conf"
    result = examine(main.read_bytes(), main, None, SERVER)
    assert result.config is not None, result.faults
    return result.config


def refused(text: str, folder: Path) -> str:
    with pytest.raises(ConfigError) as error:
        parse(text.encode(), folder / "main.conf")
    return str(error.value)


def test_the_lines_of_an_included_file_stand_where_the_include_stands(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        main="[s]\ninclude = more.conf\npath = /late\nread only = no\n",
        more="path = /early\n[t]\npath = /t\n",
    )
    assert config.shares["s"].path == "/early"
    assert config.shares["s"].read_only is False
    assert config.shares["t"].read_only is True
    assert config.shares["t"].file == str(tmp_path / "more.conf")
    assert config.files == (tmp_path / "main.conf", tmp_path / "more.conf")


def test_conf_d_is_read_after_the_file_and_in_order(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        main="[s]\npath = /main\n",
        conf__d="",
        **{"conf.d__20": "[s]\npath = /x\ncomment = 20\n", "conf.d__10": "[s]\ncomment = 10\n"},
    )
    assert (config.shares["s"].path, config.shares["s"].comment) == ("/main", "10")


def test_a_complaint_names_the_included_file_and_its_line(tmp_path: Path) -> None:
    config = load(tmp_path, main="[global]\ninclude = a.conf\n", a="\nfoo = 1\n")
    (complaint,) = config.complaints
    assert str(complaint) == f"{tmp_path / 'a.conf'}:2: unknown parameter 'foo' is ignored"


def test_a_pattern_includes_what_there_is_even_nothing(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        main="[global]\ninclude = none-*.conf\ninclude = p-*.conf\n",
        **{"p-1": "workgroup = ONE\n", "p-2": "workgroup = TWO\n"},
    )
    assert config.globals.workgroup == "ONE"


def test_an_include_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.conf").write_text("include = loop.conf\n")
    (tmp_path / "bad.conf").write_text("no equals sign\n")
    loop = refused("[global]\ninclude = loop.conf\n", tmp_path)
    assert "includes itself" in loop
    assert loop.startswith(f"{tmp_path / 'loop.conf'}:1: ")
    assert refused("[s]\ninclude = bad.conf\n", tmp_path).startswith(f"{tmp_path / 'bad.conf'}:1: ")
    assert "%m is another one for every client" in refused("[s]\ninclude = %m\n", tmp_path)


def test_what_is_known_of_the_server_is_filled_in(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        main="[global]\nserver string = %L at %h\nnetbios name = BOX\n"
        "[s]\npath = %$(DISK)/%S\ncomment = 100%% of %S, %D\n",
    )
    assert config.globals.server_string == "BOX at box.example"
    assert config.shares["s"].path == "/mnt/disk/s"
    assert config.shares["s"].comment == "100%% of s, WORKGROUP"


def test_a_default_of_all_shares_has_each_share_s_own_name(tmp_path: Path) -> None:
    config = load(tmp_path, main="[global]\nvalid users = @%S\n[a]\npath = /a\n[b]\npath = /b\n")
    assert config.shares["a"].valid_users == ("@a",)
    assert config.shares["b"].valid_users == ("@b",)


def test_a_copy_has_what_the_section_does_not_say_itself(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        main="[a]\ncopy = b\npath = /a\n[b]\npath = /b\ncomment = c\nvalid users = x\n",
    )
    a = config.shares["a"]
    assert (a.path, a.comment, a.valid_users, a.valid_users_set) == ("/a", "c", ("x",), True)


# Homes

USERS = UserDb(Path("db"), {n: User(n, bytes(16)) for n in ("Alice", "bob", "no", "Eve", "eve")})


class System:
    """Three users, one without a home."""

    def user(self, name: str) -> Identity | None:
        homes = {"Alice": "/home/alice", "bob": "/nonexistent", "Eve": "/home/eve"}
        return Identity(1, 1, (), homes[name]) if name in homes else None

    def group(self, name: str) -> int | None:
        return None


def home(text: str, name: str) -> object:
    config = parse(f"[homes]\n{text}\n[data]\npath = /d\n".encode(), Path("f"))
    return find_share(name, config, USERS, System())


def test_a_home_is_a_share_for_its_user_alone() -> None:
    config = parse(b"[homes]\nread only = no\n", Path("f"))
    share = find_share("aLICE", config, USERS, System())
    assert share is not None
    assert (share.name, share.path, share.read_only) == ("Alice", "/home/alice", False)
    assert (share.valid_users, share.valid_users_set) == (("Alice",), True)
    assert "homes" not in config.shares


def test_a_home_can_be_somewhere_else() -> None:
    config = parse(b"[homes]\npath = /srv/%S/%u\nvalid users = %S, @staff\n", Path("f"))
    assert config.homes is not None
    share = home_share(config.homes, "bob", "/home/bob")
    assert (share.path, share.valid_users) == ("/srv/bob/bob", ("bob", "@staff"))


@pytest.mark.parametrize("name", ["bob", "no", "eve", "mallory", "homes", "..", ""])
def test_who_has_no_home_has_no_share(name: str) -> None:
    assert home("", name) is None


def test_a_section_goes_before_a_home() -> None:
    config = parse(b"[homes]\n[alice]\npath = /d\n", Path("f"))
    share = find_share("alice", config, USERS, System())
    assert share is not None
    assert share.path == "/d"
