# SPDX-License-Identifier: GPL-2.0-only
"""The verbs of ksmbd.control that need no kernel."""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ksmbd.mountd import control, orders
from ksmbd.mountd.netlink.admin import Command, Server, Tree
from ksmbd.mountd.verbs import metrics, status, trace
from ksmbd.shared.changes import changes
from ksmbd.shared.config import parse
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.parameters import Applies
from ksmbd.shared.users import User, UserDb

ROOT = os.geteuid() == 0


@pytest.fixture
def tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs ksmbd.control on files of its own."""

    def run(*words: str, text: str = "", users: str = "") -> tuple[int, str]:
        conf, db = tmp_path / "k.conf", tmp_path / "db"
        conf.write_text(text)
        db.write_text(users)
        code = control.main(["-C", str(conf), "-P", str(db), "--lock", str(tmp_path / "l"), *words])
        captured = capsys.readouterr()
        return code, captured.out.replace(str(tmp_path), "") + captured.err

    return run


Tool = Callable[..., tuple[int, str]]


def test_check_says_what_is_wrong_and_ends_accordingly(tool: Tool) -> None:
    code, text = tool("check", "--no-system", text="[global]\nlog level = 1\n")
    assert code == 0
    assert "warning: /k.conf:2: 'log level' has no effect: messages go to the journal" in text
    assert "usable: 0 shares, 0 errors, 1 warnings" in text
    assert tool("check", "--strict", "--no-system", text="[global]\nlog level = 1\n")[0] == 2
    code, text = tool("check", text="[s]\npath = s\nguest ok = perhaps\n")
    assert code == 1
    assert "error: /k.conf:3: guest ok: 'perhaps' is neither yes nor no" in text
    assert "not usable" in text


def test_check_names_the_line_of_a_file_that_is_no_configuration(tool: Tool) -> None:
    code, text = tool("check", text="hello\n")
    assert code == 1
    assert "error: /k.conf:1: 'hello' has no '='" in text


def test_check_looks_at_the_system(tool: Tool, tmp_path: Path) -> None:
    text = f"[s]\npath = {tmp_path}/none\nvalid users = root, nobody-here\nforce user = no-such\n"
    code, said = tool("check", text=text)
    assert code == 1
    assert "none is not there" in said
    assert "valid users: there is no user 'nobody-here'" in said
    assert "valid users: 'root' has no password yet: ksmbd.adduser root" in said
    assert "error: /k.conf:1: share [s]: force user 'no-such' is no user of this system" in said


def test_check_as_json_and_with_all_values(tool: Tool) -> None:
    _, text = tool("check", "--json", "--no-system", text="[s]\npath = /s\nbrowsable = no\n")
    document = json.loads(text)
    assert document["usable"] is True
    assert [line["kind"] for line in document["lines"]] == ["honoured", "honoured"]
    _, text = tool("check", "-e", "--no-system", text="[s]\npath = /s\nveto files = /a/b/\n")
    assert "    veto files = /a/b/" in text
    assert "    create mask = 0744" in text


def test_exactly_one_action_is_wanted(tool: Tool) -> None:
    for words in ((), ("-r", "check"), ("-s", "-r")):
        with pytest.raises(SystemExit) as end:
            tool(*words)
        assert end.value.code == 1


@pytest.mark.skipif(not ROOT, reason="looks users up that only some systems have")
def test_explain_access_names_the_step_that_refuses(tool: Tool, tmp_path: Path) -> None:
    hash_ = "h42AFGBs2ilnekTvoTU/xw=="
    text = f"[s]\npath = {tmp_path}\nvalid users = root\n"
    code, said = tool("explain-access", "mallory", "s", text=text)
    assert (code, said) == (
        2,
        "   NO  log-on: 'mallory' has no password here (ksmbd.adduser mallory)\n",
    )
    code, said = tool("explain-access", "root", "s", "k.conf", text=text, users=f"root:{hash_}\n")
    assert code == 0, said
    assert "yes  share [s]" in said
    assert "uid 0 may read" in said
    code, said = tool("explain-access", "ROOT", "none", text=text, users=f"root:{hash_}\n")
    assert code == 2
    assert "NO  share: there is no 'none'" in said
    code, said = tool("explain-access", "root", "s", "../x", text=text, users=f"root:{hash_}\n")
    assert "leads out of the share" in said


def test_doctor_finds_what_is_missing(tool: Tool) -> None:
    code, text = tool("doctor", "--json", text="[s]\npath = relative\n")
    assert code == 1
    said = [one["text"] for one in json.loads(text)]
    assert any("ksmbd.mountd is not running" in one for one in said)
    assert any("is not absolute" in one for one in said)


def test_a_report_leaves_secrets_out(tool: Tool) -> None:
    _, text = tool("report", text="[global]\nldap admin password = hush\nworkgroup = W\n")
    document = json.loads(text)
    assert "hush" not in text
    assert "workgroup = W" in document["configuration"]


# What a reload changes

NO_USERS = UserDb(Path("db"))


def differences(before: str, after: str) -> list[tuple[str, str, Applies]]:
    old, new = parse(before.encode(), Path("f")), parse(after.encode(), Path("f"))
    return [(one.section, one.what, one.applies) for one in changes(old, new, NO_USERS, NO_USERS)]


def test_a_reload_says_when_each_change_is_in_force() -> None:
    before = "[global]\ntcp port = 445\n[a]\npath = /a\n[b]\npath = /b\n"
    after = (
        "[global]\ntcp port = 446\nmap to guest = bad user\n"
        "[a]\npath = /x\ncomment = c\n[c]\npath = /c\n"
    )
    assert differences(before, after) == [
        ("global", "map to guest = bad_user (was never)", Applies.NOW),
        ("global", "tcp port = 446 (was 445)", Applies.RESTART),
        ("a", "comment = c (was (none))", Applies.NOW),
        ("a", "path = /x (was /a)", Applies.CONNECT),
        (
            "b",
            "the share is gone; connected clients stay: ksmbd.control close --share",
            Applies.NOW,
        ),
        ("c", "the share is new", Applies.NOW),
    ]
    assert differences(before, before) == []


def test_users_that_come_and_go_are_changes() -> None:
    config = parse(b"", Path("f"))
    old = UserDb(Path("db"), {n: User(n, bytes(16)) for n in ("gone", "same", "new password")})
    new = UserDb(Path("db"), {n: User(n, bytes(16)) for n in ("same", "come")})
    new._users["new password"] = User("new password", bytes([1] * 16))
    said = [one.what for one in changes(config, config, old, new)]
    assert said == [
        "come may log on",
        "gone may not log on; sessions stay: ksmbd.control kick",
        "new password has changed",
    ]


# Orders


def serve(path: Path, work: Callable[[Path], Any]) -> Any:
    async def echo(order: Mapping[str, Any]) -> orders.Answer:
        if order.get("fail"):
            raise KsmbdError("it fails")
        return {"got": order["value"]}

    async def main() -> Any:
        server = orders.Orders(path, {"echo": echo})
        await server.open()
        try:
            return await asyncio.to_thread(work, path)
        finally:
            server.close()

    return asyncio.run(main())


def test_an_order_has_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "s"
    answer = serve(path, lambda path: orders.ask(path, {"do": "echo", "value": 7}))
    assert answer == {"got": 7}
    assert not path.exists()


@pytest.mark.parametrize("order", [{"do": "nothing"}, {}, {"do": "echo", "fail": True}])
def test_an_order_that_cannot_be_done_says_so(tmp_path: Path, order: dict[str, Any]) -> None:
    def work(path: Path) -> str:
        with pytest.raises(KsmbdError) as error:
            orders.ask(path, order)
        return str(error.value)

    assert serve(tmp_path / "s", work) in ("no such order", "it fails")


def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KsmbdError, match="does not answer"):
        orders.ask(tmp_path / "s", {"do": "reload"})


def test_refusals_are_remembered_with_their_reasons() -> None:
    refusals = orders.Refusals()
    log = logging.getLogger("ksmbd.mountd.test")
    log.addHandler(refusals)
    try:
        log.warning("login of %r refused: no such user", "x")
        log.warning("something else")
    finally:
        log.removeHandler(refusals)
    assert [one["text"] for one in refusals.last()] == ["login of 'x' refused: no such user"]


# How things are shown


def test_times_and_sizes_are_for_people() -> None:
    assert [status.span(ms) for ms in (0, 61_000, 3_600_000, 90_000_000)] == [
        "0s", "1m 1s", "1h 0m", "1d 1h",
    ]  # fmt: skip
    assert [status.size(n) for n in (0, 1023, 1536, 3 << 30)] == [
        "0 B", "1023 B", "1.5 KiB", "3.0 GiB",
    ]  # fmt: skip
    assert status.access(0x120089) == "r--"
    assert status.access(0x1F01FF) == "rwd"


def test_what_happened_between_two_looks() -> None:
    before = [Command(5, "CREATE", 10, 1, 100, 0, (5, 5, 0))]
    after = [
        Command(5, "CREATE", 14, 1, 500, 0, (5, 6, 3)),
        Command(8, "READ", 1, 0, 9, 4096, (1, 0, 0)),
    ]
    create, read = status.difference(after, before)
    assert (create.count, create.time, create.histogram) == (4, 400, (0, 1, 3))
    assert read.bytes == 4096
    assert status.percentile(create.histogram, 0.5) == 4
    assert status.percentile((0, 0), 0.99) == 0


def test_a_trace_shows_what_is_wanted() -> None:
    done = "x: smb2_done: conn=1 mid=4 CREATE status=0xc0000022"
    assert trace.wanted(done, None, errors=True)
    assert trace.wanted(done, "create", errors=False)
    assert not trace.wanted(done, "READ", errors=False)
    assert not trace.wanted(
        "x: smb2_done: conn=1 mid=4 CREATE status=0x00000000", None, errors=True
    )


MACS = """\
[global]
durable handles = yes
tcp port = 1445
[Back up & more]
path = /srv/tm
vfs objects = fruit streams_xattr
fruit:model = RackMac
fruit:time machine = yes
[with, comma]
copy = Back up & more
path = /srv/other
[gone]
copy = Back up & more
available = no
"""


def test_what_is_announced(tool: Tool) -> None:
    code, text = tool("announce", text=MACS)
    assert code == 0
    assert "[with, comma] cannot be announced" in text
    group = ElementTree.fromstring(text[: text.index("[with")])
    found = {
        service.findtext("type"): (
            service.findtext("port"),
            [record.text for record in service.findall("txt-record")],
        )
        for service in group.findall("service")
    }
    assert group.find("name").attrib == {"replace-wildcards": "yes"}  # type: ignore[union-attr]
    assert found == {
        "_smb._tcp": ("1445", []),
        "_device-info._tcp": ("0", ["model=RackMac"]),
        "_adisk._tcp": ("9", ["sys=waMa=0,adVF=0x100", "dk0=adVN=Back up & more,adVF=0x82"]),
    }


def test_what_is_announced_without_macs(tool: Tool) -> None:
    code, text = tool("announce", "--json", text="[s]\npath = /s\n")
    assert code == 0
    assert json.loads(text) == [{"type": "_smb._tcp", "port": 445, "records": []}]


def test_nothing_is_announced_of_a_file_that_does_not_read(tool: Tool) -> None:
    code, text = tool("announce", text="hello\n")
    assert code == 1 and "service-group" not in text and "/k.conf:1" in text


# metrics


def numbers() -> metrics.Numbers:
    return metrics.Numbers(
        Server(name="0.1", state=1, age=61_500, connections=2, sessions=1, opens=7),
        [Tree(share="a"), Tree(share='b"\\'), Tree(share="a")],
        [
            Command(8, "READ", 6, 1, 4_000_000_000, 4096, (1, 2, 0, 3)),
            Command(13, "ECHO", 0, 0, 0, 0, (0, 0, 0, 0)),
        ],
        mountd=True,
    )


def test_the_numbers_are_as_prometheus_reads_them() -> None:
    text = metrics.exposition(numbers())
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert samples["ksmbd_up"] == "1" and samples["ksmbd_mountd_up"] == "1"
    assert samples["ksmbd_uptime_seconds"] == "61.5"
    assert samples['ksmbd_info{module="0.1"}'] == "1"
    assert samples['ksmbd_share_connections{share="a"}'] == "2"
    assert samples['ksmbd_share_connections{share="b\\"\\\\"}'] == "1"
    assert samples['ksmbd_command_errors_total{command="READ"}'] == "1"
    assert samples['ksmbd_command_bytes_total{command="READ"}'] == "4096"
    duration = 'ksmbd_command_duration_seconds_{}{{command="READ"{}}}'
    assert [
        samples[duration.format("bucket", f',le="{le}"')] for le in ("1e-06", "2e-06", "4e-06")
    ] == ["1", "3", "3"]
    assert samples[duration.format("bucket", ',le="+Inf"')] == "6"
    assert samples[duration.format("count", "")] == "6"
    assert samples[duration.format("sum", "")] == "4.0"


def test_each_sample_has_its_type_before_it() -> None:
    known: set[str] = set()
    for line in metrics.exposition(numbers()).splitlines():
        words = line.split()
        if line.startswith("# TYPE"):
            assert words[2] not in known
            known.add(words[2])
        elif line[0] != "#":
            name = line.partition("{")[0].partition(" ")[0]
            assert any(name in (k, f"{k}_bucket", f"{k}_sum", f"{k}_count") for k in known)


def test_without_a_module_there_is_little_to_tell() -> None:
    text = metrics.exposition(metrics.Numbers())
    assert "ksmbd_up 0\n" in text and "ksmbd_mountd_up 0\n" in text
    assert "connections" not in text


@pytest.mark.parametrize("text", ["x", "0", "70000", "host:1", "1.2.3.4:", ":", "1.2.3.4:x"])
def test_what_is_no_endpoint(tool: Tool, text: str) -> None:
    with pytest.raises(SystemExit):
        tool("metrics", "--listen", text)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_they_are_served_to_who_asks(host: str, tmp_path: Path) -> None:
    arguments = argparse.Namespace(listen=(host, 0), lock=tmp_path / "lock")
    try:
        listener = metrics._listen(arguments)
    except OSError:
        if ":" not in host:
            raise
        pytest.skip("this machine has no IPv6")
    with listener as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        try:
            found = {}
            for method, path in (("GET", "/metrics"), ("HEAD", "/metrics"), ("GET", "/")):
                asking = http.client.HTTPConnection(host, port, timeout=10)
                asking.request(method, path)
                reply = asking.getresponse()
                found[method, path] = reply.status, reply.headers["Content-Type"], reply.read()
                asking.close()
        finally:
            server.shutdown()
    status, kind, body = found["GET", "/metrics"]
    assert status == 200 and kind.startswith("text/plain; version=0.0.4")
    assert b"\nksmbd_up " in body
    assert found["HEAD", "/metrics"][::2] == (200, b"")
    assert found["GET", "/"][0] == 404
