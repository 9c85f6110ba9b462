# SPDX-License-Identifier: GPL-2.0-only
"""Who a SID is and which SID a name has, on a machine without a domain.

The machine's own domain maps Unix users by number: RID = uid, as the kernel writes owners
into security descriptors; RID 513 is the one group that every user is in.  Groups and
users of files that have no such SID are S-1-22-2-gid and S-1-22-1-uid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from ksmbd.mountd.rpc.dtyp import Sid
from ksmbd.mountd.rpc.environment import RpcEnvironment

RID_USERS = 513
GROUP_OF_USERS = "None"

MAX_ID = 0xFFFFFFFE
"""(uid_t)-1 means no user."""


class Use(IntEnum):
    """SID_NAME_USE, [MS-LSAT] 2.2.13"""

    USER = 1
    GROUP = 2
    DOMAIN = 3
    ALIAS = 4
    WELL_KNOWN_GROUP = 5
    UNKNOWN = 8


@dataclass(frozen=True, slots=True)
class Domain:
    name: str
    sid: Sid


@dataclass(frozen=True, slots=True)
class Principal:
    domain: Domain
    sid: Sid
    name: str
    use: Use

    @property
    def rid(self) -> int:
        """The RID, or -1 for a domain itself, which has none."""
        return self.sid.subs[-1] if self.use is not Use.DOMAIN else 0xFFFFFFFF


NT_AUTHORITY = Domain("NT AUTHORITY", Sid(5))
BUILTIN = Domain("BUILTIN", Sid(5, (32,)))
UNIX_USER = Domain("Unix User", Sid(22, (1,)))
UNIX_GROUP = Domain("Unix Group", Sid(22, (2,)))

BUILTIN_ALIASES: Mapping[int, str] = {
    544: "Administrators",
    545: "Users",
    546: "Guests",
    547: "Power Users",
    551: "Backup Operators",
}

# [MS-DTYP] 2.4.2.4
_WELL_KNOWN: tuple[tuple[str, str, str], ...] = (
    ("S-1-0-0", "", "NULL SID"),
    ("S-1-1-0", "", "Everyone"),
    ("S-1-2-0", "", "LOCAL"),
    ("S-1-3-0", "", "CREATOR OWNER"),
    ("S-1-3-1", "", "CREATOR GROUP"),
    ("S-1-3-4", "", "OWNER RIGHTS"),
    ("S-1-5-1", "NT AUTHORITY", "DIALUP"),
    ("S-1-5-2", "NT AUTHORITY", "NETWORK"),
    ("S-1-5-3", "NT AUTHORITY", "BATCH"),
    ("S-1-5-4", "NT AUTHORITY", "INTERACTIVE"),
    ("S-1-5-6", "NT AUTHORITY", "SERVICE"),
    ("S-1-5-7", "NT AUTHORITY", "ANONYMOUS LOGON"),
    ("S-1-5-9", "NT AUTHORITY", "ENTERPRISE DOMAIN CONTROLLERS"),
    ("S-1-5-10", "NT AUTHORITY", "SELF"),
    ("S-1-5-11", "NT AUTHORITY", "Authenticated Users"),
    ("S-1-5-12", "NT AUTHORITY", "RESTRICTED"),
    ("S-1-5-18", "NT AUTHORITY", "SYSTEM"),
    ("S-1-5-19", "NT AUTHORITY", "LOCAL SERVICE"),
    ("S-1-5-20", "NT AUTHORITY", "NETWORK SERVICE"),
)


def _well_known() -> dict[Sid, Principal]:
    found = {}
    for text, domain, name in _WELL_KNOWN:
        sid = Sid.parse(text)
        owner = NT_AUTHORITY if domain else Domain("", Sid(sid.authority))
        found[sid] = Principal(owner, sid, name, Use.WELL_KNOWN_GROUP)
    for rid, name in BUILTIN_ALIASES.items():
        sid = BUILTIN.sid.child(rid)
        found[sid] = Principal(BUILTIN, sid, name, Use.ALIAS)
    return found


_BY_SID = _well_known()
_BY_NAME = {principal.name.casefold(): principal for principal in _BY_SID.values()}


@dataclass(frozen=True, slots=True)
class Directory:
    """Both directions of the translation, over what one environment knows."""

    env: RpcEnvironment

    @property
    def machine(self) -> Domain:
        return Domain(self.env.server_name, self.env.machine_sid)

    def by_sid(self, sid: Sid) -> Principal | None:
        known = _BY_SID.get(sid)
        if known:
            return known
        for domain in (self.machine, BUILTIN, NT_AUTHORITY, UNIX_USER, UNIX_GROUP):
            if sid == domain.sid:
                return Principal(domain, sid, "", Use.DOMAIN)
        if not sid.subs or sid.subs[-1] > MAX_ID:
            return None
        number = sid.subs[-1]
        if sid.parent == self.machine.sid:
            return self.by_rid(number)
        if sid.parent == UNIX_USER.sid:
            user = self.env.accounts.user(number)
            return Principal(UNIX_USER, sid, user, Use.USER) if user else None
        if sid.parent == UNIX_GROUP.sid:
            group = self.env.accounts.group(number)
            return Principal(UNIX_GROUP, sid, group, Use.GROUP) if group else None
        return None

    def by_rid(self, rid: int) -> Principal | None:
        """Finds one of the machine's own domain."""
        sid = self.machine.sid.child(rid)
        if rid == RID_USERS:
            return Principal(self.machine, sid, GROUP_OF_USERS, Use.GROUP)
        name = self.env.accounts.user(rid) if rid <= MAX_ID else None
        return Principal(self.machine, sid, name, Use.USER) if name else None

    def by_name(self, text: str) -> Principal | None:
        """Finds `DOMAIN\\name`, `name@DOMAIN`, a domain, or a name that stands alone.

        A lone name means the well-known one first, then ours.  [MS-LSAT] 3.1.4.5
        """
        domain, backslash, name = text.rpartition("\\")
        if not backslash and "@" in text:
            name, _, domain = text.rpartition("@")
        if domain:
            return self._in_domain(domain.casefold(), name)
        known = _BY_NAME.get(name.casefold())
        return known or self._domain(name.casefold()) or self.account(name)

    def account(self, name: str) -> Principal | None:
        """Finds a name in the machine's own domain."""
        if name.casefold() == GROUP_OF_USERS.casefold():
            return self.by_rid(RID_USERS)
        user = self.env.users().find(name)
        uid = self.env.accounts.uid(user.name if user else name)
        return self.by_rid(uid) if uid is not None else None

    def users(self) -> list[Principal]:
        """The users of the password database that the system knows, by RID."""
        found = {}
        for user in self.env.users():
            uid = self.env.accounts.uid(user.name)
            if uid is not None and uid != RID_USERS:
                sid = self.machine.sid.child(uid)
                found[uid] = Principal(self.machine, sid, user.name, Use.USER)
        return [principal for _, principal in sorted(found.items())]

    def _domain(self, folded: str) -> Principal | None:
        for domain in (self.machine, BUILTIN, NT_AUTHORITY, UNIX_USER, UNIX_GROUP):
            if domain.name.casefold() == folded:
                return Principal(domain, domain.sid, "", Use.DOMAIN)
        return None

    def _in_domain(self, domain: str, name: str) -> Principal | None:
        if not name:
            return self._domain(domain)
        if domain == self.machine.name.casefold():
            return self.account(name)
        if domain == UNIX_USER.name.casefold():
            uid = self.env.accounts.uid(name)
            return self.by_sid(UNIX_USER.sid.child(uid)) if uid is not None else None
        if domain == UNIX_GROUP.name.casefold():
            gid = self.env.accounts.gid(name)
            return self.by_sid(UNIX_GROUP.sid.child(gid)) if gid is not None else None
        known = _BY_NAME.get(name.casefold())
        return known if known and known.domain.name.casefold() == domain else None
