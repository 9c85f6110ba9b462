# SPDX-License-Identifier: GPL-2.0-only
"""ksmbd.shared.dialect: the grammar of ksmbd.conf, and editing in place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ksmbd.shared.dialect import Document
from ksmbd.shared.errors import ConfigError

SAMPLES = """[a]
[ b ] ; x
  [c]
k = v
k = w
\tp=  /x # y
; c
# d

   \x20
k =
k = 'a' "b" # z
x=%41~'''
ä = ö;c#d
[[n]]
{x} = $y"""
LINES = st.one_of(st.sampled_from(SAMPLES.split("\n")), st.text(max_size=8))


def document(text: str | bytes, notes: list[tuple[int, str]] | None = None) -> Document:
    content = text if isinstance(text, bytes) else text.encode()
    found = [] if notes is None else notes
    return Document(content, "f", lambda line, text: found.append((line, text)))


def entries(text: str | bytes) -> list[tuple[str, str, int]]:
    return [(e.key, e.value, e.line) for s in document(text).stanzas() for e in s.entries]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("k = v", "v"),
        ("k=v", "v"),
        ("\tk \t=\t v \t", "v"),
        ("k = a = b", "a = b"),
        ('k = "/x"', '"/x"'),
        ("k = 'it''s'", "'it''s'"),
        ("k = '''x", "'''x"),
        ("k = a;b#c", "a;b#c"),
        ("k = a ;b", "a"),
        ("k = a\t# b", "a"),
        ("k = ; all comment", ""),
        ("k =", ""),
        ("k = a, b,c", "a, b,c"),
        ("k = %(x)s ${y} $z", "%(x)s ${y} $z"),
        ("k = ä 日本\u2028x", "ä 日本\u2028x"),
        ("k = x\r", "x"),
        ("k = x\u00a0", "x\u00a0"),
    ],
)
def test_a_value_is_the_text_and_nothing_else(line: str, value: str) -> None:
    assert [("k", value, 2)] == entries(f"[s]\n{line}\n")
    assert [("k", value, 2)] == entries(f"[s]\n{line}")


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert entries(b"\xef\xbb\xbf[s]\nk = v") == [("k", "v", 2)]


def test_a_repeated_section_and_key_both_stay_with_their_lines() -> None:
    stanzas = document("[s]\nk = 1\nk = 2\n[t]\n[s]\nk = 3\n").stanzas()
    assert [(s.name, s.line) for s in stanzas] == [("s", 1), ("t", 4), ("s", 5)]
    assert [(e.value, e.line) for e in stanzas[0].entries] == [("1", 2), ("2", 3)]


def test_junk_after_a_header_is_reported_and_a_comment_is_not() -> None:
    notes: list[tuple[int, str]] = []
    document("[s] ; fine\n[t] junk\n", notes)
    assert notes == [(2, "text after [t] is ignored")]


def test_a_continuation_is_reported() -> None:
    notes: list[tuple[int, str]] = []
    document("[s]\nk = a \\\n", notes)
    assert [line for line, _ in notes] == [2]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[s]\nword\n", "f:2: 'word' has no '='"),
        ("k = v\n", "f:1: 'k = v' stands before the first section"),
        ("[s\n", "f:1: '[s' is not a section"),
        ("[]\n", "f:1: '[]' is not a section"),
        ("[a[b]\n", "f:1: '[a[b]' is not a section"),
        ("[s]\n = v\n", "f:2: '= v' has nothing before '='"),
        ("[s]\nk = a\x00b\n", "f:2: control character 0x00"),
        ("[s]\nk = a\rb\n", "f:2: control character 0x0d"),
    ],
)
def test_a_fault_names_its_line_and_the_cure(text: str, where: str) -> None:
    with pytest.raises(ConfigError) as error:
        document(text)
    assert str(error.value).startswith(where)
    assert ";" in str(error.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        document("[s]\nx\ny\n")
    assert len(str(error.value).splitlines()) == 2


def test_a_line_that_is_not_utf_8_is_named() -> None:
    with pytest.raises(ConfigError, match="f:2: this line is not UTF-8"):
        document(b"[s]\ncomment = \xe4\n")


@settings(max_examples=500)
@given(
    st.booleans(),
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n"]))),
    st.sampled_from(["", "x=1", "; e"]),
)
def test_what_nobody_changed_is_written_as_it_was_read(
    section: bool, lines: list[tuple[str, str]], last: str
) -> None:
    text = ("[s]\n" if section else "") + "".join(line + end for line, end in lines) + last
    content = text.encode(errors="replace")
    try:
        parsed = document(content)
    except ConfigError:
        return
    assert content == parsed.render()


@settings(max_examples=500)
@given(st.binary())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        document(content).stanzas()
    except ConfigError as error:
        assert str(error).startswith("f:")


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_any_printable_value_can_be_set_and_read_back(value: str) -> None:
    parsed = document("[s]\n\tk = old ; why\nl = 1\n")
    if value[0] in ";#":
        return
    stanza = parsed.stanzas()[0]
    parsed.set(stanza, "k", value, stanza.entries[0])
    parsed.set(stanza, "new", value)
    written = parsed.render()
    assert [("k", value), ("l", "1"), ("new", value)] == [(k, v) for k, v, _ in entries(written)]
    assert " ; why\n" in written.decode()


EXAMPLE = """; head

[global]
	workgroup = X

; about a
[a]
	path = /a
	; why
	comment = c
; tail
"""


def test_a_new_section_comes_last_below_the_last_comment() -> None:
    parsed = document(EXAMPLE)
    parsed.set(parsed.add_stanza("b"), "path", "/b")
    assert parsed.render().decode() == EXAMPLE + "\n[b]\n\tpath = /b\n"


@pytest.mark.parametrize(("before", "between"), [("", ""), ("; c\n", "\n"), ("; c\n\n", "")])
def test_a_section_in_a_file_without_any(before: str, between: str) -> None:
    parsed = document(before)
    parsed.set(parsed.add_stanza("b"), "path", "/b")
    assert f"{before}{between}[b]\n\tpath = /b\n" == parsed.render().decode()


def test_a_file_without_a_last_line_feed_gets_one_when_it_changes() -> None:
    parsed = document("[a]\nk = v")
    parsed.set(parsed.stanzas()[0], "l", "w")
    assert parsed.render() == b"[a]\nk = v\n\tl = w\n"


def test_lines_that_are_made_end_like_the_others() -> None:
    parsed = document("[a]\r\nk = v\r\n")
    parsed.set(parsed.stanzas()[0], "l", "w")
    parsed.add_stanza("b")
    assert parsed.render() == b"[a]\r\nk = v\r\n\tl = w\r\n\r\n[b]\r\n"


def test_a_removed_section_takes_the_comment_on_its_header_along_and_no_other() -> None:
    parsed = document(EXAMPLE)
    parsed.remove_stanza(parsed.stanzas()[1])
    assert parsed.render().decode() == "; head\n\n[global]\n\tworkgroup = X\n\n; tail\n"


def test_a_removed_entry_leaves_the_comment_above_it() -> None:
    parsed = document(EXAMPLE)
    stanza = parsed.stanzas()[1]
    parsed.remove(stanza, stanza.entries[1])
    parsed.remove(stanza, stanza.entries[0])
    expected = EXAMPLE.replace("\tpath = /a\n", "").replace("\tcomment = c\n", "")
    assert expected == parsed.render().decode()
