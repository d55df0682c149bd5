"""Checksums inside of tokens."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.keys.format import make
from plugins.guardrails.pii.entities.secrets.checks import (
    has_github_crc,
    has_jwt_header,
    has_localai_crc,
)

GITHUB = "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"
"""A revoked token, published to show the checksum."""


@given(st.integers(4, 39), st.sampled_from("0189AZaz"))
def test_githubs_checksum_sees_each_wrong_character(place: int, character: str) -> None:
    """The published token passes, and with a character changed it does not."""
    text = GITHUB[:place] + character + GITHUB[place + 1 :]
    assert has_github_crc(text) == (text == GITHUB)


@given(st.builds(lambda: make()[1]), st.integers(0, 64).filter(lambda place: place != 58))
def test_keys_of_this_router_pass_and_wrong_ones_do_not(key: str, place: int) -> None:
    """Each key that the router makes has its check; with a character changed it has not."""
    wrong = key[:place] + ("a" if key[place] != "a" else "b") + key[place + 1 :]
    assert has_localai_crc(key)
    assert not has_localai_crc(wrong)


def _encoded(header: object) -> str:
    return urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")


@given(st.text(max_size=8), st.text(max_size=20))
def test_a_header_is_json_with_an_algorithm(alg: str, kid: str) -> None:
    """Whatever else it has."""
    assert has_jwt_header(f"{_encoded({'alg': alg, 'kid': kid})}.x.y")


@pytest.mark.parametrize(
    "head",
    [_encoded({"typ": "JWT"}), _encoded(["alg"]), _encoded({"alg": 1}), "eyJhbGci", "eyJ____"],
)
def test_other_base64_is_no_header(head: str) -> None:
    """JSON without an algorithm, lists, and what is no JSON are refused, without an error."""
    assert not has_jwt_header(f"{head}.x.y")


@given(st.text("0123456789ABCabc_-", max_size=40))
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever base64 decodes to is judged."""
    assert has_jwt_header(text) in (True, False)
