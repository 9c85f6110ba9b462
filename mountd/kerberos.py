# SPDX-License-Identifier: GPL-2.0-only
"""Kerberos: whose ticket a client's token carries, and the answer to it.

MIT's library does SPNEGO and Kerberos, by the keytab that the configuration names when the
token comes: a new keytab needs no restart.  Everything here may block, so the event loop
calls it in a worker thread only.
"""

import importlib
import logging
from dataclasses import dataclass, replace
from typing import Any

from ksmbd.mountd.accounts import Accounts
from ksmbd.shared.abi import LoginResponse, SpnegoAuthenRequest, SpnegoAuthenResponse, UserStatus
from ksmbd.shared.config import Globals

log = logging.getLogger(__name__)

_KRB5 = "1.2.840.113554.1.2.2"
_SPNEGO = "1.3.6.1.5.5.2"
_SESSION_KEY = "1.2.840.113554.1.2.2.5.5"

MIN_KEY, MAX_KEY = 16, 64
"""Bytes of a session key that the kernel takes."""


class Refused(Exception):
    """The token does not log anybody on; says why."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an accepted token says.

    Attributes:
        client: the principal, with its realm
        server: ours, as the client asked for it
    """

    client: str
    server: str
    session_key: bytes
    answer: bytes


def accept(token: bytes, settings: Globals) -> Ticket:
    """Opens a SPNEGO token with the keytab.

    Raises:
        Refused: there is no library, keytab or key for it, or the ticket is not good.
    """
    try:
        gssapi: Any = importlib.import_module("gssapi")
        raw: Any = importlib.import_module("gssapi.raw")
    except ImportError as e:
        raise Refused(f"the Python module gssapi is not there ({e})") from e
    try:
        return _accept(gssapi, raw, token, settings)
    except gssapi.exceptions.GSSError as e:
        raise Refused(str(e)) from e


def _accept(gssapi: Any, raw: Any, token: bytes, settings: Globals) -> Ticket:
    krb5, spnego, key = (_oid(gssapi, text) for text in (_KRB5, _SPNEGO, _SESSION_KEY))
    keytab = settings.kerberos_keytab_file
    creds = gssapi.Credentials(
        name=_service(gssapi, settings.kerberos_service_name),
        usage="accept",
        mechs=[krb5, spnego],
        store={"keytab": keytab} if keytab else None,
    )
    context = gssapi.SecurityContext(creds=creds, usage="accept")
    answer = context.step(token) or b""
    if not context.complete:
        raise Refused("it takes more than one token")
    if context.mech != krb5:
        raise Refused(f"mechanism {context.mech.dotted_form} is not Kerberos")
    session_key = raw.inquire_sec_context_by_oid(context, key)[0]
    return Ticket(str(context.initiator_name), str(context.target_name), session_key, answer)


def _oid(gssapi: Any, text: str) -> Any:
    return gssapi.OID.from_int_seq(text)


def _service(gssapi: Any, name: str) -> Any:
    """`service[/host[@REALM]]`; without a host, whatever host the keytab has."""
    if "/" in name:
        return gssapi.Name(name, gssapi.NameType.kerberos_principal)
    return gssapi.Name(name or "cifs", gssapi.NameType.hostbased_service)


def account_of(ticket: Ticket) -> str:
    """The account's name: a principal of our own realm, without instances.

    Raises:
        Refused: it is somebody else's.
    """
    name, _, realm = ticket.client.rpartition("@")
    if not realm or realm != ticket.server.rpartition("@")[2]:
        raise Refused("it is of another realm")
    if not name or "/" in name or "\\" in name or "@" in name:
        raise Refused("it is no user's principal")
    return name


def login(
    request: SpnegoAuthenRequest, settings: Globals, accounts: Accounts
) -> SpnegoAuthenResponse:
    """The answer to SPNEGO_AUTHEN_REQUEST; never raises `Refused`."""
    if not settings.kerberos_support:
        log.debug("Kerberos ticket ignored: kerberos support = no")
        return refusal(request.handle)
    client = "?"
    try:
        ticket = accept(request.spnego_blob, settings)
        client = ticket.client
        return _log_in(request.handle, ticket, accounts)
    except Refused as e:
        log.warning("Kerberos login of %r refused: %s", client, e)
        return refusal(request.handle)


def _log_in(handle: int, ticket: Ticket, accounts: Accounts) -> SpnegoAuthenResponse:
    if not MIN_KEY <= len(ticket.session_key) <= MAX_KEY:
        raise Refused(f"a session key of {len(ticket.session_key)} bytes")
    account = accounts.login(handle, account_of(ticket))
    if not account.status & UserStatus.OK:
        raise Refused("no user of this system, or none of ours (ksmbd.adduser adds one)")
    if account.status & UserStatus.GUEST_ACCOUNT or not account.account:
        # A ticket proves who somebody is: then he is not to become somebody else.
        raise Refused("no such user (ksmbd.adduser adds one)")
    log.debug("Kerberos login of %r as %r", ticket.client, account.account)
    return SpnegoAuthenResponse(
        handle, replace(account, hash=b""), ticket.session_key, ticket.answer
    )


def refusal(handle: int) -> SpnegoAuthenResponse:
    """Nobody."""
    return SpnegoAuthenResponse(handle, LoginResponse(handle, UserStatus(0)))
