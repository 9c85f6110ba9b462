# SPDX-License-Identifier: GPL-2.0-only
"""Samba's parameters that are not honoured here, each with the reason.

With `ksmbd.shared.parameters` this is the whole of smb.conf(5): a name that is in neither is
unknown.  One line of the table is a reason and the parameters it is true of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Foreign:
    """Why a parameter of Samba has no effect.

    Attributes:
        misses: values that ask for something that is not there; empty says that the parameter
            can be dropped without a loss.
    """

    name: str
    reason: str
    misses: bool = False

    def is_missed(self, value: str) -> bool:
        """Whether a file with this value wants what it does not get."""
        return self.misses and value.casefold() not in _OFF


_OFF = frozenset({"", "no", "false", "off", "0", "none", "disabled"})

# What can go: it is like that here anyway, or there is nothing that it could be about.
_HARMLESS: tuple[tuple[str, str], ...] = (
    (
        "messages go to the journal (journalctl -u ksmbd); ksmbd.control --debug shows more",
        "debug class|debug encryption|debug hires timestamp|debug pid|debug prefix timestamp"
        "|debug syslog format|debug timestamp|debug uid|debuglevel|ldap debug level"
        "|ldap debug threshold|log file|log level|log nt token command"
        "|log writeable files on exit|logging|max log size|smbd profiling level|syslog"
        "|syslog only|timestamp logs|utmp|utmp directory|wtmp directory|enable core files"
        "|panic action|winbind debug traceid|auth event notification"
        "|dsdb event notification|dsdb group change notification"
        "|dsdb password event notification",
    ),
    (
        "there is no printing here",
        "addport command|addprinter command|cups connection timeout|cups encrypt|cups options"
        "|cups server|default devmode|deleteprinter command|disable spoolss|enable spoolss"
        "|enumports command|force printername|iprint server|load printers|lppause command"
        "|lpq cache time|lpq command|lpresume command|lprm command|max print jobs"
        "|max reported print jobs|min print space|os2 driver map|print command"
        "|print notify backchannel|printcap|printcap cache time|printcap name|printer"
        "|printer name|printing|printjob username|queuepause command|queueresume command"
        "|show add printer wizard|use client driver|use print driver",
    ),
    (
        "there is no NetBIOS, WINS or browsing here; wsdd and avahi make the server visible",
        "browse list|dgram port|disable netbios|dns proxy|domain master|enhanced browsing"
        "|lm announce|lm interval|local master|max ttl|max wins ttl|message command"
        "|min wins ttl|name cache timeout|name resolve order|nbt client socket address|nbt port"
        "|netbios aliases|netbios scope|nmbd bind explicit broadcast|os level"
        "|preferred master|prefered master|remote announce|remote browse sync|time server"
        "|wins hook|wins proxy|wins server|wins support|mdns name|multicast dns register",
    ),
    (
        "there is no domain here: accounts are those of ksmbd.adduser",
        "abort shutdown script|add group script|add machine script|add user script"
        "|add user to group script|additional dns hostnames|algorithmic rid base"
        "|allow dns updates|allow nt4 crypto|allow trusted domains|apply group policies"
        "|async dns timeout|bind dns directory|binddns dir|cldap port|create krb5 conf"
        "|dcerpc endpoint servers|dedicated keytab file|delete group script"
        "|delete user from group script|delete user script|dns forwarder|dns port"
        "|dns update command|dns zone scavenging|dns zone transfer clients allow"
        "|dns zone transfer clients deny|domain logons|enable asu support"
        "|gpo update command|idmap backend|idmap cache time|idmap config *|idmap gid"
        "|idmap negative cache time|idmap uid|include system krb5 conf|init logon delay"
        "|init logon delayed hosts|kdc default domain supported enctypes|kdc enable fast"
        "|kdc force enable rc4 weak session keys|kdc supported enctypes"
        "|kerberos encryption types|kerberos method|kpasswd port|krb5 port|logon drive"
        "|logon home|logon path|logon script|lsa over netlogon|machine password timeout"
        "|min domain uid|mit kdc command|neutralize nt4 emulation|nsupdate command"
        "|ntp signd socket directory|password server|realm|reject md5 clients"
        "|reject md5 servers|rename user script|require strong key|samba kcc command"
        "|server schannel|server schannel require seal|set primary group script"
        "|shutdown script|spn update command|template homedir|template shell"
        "|winbind cache time|winbind enum groups|winbind enum users|winbind expand groups"
        "|winbind gid|winbind max clients|winbind max domain connections"
        "|winbind nested groups|winbind normalize names|winbind nss info"
        "|winbind offline logon|winbind reconnect delay|winbind refresh tickets"
        "|winbind request timeout|winbind rpc only|winbind scan trusted domains"
        "|winbind sealed pipes|winbind separator|winbind uid|winbind use default domain"
        "|winbind use krb5 enterprise principals|winbindd socket directory",
    ),
    (
        "there is no LDAP here",
        "ldap admin dn|ldap connection timeout|ldap delete dn|ldap deref|ldap follow referral"
        "|ldap group suffix|ldap idmap suffix|ldap machine suffix"
        "|ldap max anonymous request size|ldap max authenticated request size"
        "|ldap max search request size|ldap page size|ldap passwd sync|ldap password sync"
        "|ldap replication sleep|ldap server require strong auth|ldap ssl|ldap suffix"
        "|ldap timeout|ldap user suffix|client ldap sasl wrapping|tls cafile|tls certfile"
        "|tls crlfile|tls dh params file|tls enabled|tls keyfile|tls priority"
        "|tls verify peer",
    ),
    (
        "there is no SMB1 here",
        "async smb echo handler|defer sharing violations|large readwrite|max mux|max xmit"
        "|nt status support|read raw|reset on zero vc|smb1 unix extensions|unicode"
        "|unix extensions|use spnego|write raw|dos charset|mangle prefix|mangling char"
        "|mangling method|lanman auth|map archive|map hidden|map readonly|map system"
        "|security mask|directory security mask|force security mode"
        "|force directory security mode|disable netbios over tcp|stat cache"
        "|max stat cache size|volume serial number",
    ),
    (
        "it is about Samba as a client",
        "client NTLMv2 auth|client ipc max protocol|client ipc min protocol"
        "|client ipc signing|client lanman auth|client max protocol|client min protocol"
        "|client plaintext auth|client protection|client schannel|client signing"
        "|client smb encrypt|client smb3 encryption algorithms"
        "|client smb3 signing algorithms|client use kerberos|client use spnego"
        "|client use spnego principal",
    ),
    (
        "the kernel module does without: there are no processes to tune",
        "aio max threads|aio read size|aio write behind|aio write size|allocation roundup size"
        "|block size|directory name cache size|getwd cache|hostname lookups|keepalive"
        "|lock spin time|max smbd processes|min receivefile size|prefork backoff increment"
        "|prefork children|prefork maximum backoff|smbd async dosmode"
        "|smbd max async dosmode|smbd getinfo ask sharemode|smbd search ask sharemode"
        "|socket options|strict allocate|use mmap|use sendfile|write cache size"
        "|rpc start on demand helpers|rpc server port|rpc server dynamic port range"
        "|rpc big endian|allow dcerpc auth level connect|username map cache time"
        "|dfree cache time|ntvfs handler|preload modules|perfcount module",
    ),
    (
        "files are where ksmbd keeps them: /etc/ksmbd and /run",
        "cache directory|lock dir|lock directory|ncalrpc dir|pid directory|private dir"
        "|private directory|smb passwd file|state directory|config backend"
        "|registry shares",
    ),
    (
        "only root makes shares here, with ksmbd.addshare",
        "usershare owner only|usershare path|usershare prefix allow list"
        "|usershare prefix deny list|usershare template share|usershare allow guests"
        "|usershare max shares",
    ),
    (
        "there is no cluster here",
        "allow unsafe cluster upgrade|cluster addresses|clustering|ctdb locktime warn threshold"
        "|ctdb timeout|ctdbd socket",
    ),
    (
        "it is always so here: the server is stand-alone, with NTLMv2 and accounts of its own",
        "encrypt passwords|enable privileges|nt hash store|nt pipe support|null passwords"
        "|ntlm auth|raw NTLMv2 auth|obey pam restrictions|passdb backend"
        "|passdb expand explicit|security|server role|server services|svcctl list"
        "|old password allowed period|username level|eventlog list"
        "|password hash gpg key ids|password hash userPassword schemes",
    ),
    (
        "it is always so here: names keep their case and are found in any",
        "case sensitive|casesignames|default case|preserve case|short preserve case"
        "|mangled names|unix charset|stat cache size",
    ),
    (
        "it is always so here: extended attributes, ACLs and locks are served and strict",
        "ea support|nt acl support|blocking locks|kernel change notify|change notify"
        "|kernel share modes|locking|strict locking|smb2 disable lock sequence checking"
        "|smb2 disable oplock break retry|level2 oplocks|oplock break wait time"
        "|honor change notify privilege|smbd max xattr size|smbd force process locks"
        "|acl allow execute always|acl check permissions|acl flag inherited canonicalization"
        "|acl map full control|map acl inherit|check parent directory delete on close"
        "|delete readonly|dos filemode|dos filetime resolution|dos filetimes"
        "|fake directory create times|store create time|force unknown acl user|strict rename"
        "|fstype|volume|csc policy|use ntdb",
    ),
    (
        "clients that offer AES are served with it; the module picks the algorithm",
        "server smb3 encryption algorithms|server smb3 signing algorithms",
    ),
    (
        "a named account has to exist; nothing is made up for it",
        "auto services|preload|default service|default|load",
    ),
    ("the port is 'tcp port' here", "smb ports"),
    ("the addresses are those of 'interfaces' here", "socket address"),
)

# What is asked for and not there: the reader of a log should know.
_MISSED: tuple[tuple[str, str], ...] = (
    (
        "no program is ever run for a client",
        "add share command|change share command|check password script|delete share command"
        "|dfree command|exec|get quota command|magic output|magic script|postexec|preexec"
        "|preexec close|root postexec|root preexec|root preexec close|set quota command"
        "|username map script",
    ),
    (
        "the Unix password stays what it is: change it with passwd",
        "pam password change|passwd chat|passwd chat debug|passwd chat timeout|passwd program"
        "|unix password sync",
    ),
    (
        "names of the database are used as they are; give each client name an account",
        "username map",
    ),
    (
        "all shares are listed, and all names but those of 'hide unreadable' and its like",
        "access based share enum|hide files|hide new files timeout|dont descend",
    ),
    (
        "names that are vetoed do not exist here and keep their directory from being removed",
        "delete veto files",
    ),
    ("guests need 'guest ok = yes'; others always log on as themselves", "guest only|only guest"),
    ("'valid users' and 'invalid users' decide", "only user|username|user|users"),
    (
        "links that lead out of the share are never followed",
        "wide links|allow insecure wide links",
    ),
    (
        "new files get 'create mask' and 'force create mode'; default ACLs of the directory hold",
        "inherit permissions|inherit acls|acl group control",
    ),
    (
        "there is no DFS here: clients connect to the server that has the files",
        "host msdfs|msdfs proxy|msdfs root|msdfs shuffle referrals",
    ),
    ("locks and oplocks are not shared with local programs", "kernel oplocks|posix locking"),
    ("oplocks cannot be fine-tuned: use 'oplocks = no'", "fake oplocks|veto oplock files"),
    (
        "data is written when the client asks for it (FLUSH), as always",
        "strict sync|sync always",
    ),
    ("the size that clients see is that of the file system", "max disk size"),
    (
        "there is no such service here",
        "spotlight|spotlight backend|afs share|afs token lifetime|afs username map"
        "|dmapi support|administrative share",
    ),
    (
        "handles do not outlive the server",
        "continuous availability|persistent handles",
    ),
)

PRINTABLE = ("printable", "print ok")


def _rows() -> Iterator[Foreign]:
    for table, misses in ((_HARMLESS, False), (_MISSED, True)):
        for reason, names in table:
            for name in names.split("|"):
                yield Foreign(name.casefold(), reason, misses)


FOREIGN: Mapping[str, Foreign] = MappingProxyType({row.name: row for row in _rows()})
"""By the names that `parameters.fold_key()` makes."""

# `module:option`; winbind's `idmap config DOMAIN : option` is a table of its own.
_MODULE_OPTION = re.compile(r"[\w -]+ ?: ?[\w .*-]+")


def look_up(key: str) -> Foreign | None:
    """The row of a folded key."""
    if key.startswith("idmap config"):
        return FOREIGN["idmap config *"]
    found = FOREIGN.get(key)
    if found is None and _MODULE_OPTION.fullmatch(key):
        module = key.partition(":")[0].strip()
        return Foreign(key, f"options of the module {module} are not known", misses=True)
    return found
