# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.addshare, run as its main()."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.adduser import shares
from ksmbd.adduser.addshare import main
from ksmbd.shared.config import load, parse
from ksmbd.shared.errors import ConfigError

EXAMPLE = """; ours
[global]
	netbios name = X ; short

; music
[Music]
	path = /srv/music
	; nobody writes
	writable=no
"""


class Tool:
    """The tool on a file of its own."""

    def __init__(self, directory: Path) -> None:
        self.config = directory / "ksmbd.conf"
        self.lock = directory / "ksmbd.lock"

    def run(self, *arguments: str) -> int:
        try:
            return main(["-C", str(self.config), "--lock", str(self.lock), *arguments])
        except SystemExit as stop:
            assert isinstance(stop.code, int)
            return stop.code


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    made = Tool(tmp_path)
    made.config.write_text(EXAMPLE)
    return made


@pytest.mark.parametrize(
    "arguments",
    [
        ["-a", "New", "-o", "path = /n", "-o", "guest ok = yes"],
        ["--add-share=New", "--options=path = /n\nguest ok = yes"],
        ["--add", "New", "--option", "path=/n", "--option", "guest ok=yes"],
        ["New", "-o", "path = /n\n\nguest ok = yes\n"],
    ],
)
def test_a_share_is_added_in_either_dialect(tool: Tool, arguments: list[str]) -> None:
    assert tool.run(*arguments) == 0
    assert tool.config.read_text() == EXAMPLE + "\n[New]\n\tpath = /n\n\tguest ok = yes\n"


def test_a_file_that_is_not_there_is_made(tool: Tool) -> None:
    tool.config.unlink()
    assert tool.run("-a", "s", "-o", "path = /s") == 0
    assert tool.config.read_text() == "[s]\n\tpath = /s\n"
    assert tool.config.stat().st_mode & 0o777 == 0o644


def test_an_update_changes_its_line_and_nothing_else(tool: Tool) -> None:
    tool.config.chmod(0o640)
    assert tool.run("-u", "MUSIC", "-o", "path = /m", "-o", "Comment = c") == 0
    expected = EXAMPLE.replace("/srv/music", "/m") + "\tcomment = c\n"
    assert expected == tool.config.read_text()
    assert tool.config.stat().st_mode & 0o777 == 0o640


def test_a_line_that_says_the_opposite_goes(tool: Tool) -> None:
    assert tool.run("-u", "music", "-o", "read only = no") == 0
    assert "writable" not in tool.config.read_text()
    assert load(tool.config).shares["music"].read_only is False


def test_an_empty_value_is_the_default_again(tool: Tool) -> None:
    assert tool.run("-u", "music", "-o", "writable =") == 0
    assert EXAMPLE.replace("\twritable=no\n", "") == tool.config.read_text()


def test_the_global_section_is_updated_but_not_deleted(tool: Tool) -> None:
    assert tool.run("-u", "global", "-o", "netbios name = Y", "-o", "guest ok = yes") == 0
    assert "\tnetbios name = Y ; short\n\tguest ok = yes\n" in tool.config.read_text()
    assert tool.run("-d", "Global") == 1
    assert load(tool.config).shares["music"].guest_ok


def test_a_share_is_deleted_with_its_comment(tool: Tool) -> None:
    assert tool.run("-d", "music") == 0
    assert tool.config.read_text() == "; ours\n[global]\n\tnetbios name = X ; short\n\n"


def test_all_sections_of_a_name_are_one_share(tool: Tool) -> None:
    tool.config.write_text("[a]\npath = /a\n[b]\npath = /b\n[A]\ncomment = old\nPATH = /c\n")
    assert tool.run("-u", "a", "-o", "comment = new", "-o", "path = /x") == 0
    assert (
        load(tool.config).shares["a"].path,
        load(tool.config).shares["a"].comment,
    ) == ("/x", "new")
    assert tool.run("-d", "a") == 0
    assert tool.config.read_text() == "[b]\npath = /b\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-a", "music", "-o", "path = /m"], "share 'music' already exists"),
        (["-u", "nosuch", "-o", "path = /m"], "share 'nosuch' does not exist"),
        (["-d", "nosuch"], "share 'nosuch' does not exist"),
        (["-a", "s"], "no options given for share 's'"),
        (["-a", "s", "-o", "comment = c"], "it has no path"),
        (["-a", "s", "-o", "path = s"], "is not absolute"),
        (["-u", "music", "-o", "path ="], "it has no path"),
        (["-u", "music", "-o", "guest ok = maybe"], "'maybe' is neither yes nor no"),
        (["-u", "music", "-o", "create mask = 888"], "is not an octal mode"),
        (["-u", "music", "-o", "guest"], "is not of the form 'key = value'"),
        (["-u", "music", "-o", "vaild users = x"], "did you mean 'valid users'?"),
        (["-u", "music", "-o", "tcp port = 1"], "ksmbd.addshare -u global"),
        (["-u", "music", "-o", "comment = a ; b"], "would begin a comment"),
        (["-u", "music", "-o", "comment = #b"], "would begin a comment"),
        (["-u", "music", "-o", "comment = a\x07"], "control character 0x07"),
        (["-a", "a]b", "-o", "path = /s"], "cannot stand in [brackets]"),
        (["-a", "a/b", "-o", "path = /s"], "no client can ask for a name with /"),
        (["-u", "global", "-o", "server signing = manditory"], "is not one of"),
    ],
)
def test_what_could_not_be_served_is_not_written(
    tool: Tool, arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.run(*arguments) == 1
    assert reason in capsys.readouterr().err
    assert tool.config.read_text() == EXAMPLE


@pytest.mark.parametrize("arguments", [[], ["-a"], ["-d", "x", "-o", "a = b"], ["-a", "x", "-z"]])
def test_a_wrong_command_line_is_exit_code_1_with_usage(
    tool: Tool, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.run(*arguments) == 1
    assert capsys.readouterr().err.startswith("usage: ksmbd.addshare")


def test_what_samba_knows_is_named_and_not_written(
    tool: Tool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.run("-u", "music", "-o", "wide links = yes") == 0
    assert "'wide links' has no effect here: links that lead out" in capsys.readouterr().err
    assert tool.config.read_text() == EXAMPLE


def test_a_warning_about_the_share_is_passed_on(
    tool: Tool, capsys: pytest.CaptureFixture[str]
) -> None:
    tool.config.write_text(EXAMPLE + "[other]\npath = /o\nfoo = 1\n")
    assert tool.run("-u", "music", "-o", "vfs objects = catia") == 0
    err = capsys.readouterr().err
    assert "catia is not there" in err
    assert "foo" not in err


def test_a_dry_run_shows_and_does_not_write(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.run("--dry-run", "-a", "s", "-o", "path = /s") == 0
    assert capsys.readouterr().out == EXAMPLE + "\n[s]\n\tpath = /s\n"
    assert tool.config.read_text() == EXAMPLE
    assert not list(tool.config.parent.glob(".*"))


def test_a_broken_file_is_named_and_kept(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    tool.config.write_text("[s]\nbroken\n")
    assert tool.run("-a", "t", "-o", "path = /t") == 1
    assert f"{tool.config}:2: 'broken' has no '='" in capsys.readouterr().err
    assert tool.config.read_text() == "[s]\nbroken\n"


@given(
    name=st.text(max_size=6),
    values=st.lists(
        st.tuples(
            st.sampled_from(["path", "comment", "read only", "writable", "max connections", "x"]),
            st.one_of(st.sampled_from(["yes", "no", "/a", "1"]), st.text(max_size=6)),
        ),
        min_size=1,
    ),
)
def test_any_options_give_a_file_that_says_so_or_an_error(
    name: str, values: list[tuple[str, str]]
) -> None:
    plan = shares.Plan(None, name, tuple(values), Path("f"))
    try:
        content, _ = shares.apply(plan, EXAMPLE.encode())
    except ConfigError:
        return
    config = parse(content, Path("f"))
    found = config.share(name)
    if found is not None and not found.is_ipc:
        last = dict(values)
        assert last.get("path", found.path) == found.path
        assert last.get("comment", found.comment) == found.comment
