# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.adduser, run as its main() with the options of both stock generations."""

from __future__ import annotations

import getpass
import io
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ksmbd.adduser.__main__ import main
from ksmbd.shared.nthash import nt_hash
from ksmbd.shared.users import UserDb

SECRET = nt_hash("secret")
TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
RUNNER = "import sys; from ksmbd.adduser.__main__ import main; sys.exit(main())"


class Tool:
    """The tool on files of its own."""

    def __init__(self, directory: Path) -> None:
        self.db = directory / "ksmbdpwd.db"
        self.config = directory / "ksmbd.conf"
        self.lock = directory / "ksmbd.lock"

    def paths(self) -> list[str]:
        return ["-P", str(self.db), "-C", str(self.config), "--lock", str(self.lock)]

    def run(self, *arguments: str) -> int:
        try:
            return main([*self.paths(), *arguments])
        except SystemExit as stop:
            assert isinstance(stop.code, int)
            return stop.code

    def users(self) -> dict[str, bytes]:
        return {user.name: user.nt_hash for user in UserDb.load(self.db)}


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def feed(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return feed


@pytest.mark.parametrize(
    "arguments",
    [
        ["-a", "bob", "-p", "secret"],
        ["-abob", "-psecret"],
        ["--add-user=bob", "--password=secret"],
        ["--add", "-p", "secret", "bob"],
        ["-p", "secret", "bob", "-a"],
        ["bob", "-p", "secret"],
    ],
)
def test_a_user_is_added_in_either_dialect(tool: Tool, arguments: list[str]) -> None:
    assert tool.run(*arguments) == 0
    assert tool.users() == {"bob": SECRET}
    assert tool.db.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("option", ["-i", "--import-users", "--pwddb"])
def test_the_database_can_be_named_in_either_dialect(
    tool: Tool, tmp_path: Path, option: str
) -> None:
    assert tool.run(option, str(tmp_path / "other"), "-a", "bob", "-p", "x") == 0
    assert [user.name for user in UserDb.load(tmp_path / "other")] == ["bob"]


def test_what_is_there_and_what_is_not_decides(tool: Tool) -> None:
    assert tool.run("-u", "bob", "-p", "x") == 1
    assert tool.run("-d", "bob") == 1
    assert not tool.db.exists()
    assert tool.run("-a", "bob", "-p", "x") == 0
    assert tool.run("-a", "bob", "-p", "secret") == 1
    assert {"bob": nt_hash("x")} == tool.users()
    assert tool.run("-u", "bob", "-p", "secret") == 0
    assert tool.users() == {"bob": SECRET}
    assert tool.run("bob", "-p", "y") == 0
    assert tool.run("-d", "bob") == 0
    assert tool.users() == {}


def test_another_spelling_is_suggested(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    tool.run("-a", "Bob", "-p", "x")
    assert tool.run("-u", "bob", "-p", "x") == 1
    assert "'bob' does not exist" in capsys.readouterr().err
    assert tool.run("-d", "bob") == 1
    assert "; 'Bob' does" in capsys.readouterr().err


def test_users_are_listed_one_a_line(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("bob", "alice"):
        tool.run("-a", name, "-p", "x")
    assert tool.run("--list") == 0
    assert capsys.readouterr().out == "alice\nbob\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-a"],
        ["-z", "bob"],
        ["-a", "x", "-d", "x"],
        ["-a", "x", "y"],
        ["-l", "x"],
        ["-l", "-a", "x"],
        ["-a", "x", "-p", "y", "--password-file", "z"],
    ],
)
def test_a_wrong_command_line_is_exit_code_1_with_usage(
    tool: Tool, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.run(*arguments) == 1
    assert capsys.readouterr().err.startswith("usage: ksmbd.adduser")
    assert not tool.db.exists()


@pytest.mark.parametrize("name", ["a:b", "x" * 48, "a\nb", "\udc80"])
def test_a_name_that_cannot_be_stored_is_refused_before_the_password(
    tool: Tool, name: str, pipe: Callable[[bytes], None]
) -> None:
    pipe(b"")
    assert tool.run("-a", name) == 1
    assert not tool.db.exists()


@pytest.mark.parametrize("option", ["-h", "--version"])
def test_help_and_version_are_exit_code_0(
    tool: Tool, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.run(option) == 0
    out = capsys.readouterr().out
    assert out.startswith("ksmbd-tools version : ") or "keeps it in its history" in out


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"secret\n", "secret"),
        (b"secret", "secret"),
        (b"secret\r\nsecret\r\n", "secret"),
        (b"secret\nsecret\n", "secret"),
        (b" with blanks \n", " with blanks "),
        ("pä\n".encode(), "pä"),
        (b"\n", ""),
        (b"", None),
        (b"one\nother\n", None),
        (b"\xff\n", None),
        (b"x" * 129 + b"\n", None),
    ],
)
def test_a_password_from_a_pipe_or_a_file(
    tool: Tool,
    tmp_path: Path,
    content: bytes,
    password: str | None,
    pipe: Callable[[bytes], None],
) -> None:
    pipe(content)
    expected = {} if password is None else {"bob": nt_hash(password)}
    assert (password is None) == tool.run("-a", "bob")
    assert expected == tool.users()
    if b"other" not in content:
        (tmp_path / "pw").write_bytes(content)
        assert (password is None) == tool.run("--password-file", str(tmp_path / "pw"), "bob")
        pipe(content)
        assert (password is None) == tool.run("--password-file", "-", "bob")
        assert expected == tool.users()


def test_a_password_file_that_is_not_there(tool: Tool, tmp_path: Path) -> None:
    assert tool.run("-a", "bob", "--password-file", str(tmp_path / "none")) == 1


def prompts(monkeypatch: pytest.MonkeyPatch, answers: Sequence[str]) -> list[str]:
    asked: list[str] = []
    left = list(answers)

    def ask(prompt: str) -> str:
        asked.append(prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr(getpass, "getpass", ask)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    return asked


def test_a_prompt_insists_on_two_equal_passwords(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, pipe: Callable[[bytes], None]
) -> None:
    pipe(b"")
    asked = prompts(monkeypatch, ["", "secret", "sceret", "secret", "secret"])
    assert tool.run("-a", "bob") == 0
    assert tool.users() == {"bob": SECRET}
    assert asked[:4] == ["New password: "] * 2 + ["Retype password: ", "New password: "]


def test_the_end_of_input_at_the_prompt_changes_nothing(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, pipe: Callable[[bytes], None]
) -> None:
    pipe(b"")
    prompts(monkeypatch, ["secret"])
    assert tool.run("-a", "bob") == 1
    assert tool.users() == {}


def test_a_real_terminal_does_not_echo(tool: Tool) -> None:
    leader, follower = os.openpty()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", TERMINAL + RUNNER, *tool.paths(), "-a", "bob"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
        start_new_session=True,
    ) as child:
        os.close(follower)
        seen = b""
        for prompt in (b"New password: ", b"Retype password: "):
            while not seen.endswith(prompt):
                seen += os.read(leader, 4096)
            os.write(leader, b"secret\n")
        assert child.wait(timeout=60) == 0
    os.close(leader)
    assert b"secret" not in seen
    assert tool.users() == {"bob": SECRET}


def test_a_bad_line_in_the_database_is_named_and_the_file_kept(
    tool: Tool, capsys: pytest.CaptureFixture[str]
) -> None:
    tool.db.write_text("bob\n")
    assert tool.run("-a", "alice", "-p", "x") == 1
    assert f"{tool.db}:1: no ':'" in capsys.readouterr().err
    assert tool.db.read_text() == "bob\n"


@pytest.mark.parametrize(
    "text",
    [
        "[global]\nguest account = bob\n",
        "[s]\npath = /s\nguest account = bob\n",
        "[s]\npath = /s\nvalid users = alice bob\n",
        "[s]\npath = /s\nadmin users = bob\n",
        "[s]\npath = /s\nwrite list = bob\n",
        "[s]\nsyntax error\n",
    ],
)
def test_a_user_that_the_configuration_needs_is_not_deleted(tool: Tool, text: str) -> None:
    tool.run("-a", "bob", "-p", "secret")
    tool.config.write_text(text)
    assert tool.run("-d", "bob") == 1
    assert tool.users() == {"bob": SECRET}


def test_a_user_that_is_only_kept_out_is_deleted(tool: Tool) -> None:
    tool.run("-a", "bob", "-p", "secret")
    tool.config.write_text("[s]\npath = /s\ninvalid users = bob\n")
    assert tool.run("-d", "bob") == 0


def test_warnings_say_what_will_not_work(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    tool.config.write_text("[global]\nguest account = Guest\n")
    assert tool.run("-a", "nosuchuser", "-p", "") == 0
    err = capsys.readouterr().err
    assert "there is no Unix user nosuchuser" in err
    assert "the password of nosuchuser is empty" in err
    assert tool.run("-a", "NoSuchUser", "-p", "x") == 0
    assert "NoSuchUser differs from nosuchuser in case only" in capsys.readouterr().err
    assert tool.run("-a", "Guest", "-p", "x") == 0
    assert "Guest is also a guest account" in capsys.readouterr().err


def test_a_user_with_a_unix_account_gives_no_warning(
    tool: Tool, capsys: pytest.CaptureFixture[str]
) -> None:
    name = pwd.getpwuid(os.getuid()).pw_name
    assert tool.run("-a", name, "-p", "x") == 0
    assert "WARNING" not in capsys.readouterr().err


def test_the_password_is_never_logged(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.run("-v", "-a", "bob", "-p", "secret") == 0
    captured = capsys.readouterr()
    assert "secret" not in captured.out + captured.err


def test_a_running_mountd_is_told(tool: Tool) -> None:
    script = (
        "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP});"
        "print(flush=True); print(signal.sigwait({signal.SIGHUP}).name)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, "ksmbd.mountd"], stdout=subprocess.PIPE, text=True
    ) as mountd:
        assert mountd.stdout is not None
        mountd.stdout.readline()
        tool.lock.write_text(f"{mountd.pid}\n")
        try:
            assert tool.run("-d", "bob") == 1
            assert mountd.poll() is None
            assert tool.run("-a", "bob", "-p", "x") == 0
            assert mountd.stdout.readline() == "SIGHUP\n"
        finally:
            mountd.send_signal(signal.SIGKILL)
