# SPDX-License-Identifier: GPL-2.0-only
"""Whom a ticket logs on; the library that opens it is a stand-in."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ksmbd.mountd import kerberos
from ksmbd.mountd.accounts import Accounts
from ksmbd.mountd.kerberos import Refused, Ticket
from ksmbd.mountd.nss import Identity
from ksmbd.shared import abi
from ksmbd.shared.abi import UserStatus
from ksmbd.shared.config import Globals, MapToGuest
from ksmbd.shared.users import User, UserDb

ON = replace(Globals(), kerberos_support=True)
TICKET = Ticket("alice@TEST.LOCAL", "cifs/nas@TEST.LOCAL", b"k" * 32, b"\xa1\x07")


class Everybody:
    """All names exist."""

    def user(self, name: str) -> Identity | None:
        return Identity(1000, 1000, (7,))

    def group(self, name: str) -> int | None:
        return None


def login(
    monkeypatch: pytest.MonkeyPatch,
    ticket: Ticket | Exception,
    settings: Globals = ON,
) -> abi.SpnegoAuthenResponse:
    def accept(token: bytes, _: Globals) -> Ticket:
        assert token == b"\x60\x01"
        if isinstance(ticket, Exception):
            raise ticket
        return ticket

    monkeypatch.setattr(kerberos, "accept", accept)
    users = UserDb(Path("db"), {"alice": User("alice", b"h" * 16)})
    request = abi.SpnegoAuthenRequest(7, b"\x60\x01")
    answer = kerberos.login(request, settings, Accounts(settings, users, Everybody()))
    assert abi.SpnegoAuthenResponse.unpack(answer.pack()) == answer
    return answer


def test_a_good_ticket_is_its_users(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = login(monkeypatch, TICKET)
    account = answer.login_response
    assert account.status == UserStatus.OK | UserStatus.EXTENSION
    assert (account.account, account.uid, account.hash) == ("alice", 1000, b"")
    assert (answer.handle, answer.session_key, answer.spnego_blob) == (7, b"k" * 32, b"\xa1\x07")


@pytest.mark.parametrize(
    "client",
    [
        "alice@OTHER.REALM",
        "alice/admin@TEST.LOCAL",
        "alice\\@TEST.LOCAL@TEST.LOCAL",
        "@TEST.LOCAL",
        "alice",
        "bob@TEST.LOCAL",
        "nobody@TEST.LOCAL",
    ],
)
@pytest.mark.parametrize("guests", list(MapToGuest))
def test_nobody_elses_is(monkeypatch: pytest.MonkeyPatch, client: str, guests: MapToGuest) -> None:
    """Nor does a ticket make a guest, whatever the configuration makes of unknown names."""
    answer = login(monkeypatch, replace(TICKET, client=client), replace(ON, map_to_guest=guests))
    assert answer == kerberos.refusal(7)
    assert len(answer.pack()) == 156


@pytest.mark.parametrize("size", [0, 8, 65])
def test_a_key_that_the_kernel_would_not_take(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    assert login(monkeypatch, replace(TICKET, session_key=bytes(size))) == kerberos.refusal(7)


def test_a_ticket_that_is_not_good(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert login(monkeypatch, Refused("clock skew too great")) == kerberos.refusal(7)
    assert "clock skew" in caplog.text


def test_nothing_is_opened_while_kerberos_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert login(monkeypatch, AssertionError("asked"), Globals()) == kerberos.refusal(7)


def test_without_the_library_tickets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Callable[[], None]:
        raise ImportError(name)

    monkeypatch.setattr(kerberos.importlib, "import_module", missing)
    with pytest.raises(Refused, match="gssapi"):
        kerberos.accept(b"\x60\x01", ON)


def test_a_token_that_is_none_is_refused_by_the_library(tmp_path: Path) -> None:
    pytest.importorskip("gssapi", reason="Kerberos is optional: pip install ksmbd-py[kerberos]")
    with pytest.raises(Refused):
        kerberos.accept(b"\x60\x01", replace(ON, kerberos_keytab_file=str(tmp_path / "none")))
