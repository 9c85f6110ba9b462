#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Inside the guest: what ksmbd.control sees of clients is what they did; ending it ends it."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tests" / "vm"))

from client import Client, status  # noqa: E402
from ksmbd.mountd import control as tool  # noqa: E402
from ksmbd.mountd.netlink.admin import Admin  # noqa: E402
from ksmbd.shared.errors import KsmbdError  # noqa: E402
from smbprotocol.open import LockFlags, SMB2LockElement  # noqa: E402

MANY = 150


def control(*words: str) -> Any:
    """Runs the tool, in this process: a Python that starts is the slowest thing in the guest."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = tool.main(words)
    assert code == 0, (words, code)
    return json.loads(out.getvalue()) if "--json" in words else out.getvalue()


def lock(handle: Any, offset: int, length: int) -> None:
    element = SMB2LockElement()
    element["offset"] = offset
    element["length"] = length
    element["flags"] = (
        LockFlags.SMB2_LOCKFLAG_EXCLUSIVE_LOCK | LockFlags.SMB2_LOCKFLAG_FAIL_IMMEDIATELY
    )
    handle.lock([element])


def test_what_is_seen(one: Client, two: Client) -> None:
    share = one.tree("share")
    handle = share.open("seen.txt")
    handle.write(b"x" * 5000, 0)
    for offset in (0, 100):
        lock(handle, offset, 10)
    two.tree("second")

    seen = control("status", "--json")
    assert seen["state"] == "running", seen
    assert seen["written"] >= 5000, seen
    assert seen["mountd"], seen
    sessions = {row["user"]: row for row in control("sessions", "--json")}
    assert {"user1", "user2"} == set(sessions)
    assert sessions["user1"]["peer"] == "127.0.0.1"
    assert sessions["user1"]["dialect"] == "3.1.1"
    assert sessions["user1"]["uid"] == 2001
    (file,) = control("files", "user1", "--json")
    assert (file["path"], file["share"], file["locks"]) == ("/srv/share/seen.txt", "share", 2), file
    locks = control("locks", "--json")
    assert sorted((row["offset"], row["length"]) for row in locks) == [(0, 10), (100, 10)], locks
    uses = {row["name"]: row["in_use"] for row in control("shares", "--json")}
    assert (uses["share"], uses["second"]) == (1, 1), uses
    for words in (("status",), ("sessions",), ("files",), ("locks",), ("shares",)):
        print(f"$ ksmbd.control {' '.join(words)}\n{control(*words)}")
    print(control("top", "-n", "1", "-i", "0.2"))
    samples = dict(
        line.rsplit(" ", 1) for line in control("metrics").splitlines() if line[0] != "#"
    )
    assert samples["ksmbd_up"] == samples["ksmbd_mountd_up"] == "1", samples
    assert int(samples["ksmbd_connections"]) >= 2, samples
    assert int(samples['ksmbd_share_connections{share="share"}']) >= 1, samples
    assert int(samples['ksmbd_command_bytes_total{command="WRITE"}']) >= 5000, samples
    assert int(samples['ksmbd_command_duration_seconds_count{command="WRITE"}']) >= 1, samples


def test_a_dump_is_whole(one: Client) -> None:
    tree = one.tree("t0")
    handles = [tree.open(f"file-{number:04}") for number in range(MANY)]
    names = {row["path"] for row in control("files", "t0", "--json")}
    assert {f"/srv/t0/file-{number:04}" for number in range(MANY)} == names
    for handle in handles:
        handle.close()
    assert control("files", "t0", "--json") == []


def test_counters_count(one: Client) -> None:
    with Admin.open() as kernel:
        before = {row.name: row for row in kernel.commands()}
        for _ in range(10):
            one.connection.echo(sid=one.session.session_id, credit_request=1)
        status(one.tree, "nonexistent")
        after = {row.name: row for row in kernel.commands()}
    assert after["ECHO"].count - before["ECHO"].count == 10
    assert after["TREE_CONNECT"].errors - before["TREE_CONNECT"].errors == 1
    for row in after.values():
        assert row.count == sum(row.histogram), row


def test_closing(one: Client, two: Client) -> None:
    tree = one.tree("share")
    handle = tree.open("closed.txt")
    control("close", "/srv/share/closed.txt")
    assert status(handle.write, b"x", 0) == "FILE_CLOSED"
    control("close", "--share", "SHARE")
    assert status(tree.open, "again.txt") == "NETWORK_NAME_DELETED"
    again = two.tree("second")
    control("kick", "user1")
    assert {"user2"} == {row["user"] for row in control("sessions", "--json")}
    again.put("still", b"here")
    with contextlib.suppress(Exception):
        one.tree("share")
        raise AssertionError("a session that was kicked goes on")


def test_under_churn() -> None:
    """Dumps and closes while clients come and go; the kernel's checkers do the judging."""
    stop = threading.Event()

    def come_and_go(user: str) -> None:
        while not stop.is_set():
            with contextlib.suppress(Exception):
                client = Client(445, user=user)
                tree = client.tree("share")
                handle = tree.open(f"churn-{user}")
                lock(handle, 0, 1)
                client.close()

    threads = [
        threading.Thread(target=come_and_go, args=(user,)) for user in ("user1", "user2") * 2
    ]
    for thread in threads:
        thread.start()
    with Admin.open() as kernel:
        for number in range(30):
            kernel.connections(), kernel.trees(), kernel.opens(), kernel.locks()
            for session in kernel.sessions():
                if number % 3 == 0:
                    kernel.close_session(session.id)
            for row in kernel.opens():
                kernel.close_open(row.id, row.serial)
            kernel.close_share("share")
            for connection in kernel.connections():
                if number % 5 == 0:
                    kernel.close_connection(connection.id)
    stop.set()
    for thread in threads:
        thread.join()


def test_others_see_nothing() -> None:
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setresuid(2001, 2001, 2001)
        try:
            with Admin.open() as kernel:
                kernel.sessions()
        except KsmbdError as e:
            os._exit(0 if "Operation not permitted" in str(e) else 2)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def main() -> None:
    # A client that waits for an answer for ever says where, before the rig ends the guest.
    faulthandler.dump_traceback_later(1500, exit=True)
    one, two = Client(445), Client(445, user="user2")
    print("== what is seen")
    test_what_is_seen(one, two)
    print("== a dump is whole")
    test_a_dump_is_whole(two)
    print("== counters count")
    test_counters_count(two)
    print("== closing")
    test_closing(one, two)
    print("== others see nothing")
    test_others_see_nothing()
    one.close()
    two.close()
    print("== under churn")
    test_under_churn()


if __name__ == "__main__":
    main()
