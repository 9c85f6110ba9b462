# SPDX-License-Identifier: GPL-2.0-only
"""Structures of the Local Security Authority.  [MS-LSAD] 2.2, [MS-LSAT] 2.2"""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from ksmbd.mountd.rpc.dtyp import (
    NAMES,
    SID_BOXES,
    UNICODE_STRING,
    Handle,
    LargeUnicodeStr,
    SidBox,
    SidPtr,
    UnicodeStr,
)
from ksmbd.mountd.rpc.ndr import (
    BYTE,
    SHORT,
    U8,
    U16,
    U32,
    Codec,
    Counted,
    Pointer,
    Reader,
    StringPtr,
    Struct,
    Tagged,
    Union,
    Uuid,
    Writer,
)
from ksmbd.shared.errors import ProtocolError


class Absent(Codec[None]):
    """The target of a pointer that has to be NULL."""

    def read_inline(self, r: Reader) -> None:
        raise ProtocolError("a pointer that must be NULL is not")

    def write_inline(self, w: Writer, value: None) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class QualityOfService:
    """SECURITY_QUALITY_OF_SERVICE, [MS-LSAD] 2.2.3.7"""

    length: U32
    impersonation_level: U16
    tracking_mode: U8
    effective_only: U8


@dataclass(frozen=True, slots=True)
class ObjectAttributes:
    """LSAPR_OBJECT_ATTRIBUTES, [MS-LSAD] 2.2.2.4: of these only the absence matters."""

    length: U32
    root_directory: Annotated[int | None, Pointer(BYTE)]
    object_name: Annotated[str | None, Pointer(UNICODE_STRING)]
    attributes: U32
    security_descriptor: Annotated[None, Pointer(Absent())]
    quality: Annotated[QualityOfService | None, Pointer(Struct(QualityOfService))]


Attributes: TypeAlias = Annotated[ObjectAttributes, Struct(ObjectAttributes)]


@dataclass(frozen=True, slots=True)
class OpenPolicyIn:
    """The old form names the system by its first character only."""

    system: Annotated[int | None, Pointer(SHORT)]
    attributes: Attributes
    access: U32


@dataclass(frozen=True, slots=True)
class OpenPolicy2In:
    system: StringPtr
    attributes: Attributes
    access: U32


@dataclass(frozen=True, slots=True)
class HandleIn:
    handle: Handle


@dataclass(frozen=True, slots=True)
class HandleOut:
    handle: Handle
    status: U32


@dataclass(frozen=True, slots=True)
class DomainName:
    """LSAPR_POLICY_PD_ACCOUNT_INFO"""

    name: LargeUnicodeStr


@dataclass(frozen=True, slots=True)
class DomainInfo:
    """LSAPR_POLICY_PRIMARY_DOM_INFO, LSAPR_POLICY_ACCOUNT_DOM_INFO, LSAPR_TRUST_INFORMATION"""

    name: LargeUnicodeStr
    sid: SidPtr


@dataclass(frozen=True, slots=True)
class DnsDomainInfo:
    """LSAPR_POLICY_DNS_DOMAIN_INFO, [MS-LSAD] 2.2.4.14"""

    name: LargeUnicodeStr
    dns_domain: LargeUnicodeStr
    dns_forest: LargeUnicodeStr
    guid: Uuid
    sid: SidPtr


POLICY_PRIMARY_DOMAIN = 3
POLICY_PD_ACCOUNT = 4
POLICY_ACCOUNT_DOMAIN = 5
POLICY_SERVER_ROLE = 6
POLICY_DNS_DOMAIN = 12
POLICY_DNS_DOMAIN_INT = 13
POLICY_LOCAL_ACCOUNT_DOMAIN = 14

POLICY_INFORMATION = Union(
    SHORT,
    {
        POLICY_PRIMARY_DOMAIN: Struct(DomainInfo),
        POLICY_PD_ACCOUNT: Struct(DomainName),
        POLICY_ACCOUNT_DOMAIN: Struct(DomainInfo),
        POLICY_SERVER_ROLE: SHORT,
        POLICY_DNS_DOMAIN: Struct(DnsDomainInfo),
        POLICY_DNS_DOMAIN_INT: Struct(DnsDomainInfo),
        POLICY_LOCAL_ACCOUNT_DOMAIN: Struct(DomainInfo),
    },
)


@dataclass(frozen=True, slots=True)
class QueryPolicyIn:
    handle: Handle
    info_class: U16


@dataclass(frozen=True, slots=True)
class QueryPolicyOut:
    info: Annotated[Tagged | None, Pointer(POLICY_INFORMATION)]
    status: U32


@dataclass(frozen=True, slots=True)
class ReferencedDomains:
    """LSAPR_REFERENCED_DOMAIN_LIST, [MS-LSAT] 2.2.12"""

    domains: Annotated[tuple[DomainInfo, ...] | None, Counted(Struct(DomainInfo))]
    max_entries: U32


Domains: TypeAlias = Annotated[ReferencedDomains | None, Pointer(Struct(ReferencedDomains))]


@dataclass(frozen=True, slots=True)
class TranslatedSid:
    """LSA_TRANSLATED_SID, [MS-LSAT] 2.2.15"""

    use: U16
    rid: U32
    domain: U32


@dataclass(frozen=True, slots=True)
class TranslatedSidEx:
    """LSAPR_TRANSLATED_SID_EX, [MS-LSAT] 2.2.18"""

    use: U16
    rid: U32
    domain: U32
    flags: U32


@dataclass(frozen=True, slots=True)
class TranslatedSidEx2:
    """LSAPR_TRANSLATED_SID_EX2, [MS-LSAT] 2.2.25"""

    use: U16
    sid: SidPtr
    domain: U32
    flags: U32


@dataclass(frozen=True, slots=True)
class TranslatedName:
    """LSAPR_TRANSLATED_NAME, [MS-LSAT] 2.2.19"""

    use: U16
    name: UnicodeStr
    domain: U32


@dataclass(frozen=True, slots=True)
class TranslatedNameEx:
    """LSAPR_TRANSLATED_NAME_EX, [MS-LSAT] 2.2.21"""

    use: U16
    name: UnicodeStr
    domain: U32
    flags: U32


Sids: TypeAlias = Annotated[tuple[TranslatedSid, ...] | None, Counted(Struct(TranslatedSid))]
SidsEx: TypeAlias = Annotated[tuple[TranslatedSidEx, ...] | None, Counted(Struct(TranslatedSidEx))]
SidsEx2: TypeAlias = Annotated[
    tuple[TranslatedSidEx2, ...] | None, Counted(Struct(TranslatedSidEx2))
]
Names: TypeAlias = Annotated[tuple[TranslatedName, ...] | None, Counted(Struct(TranslatedName))]
NamesEx: TypeAlias = Annotated[
    tuple[TranslatedNameEx, ...] | None, Counted(Struct(TranslatedNameEx))
]
WantedNames: TypeAlias = Annotated[tuple[str | None, ...], NAMES]
WantedSids: TypeAlias = Annotated[tuple[SidBox, ...] | None, SID_BOXES]


@dataclass(frozen=True, slots=True)
class LookupNamesIn:
    handle: Handle
    count: U32
    names: WantedNames
    sids: Sids
    level: U16
    mapped: U32


@dataclass(frozen=True, slots=True)
class LookupNames2In:
    handle: Handle
    count: U32
    names: WantedNames
    sids: SidsEx
    level: U16
    mapped: U32
    options: U32
    revision: U32


@dataclass(frozen=True, slots=True)
class LookupNames3In:
    handle: Handle
    count: U32
    names: WantedNames
    sids: SidsEx2
    level: U16
    mapped: U32
    options: U32
    revision: U32


@dataclass(frozen=True, slots=True)
class LookupNamesOut:
    domains: Domains
    sids: Sids
    mapped: U32
    status: U32


@dataclass(frozen=True, slots=True)
class LookupNames2Out:
    domains: Domains
    sids: SidsEx
    mapped: U32
    status: U32


@dataclass(frozen=True, slots=True)
class LookupNames3Out:
    domains: Domains
    sids: SidsEx2
    mapped: U32
    status: U32


@dataclass(frozen=True, slots=True)
class LookupSidsIn:
    handle: Handle
    sids: WantedSids
    names: Names
    level: U16
    mapped: U32


@dataclass(frozen=True, slots=True)
class LookupSids2In:
    handle: Handle
    sids: WantedSids
    names: NamesEx
    level: U16
    mapped: U32
    options: U32
    revision: U32


@dataclass(frozen=True, slots=True)
class LookupSidsOut:
    domains: Domains
    names: Names
    mapped: U32
    status: U32


@dataclass(frozen=True, slots=True)
class LookupSids2Out:
    domains: Domains
    names: NamesEx
    mapped: U32
    status: U32


@dataclass(frozen=True, slots=True)
class NothingIn:
    """For operations that are refused before their parameters are read."""
