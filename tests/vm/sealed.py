# SPDX-License-Identifier: GPL-2.0-only
"""Encrypted and signed SMB 3 by hand, after [MS-SMB2] 2.2.41, 3.1.4.1 to 3.1.4.3.

Knows nothing of any SMB library: keys come from `cryptography`, so that a mistake of the
server's is not made here a second time.
"""

from __future__ import annotations

import hashlib
import os
import struct

import raw
import spnego
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from server import PASSWORD

AES128_CCM, AES128_GCM, AES256_CCM, AES256_GCM = 1, 2, 3, 4
HMAC_SHA256, AES_CMAC, AES_GMAC = 0, 1, 2
SIGNED = 8
TRANSFORM = struct.Struct("<4s16s16sIHHQ")
NO_SESSION = (1 << 64) - 1


def derive(key: bytes, label: bytes, context: bytes, size: int = 16) -> bytes:
    """SP800-108 in counter mode as SMB 3 uses it."""
    return KBKDFHMAC(
        SHA256(), Mode.CounterMode, size, 4, 4, CounterLocation.BeforeFixed, label, context, None
    ).derive(key)


def sign(algorithm: int, key: bytes, message: bytes) -> bytes:
    """The message with its signature in place."""
    flags = struct.unpack_from("<I", message, 16)[0] | SIGNED
    bare = message[:16] + struct.pack("<I", flags) + message[20:48] + bytes(16) + message[64:]
    if algorithm == AES_GMAC:
        bits = flags & 1 | (bare[12] == raw.CANCEL) << 1
        tag = AESGCM(key).encrypt(bare[24:32] + struct.pack("<I", bits), b"", bare)
    elif algorithm == AES_CMAC:
        cmac = CMAC(AES(key))
        cmac.update(bare)
        tag = cmac.finalize()
    else:
        hmac = HMAC(key, SHA256())
        hmac.update(bare)
        tag = hmac.finalize()[:16]
    return bare[:48] + tag + bare[64:]


def sign_chain(algorithm: int, key: bytes, frame: bytes) -> bytes:
    """Each message of a compound, with the padding behind it: [MS-SMB2] 3.2.4.1.4."""
    signed = b""
    while frame:
        (step,) = struct.unpack_from("<I", frame, 20)
        step = step or len(frame)
        signed += sign(algorithm, key, frame[:step])
        frame = frame[step:]
    return signed


class Sealed(raw.Raw):
    """A connection that can encrypt and sign. `sealing` says whether it encrypts."""

    cipher = 0
    signing = AES_CMAC
    sealing = False
    signing_messages = False
    session_key = b""
    signing_key = b""
    in_key = b""
    out_key = b""
    count = 0
    preauth = bytes(64)
    hashing = False
    last_frame = b""
    guid = b""

    # --- frames ---

    def seal(
        self, message: bytes, *, session_id: int | None = None, size: int | None = None,
        flags: int = 1,
    ) -> bytes:  # fmt: skip
        self.count += 1
        nonce = struct.pack("<Q", self.count) + bytes(8)
        head = struct.pack(
            "<16sIHHQ", nonce, len(message) if size is None else size, 0, flags,
            self.session_id if session_id is None else session_id,
        )  # fmt: skip
        sealed = self._aead(self.in_key).encrypt(nonce[: self._nonce_size()], message, head)
        return b"\xfdSMB" + sealed[-16:] + head + sealed[:-16]

    def unseal(self, frame: bytes) -> bytes:
        magic, tag, nonce, size, _, flags, session_id = TRANSFORM.unpack_from(frame)
        assert (magic, flags, session_id) == (b"\xfdSMB", 1, self.session_id)
        assert size == len(frame) - TRANSFORM.size
        return self._aead(self.out_key).decrypt(
            nonce[: self._nonce_size()], frame[TRANSFORM.size :] + tag, frame[20:52]
        )

    def _aead(self, key: bytes) -> AESGCM | AESCCM:
        return AESGCM(key) if self.cipher in (AES128_GCM, AES256_GCM) else AESCCM(key)

    def _nonce_size(self) -> int:
        return 12 if self.cipher in (AES128_GCM, AES256_GCM) else 11

    def send_bytes(self, message: bytes) -> None:
        if self.hashing:
            self.preauth = hashlib.sha512(self.preauth + message).digest()
        if self.signing_messages:
            message = sign_chain(self.signing, self.signing_key, message)
        super().send_bytes(self.seal(message) if self.sealing else message)

    def receive_bytes(self) -> bytes:
        self.last_frame = super().receive_bytes()
        if self.last_frame[:4] == b"\xfdSMB":
            return self.unseal(self.last_frame)
        return self.last_frame

    @property
    def was_sealed(self) -> bool:
        """Whether the last frame that came was encrypted."""
        return self.last_frame[:4] == b"\xfdSMB"

    # --- the way in ---

    def negotiate(self, *dialects: int, mode: int = 1) -> raw.Reply:
        return self.offer(dialects or (0x0311,), mode=mode)

    def offer(
        self, dialects: tuple[int, ...] = (0x0311,), *, mode: int = 1,
        ciphers: tuple[int, ...] = (AES128_GCM,), signing: tuple[int, ...] = (AES_CMAC,),
        capabilities: int = 0x7F, guid: bytes = b"", more: tuple[tuple[int, bytes], ...] = (),
        preauth: bool = True,
    ) -> raw.Reply:  # fmt: skip
        """NEGOTIATE with its contexts; what was chosen is kept."""
        self.guid = guid or os.urandom(16)
        contexts: list[tuple[int, bytes]] = []
        if 0x0311 in dialects:
            if preauth:
                contexts.append((1, struct.pack("<HHH", 1, 32, 1) + os.urandom(32)))
            if ciphers:
                contexts.append((2, struct.pack(f"<{1 + len(ciphers)}H", len(ciphers), *ciphers)))
            if signing:
                contexts.append((8, struct.pack(f"<{1 + len(signing)}H", len(signing), *signing)))
            contexts += more
        fixed = struct.pack(f"<{len(dialects)}H", *dialects)
        fixed += bytes(-(36 + len(fixed)) % 8)
        body = struct.pack(
            "<HHHHI16sIHH", 36, len(dialects), mode, 0, capabilities, self.guid,
            64 + 36 + len(fixed) if contexts else 0, len(contexts), 0,
        ) + fixed  # fmt: skip
        for number, (kind, data) in enumerate(contexts):
            body += struct.pack("<HHI", kind, len(data), 0) + data
            if number < len(contexts) - 1:
                body += bytes(-len(data) % 8)
        self.preauth, self.hashing = bytes(64), True
        reply = self.call(raw.NEGOTIATE, body)
        self.preauth = hashlib.sha512(self.preauth + self.last_frame).digest()
        self.hashing = False
        if reply.status == "SUCCESS":
            self._take_choice(reply)
        return reply

    def _take_choice(self, reply: raw.Reply) -> None:
        (self.dialect, count) = struct.unpack_from("<HH", reply.body, 4)
        self.signing = AES_CMAC if self.dialect >= 0x0300 else HMAC_SHA256
        self.cipher = AES128_CCM if struct.unpack_from("<I", reply.body, 24)[0] & 0x40 else 0
        if self.dialect != 0x0311:
            return
        at = struct.unpack_from("<I", reply.body, 60)[0] - 64
        for _ in range(count):
            at += -at % 8
            kind, size, _zero = struct.unpack_from("<HHI", reply.body, at)
            if kind in (2, 8):
                (value,) = struct.unpack_from("<H", reply.body, at + 10)
                if kind == 2:
                    self.cipher = value
                else:
                    self.signing = value
            at += 8 + size

    def login(
        self, user: str = "user1", password: str = PASSWORD, mode: int = 1, previous: int = 0,
        bind: Sealed | None = None,
    ) -> raw.Reply:  # fmt: skip
        """NTLM in SPNEGO, and the keys it gives. `bind`: joins that one's session."""
        context = spnego.client(
            user, password, hostname="127.0.0.1", service="cifs", protocol="negotiate"
        )
        at_negotiate = self.preauth
        self.hashing = self.dialect == 0x0311
        if bind:
            self.session_id, self.signing_key = bind.session_id, bind.signing_key
        else:
            self.session_id = 0
        answer: bytes | None = None
        while True:
            token = context.step(answer) or b""
            body = struct.pack("<HBBIIHHQ", 25, 1 if bind else 0, mode, 0, 0, 88, len(token),
                               previous)  # fmt: skip
            self.signing_messages = bind is not None
            if bind and self.hashing:  # the hash is of what is sent
                self.hashing = False
                head = self.header(raw.SESSION_SETUP, credits=64)
                message = sign(self.signing, self.signing_key, head + body + token)
                self.preauth = hashlib.sha512(self.preauth + message).digest()
                self.signing_messages = False
                self.send_bytes(message)
                self.hashing = True
                reply = self.receive()
            else:
                reply = self.call(raw.SESSION_SETUP, body + token, credits=64)
            self.signing_messages = False
            self.session_id = reply.session_id
            if reply.status != "MORE_PROCESSING_REQUIRED":
                break
            if self.hashing:
                self.preauth = hashlib.sha512(self.preauth + self.last_frame).digest()
            offset, length = struct.unpack_from("<HH", reply.body, 4)
            answer = reply.body[offset - 64 : offset - 64 + length]
        self.hashing = False
        if reply.status == "SUCCESS":
            if context.session_key:
                self._take_keys(context.session_key, bind)
            self.preauth = at_negotiate
        return reply

    def _take_keys(self, key: bytes, bind: Sealed | None) -> None:
        self.session_key = key
        size = 32 if self.cipher in (AES256_CCM, AES256_GCM) else 16
        if self.dialect == 0x0311:
            self.signing_key = derive(key, b"SMBSigningKey\0", self.preauth)
            self.in_key = derive(key, b"SMBC2SCipherKey\0", self.preauth, size)
            self.out_key = derive(key, b"SMBS2CCipherKey\0", self.preauth, size)
        elif self.dialect >= 0x0300:
            self.signing_key = derive(key, b"SMB2AESCMAC\0", b"SmbSign\0")
            self.in_key = derive(key, b"SMB2AESCCM\0", b"ServerIn \0")
            self.out_key = derive(key, b"SMB2AESCCM\0", b"ServerOut\0")
        else:
            self.signing_key = key
        if bind:
            self.in_key, self.out_key = bind.in_key, bind.out_key
