# SPDX-License-Identifier: GPL-2.0-only
"""MD4 against its specification and against another implementation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksmbd.shared.md4 import md4
from spnego._ntlm_raw.md4 import md4 as another


@pytest.mark.parametrize(
    ("text", "digest"),
    [  # [RFC 1320] A.5
        ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        ("a", "bde52cb31de33e46245e05fbdbd6fb24"),
        ("abc", "a448017aaf21d8525fc10ae87aa6729d"),
        ("message digest", "d9130a8164549fe818874806e1c7014b"),
        ("abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        ("1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_the_digests_of_the_specification(text: str, digest: str) -> None:
    assert digest == md4(text.encode()).hex()


@given(st.binary(max_size=300))
def test_every_length_is_as_elsewhere(data: bytes) -> None:
    assert another(data) == md4(data)
