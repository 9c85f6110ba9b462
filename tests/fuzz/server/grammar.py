# SPDX-License-Identifier: GPL-2.0-only
"""What a fuzzing client says: good messages of every command, and how they are spoilt.

A program is plain JSON, so that one that crashed the server is a file that plays again:

    program  {"steps": [step...]}
    step     {"k": "send", "c": connection, "m": [message...], "wait": bool}
             {"k": "drop", "c": connection, "how": "fin" | "rst" | "half"}
             {"k": "login" | "relogin" | "cancel", "c": connection}
             {"k": "raw", "c": connection, "b": hex}
    message  {"cmd": number, "body": hex, "h": [[offset, slot]...], "into": slot or null,
              "t": tree, "rel": bool, "f": {header field: value}}

Handles are the one thing the server chooses: they are named by slot and put in when sent.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

import raw as r

CONNECTIONS = 3
SLOTS = 8
TREES = ("share", "IPC$", "readonly", "small")

Message = dict[str, Any]
Step = dict[str, Any]
Program = dict[str, Any]

HANDLE = bytes(16)
INTERESTING = {
    1: (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF),
    2: (0, 1, 3, 8, 63, 64, 0x7FFF, 0x8000, 0xFFF8, 0xFFFE, 0xFFFF),
    4: (0, 1, 4, 24, 64, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF),
    8: (0, 1, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 2, (1 << 64) - 1),
}
NAMES = (
    "",
    "a",
    "b",
    "A",
    "d",
    "d\\x",
    "d\\y",
    "e",
    "d\\e\\f",
    "missing\\x",
    "..",
    "a\\..\\b",
    "a:s",
    "a:s:$DATA",
    "a::$DATA",
    "d:$I30:$INDEX_ALLOCATION",
    "*",
    "a?b",
    "\\a",
    "d\\",
    "CON",
    "a.",
    "A~1",
    "\u00e4\u6f22\U0001f600",
    "n" * 255,
    "n" * 256,
    "x\\" * 40 + "x",
    "link",
    "fifo",
)
PIPES = ("srvsvc", "wkssvc", "lsarpc", "samr", "nopipe", "srv/../svc")
PATTERNS = ("*", "", "a*", "*.*", "<.txt", "?", "d", ">" * 300)
FSCTLS = (
    0x00140204, 0x0011C017, 0x00110018, 0x000900C0, 0x00060194, 0x000601B0, 0x001401FC,
    0x00140078, 0x001440F2, 0x001480F2, 0x000900C4, 0x000980C8, 0x000940CF, 0x00098208,
    0x00098344, 0x0009023C, 0x0009C280, 0x00090064, 0x00144064, 0x001401D4, 0x0009009C,
    0x000900A4, 0x000900A8, 0x000900AC, 0x00090058, 0x000D0000, 0x00140194, 0x0009C040,
)  # fmt: skip
FILE_CLASSES = (*range(4, 10), *range(14, 24), 27, 28, 29, 34, 35, 36, 40, 48, 54, 59, 60, 64, 65,
                68, 71, 72, 100)  # fmt: skip
SET_CLASSES = (4, 10, 11, 13, 14, 15, 16, 19, 20, 39, 40, 64, 65, 71)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


# --- parts ---


def sid(rng: random.Random) -> bytes:
    count = rng.choice((0, 1, 2, 4, 5, 15))
    return struct.pack("<BB6s", 1, count, b"\0\0\0\0\0\5") + rng.randbytes(4 * count)


def acl(rng: random.Random) -> bytes:
    aces = [
        struct.pack("<BBHI", rng.choice((0, 1, 2, 5)), rng.choice((0, 3, 0x13)), 8 + len(who),
                    rng.choice((0x1F01FF, 0x120089, 0x10000000, 0))) + who
        for who in (sid(rng) for _ in range(rng.choice((0, 1, 2, 8))))
    ]  # fmt: skip
    body = b"".join(aces)
    return struct.pack("<BBHHH", 2, 0, 8 + len(body), len(aces), 0) + body


def descriptor(rng: random.Random) -> bytes:
    parts = [sid(rng), sid(rng), b"", acl(rng)]
    offsets, data = [], b""
    for part in parts:
        offsets.append(20 + len(data) if part else 0)
        data += part
    return struct.pack("<BBHIIII", 1, 0, 0x8004 | rng.choice((0, 0x0400, 0x1000)), *offsets) + data


def eas(rng: random.Random) -> bytes:
    out = b""
    count = rng.choice((1, 1, 2, 3))
    for number in range(count):
        name = rng.choice((b"one", b"TWO", b"x" * 200, b"DOSATTRIB", b"NTACL"))
        value = rng.randbytes(rng.choice((0, 1, 17, 300)))
        entry = struct.pack("<BBH", rng.choice((0, 0x80)), len(name), len(value))
        entry += name + b"\0" + value
        if number < count - 1:
            entry += bytes(-(len(entry) + 4) % 4)
            out += struct.pack("<I", len(entry) + 4) + entry
        else:
            out += struct.pack("<I", 0) + entry
    return out


def contexts(rng: random.Random) -> bytes:
    """Create contexts, [MS-SMB2] 2.2.13.2."""
    lease = rng.randbytes(1) * 16 + struct.pack("<IIQ", rng.choice((0, 1, 3, 7)), 0, 0)
    kinds: list[tuple[bytes, bytes]] = [
        (b"MxAc", rng.choice((b"", bytes(8)))),
        (b"QFid", b""),
        (b"DHnQ", bytes(16)),
        (b"DHnC", rng.randbytes(16)),
        (b"DH2Q", struct.pack("<IIQ", 0, rng.choice((0, 2)), 0) + rng.randbytes(1) * 16),
        (b"DH2C", bytes(16) + rng.randbytes(1) * 16 + bytes(4)),
        (b"RqLs", lease),
        (b"RqLs", lease + bytes(16) + struct.pack("<HH", 1, 0)),
        (b"ExtA", eas(rng)),
        (b"SecD", descriptor(rng)),
        (b"AlSi", struct.pack("<Q", rng.choice((0, 4096, 1 << 40)))),
        (b"TWrp", struct.pack("<Q", rng.randrange(1 << 60))),
        (b"AAPL", struct.pack("<IIQQ", 1, 0, 7, 7)),
        (bytes.fromhex("93AD25509CB411E7B42383DE968BCD7C"), struct.pack("<I", 0o644)),
        (bytes.fromhex("45BCA66AEFA7F74A9008FA462E144D74"), struct.pack("<HHI16s", 36, 0, 0,
         bytes(16)) + struct.pack("<HH", 0, 0)),
        (b"zzzz", rng.randbytes(9)),
    ]  # fmt: skip
    chosen = rng.sample(kinds, rng.choice((1, 1, 1, 2, 3, 5)))
    out = b""
    for number, (name, data) in enumerate(chosen):
        at = 16 + len(name) + (-len(name) % 8)
        one = struct.pack("<HHHHI", 16, len(name), 0, at if data else 0, len(data))
        one += name + bytes(-len(name) % 8) + data
        last = number == len(chosen) - 1
        if not last:
            one += bytes(-(len(one) + 4) % 8)
        out += struct.pack("<I", 0 if last else len(one) + 4) + one
    return out


# --- messages ---


def message(cmd: int, body: bytes, **more: Any) -> Message:
    return {"cmd": cmd, "body": body.hex(), "h": [], "into": None, "t": 0, "rel": False, "f": {},
            **more}  # fmt: skip


def slot(rng: random.Random) -> int:
    return rng.randrange(SLOTS)


def create(rng: random.Random) -> Message:
    pipe = rng.random() < 0.1
    name = rng.choice(PIPES) if pipe else rng.choice(NAMES)
    body = bytearray(
        r.create(
            name,
            access=rng.choice((0x1F01FF, 0x1F01FF, 0x02000000, 0x120089, 0x81, 0x10081, 1, 2, 0x100,
                               0x80000000, 0)),
            disposition=rng.choice((0, 1, 2, 3, 3, 3, 4, 5)),
            options=rng.choice((0, 0, 0, 1, 1, 0x40, 0x1000, 0x1001, 0x200000, 0x2, 0x2000, 0x10)),
            share=rng.choice((7, 7, 7, 0, 1, 3, 5)),
            attributes=rng.choice((0x80, 0x20, 1, 2, 0x10, 0)),
            oplock=rng.choice((0, 0, 1, 8, 9, 0xFF)),
        )
    )  # fmt: skip
    if rng.random() < 0.4:
        blob = contexts(rng)
        body += bytes(-len(body) % 8)
        struct.pack_into("<II", body, 48, 64 + len(body), len(blob))
        body += blob
    tree = 1 if pipe else rng.choice((0, 0, 0, 2, 3))
    return message(r.CREATE, bytes(body), into=slot(rng), t=tree)


def on_handle(cmd: int, body: bytes, offset: int, rng: random.Random, **more: Any) -> Message:
    return message(cmd, body, h=[[offset, slot(rng)]], **more)


def close(rng: random.Random) -> Message:
    return on_handle(r.CLOSE, r.close(HANDLE, rng.choice((0, 1))), 8, rng)


def flush(rng: random.Random) -> Message:
    return on_handle(r.FLUSH, struct.pack("<HHI", 24, 0, 0) + HANDLE, 8, rng)


def offset(rng: random.Random) -> int:
    return rng.choice((0, 0, 1, 4095, 65536, (1 << 31) - 1, 1 << 40, (1 << 63) - 1, (1 << 64) - 1))


def read(rng: random.Random) -> Message:
    body = r.read(HANDLE, rng.choice((0, 1, 512, 4096, 65536)), offset(rng), rng.choice((0, 0, 9)))
    return on_handle(r.READ, body, 16, rng)


def write(rng: random.Random) -> Message:
    data = rng.randbytes(rng.choice((0, 1, 7, 64, 900)))
    return on_handle(r.WRITE, r.write(HANDLE, data, offset(rng)), 16, rng)


def rpc(rng: random.Random) -> bytes:
    """A PDU for a pipe: a bind to srvsvc or a request."""
    if rng.random() < 0.5:
        uuid = bytes.fromhex("C84F324B7016D30112785A47BF6EE188")
        ndr = bytes.fromhex("045D888AEB1CC9119FE808002B104860")
        body = struct.pack("<HHIB3xHBx", 4280, 4280, 0, 1, 0, 1) + uuid + struct.pack("<HH", 3, 0)
        body += ndr + struct.pack("<HH", 2, 0)
        return struct.pack("<BBBBIHHI", 5, 0, 11, 3, 0x10, 16 + len(body), 0, 1) + body
    stub = rng.randbytes(rng.choice((0, 8, 60)))
    body = struct.pack("<IHH", len(stub), 0, rng.choice((15, 16, 21, 0, 99))) + stub
    return struct.pack("<BBBBIHHI", 5, 0, 0, 3, 0x10, 16 + len(body), 0, 2) + body


def pipe_write(rng: random.Random) -> Message:
    return on_handle(r.WRITE, r.write(HANDLE, rpc(rng)), 16, rng, t=1)


def pipe_read(rng: random.Random) -> Message:
    return on_handle(r.READ, r.read(HANDLE, rng.choice((1, 100, 4096))), 16, rng, t=1)


def lock(rng: random.Random) -> Message:
    flags = rng.choice((0x1, 0x2, 0x4, 0x11, 0x12, 0x12))
    ranges = [
        (rng.choice((0, 5, 100, (1 << 63), (1 << 64) - 1)), rng.choice((0, 1, 10, (1 << 64) - 1)),
         flags if rng.random() < 0.9 else rng.choice((0, 3, 0x14)))
        for _ in range(rng.choice((1, 1, 1, 2, 5, 60)))
    ]  # fmt: skip
    return on_handle(r.LOCK, r.lock(HANDLE, *ranges), 8, rng)


def ioctl(rng: random.Random) -> Message:
    code = rng.choice(FSCTLS)
    data = {
        0x0011C017: rpc(rng),
        0x000980C8: struct.pack("<QQ", offset(rng), offset(rng)),
        0x000940CF: struct.pack("<QQ", 0, offset(rng)),
        0x00140204: struct.pack("<I16sHHH", 0, bytes(16), 1, 1, 0x0210),
        0x001440F2: HANDLE + bytes(8) + struct.pack("<IIQQII", 1, 0, 0, 0, 10, 0),
        0x00060194: struct.pack("<H", 4) + utf16("\\srv\\share\0"),
        0x00110018: struct.pack("<QIBx", 0, 8, 0) + utf16("pipe"),
        0x000900A4: struct.pack("<IHH", 0xA000000C, 12, 0) + bytes(12),
        0x00098344: HANDLE + struct.pack("<QQQ", 0, 0, 4096),
    }.get(code, rng.randbytes(rng.choice((0, 2, 8, 24, 64))))  # fmt: skip
    room = rng.choice((0, 4, 64, 4096, 65536))
    made = on_handle(r.IOCTL, r.ioctl(code, HANDLE, data, room), 8, rng, t=rng.choice((0, 0, 1)))
    if code == 0x00098344 or code == 0x001440F2:
        made["h"].append([56, slot(rng)])
    return made


def query_directory(rng: random.Random) -> Message:
    body = r.query_directory(
        HANDLE, rng.choice(PATTERNS), rng.choice((1, 2, 3, 12, 37, 38, 60, 78, 79, 80, 81, 100)),
        rng.choice((0, 0, 1, 2, 4, 0x10)), rng.choice((65536, 4096, 200, 60, 0)),
    )  # fmt: skip
    return on_handle(r.QUERY_DIRECTORY, body, 8, rng)


def change_notify(rng: random.Random) -> Message:
    body = struct.pack("<HHI", 32, rng.choice((0, 1)), rng.choice((0, 100, 4096))) + HANDLE
    return on_handle(r.CHANGE_NOTIFY, body + struct.pack("<II", rng.choice((0x17, 0xFFF, 0)), 0), 8,
                     rng)  # fmt: skip


def query_info(rng: random.Random) -> Message:
    kind = rng.choice((1, 1, 1, 2, 3, 4))
    info_class = {
        1: rng.choice(FILE_CLASSES),
        2: rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 11, 100)),
    }.get(kind, 0)
    room = rng.choice((4096, 65536, 100, 24, 8, 0))
    body = bytearray(r.query_info(HANDLE, kind, info_class, room))
    struct.pack_into("<I", body, 16, rng.choice((7, 4, 0x10F, 0)))
    if info_class == 15 and rng.random() < 0.5:
        names = b"\0\0\0\0" + bytes([3]) + b"one\0"
        struct.pack_into("<HHI", body, 8, 104, 0, len(names))
        body[40:] = names
    return on_handle(r.QUERY_INFO, bytes(body), 24, rng)


def set_info(rng: random.Random) -> Message:
    if rng.random() < 0.2:
        body = bytearray(r.set_info(HANDLE, 3, 0, descriptor(rng)))
        struct.pack_into("<I", body, 12, rng.choice((1, 2, 4, 7, 0xF)))
        return on_handle(r.SET_INFO, bytes(body), 16, rng)
    info_class = rng.choice(SET_CLASSES)
    name = utf16(rng.choice(NAMES))
    named = struct.pack("<BxxxxxxxQI", rng.choice((0, 1)), 0, len(name)) + name
    data = {
        4: struct.pack("<qqqqII", rng.choice((0, -1, -2, 1 << 60)), 0, 0, 0, rng.choice((0, 1)), 0),
        10: named, 11: named, 65: named, 40: named, 72: named,
        13: rng.choice((b"\0", b"\1")),
        64: struct.pack("<I", rng.choice((0, 1, 3, 0x13))),
        15: eas(rng),
    }.get(info_class, struct.pack("<Q", offset(rng)))  # fmt: skip
    return on_handle(r.SET_INFO, r.set_info(HANDLE, 1, info_class, data), 16, rng)


def oplock_break(rng: random.Random) -> Message:
    if rng.random() < 0.5:
        key = rng.randbytes(1) * 16
        body = struct.pack("<HHI16sIQ", 36, 0, 0, key, rng.choice((0, 1, 3)), 0)
        return message(r.OPLOCK_BREAK, body)
    body = struct.pack("<HBBI", 24, rng.choice((0, 1, 8)), 0, 0) + HANDLE
    return on_handle(r.OPLOCK_BREAK, body, 8, rng)


def echo(rng: random.Random) -> Message:
    return message(r.ECHO, r.echo())


def logoff(rng: random.Random) -> Message:
    return message(rng.choice((r.LOGOFF, r.TREE_DISCONNECT)), r.echo())


def tree_connect(rng: random.Random) -> Message:
    name = rng.choice((*TREES, "nosuch", "only2", "SHARE", "x" * 90, "IPC$/x"))
    path = utf16(f"\\\\127.0.0.1\\{name}")
    return message(r.TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(path)) + path)


def session_setup(rng: random.Random) -> Message:
    token = rng.choice(
        (b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(16),
         b"NTLMSSP\0" + struct.pack("<I", 3) + rng.randbytes(60),
         bytes.fromhex("604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a0428")
         + b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(24), rng.randbytes(40))
    )  # fmt: skip
    body = struct.pack("<HBBIIHHQ", 25, rng.choice((0, 0, 1)), 1, 0, 0, 88, len(token), 0)
    return message(r.SESSION_SETUP, body + token, f={"sid": rng.choice(("none", "own"))})


def negotiate(rng: random.Random) -> Message:
    body = struct.pack("<HHHHI16sQH", 36, 1, 1, 0, 0x7F, bytes(16), 0, 0x0210)
    return message(r.NEGOTIATE, body)


TEMPLATES: dict[Callable[[random.Random], Message], int] = {
    create: 14, close: 5, flush: 1, read: 4, write: 5, pipe_write: 1, pipe_read: 1, lock: 5,
    ioctl: 5, query_directory: 5, change_notify: 3, query_info: 7, set_info: 8, oplock_break: 2,
    echo: 1, logoff: 1, tree_connect: 1, session_setup: 1, negotiate: 1,
}  # fmt: skip


def any_message(rng: random.Random) -> Message:
    return rng.choices([*TEMPLATES], [*TEMPLATES.values()])[0](rng)


# --- programs ---


def any_step(rng: random.Random) -> Step:
    roll = rng.random()
    conn = rng.randrange(CONNECTIONS)
    if roll < 0.015:
        return {"k": "drop", "c": conn, "how": rng.choice(("fin", "rst", "half"))}
    if roll < 0.02:
        return {"k": rng.choice(("login", "relogin")), "c": conn}
    if roll < 0.04:
        return {"k": "cancel", "c": conn}
    if roll < 0.045:
        return {"k": "raw", "c": conn, "b": rng.randbytes(rng.choice((1, 4, 70))).hex()}
    if roll < 0.25:
        chain = [any_message(rng) for _ in range(rng.choice((2, 2, 3, 4, 8)))]
        related = rng.random() < 0.7
        for part in chain[1:]:
            part["rel"] = related
            part["t"] = chain[0]["t"] if related else part["t"]
        return {"k": "send", "c": conn, "m": chain, "wait": rng.random() < 0.7}
    one = any_message(rng)
    wait = one["cmd"] == r.CREATE or rng.random() < 0.4
    return {"k": "send", "c": conn, "m": [one], "wait": wait}


def new_program(rng: random.Random) -> Program:
    """Opens a few handles, then uses them."""
    steps = []
    for number in range(rng.choice((1, 2, 3))):
        opened = create(rng)
        opened["into"] = number
        steps.append({"k": "send", "c": 0 if rng.random() < 0.7 else rng.randrange(CONNECTIONS),
                      "m": [opened], "wait": True})  # fmt: skip
    steps += [any_step(rng) for _ in range(rng.choice((2, 4, 8, 12)))]
    return {"steps": steps}


def spoil_body(rng: random.Random, msg: Message) -> None:
    body = bytearray.fromhex(msg["body"])
    roll = rng.random()
    if roll < 0.7 and len(body) > 2:
        width = rng.choice((1, 2, 2, 4, 4, 8))
        at = rng.randrange(max(1, len(body) - width + 1))
        if rng.random() < 0.8:
            at -= at % min(width, 4)
        old = int.from_bytes(body[at : at + width], "little")
        value = rng.choice(
            (rng.choice(INTERESTING[width]), old + rng.choice((1, -1, 8, -8, 0x40)), len(body),
             len(body) + 64, old << 1, rng.getrandbits(8 * width))
        )  # fmt: skip
        body[at : at + width] = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")
    elif roll < 0.8:
        del body[rng.randrange(len(body) + 1) :]
    elif roll < 0.9:
        body += rng.randbytes(rng.choice((1, 8, 64, 500)))
    elif body:
        at = rng.randrange(len(body))
        body[at:at] = rng.randbytes(rng.choice((1, 2, 8)))
    msg["body"] = body.hex()
    msg["h"] = [[at, which] for at, which in msg["h"] if at + 16 <= len(body)]


def spoil_header(rng: random.Random, msg: Message) -> None:
    field, values = rng.choice((
        ("flags", (1, 2, 4, 8, 0x10000000, 0x20000000, 0xFFFFFFFF)),
        ("charge", (0, 1, 2, 64, 0xFFFF)),
        ("credits", (0, 1, 512, 0xFFFF)),
        ("next", (1, 8, 63, 64, 72, 0x7FFFFFF8, 0xFFFFFFF8)),
        ("mid", (-1, 1, 100, 1 << 40)),
        ("sid", ("none", "other", "own", "wild")),
        ("tid", (0, 1, 2, 0xFFFFFFFF)),
        ("size", (0, 63, 65)),
        ("proto", ("fd534d42", "fc534d42", "ff534d42", "00000000")),
        ("status", (0xC0000001, 1)),
        ("async", (0, 1, 2)),
    ))  # fmt: skip
    msg["f"][field] = rng.choice(values)


def spoil_message(rng: random.Random, msg: Message) -> None:
    roll = rng.random()
    if roll < 0.65:
        spoil_body(rng, msg)
    elif roll < 0.8:
        spoil_header(rng, msg)
    elif roll < 0.9 and msg["h"]:
        rng.choice(msg["h"])[1] = rng.choice((slot(rng), -1, -2))
    elif roll < 0.95:
        msg["t"] = rng.randrange(len(TREES))
    else:
        msg["cmd"] = rng.choice((*range(20), 255, 0xFFFF))


def mutate(rng: random.Random, program: Program, other: Program) -> Program:
    """A child of `program`; `other` lends steps."""
    steps: list[Step] = [copy_step(step) for step in program["steps"]]
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        roll = rng.random()
        sends = [step for step in steps if step["k"] == "send"]
        if roll < 0.45 and sends:
            spoil_message(rng, rng.choice(rng.choice(sends)["m"]))
        elif roll < 0.6:
            steps.insert(rng.randrange(len(steps) + 1), any_step(rng))
        elif roll < 0.68 and len(steps) > 1:
            del steps[rng.randrange(len(steps))]
        elif roll < 0.74 and steps:
            at = rng.randrange(len(steps))
            steps[at:at] = [copy_step(steps[at]) for _ in range(rng.choice((1, 1, 4)))]
        elif roll < 0.8 and len(steps) > 1:
            one, two = rng.sample(range(len(steps)), 2)
            steps[one], steps[two] = steps[two], steps[one]
        elif roll < 0.86 and len(sends) > 1:
            merge(rng, steps)
        elif roll < 0.9 and sends:
            step = rng.choice(sends)
            step["wait"] = not step["wait"]
        elif roll < 0.94 and steps:
            rng.choice(steps)["c"] = rng.randrange(CONNECTIONS)
        elif other["steps"]:
            at = rng.randrange(len(other["steps"]))
            some = other["steps"][at : at + rng.choice((1, 2, 5))]
            where = rng.randrange(len(steps) + 1)
            steps[where:where] = [copy_step(step) for step in some]
    return {"steps": steps[:40]}


def merge(rng: random.Random, steps: list[Step]) -> None:
    """Two neighbours become one chain."""
    for at in range(len(steps) - 1):
        one, two = steps[at], steps[at + 1]
        if one["k"] == two["k"] == "send" and rng.random() < 0.5:
            for part in two["m"]:
                part["rel"] = rng.random() < 0.7
            one["m"] = (one["m"] + two["m"])[:70]
            one["wait"] = one["wait"] or two["wait"]
            del steps[at + 1]
            return


def copy_step(step: Step) -> Step:
    made = dict(step)
    if "m" in step:
        made["m"] = [
            {**msg, "h": [list(pair) for pair in msg["h"]], "f": dict(msg["f"])}
            for msg in step["m"]
        ]
    return made
