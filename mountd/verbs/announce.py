# SPDX-License-Identifier: GPL-2.0-only
"""`ksmbd.control announce`: the server for the side bars of macOS and Linux, by mDNS.

avahi-daemon announces what is in the files of /etc/avahi/services, and hears of changes
there by itself. The Time Machine part (_adisk._tcp) is by Apple's "Time Machine over SMB
Specification".
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from xml.etree import ElementTree

from ksmbd.mountd.verbs.verb import DONE, FAILED, Verb, no_arguments, show_json
from ksmbd.shared import config as configuration
from ksmbd.shared.config import Config, Share
from ksmbd.shared.errors import ConfigError

_HEAD = """\
<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<!-- by ksmbd.control announce -->
"""
_BACKUP_FLAGS = 0x82
"""Time Machine over SMB."""


@dataclass(frozen=True, slots=True)
class Service:
    """One DNS-SD service: RFC 6763."""

    type: str
    port: int
    records: tuple[str, ...] = ()


def run(arguments: argparse.Namespace) -> int:
    """Prints the file."""
    try:
        config = configuration.load(arguments.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    for share in _backups(config):
        if not _can_be_said(share):
            sys.stderr.write(f"[{share.name}] cannot be announced: its name has a comma\n")
    found = tuple(services(config))
    if arguments.json:
        show_json([asdict(service) for service in found])
    else:
        sys.stdout.write(avahi(found))
    return DONE


def services(config: Config) -> Iterator[Service]:
    """What there is to announce."""
    yield Service("_smb._tcp", config.globals.tcp_port)
    macs = [share for share in config.shares.values() if share.apple]
    if macs:
        yield Service("_device-info._tcp", 0, (f"model={macs[0].fruit_model}",))
    backups = [share for share in _backups(config) if _can_be_said(share)]
    if backups:
        disks = (
            f"dk{number}=adVN={share.name},adVF={_BACKUP_FLAGS:#x}"
            for number, share in enumerate(backups)
        )
        # no port is connected to
        yield Service("_adisk._tcp", 9, ("sys=waMa=0,adVF=0x100", *disks))


def _backups(config: Config) -> list[Share]:
    return [
        share
        for share in config.shares.values()
        if share.time_machine and share.available and not share.is_ipc
    ]


def _can_be_said(share: Share) -> bool:
    return "," not in share.name


def avahi(found: tuple[Service, ...]) -> str:
    """The text of avahi.service(5)."""
    group = ElementTree.Element("service-group")
    name = ElementTree.SubElement(group, "name", {"replace-wildcards": "yes"})
    name.text = "%h"
    for service in found:
        element = ElementTree.SubElement(group, "service")
        ElementTree.SubElement(element, "type").text = service.type
        ElementTree.SubElement(element, "port").text = str(service.port)
        for record in service.records:
            ElementTree.SubElement(element, "txt-record").text = record
    ElementTree.indent(group)
    return f"{_HEAD}{ElementTree.tostring(group, encoding='unicode')}\n"


VERB = Verb("announce", "print what avahi-daemon is to announce by mDNS", no_arguments, run)
