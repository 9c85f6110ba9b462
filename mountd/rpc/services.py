# SPDX-License-Identifier: GPL-2.0-only
"""All interfaces of this daemon, in one table."""

from ksmbd.mountd.rpc.dssetup import DSSETUP
from ksmbd.mountd.rpc.interface import Interface
from ksmbd.mountd.rpc.lsarpc import LSARPC
from ksmbd.mountd.rpc.samr import SAMR
from ksmbd.mountd.rpc.srvsvc import SRVSVC
from ksmbd.mountd.rpc.wkssvc import WKSSVC

INTERFACES: tuple[Interface, ...] = (SRVSVC, WKSSVC, LSARPC, DSSETUP, SAMR)
