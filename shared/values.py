# SPDX-License-Identifier: GPL-2.0-only
"""The values of ksmbd.conf: one reader per type.

A reader returns the value, or raises `ValueFault` with a text that says what to write
instead.  What can be used but does not mean what its author may think goes to `warn`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ksmbd.shared import hosts


class ValueFault(Exception):
    """A value that cannot be used; the text says what would be right."""


Warn = Callable[[str], None]


Function = Callable[[str, Warn], object]


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns the text of a value into the value, and says what may be written.

    Attributes:
        type: one word for the manual.
        range: what the manual says may be written; empty says that the type is enough.
    """

    function: Function
    type: str
    range: str = ""

    def __call__(self, text: str, warn: Warn, /) -> object:
        return self.function(text, warn)


def _reader(type: str, range: str = "") -> Callable[[Function], Reader]:
    """Makes a reader of a function."""
    return lambda function: Reader(function, type, range)


class MapToGuest(enum.Enum):
    """What becomes of a log-in whose user is not in the database."""

    NEVER = "never"
    BAD_USER = "bad user"


class Signing(enum.IntEnum):
    """The numbers of the ABI's startup request."""

    DISABLED = 0
    ENABLED = 1
    AUTO = 2
    MANDATORY = 3


class Encryption(enum.Enum):
    """How sessions are encrypted; the values are the startup flags that say so."""

    AUTO = 0x0
    MANDATORY = 0x2
    OFF = 0x8

    @property
    def startup_flags(self) -> int:
        """The bits for the ABI's startup_request.flags."""
        return self.value


_TRUE = frozenset({"yes", "true", "on", "1", "enable", "enabled"})
_FALSE = frozenset({"no", "false", "off", "0", "disable", "disabled"})


@_reader("boolean", "yes, no")
def boolean(text: str, _warn: Warn, /) -> bool:
    """Reads a boolean.  The stock tools take `on` and every misspelling for no."""
    word = text.casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueFault(f"{text!r} is neither yes nor no")


def string(maximum: int | None = None) -> Reader:
    """A reader of free text of at most `maximum` bytes."""

    def read(text: str, warn: Warn, /) -> str:
        encoded = text.encode()
        if maximum is None or len(encoded) <= maximum:
            return text
        cut = encoded[:maximum].decode(errors="ignore")
        warn(f"longer than {maximum} bytes; cut to {cut!r}")
        return cut

    return Reader(read, "text", "" if maximum is None else f"at most {maximum} bytes")


def number(
    minimum: int, maximum: int, zero: int | None = None, zero_is_special: bool = False
) -> Reader:
    """A reader of a decimal number; out of range is moved to the border, with a word.

    Args:
        zero: what 0 stands for, where it is not a number of its own.
        zero_is_special: 0 is allowed although it is below `minimum`.
    """

    def read(text: str, warn: Warn, /) -> int:
        if not re.fullmatch(r"[0-9]{1,20}", text):
            raise ValueFault(f"{text!r} is not a whole number")
        return _ranged(
            int(text),
            minimum=minimum,
            maximum=maximum,
            zero=zero,
            zero_is_special=zero_is_special,
            warn=warn,
        )

    return Reader(read, "number", _bounds(minimum, maximum, zero, zero_is_special))


def _bounds(minimum: int, maximum: int, zero: int | None, zero_is_special: bool) -> str:
    return f"{minimum} to {maximum}{', or 0' if zero_is_special or zero is not None else ''}"


@_reader("number", "1 to 65535")
def port(text: str, _warn: Warn, /) -> int:
    """Reads a port; another one than was meant would be of no use, so none is made up."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise ValueFault(f"{text!r} is not a port, 1 to 65535")
    return int(text)


_SIZE = re.compile(
    r"(?P<number>0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})\s*(?P<unit>[KkMmGgTtPpEe]?)[bB]?"
)
_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}


def size(
    minimum: int, maximum: int, zero: int | None = None, zero_is_special: bool = False
) -> Reader:
    """A reader of a size: decimal, 0x hexadecimal or 0 octal, then K, M, G, ... of 1024."""

    def read(text: str, warn: Warn, /) -> int:
        match = _SIZE.fullmatch(text)
        if match is None:
            raise ValueFault(f"{text!r} is not a size such as 65536, 64K or 1M")
        digits = match["number"]
        try:
            if digits[:2] in ("0x", "0X"):
                value = int(digits, 16)
            elif digits.startswith("0") and digits != "0":
                value = int(digits, 8)
                warn(f"{digits} begins with 0 and is read as octal, {value}")
            else:
                value = int(digits)
        except ValueError:
            raise ValueFault(f"{text!r} begins with 0 but is not octal") from None
        value <<= _UNITS[match["unit"].lower()]
        return _ranged(
            value,
            minimum=minimum,
            maximum=maximum,
            zero=zero,
            zero_is_special=zero_is_special,
            warn=warn,
        )

    return Reader(read, "size", _bounds(minimum, maximum, zero, zero_is_special))


def _ranged(
    value: int, *, minimum: int, maximum: int, zero: int | None, zero_is_special: bool, warn: Warn
) -> int:
    if value == 0 and zero is not None:
        return zero
    if value == 0 and zero_is_special:
        return 0
    bounded = min(max(value, minimum), maximum)
    if bounded != value:
        warn(f"{value} is out of range {minimum}..{maximum}; {bounded} is used")
    return bounded


@_reader("octal mode", "0000 to 7777")
def octal_mode(text: str, _warn: Warn, /) -> int:
    """Reads permission bits."""
    if not re.fullmatch(r"(0[oO])?[0-7]{1,7}", text):
        raise ValueFault(f"{text!r} is not an octal mode such as 0755")
    mode = int(text.lower().removeprefix("0o"), 8)
    if mode > 0o7777:
        raise ValueFault(f"{text!r} has bits above 07777")
    return mode


def _words(text: str) -> tuple[str, ...]:
    return tuple(item for item in re.split(r"[ \t,]+", text) if item)


@_reader("list", "words separated by blanks or commas")
def words(text: str, _warn: Warn, /) -> tuple[str, ...]:
    """Reads a list separated by blanks, tabs and commas."""
    return _words(text)


def _user_list(text: str, warn: Warn, /) -> tuple[str, ...]:
    items = []
    for word in _words(text):
        if word.startswith("&") or word[1:2] in ("+", "&"):
            warn(f"{word}: NIS netgroups are not looked up, this item matches nobody")
            continue
        item = "@" + word[1:] if word.startswith("+") else word
        if item == "@":
            continue
        if "\\" in item:
            warn(f"{item}: there are no domains here; write the plain user name")
        items.append(item)
    return tuple(items)


@_reader("list of users", "names and @groups")
def user_list(text: str, warn: Warn, /) -> tuple[str, ...]:
    """Reads names and @groups; Samba's +group is the same thing here."""
    return _user_list(text, warn)


@_reader("list of users", "names and @groups")
def refused_users(text: str, warn: Warn, /) -> tuple[str, ...]:
    """Reads a list that keeps people out: an item that cannot be honoured is a fault."""

    def refuse(complaint: str) -> None:
        raise ValueFault(complaint)

    return _user_list(text, refuse if "&" in text else warn)


@_reader("list of addresses", "addresses, networks, prefixes, ALL, EXCEPT")
def host_patterns(text: str, warn: Warn, /) -> tuple[str, ...]:
    """Reads `a b EXCEPT c`; an item that could not be compared with a client is a fault."""
    items = _words(text)
    exceptions = [position for position, item in enumerate(items) if item.upper() == "EXCEPT"]
    if not items or {0, len(items) - 1} & set(exceptions):
        raise ValueFault(f"{text!r} names no address, before EXCEPT or after it")
    for position, item in enumerate(items):
        try:
            if position not in exceptions:
                hosts.parse(item)
        except ValueError as error:
            raise ValueFault(str(error)) from None
    return items


@_reader("patterns", "/pattern/pattern/ with * and ?")
def veto_patterns(text: str, _warn: Warn, /) -> tuple[str, ...]:
    """Reads `/a/b/`; the stock tools lose the first character when it is not a slash."""
    return tuple(item for item in text.split("/") if item)


_INTERFACE = re.compile(r"[^\s/:*?]{1,15}")  # IFNAMSIZ is 16 with the NUL


@_reader("list", "names such as eth0")
def interface_names(text: str, warn: Warn, /) -> tuple[str, ...]:
    """Reads names of network interfaces; addresses, masks and wildcards are Samba's."""
    names = []
    for item in _words(text):
        if not _INTERFACE.fullmatch(item) or re.fullmatch(r"[0-9.]+", item):
            warn(f"{item} is not an interface name such as eth0; ignored")
        else:
            names.append(item)
    return tuple(names)


def choice(
    allowed: Mapping[str, object], notes: Mapping[str, str] | None = None, *, shown: str = ""
) -> Reader:
    """A reader of one word out of a table.

    Args:
        notes: warns of words that mislead.
        shown: the words that the manual names, where there are others for old files' sake.
    """

    def read(text: str, warn: Warn, /) -> object:
        word = " ".join(text.casefold().split())
        if word not in allowed:
            raise ValueFault(f"{text!r} is not one of {', '.join(sorted(allowed))}")
        if notes is not None and word in notes:
            warn(notes[word])
        return allowed[word]

    return Reader(read, "choice", shown or ", ".join(allowed))


map_to_guest = choice(
    {
        "never": MapToGuest.NEVER,
        "bad user": MapToGuest.BAD_USER,
        "bad password": MapToGuest.NEVER,
        "bad uid": MapToGuest.NEVER,
    },
    {
        "bad password": "a wrong password never makes a guest here; 'never' is used",
        "bad uid": "'bad uid' has no meaning without domains; 'never' is used",
    },
    shown="never, bad user",
)

signing = choice(
    {
        "disabled": Signing.DISABLED,
        "disable": Signing.DISABLED,
        "no": Signing.DISABLED,
        "false": Signing.DISABLED,
        "off": Signing.DISABLED,
        "0": Signing.DISABLED,
        "enabled": Signing.ENABLED,
        "enable": Signing.ENABLED,
        "yes": Signing.ENABLED,
        "true": Signing.ENABLED,
        "on": Signing.ENABLED,
        "1": Signing.ENABLED,
        "auto": Signing.AUTO,
        "desired": Signing.AUTO,
        "if_required": Signing.AUTO,
        "mandatory": Signing.MANDATORY,
        "required": Signing.MANDATORY,
        "force": Signing.MANDATORY,
        "forced": Signing.MANDATORY,
        "enforced": Signing.MANDATORY,
        "default": Signing.MANDATORY,
    },
    shown="mandatory, auto, enabled, disabled",
)

yes_unless_told = choice(
    {word: word not in _FALSE for word in ("auto", *_TRUE, *_FALSE)}, shown="auto, yes, no"
)
"""A boolean of which Samba has `auto` as well, which is yes here."""

_SNAPSHOT_PARTS = "YmdHMS"


@_reader("format", "%Y %m %d and perhaps %H %M %S, each once")
def snapshot_format(text: str, _warn: Warn, /) -> str:
    """Reads how snapshots are named: literals, %% and the parts of a time."""
    parts = re.findall(r"%(.?)", text.replace("%%", ""))
    for part in parts:
        if not part or part not in _SNAPSHOT_PARTS or parts.count(part) > 1:
            raise ValueFault(f"{text!r}: only %Y %m %d %H %M %S are understood, each once")
    if not {"Y", "m", "d"} <= set(parts):
        raise ValueFault(f"{text!r} does not tell one day from another; it needs %Y, %m and %d")
    if "/" in text or len(text.encode()) > 200:
        raise ValueFault(f"{text!r} is not a file name")
    return text


def _leads_down(text: str) -> str:
    parts = text.rstrip("/").split("/")
    if text.startswith("/"):
        raise ValueFault(f"{text!r} is absolute; only a folder inside the share is looked into")
    if {"", ".", ".."} & set(parts) or len(text.encode()) > 255:
        raise ValueFault(f"{text!r} is not a path that leads down from the share's")
    return "/".join(parts)


@_reader("folder", "a path inside the share")
def folder_below(text: str, _warn: Warn, /) -> str:
    """Reads a relative path that leads down."""
    return _leads_down(text)


@_reader("folder", "a path inside the share, perhaps with %U")
def recycle_folder(text: str, _warn: Warn, /) -> str:
    """Reads where deleted files go: a folder, and what of it is a user's own."""
    folder = _leads_down(text)
    if re.sub("%U", "", folder, count=1).count("%"):
        raise ValueFault(f"{text!r}: only %U, the user, is understood, and once")
    if "%" in folder.partition("/")[0]:
        raise ValueFault(f"{text!r}: %U may not be in the first part; write .recycle/%U")
    return folder


@_reader("patterns", "*.tmp ~$*")
def file_patterns(text: str, _warn: Warn, /) -> tuple[str, ...]:
    """Reads patterns of file names, with what Samba's examples have between them."""
    items = tuple(item for item in re.split(r"[\s,;|]+", text) if item)
    if "/" in text or sum(len(item.encode()) + 1 for item in items) > 4000:
        raise ValueFault("patterns are of names without a folder, and 4000 bytes at most")
    return items


encryption = choice(
    {
        "auto": Encryption.AUTO,
        "enabled": Encryption.AUTO,
        "enable": Encryption.AUTO,
        "default": Encryption.AUTO,
        "if_required": Encryption.AUTO,
        "yes": Encryption.AUTO,
        "true": Encryption.AUTO,
        "on": Encryption.AUTO,
        "1": Encryption.AUTO,
        "desired": Encryption.AUTO,
        "mandatory": Encryption.MANDATORY,
        "required": Encryption.MANDATORY,
        "disabled": Encryption.OFF,
        "disable": Encryption.OFF,
        "off": Encryption.OFF,
        "no": Encryption.OFF,
        "false": Encryption.OFF,
        "0": Encryption.OFF,
    },
    {
        word: f"{word!r} offers encryption to clients that ask; write 'mandatory' to insist on it"
        for word in ("yes", "true", "on", "1", "desired")
    },
    shown="auto, mandatory, disabled",
)

# The ABI knows exact strings only.  SMB2 and SMB3 without a number are SMB2_10 and SMB3_11
# in Samba, for the minimum as for the maximum.
PROTOCOLS = ("SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11")
_PROTOCOL_WORDS = {word: word for word in PROTOCOLS} | {"SMB2": "SMB2_10", "SMB3": "SMB3_11"}
_SMB1_WORDS = frozenset({"CORE", "COREPLUS", "LANMAN1", "LANMAN2", "NT1", "SMB1"})


def _protocol_word(text: str) -> str:
    return text.upper().replace(".", "_").replace("-", "_")


@_reader("dialect", "SMB2_02, SMB2_10, SMB3_00, SMB3_02, SMB3_11")
def min_protocol(text: str, warn: Warn, /) -> str:
    """Reads the lowest dialect to offer, in Samba's spelling."""
    word = _protocol_word(text)
    if word == "DEFAULT":
        return ""
    if word in _SMB1_WORDS:
        warn(f"{text}: there is no SMB1 here, the lowest dialect is SMB2_02")
        return "SMB2_02"
    if word not in _PROTOCOL_WORDS:
        raise ValueFault(f"{text!r} is not one of {', '.join(_PROTOCOL_WORDS)}")
    if word in ("SMB2", "SMB3"):
        lower = "SMB2_02" if word == "SMB2" else "SMB3_00"
        warn(
            f"{text} as a minimum means {_PROTOCOL_WORDS[word]} as in Samba; "
            f"write {lower} to let older clients in"
        )
    return _PROTOCOL_WORDS[word]


@_reader("dialect", "SMB2_02, SMB2_10, SMB3_00, SMB3_02, SMB3_11")
def max_protocol(text: str, _warn: Warn, /) -> str:
    """Reads the highest dialect to offer, in Samba's spelling."""
    word = _protocol_word(text)
    if word == "DEFAULT":
        return ""
    if word in _SMB1_WORDS:
        raise ValueFault(f"{text!r} would leave SMB1 only, which is not there; write SMB3_11")
    if word not in _PROTOCOL_WORDS:
        raise ValueFault(f"{text!r} is not one of {', '.join(_PROTOCOL_WORDS)}")
    return _PROTOCOL_WORDS[word]


@_reader("text", "a group of the system")
def force_group(text: str, warn: Warn, /) -> str:
    """Reads a group name; Samba's leading + (members only) has no counterpart."""
    if text.startswith("+"):
        warn(f"{text}: '+' is not known here, the group is forced for everybody")
        return text[1:]
    return text
