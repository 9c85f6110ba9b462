# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.config: ksmbd.conf as typed values."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ksmbd.shared import parameters
from ksmbd.shared.config import (
    Complaint,
    Config,
    Encryption,
    Globals,
    Level,
    MapToGuest,
    Share,
    Signing,
    fold_share_name,
    load,
    parse,
)
from ksmbd.shared.errors import ConfigError
from ksmbd.shared.parameters import PARAMETERS, Scope


def read(text: str) -> Config:
    return parse(text.encode(), Path("f"))


def server(line: str) -> Globals:
    return read(f"[global]\n{line}\n").globals


def share(lines: str) -> Share:
    found = read(f"[s]\npath = /s\n{lines}\n").share("s")
    assert found is not None
    return found


def complaints(text: str) -> list[str]:
    return [str(complaint) for complaint in read(text).complaints]


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(text)
    return str(error.value)


def test_an_empty_file_is_all_defaults() -> None:
    config = read("")
    assert Globals() == config.globals
    assert list(config.shares) == ["ipc$"]
    assert config.complaints == ()


def test_each_row_of_the_table_is_a_field_with_its_default() -> None:
    for scope, kind in ((Scope.GLOBAL, Globals), (Scope.SHARE, Share)):
        rows = {row.attribute: row.default for row in PARAMETERS if row.scope is scope}
        fields = {field.name: field.default for field in dataclasses.fields(kind)}
        assert rows == {name: fields[name] for name in rows}
        extra = {"name", "line", "file", "is_ipc", "valid_users_set"} if kind is Share else set()
        assert extra == fields.keys() - rows.keys()


def test_no_name_means_two_things() -> None:
    for scope in Scope:
        names = [
            name
            for row in PARAMETERS
            if row.scope is scope
            for name in (row.name, *row.synonyms, *row.inverse)
        ]
        assert len(set(names)) == len(names)
        assert names == [parameters.fold_key(name) for name in names]


def test_the_secure_defaults() -> None:
    assert Signing.MANDATORY is Globals().signing
    assert MapToGuest.NEVER is Globals().map_to_guest
    ipc = read("").shares["ipc$"]
    assert (ipc.is_ipc, ipc.guest_ok, ipc.path, ipc.max_connections) == (True, False, None, 0)
    disk = share("")
    assert (disk.read_only, disk.guest_ok, disk.browseable) == (True, False, True)


@pytest.mark.parametrize("word", ["yes", "YES", "true", "on", "1", "enable", "Enabled"])
def test_words_for_yes(word: str) -> None:
    assert share(f"guest ok = {word}").guest_ok


@pytest.mark.parametrize("word", ["no", "False", "OFF", "0", "disable", "disabled"])
def test_words_for_no(word: str) -> None:
    assert not share(f"browseable = {word}").browseable


@pytest.mark.parametrize("word", ["yesterday", "10", "jein", '"yes"', "y"])
def test_any_other_word_is_neither_yes_nor_no(word: str) -> None:
    expected = f"f:3: guest ok: {word!r} is neither yes nor no"
    assert expected == refused(f"[s]\npath = /s\nguest ok = {word}\n")


def test_keys_are_compared_without_case_and_by_words() -> None:
    assert share("Read \t Only = no").read_only is False


def test_a_key_that_begins_like_a_known_one_is_not_that_one() -> None:
    text = "[s]\npath2 = /x\npath = /y\n"
    found = read(text).share("s")
    assert found is not None
    assert found.path == "/y"
    assert complaints(text) == ["f:2: unknown parameter 'path2' is ignored; did you mean 'path'?"]


@pytest.mark.parametrize(
    ("lines", "read_only"),
    [
        ("", True),
        ("read only = no", False),
        ("writable = yes", False),
        ("writeable = on", False),
        ("write ok = no", True),
        ("writeable = no\nread only = no", True),
        ("read only = no\nwriteable = no", True),
        ("read only = yes\nwriteable = yes", True),
        ("writeable = yes\nread only = no", False),
    ],
)
def test_read_only_and_its_opposites(lines: str, read_only: bool) -> None:
    assert read_only is share(lines).read_only


def test_contradicting_lines_are_named() -> None:
    found = complaints("[s]\npath = /s\nwriteable = yes\nread only = yes\n")
    assert found == ["f:4: 'read only' contradicts an earlier line; read only it is"]


@pytest.mark.parametrize("key", ["browsable", "browseable"])
def test_sambas_synonyms_are_honoured(key: str) -> None:
    assert share(f"{key} = no").browseable is False
    assert share("public = yes").guest_ok
    assert share("allow hosts = 192.0.2.0/24").hosts_allow == ("192.0.2.0/24",)


def test_the_first_value_that_is_one_wins() -> None:
    text = "[s]\npath =\npath = /a\nPATH = /b\ndirectory = /a\n"
    config = read(text)
    assert config.shares["s"].path == "/a"
    assert complaints(text) == [
        "f:2: 'path' has no value; the line is ignored",
        "f:4: 'PATH' is set twice; the first value is used",
        "f:5: 'directory' is set twice",
    ]


def test_an_empty_value_in_global_is_the_default_and_no_complaint() -> None:
    config = read("[global]\ninterfaces =\nvalid users = ; none\n[s]\npath = /s\n")
    assert config.complaints == ()
    assert config.shares["s"].valid_users_set is False


def test_a_section_may_come_twice_in_any_case() -> None:
    config = read("[Häuser]\npath = /a\n[global]\ntcp port = 1445\n[HÄUSER]\ncomment = c\n")
    found = config.share("häuSER")
    assert found is not None
    assert (found.name, found.path, found.comment) == ("Häuser", "/a", "c")
    assert fold_share_name("HÄUSER") in config.shares


def test_a_share_parameter_in_global_is_the_default_of_the_shares() -> None:
    config = read(
        "[global]\nguest ok = yes\nread only = no\nmax connections = 5\nguest account = ftp\n"
        "[a]\npath = /a\n[b]\npath = /b\nguest ok = no\nwritable = no\n"
    )
    a, b = config.shares["a"], config.shares["b"]
    assert (a.guest_ok, a.read_only, a.max_connections, a.guest_account) == (True, False, 128, None)
    assert (b.guest_ok, b.read_only) == (False, True)
    assert config.shares["ipc$"].guest_ok
    assert (config.globals.max_connections, config.globals.guest_account) == (5, "ftp")


@pytest.mark.parametrize(
    "line",
    [
        "shadow:format = %Y-%m",
        "shadow:format = %Y-%m-%d-%Z",
        "shadow:format = %Y-%m-%d %Y",
        "shadow:format = %Y/%m/%d",
        "shadow:format = %Y%m%d%",
        "shadow:snapdir = /snapshots",
        "shadow:snapdir = ../snapshots",
        "shadow:snapdir = a//b",
        "shadow:snapdir = .",
    ],
)
def test_snapshots_are_named_by_their_time_and_inside_the_share(line: str) -> None:
    assert "f:3" in refused(f"[s]\npath = /s\n{line}\n")


def test_a_format_of_times_has_no_variables_of_the_server_in_it() -> None:
    """%S is a second there, and elsewhere the share."""
    text = "[s]\npath = /s\nvfs objects = shadow_copy2\nshadow:format = %S-%Y%m%d-%M%%\n"
    found = read(text).shares["s"]
    assert found.snapshot_format == "%S-%Y%m%d-%M%%"
    assert found.previous_versions
    assert not complaints(text)


def test_a_path_in_global_is_no_default() -> None:
    text = "[global]\npath = /\n[a]\n"
    assert "a" not in read(text).shares
    assert "f:2: 'path' has no effect in [global]" in complaints(text)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("[s]\ncomment = c\n", "it has no path; add path = /some/directory"),
        ("[s]\npath =\n", "it has no path; add path = /some/directory"),
        ("[s]\npath = srv\n", "its path 'srv' is not absolute; begin it with /"),
        ('[s]\npath = "/srv"\n', "its path '\"/srv\"' is not absolute; begin it with /"),
        ("[s]\npath = /srv/../etc\n", "its path '/srv/../etc' contains '..'"),
        ("[printers]\n", "printers is not special here; it has no path"),
        ("[s]\npath = /srv/%U\n", "its path '/srv/%U' has %U, which is another one for every"),
        ("[s]\npath = /s\ncopy = t\n", "copy: there is no section [t]"),
        ("[s]\npath = /s\ncopy = s\n", "copy: [s] copies itself"),
        ("[homes]\npath = /srv/%m/%S\n", "its path '/srv/%m/%S' has %m, which is not known here"),
        ("[a/b]\npath = /s\n", "no client can ask for a name with /"),
        (f"[{'n' * 64}]\npath = /s\n", "its name is longer than 63 bytes"),
    ],
)
def test_a_share_that_cannot_be_served_safely_is_left_out(section: str, reason: str) -> None:
    config = read(section + "[other]\npath = /o\n")
    assert {"other", "ipc$"} == set(config.shares)
    errors = [one for one in config.complaints if one.level is Level.ERROR]
    assert len(errors) == 1
    assert f"is left out: {reason}" in errors[0].text


def test_a_complaint_prints_as_file_line_text() -> None:
    assert str(Complaint("f", 7, "x")) == "f:7: x"


def test_an_include_that_is_not_there_is_refused() -> None:
    assert refused("[global]\ninclude = /x\n") == "f:2: include: /x: No such file or directory"


def test_unknown_parameters_are_named_with_a_guess() -> None:
    text = "[global]\nworkgruop = X\nlog level = 3\nzzz = 1\n[s]\npath = /s\ntcp port = 1\n"
    assert complaints(text) == [
        "f:2: unknown parameter 'workgruop' is ignored; did you mean 'workgroup'?",
        "f:3: 'log level' has no effect: messages go to the journal (journalctl -u ksmbd); "
        "ksmbd.control --debug shows more",
        "f:4: unknown parameter 'zzz' is ignored",
        "f:7: 'tcp port' belongs in [global] and is ignored here",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("disabled no OFF", Signing.DISABLED),
        ("enabled yes on", Signing.ENABLED),
        ("auto desired if_required", Signing.AUTO),
        ("mandatory required force default", Signing.MANDATORY),
    ],
)
def test_server_signing_takes_both_vocabularies(words: str, expected: Signing) -> None:
    for word in words.split():
        assert expected is server(f"server signing = {word}").signing


def test_signing_is_never_switched_off_by_a_misspelling() -> None:
    assert "f:2: server signing: 'manditory' is not one of" in refused(
        "[global]\nserver signing = manditory\n"
    )


@pytest.mark.parametrize(
    ("word", "expected", "flags"),
    [
        ("auto", Encryption.AUTO, 0),
        ("yes", Encryption.AUTO, 0),
        ("desired", Encryption.AUTO, 0),
        ("mandatory", Encryption.MANDATORY, 2),
        ("required", Encryption.MANDATORY, 2),
        ("no", Encryption.OFF, 8),
        ("disabled", Encryption.OFF, 8),
    ],
)
def test_encryption_takes_both_vocabularies(word: str, expected: Encryption, flags: int) -> None:
    for key in ("smb3 encryption", "smb encrypt", "server smb encrypt"):
        assert expected is server(f"{key} = {word}").encryption
    assert flags == expected.startup_flags


@pytest.mark.parametrize(
    ("word", "lowest", "highest"),
    [
        ("SMB2", "SMB2_10", "SMB2_10"),
        ("smb3", "SMB3_11", "SMB3_11"),
        ("SMB2_02", "SMB2_02", "SMB2_02"),
        ("SMB3_00", "SMB3_00", "SMB3_00"),
        ("SMB3.1.1", None, None),
        ("smb3.02", "SMB3_02", "SMB3_02"),
        ("default", "", ""),
        ("NT1", "SMB2_02", None),
        ("S", None, None),
    ],
)
def test_protocols_become_the_strings_of_the_abi(
    word: str, lowest: str | None, highest: str | None
) -> None:
    for key, expected in (("min", lowest), ("max", highest)):
        line = f"server {key} protocol = {word}"
        if expected is None:
            assert "f:2: " in refused(f"[global]\n{line}\n")
        else:
            assert expected == getattr(server(line), f"{key}_protocol")


def test_a_minimum_above_the_maximum_is_refused() -> None:
    text = "[global]\nserver max protocol = SMB2\nserver min protocol = {}\n"
    assert read(text.format("SMB2_10")).globals.min_protocol == "SMB2_10"
    expected = "f:3: no dialect is left between the minimum SMB3_00 and the maximum SMB2_10"
    assert expected == refused(text.format("SMB3_00"))


@pytest.mark.parametrize(
    ("line", "attribute", "expected"),
    [
        ("tcp port = 1445", "tcp_port", 1445),
        ("deadtime = 0", "deadtime", 0),
        ("max open files = 0", "file_max", 65536),
        ("max connections = 0", "max_connections", 65536),
        ("max connections = 1K", "max_connections", 1024),
        ("smb2 max read = 1M", "smb2_max_read", 1 << 20),
        ("smb2 max read = 0x10000", "smb2_max_read", 65536),
        ("smb2 max read = 0", "smb2_max_read", 0),
        ("smb2 max trans = 4 m", "smb2_max_trans", 4 << 20),
        ("share:fake_fscaps = 0", "fake_fscaps", 0),
        ("restrict anonymous = 2", "restrict_anonymous", 2),
        ("map to guest = Bad  User", "map_to_guest", MapToGuest.BAD_USER),
        ("netbios name = n", "netbios_name", "n"),
        ("server multi channel support = yes", "multichannel", True),
    ],
)
def test_values_of_the_server(line: str, attribute: str, expected: object) -> None:
    assert read(f"[global]\n{line}\n").complaints == ()
    assert expected == getattr(server(line), attribute)


@pytest.mark.parametrize(
    ("line", "attribute", "expected"),
    [
        ("ipc timeout = 300", "ipc_timeout", 262),
        ("smb2 max write = 64G", "smb2_max_write", 8 << 20),
        ("smb2 max write = 1", "smb2_max_write", 65536),
        ("max ip connections = 99999999999999999999", "max_ip_connections", 65536),
        ("smb2 max read = 0400000", "smb2_max_read", 0o400000),
        ("netbios name = SIXTEEN-BYTES-ÄX", "netbios_name", "SIXTEEN-BYTES-"),
        ("map to guest = bad password", "map_to_guest", MapToGuest.NEVER),
    ],
)
def test_values_that_are_moved_with_a_word(line: str, attribute: str, expected: object) -> None:
    config = read(f"[global]\n{line}\n")
    assert expected == getattr(config.globals, attribute)
    assert [complaint.line for complaint in config.complaints] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "tcp port = 445/tcp",
        "tcp port = -1",
        "tcp port = 0",
        "tcp port = 65536",
        "tcp port = ٤٤٥",
        "smb2 max read = 1X",
        "smb2 max read = 089",
        "deadtime = ten",
        "map to guest = always",
    ],
)
def test_values_that_are_none_are_refused(line: str) -> None:
    assert refused(f"[global]\n{line}\n").startswith(f"f:2: {line.partition(' =')[0]}: ")


def test_all_faults_come_at_once() -> None:
    text = "[global]\ntcp port = x\n[s]\npath = /s\nguest ok = x\ncreate mask = 9\n"
    assert [line[:3] for line in refused(text).splitlines()] == ["f:2", "f:5", "f:6"]


def test_values_of_a_share() -> None:
    found = share(
        "create mask = 0664\ndirectory mask = 02775\nforce user = u\nforce group = +g\n"
        "valid users = a,b @g\t+h\nveto files = *.a/b?/.c\nhosts deny = ALL EXCEPT 10.\n"
        "vfs objects = streams_xattr fruit, acl_xattr\nmax connections = 0"
    )
    assert (found.create_mask, found.directory_mask) == (0o664, 0o2775)
    assert (found.force_user, found.force_group) == ("u", "g")
    assert found.valid_users == ("a", "b", "@g", "@h")
    assert found.veto_files == ("*.a", "b?", ".c")
    assert found.hosts_deny == ("ALL", "EXCEPT", "10.")
    assert (found.streams, found.acl_xattr, found.max_connections) == (True, True, 0)


def test_a_recycle_bin() -> None:
    assert not share("recycle:keeptree = yes").recycles
    found = share("vfs objects = recycle\nrecycle:exclude = *.tmp|~$*, *.bak")
    assert (found.recycles, found.recycle_folder) == (True, ".recycle/%U")
    assert found.recycle_exclude == ("*.tmp", "~$*", "*.bak")
    assert (found.recycle_keep_tree, found.recycle_versions) == (False, True)
    assert share("recycle:repository = bin/of %U/files").recycle_folder == "bin/of %U/files"


@pytest.mark.parametrize(
    "line",
    [
        "recycle:repository = /bin",
        "recycle:repository = ../bin",
        "recycle:repository = %U",
        "recycle:repository = bin-%U/x",
        "recycle:repository = bin/%u",
        "recycle:repository = bin/%U/%U",
        "recycle:exclude = tmp/*",
        f"recycle:exclude = {'x' * 4001}",
    ],
)
def test_a_bin_is_inside_the_share_and_a_user_s_part_not_its_first(line: str) -> None:
    assert line.partition(" =")[0] in refused(f"[s]\npath = /s\n{line}\n")


def test_a_share_for_macs() -> None:
    assert not share("vfs objects = streams_xattr").apple
    assert (
        share("vfs objects = fruit streams_xattr\nfruit:model = RackMac").fruit_model == "RackMac"
    )
    backup = share("time machine = yes")
    assert (backup.apple, backup.time_machine) == (True, True)


def test_a_time_machine_says_what_it_wants() -> None:
    section = "[s]\npath = /s\nfruit:time machine = yes\n"
    found = complaints(f"[global]\n{section}")
    assert len(found) == 2
    assert "'durable handles = yes'" in found[0] and "streams_xattr" in found[1]
    assert not complaints("[global]\ntime machine = yes\n"), "pipes are nobody's backup"
    text = f"[global]\ndurable handles = yes\n{section}vfs objects = fruit streams_xattr\n"
    assert not read(text).complaints


def test_a_list_of_valid_users_without_a_usable_one_is_still_a_list() -> None:
    found = share("valid users = &netgroup")
    assert (found.valid_users, found.valid_users_set) == ((), True)
    assert (share("").valid_users, share("").valid_users_set) == ((), False)


@pytest.mark.parametrize(
    "line",
    [
        "invalid users = bob &netgroup",
        "hosts allow = example.org",
        "hosts deny = 10.0.0.0/99",
        "hosts allow = ,",
        "hosts deny = ALL EXCEPT",
        "hosts allow = EXCEPT 10.0.0.1",
        "hosts allow = ALL EXCEPT example.org",
    ],
)
def test_a_list_that_would_not_keep_out_whom_it_names_is_refused(line: str) -> None:
    assert "f:3: " in refused(f"[s]\npath = /s\n{line}\n")


def test_interfaces_are_bound_by_name_or_not_at_all() -> None:
    good = read("[global]\ninterfaces = eth0, br-lan\nbind interfaces only = yes\n")
    assert good.globals.interfaces == ("eth0", "br-lan")
    assert good.complaints == ()
    assert "needs 'interfaces' with a name" in refused(
        "[global]\nbind interfaces only = yes\ninterfaces = 192.0.2.1/24 eth*\n"
    )
    assert complaints("[global]\ninterfaces = eth0\n") == [
        "f:2: 'interfaces' has no effect without 'bind interfaces only = yes'"
    ]


def test_the_pipe_share_can_be_configured_but_has_no_path() -> None:
    config = read("[IPC$]\nguest ok = yes\ncomment = c\npath = /x\n")
    ipc = config.shares["ipc$"]
    assert (ipc.is_ipc, ipc.guest_ok, ipc.comment, ipc.path) == (True, True, "c", None)
    assert list(map(str, config.complaints)) == ["f:1: [ipc$] is for pipes, its path has no effect"]


def test_a_printer_is_left_out_and_nobody_is_alarmed() -> None:
    config = read("[p]\npath = /s\nprintable = yes\n")
    assert {"ipc$"} == set(config.shares)
    (complaint,) = config.complaints
    assert complaint.level is Level.WARNING
    assert "there is no printing here" in complaint.text


def test_a_missing_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.conf: cannot read"):
        load(tmp_path / "missing.conf")


def test_a_file_is_named_in_complaints(tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    path.write_bytes(b"[global]\r\nfoo = 1\r\n")
    assert f"{path}:2: unknown parameter 'foo' is ignored" == str(load(path).complaints[0])


KEYS = sorted(
    {name for row in PARAMETERS for name in (row.name, *row.synonyms, *row.inverse)}
    | {"include", "printable", "log level", "nonsense"}
)


@settings(max_examples=500)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["[global]", "[s]", "[ipc$]", "path = /s"]),
            st.tuples(
                st.sampled_from(KEYS),
                st.one_of(
                    st.text(max_size=12),
                    st.sampled_from(["yes", "0", "0x", "08", "1k", "SMB3", "&a", "/..", "10."]),
                ),
            ).map(" = ".join),
        )
    )
)
def test_any_configuration_is_read_or_refused(lines: list[str]) -> None:
    content = "\n".join(["[s]", *lines]).encode(errors="replace")
    try:
        config = parse(content, Path("f"))
    except ConfigError as error:
        assert all(line.startswith("f:") for line in str(error).splitlines() if line)
        return
    for name, found in config.shares.items():
        assert fold_share_name(found.name) == name
        assert found.is_ipc or (found.path is not None and found.path.startswith("/"))
    assert all(str(complaint).startswith("f:") for complaint in config.complaints)


def test_what_is_wrong_is_said_in_one_line() -> None:
    assert refused("[s]\ninclude = \x85\n").startswith("f:2: include: \\x85: ")


@settings(max_examples=300)
@given(st.binary())
def test_any_bytes_are_a_configuration_or_a_config_error(content: bytes) -> None:
    try:
        parse(content, Path("f"))
    except ConfigError as error:
        assert str(error).startswith("f:")


def test_the_documentation_has_a_line_for_each_parameter() -> None:
    text = parameters.markdown()
    assert len(PARAMETERS) == sum(
        text.count(f"\n| {name} |") for name in {p.name for p in PARAMETERS}
    )
    assert "| create mask | create mode | 0744 |" in text
    assert "| read only | writable (the opposite), " in text
