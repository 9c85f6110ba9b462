# SPDX-License-Identifier: GPL-2.0
# ruff: noqa: SIM300 (asserts read `expected == actual`)
"""kernel/wire against encoders and decoders that others wrote.

smbprotocol, impacket and pyspnego write requests which `wire/codec.c` (the
kernel's own files under ASan and UBSan) reads; what the kernel writes they
read.  A crash of the codec shows as an empty answer.
"""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import spnego._ntlm_raw.messages as ntlm
import spnego._spnego as neg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from impacket import ntlm as imp_ntlm
from impacket import smb3structs as imp
from impacket import spnego as imp_spnego
from smbprotocol import change_notify, connection, create_contexts, file_info, ioctl
from smbprotocol import open as smb_open
from smbprotocol import session as smb_session
from smbprotocol import tree as smb_tree
from smbprotocol.header import SMB2HeaderRequest

WIRE = Path(__file__).parent / "wire"
CODEC = WIRE.parents[2] / "build" / "wire" / "codec"

u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
u64 = st.integers(0, 0xFFFFFFFFFFFFFFFF)
blobs = st.binary(min_size=1, max_size=300)
names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60
).filter(lambda s: not any(0xF080 <= ord(c) <= 0xF0FF for c in s))


class Codec:
    """The codec as a process that answers a line with a line."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, command: str, *args: bytes | int) -> dict[str, Any] | None:
        """Runs one command; None when the bytes did not decode."""
        assert self.process.stdin is not None and self.process.stdout is not None
        words = [command] + [a.hex() if isinstance(a, bytes) else str(a) for a in args]
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the codec died on {words}"
        answer: dict[str, Any] = json.loads(line)
        return None if "error" in answer else answer

    def out(self, command: str, *args: bytes | int) -> bytes:
        answer = self(command, *args)
        assert answer is not None
        return bytes.fromhex(answer["out"])

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        assert 0 == self.process.wait(timeout=10)


@pytest.fixture(scope="session")
def codec() -> Iterator[Codec]:
    subprocess.run(["make", "-s", "-C", WIRE, "codec"], check=True)
    codec = Codec(CODEC)
    yield codec
    codec.close()


Test = TypeVar("Test", bound=Callable[..., None])


def prop(**strategies: st.SearchStrategy[Any]) -> Callable[[Test], Test]:
    """@given, with a number of examples that keeps the file at some seconds."""

    def wrap(test: Test) -> Test:
        quick = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
        return cast(Test, quick(given(**strategies)(test)))

    return wrap


def message(body: Any, command: int = 0) -> bytes:
    """A request with smbprotocol's header in front of it."""
    header = SMB2HeaderRequest()
    header["command"] = getattr(body, "COMMAND", command)
    header["message_id"] = 0x1122334455667788
    header["tree_id"] = 0x55667788
    header["session_id"] = 0x99AABBCCDDEEFF00
    header["data"] = body
    return bytes(header.pack())


def file_id(value: tuple[int, int]) -> bytes:
    return struct.pack("<QQ", *value)


ids = st.tuples(u64, u64)


def expect(answer: dict[str, Any] | None, **want: Any) -> None:
    """Compares the named fields; bytes are hex in the answer."""
    assert answer is not None
    hexed = {k: v.hex() if isinstance(v, bytes) else v for k, v in want.items()}
    assert hexed == {k: answer[k] for k in hexed}


def with_id(value: tuple[int, int]) -> dict[str, int]:
    return {"persistent": value[0], "volatile": value[1]}


# --- requests ---

OLD = [0x202, 0x210, 0x300, 0x302]


@prop(dialects=st.lists(st.sampled_from(OLD), min_size=1, max_size=64), guid=st.uuids())
def test_negotiate_of_old_dialects(codec: Codec, dialects: list[int], guid: Any) -> None:
    req = connection.SMB2NegotiateRequest()
    req["dialects"] = dialects
    req["security_mode"] = 1
    req["client_guid"] = guid
    expect(
        codec("negotiate", message(req)),
        dialects=dialects,
        guid=guid.bytes,
        security_mode=1,
        contexts=0,
        message_id=0x1122334455667788,
        tree_id=0x55667788,
        session_id=0x99AABBCCDDEEFF00,
    )


def negotiate_context(kind: int, data: Any) -> Any:
    context = connection.SMB2NegotiateContextRequest()
    context["context_type"] = kind
    context["data"] = data
    return context


@prop(
    n_dialects=st.integers(0, 8),
    ciphers=st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=16),
    signing=st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=16),
    salt=st.binary(max_size=64),
    host=names,
)
def test_negotiate_of_311_with_its_contexts(
    codec: Codec, n_dialects: int, ciphers: list[int], signing: list[int], salt: bytes, host: str
) -> None:
    preauth = connection.SMB2PreauthIntegrityCapabilities()
    preauth["hash_algorithms"] = [1]
    preauth["salt"] = salt
    encryption = connection.SMB2EncryptionCapabilities()
    encryption["ciphers"] = ciphers
    sign = connection.SMB2SigningCapabilities()
    sign["signing_algorithms"] = signing
    netname = connection.SMB2NetnameNegotiateContextId()
    netname["net_name"] = host
    req = connection.SMB3NegotiateRequest()
    req["dialects"] = [0x302] * n_dialects + [0x311]
    req["negotiate_context_list"] = [
        negotiate_context(1, preauth),
        negotiate_context(2, encryption),
        negotiate_context(5, netname),
        negotiate_context(8, sign),
    ]
    expect(
        codec("negotiate", message(req)),
        contexts=4,
        hashes=[1],
        ciphers=ciphers,
        signing=signing,
        netname=host.encode("utf-16-le"),
    )


@prop(flags=st.sampled_from([0, 1]), previous=u64, blob=blobs)
def test_session_setup(codec: Codec, flags: int, previous: int, blob: bytes) -> None:
    req = smb_session.SMB2SessionSetupRequest()
    req["flags"] = flags
    req["security_mode"] = 1
    req["previous_session_id"] = previous
    req["buffer"] = blob
    expect(codec("session_setup", message(req)), flags=flags, previous=previous, blob=blob)


@prop(name=names)
def test_tree_connect(codec: Codec, name: str) -> None:
    path = f"\\\\server\\{name}".encode("utf-16-le")
    req = smb_tree.SMB2TreeConnectRequest()
    req["buffer"] = path
    expect(codec("tree_connect", message(req)), path=path)


lease_v1 = create_contexts.SMB2CreateRequestLease
lease_v2 = create_contexts.SMB2CreateRequestLeaseV2


@prop(
    name=st.one_of(st.just(""), names),
    wanted=st.sets(
        st.sampled_from(["MxAc", "QFid", "AlSi", "TWrp", "DHnQ", "DH2Q", "ExtA", "SecD"])
    ),
    lease=st.sampled_from([None, lease_v1, lease_v2]),
    number=u64,
    data=blobs,
    access=u32,
)
def test_create(
    codec: Codec,
    name: str,
    wanted: set[str],
    lease: Any,
    number: int,
    data: bytes,
    access: int,
) -> None:
    bits = {"ExtA": 0, "SecD": 1, "DHnQ": 2, "AlSi": 4, "MxAc": 5, "TWrp": 6, "QFid": 7, "DH2Q": 9}
    payload = {
        "MxAc": b"",
        "QFid": b"",
        "AlSi": struct.pack("<Q", number),
        "TWrp": struct.pack("<Q", number),
        "DHnQ": bytes(16),
        "DH2Q": bytes(32),
        "ExtA": data,
        "SecD": data,
    }
    contexts = []
    for tag in sorted(wanted):
        context = create_contexts.SMB2CreateContextRequest()
        context["buffer_name"] = tag.encode()
        context["buffer_data"] = payload[tag]
        contexts.append(context)
    if lease is not None:
        value = lease()
        value["lease_key"] = bytes(range(16))
        if lease is lease_v2:
            value["parent_lease_key"] = bytes(16)
            value["epoch"] = bytes(2)
        contexts.append(value)
    req = smb_open.SMB2CreateRequest()
    req["impersonation_level"] = 2
    req["desired_access"] = access
    req["create_disposition"] = 3
    req["buffer_path"] = name.encode("utf-16-le") or b"\0\0"
    if contexts:
        req["buffer_contexts"] = create_contexts.SMB2CreateContextRequest.pack_multiple(contexts)
    answer = codec("create", message(req))
    expect(
        answer,
        name=name.encode("utf-16-le"),
        access=access,
        disposition=3,
        impersonation=2,
        contexts=sum(1 << bits[t] for t in wanted) + (0 if lease is None else 1 << 8),
        allocation=number if "AlSi" in wanted else 0,
        twrp=number if "TWrp" in wanted else 0,
        ea=data if "ExtA" in wanted else b"",
        sd=data if "SecD" in wanted else b"",
        lease_version={None: 0, lease_v1: 1, lease_v2: 2}[lease],
        lease_key=bytes(16) if lease is None else bytes(range(16)),
        lease_state=0,
    )


@prop(fid=ids, flags=st.sampled_from([0, 1]))
def test_close_and_flush(codec: Codec, fid: tuple[int, int], flags: int) -> None:
    close = smb_open.SMB2CloseRequest()
    close["flags"] = flags
    close["file_id"] = file_id(fid)
    expect(codec("close", message(close)), flags=flags, **with_id(fid))
    flush = smb_open.SMB2FlushRequest()
    flush["file_id"] = file_id(fid)
    expect(codec("flush", message(flush)), **with_id(fid))


@prop(fid=ids, length=u32, offset=u64, minimum=u32)
def test_read(codec: Codec, fid: tuple[int, int], length: int, offset: int, minimum: int) -> None:
    req = smb_open.SMB2ReadRequest()
    req["length"] = length
    req["offset"] = offset
    req["file_id"] = file_id(fid)
    req["minimum_count"] = minimum
    expect(
        codec("read", message(req)), length=length, offset=offset, minimum=minimum, **with_id(fid)
    )


@prop(fid=ids, offset=u64, data=st.binary(max_size=300), flags=st.sampled_from([0, 1, 2, 3]))
def test_write(codec: Codec, fid: tuple[int, int], offset: int, data: bytes, flags: int) -> None:
    req = smb_open.SMB2WriteRequest()
    req["offset"] = offset
    req["file_id"] = file_id(fid)
    req["flags"] = flags
    req["buffer"] = data
    expect(codec("write", message(req)), offset=offset, data=data, flags=flags, **with_id(fid))


@prop(
    fid=ids, locks=st.lists(st.tuples(u64, st.integers(0, 2**63 - 1), u8), min_size=1, max_size=9)
)
def test_lock_of_impacket(
    codec: Codec, fid: tuple[int, int], locks: list[tuple[int, int, int]]
) -> None:
    body = imp.SMB2Lock()
    body["LockCount"] = len(locks)
    body["LockSequence"] = 5
    body["FileID"] = file_id(fid)
    body["Locks"] = b"".join(struct.pack("<QQLL", *lock, 0) for lock in locks)
    packet = imp.SMB2Packet()
    packet["Command"] = imp.SMB2_LOCK
    packet["MessageID"] = 77
    packet["Data"] = body
    expect(
        codec("lock", packet.getData()),
        locks=[list(lock) for lock in locks],
        sequence=5,
        message_id=77,
        **with_id(fid),
    )


@prop(fid=ids, data=st.binary(max_size=300), max_output=u32)
def test_ioctl(codec: Codec, fid: tuple[int, int], data: bytes, max_output: int) -> None:
    req = ioctl.SMB2IOCTLRequest()
    req["ctl_code"] = 0x0011C017
    req["file_id"] = file_id(fid)
    req["max_output_response"] = max_output
    req["flags"] = 1
    req["buffer"] = data
    expect(
        codec("ioctl", message(req)),
        code=0x0011C017,
        max_output=max_output,
        flags=1,
        input=data,
        **with_id(fid),
    )


@prop(fid=ids, pattern=st.one_of(st.just(""), names), index=u32, output=u32)
def test_query_directory(
    codec: Codec, fid: tuple[int, int], pattern: str, index: int, output: int
) -> None:
    req = smb_open.SMB2QueryDirectoryRequest()
    req["file_information_class"] = 37
    req["file_index"] = index
    req["file_id"] = file_id(fid)
    req["output_buffer_length"] = output
    req["buffer"] = pattern.encode("utf-16-le")
    expect(
        codec("query_directory", message(req)),
        **{"class": 37},
        index=index,
        output=output,
        pattern=pattern.encode("utf-16-le"),
        **with_id(fid),
    )


@prop(fid=ids, output=u32)
def test_change_notify(codec: Codec, fid: tuple[int, int], output: int) -> None:
    req = change_notify.SMB2ChangeNotifyRequest()
    req["flags"] = 1
    req["output_buffer_length"] = output
    req["file_id"] = file_id(fid)
    req["completion_filter"] = 0x17
    expect(
        codec("change_notify", message(req)), flags=1, output=output, filter=0x17, **with_id(fid)
    )


@prop(fid=ids, data=st.binary(max_size=40), output=u32, additional=st.integers(0, 0xF))
def test_query_and_set_info(
    codec: Codec, fid: tuple[int, int], data: bytes, output: int, additional: int
) -> None:
    query = smb_open.SMB2QueryInfoRequest()
    query["info_type"] = 1
    query["file_info_class"] = 18
    query["output_buffer_length"] = output
    query["additional_information"] = additional
    query["file_id"] = file_id(fid)
    query["buffer"] = data
    expect(
        codec("query_info", message(query)),
        **{"type": 1, "class": 18},
        output=output,
        additional=additional,
        input=data,
        **with_id(fid),
    )
    change = smb_open.SMB2SetInfoRequest()
    change["info_type"] = 1
    change["file_info_class"] = 20
    change["additional_information"] = additional
    change["file_id"] = file_id(fid)
    change["buffer"] = data
    expect(
        codec("set_info", message(change)),
        **{"type": 1, "class": 20},
        additional=additional,
        buffer=data,
        **with_id(fid),
    )


@prop(fid=ids, level=st.sampled_from([0, 1]), key=st.binary(min_size=16, max_size=16), state=u32)
def test_oplock_break_of_impacket(
    codec: Codec, fid: tuple[int, int], level: int, key: bytes, state: int
) -> None:
    packet = imp.SMB2Packet()
    packet["Command"] = imp.SMB2_OPLOCK_BREAK
    oplock = imp.SMB2OplockBreakAcknowledgment()
    oplock["OplockLevel"] = level
    oplock["FileID"] = file_id(fid)
    packet["Data"] = oplock
    expect(codec("oplock_break", packet.getData()), lease=0, level=level, **with_id(fid))
    lease = imp.SMB2LeaseBreakAcknowledgement()
    lease["LeaseKey"] = key
    lease["LeaseState"] = state
    packet["Data"] = lease
    expect(codec("oplock_break", packet.getData()), lease=1, key=key, state=state)


REQUESTS = [
    ("negotiate", connection.SMB2NegotiateRequest),
    ("session_setup", smb_session.SMB2SessionSetupRequest),
    ("create", smb_open.SMB2CreateRequest),
    ("write", smb_open.SMB2WriteRequest),
    ("ioctl", ioctl.SMB2IOCTLRequest),
    ("query_info", smb_open.SMB2QueryInfoRequest),
    ("set_info", smb_open.SMB2SetInfoRequest),
]


@prop(
    which=st.sampled_from(REQUESTS),
    cut=st.integers(0, 200),
    bends=st.lists(st.tuples(st.integers(64, 180), u8), max_size=4),
)
def test_bent_and_cut_requests_are_answered(
    codec: Codec, which: tuple[str, Any], cut: int, bends: list[tuple[int, int]]
) -> None:
    name, kind = which
    body = kind()
    if name == "create":
        body["buffer_path"] = b"a\0"
    if "file_id" in body.fields:
        body["file_id"] = bytes(16)
    data = bytearray(message(body))
    for at, value in bends:
        if at < len(data):
            data[at] = value
    codec(name, bytes(data[: max(len(data) - cut, 1)]))


# --- tokens ---

NTLMSSP = "1.3.6.1.4.1.311.2.2.10"
MECHS = {
    NTLMSSP: 1,
    "1.2.840.113554.1.2.2": 2,
    "1.2.840.48018.1.2.2": 3,
    "1.3.6.1.4.1.311.2.2.30": 4,
    "1.3.6.1.5.2.5": 0,
}


@prop(
    mechs=st.lists(st.sampled_from(sorted(MECHS)), min_size=1, max_size=12),
    token=st.one_of(st.none(), st.binary(min_size=1, max_size=70000)),
    mic=st.one_of(st.none(), st.binary(min_size=1, max_size=40)),
)
def test_spnego_init_of_pyspnego(
    codec: Codec, mechs: list[str], token: bytes | None, mic: bytes | None
) -> None:
    init = neg.NegTokenInit(mech_types=mechs, mech_token=token, mech_list_mic=mic)
    expect(
        codec("spnego_init", init.pack()),
        mechs=[MECHS[m] for m in mechs[:8]],
        mech_list=neg.pack_mech_type_list(mechs),
        token=token or b"",
        mic=mic or b"",
    )


@prop(
    state=st.one_of(st.none(), st.sampled_from(list(neg.NegState))),
    token=st.one_of(st.none(), st.binary(min_size=1, max_size=700)),
    mic=st.one_of(st.none(), st.binary(min_size=1, max_size=40)),
)
def test_spnego_resp_of_pyspnego(
    codec: Codec, state: Any, token: bytes | None, mic: bytes | None
) -> None:
    resp = neg.NegTokenResp(
        neg_state=state, supported_mech=NTLMSSP, response_token=token, mech_list_mic=mic
    )
    expect(
        codec("spnego_resp", resp.pack()),
        state=255 if state is None else int(state),
        token=token or b"",
        mic=mic or b"",
    )


@prop(token=st.binary(min_size=1, max_size=700))
def test_spnego_of_impacket(codec: Codec, token: bytes) -> None:
    oid = imp_spnego.TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]
    init = imp_spnego.SPNEGO_NegTokenInit()
    init["MechTypes"] = [oid]
    init["MechToken"] = token
    expect(codec("spnego_init", init.getData()), mechs=[1], token=token)
    resp = imp_spnego.SPNEGO_NegTokenResp()
    resp["ResponseToken"] = token
    expect(codec("spnego_resp", resp.getData()), state=255, token=token)


@prop(user=names, domain=names)
def test_ntlmssp_of_impacket(codec: Codec, user: str, domain: str) -> None:
    negotiate = imp_ntlm.getNTLMSSPType1("host", domain, signingRequired=True)
    challenge = codec.out("challenge", b"SERVER", b"server.lan")
    auth, _ = imp_ntlm.getNTLMSSPType3(negotiate, challenge, user, "secret", domain)
    expect(
        codec("authenticate", auth.getData()),
        user=user.encode("utf-16-le"),
        domain=domain.encode("utf-16-le"),
        timestamp=133000000000000000,
    )


@prop(token=st.binary(min_size=1, max_size=70000), mic=st.binary(min_size=1, max_size=300))
def test_pyspnego_reads_our_spnego(codec: Codec, token: bytes, mic: bytes) -> None:
    answer = codec("spnego_put", token, mic)
    assert answer is not None
    init = neg.unpack_token(bytes.fromhex(answer["init"]))
    assert isinstance(init, neg.NegTokenInit)
    assert ["1.2.840.48018.1.2.2", "1.2.840.113554.1.2.2", NTLMSSP] == init.mech_types
    assert b"not_defined_in_RFC4178@please_ignore" == init.hint_name
    resp = neg.unpack_token(bytes.fromhex(answer["resp"]))
    assert isinstance(resp, neg.NegTokenResp)
    assert neg.NegState.accept_incomplete == resp.neg_state
    assert NTLMSSP == resp.supported_mech
    assert token == resp.response_token
    assert mic == resp.mech_list_mic


@prop(
    user=names,
    domain=st.one_of(st.none(), names),
    host=names,
    key=st.one_of(st.none(), st.binary(min_size=16, max_size=16)),
    version=st.booleans(),
    mic=st.one_of(st.none(), st.binary(min_size=16, max_size=16)),
    proof=st.binary(min_size=16, max_size=16),
    bindings=st.one_of(st.none(), st.binary(min_size=16, max_size=16)),
)
def test_authenticate_of_pyspnego(
    codec: Codec,
    user: str,
    domain: str | None,
    host: str,
    key: bytes | None,
    version: bool,
    mic: bytes | None,
    proof: bytes,
    bindings: bytes | None,
) -> None:
    info = ntlm.TargetInfo()
    info[ntlm.AvId.nb_computer_name] = "SERVER"
    info[ntlm.AvId.timestamp] = ntlm.FileTime.unpack(struct.pack("<Q", 133000000000000000))
    info[ntlm.AvId.target_name] = "cifs/" + host
    if bindings is not None:
        info[ntlm.AvId.channel_bindings] = bindings
    if mic is not None:
        info[ntlm.AvId.flags] = ntlm.AvFlags.mic
    blob = ntlm.NTClientChallengeV2(client_challenge=b"12345678", av_pairs=info).pack()
    auth = ntlm.Authenticate(
        flags=ntlm.NegotiateFlags.unicode,
        lm_challenge_response=bytes(24),
        nt_challenge_response=proof + blob,
        domain_name=domain,
        username=user,
        workstation=host,
        encrypted_session_key=key,
        version=ntlm.Version.get_current() if version else None,
        mic=mic,
    )
    expect(
        codec("authenticate", auth.pack()),
        user=user.encode("utf-16-le"),
        domain=(domain or "").encode("utf-16-le"),
        workstation=host.encode("utf-16-le"),
        key=key or b"",
        proof=proof,
        blob=blob,
        timestamp=133000000000000000,
        target=("cifs/" + host).encode("utf-16-le"),
        bindings=bindings or b"",
        has_mic=int(mic is not None),
        mic=mic or bytes(16),
        mic_offset=0 if mic is None else 72 if version else 64,
        av_flags=0 if mic is None else 2,
    )


@prop(netbios=names, dns=names)
def test_pyspnego_reads_our_challenge(codec: Codec, netbios: str, dns: str) -> None:
    raw = codec.out("challenge", netbios.encode(), dns.encode())
    challenge = ntlm.Challenge.unpack(raw)
    assert b"chalenge" == challenge.server_challenge
    assert netbios == challenge.target_name
    info = challenge.target_info
    assert info is not None
    assert netbios == info[ntlm.AvId.nb_computer_name] == info[ntlm.AvId.nb_domain_name]
    assert dns == info[ntlm.AvId.dns_computer_name] == info[ntlm.AvId.dns_domain_name]
    assert struct.pack("<Q", 133000000000000000) == info[ntlm.AvId.timestamp].pack()


# --- names and directory entries ---


@prop(name=names)
def test_utf16_is_pythons(codec: Codec, name: str) -> None:
    assert name.encode("utf-16-le") == codec.out("utf16", name.encode())
    assert name.encode() == codec.out("utf8", name.encode("utf-16-le"))


@prop(raw=st.binary(min_size=1, max_size=60).map(lambda b: b.replace(b"\0", b"\xff")))
def test_any_name_on_disk_comes_back(codec: Codec, raw: bytes) -> None:
    assert raw == codec.out("utf8", codec.out("utf16", raw))


@prop(raw=st.binary(max_size=60))
def test_utf16_that_python_refuses_is_refused(codec: Codec, raw: bytes) -> None:
    try:
        text = raw.decode("utf-16-le")
    except UnicodeDecodeError:
        text = "\0"
    answer = codec("utf8", raw)
    if "\0" in text:
        assert answer is None
    else:
        assert answer is not None


@prop(name=names, short=st.text("ABC~12.", max_size=12))
def test_impacket_and_smbprotocol_read_our_directory_entries(
    codec: Codec, name: str, short: str
) -> None:
    wide = name.encode("utf-16-le")
    out = codec.out("dir", 38, name.encode(), short.encode())
    first = file_info.FileIdFullDirectoryInformation()
    first.unpack(out)
    assert "first".encode("utf-16-le") == first["file_name"].get_value()
    at = first["next_entry_offset"].get_value()
    assert at % 8 == 0
    second = file_info.FileIdFullDirectoryInformation()
    second.unpack(out[at:])
    assert 0 == second["next_entry_offset"].get_value()
    assert wide == second["file_name"].get_value()
    assert 1234 == second["end_of_file"].get_value()
    assert 4096 == second["allocation_size"].get_value()
    assert 77 == second["ea_size"].get_value()
    assert 0x1122334455667788 == second["file_id"].get_value()

    # the layouts of [MS-FSCC] spelled out, for the classes with short names
    for number, short_at, name_at in ((3, 70, 94), (37, 70, 104)):
        out = codec.out("dir", number, name.encode(), short.encode())
        entry = out[struct.unpack_from("<L", out)[0] :]
        assert len(short) * 2 == entry[68]
        assert short.encode("utf-16-le") == entry[short_at : short_at + entry[68]]
        assert wide == entry[name_at:]


@prop(blob=blobs)
def test_smbprotocol_reads_our_negotiate_response(codec: Codec, blob: bytes) -> None:
    rsp = connection.SMB2NegotiateResponse()
    rsp.unpack(codec.out("negotiate_response", blob))
    assert blob == rsp["buffer"].get_value()
    assert 0x311 == rsp["dialect_revision"].get_value()
    assert 8 << 20 == rsp["max_read_size"].get_value()
    contexts = rsp["negotiate_context_list"].get_value()
    assert [1, 2, 8] == [c["context_type"].get_value() for c in contexts]
    assert b"\x5a" * 32 == contexts[0]["data"]["salt"].get_value()
    assert [2] == contexts[1]["data"]["ciphers"].get_value()
    assert [1] == contexts[2]["data"]["signing_algorithms"].get_value()
