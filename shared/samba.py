# SPDX-License-Identifier: GPL-2.0-only
"""Samba's parameters that have no effect here: named, so that nobody is told of a misspelling."""

_LINES = (
    "access based share enum|aio read size|aio write size|allow trusted domains|case sensitive",
    "continuous availability|delete veto files|disable netbios|disable spoolss|dns proxy",
    "domain master|dos charset|dos filemode|dos filetimes|ea support|guest only|hide files",
    "hide special files|hide unreadable|hide unwriteable files|inherit acls",
    "inherit permissions|kernel oplocks|kernel share modes|load printers|local master|locking",
    "log file|log level|logging|logon drive|logon path|mangled names|map acl inherit",
    "map archive|map hidden|map readonly|map system|max log size|min receivefile size",
    "name resolve order|nt acl support|null passwords|obey pam restrictions|os level",
    "pam password change|passdb backend|passwd chat|passwd program|posix locking",
    "preferred master|preserve case|printcap name|printing|realm|security|security mask",
    "server role|server services|short preserve case|smb ports|socket options",
    "strict allocate|strict locking|strict sync|sync always|syslog|syslog only|time server",
    "unix charset|unix extensions|unix password sync|use sendfile|username map",
    "usershare allow guests|usershare max shares|veto oplock files|wide links|wins support",
)

WITHOUT_EFFECT = frozenset(name for line in _LINES for name in line.split("|"))
