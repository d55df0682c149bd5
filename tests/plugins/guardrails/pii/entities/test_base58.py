"""Base58Check."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum import bitcoin

from plugins.guardrails.pii.entities import base58

GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
"""Of Bitcoin's first block."""


def test_an_address_is_its_version_and_its_hash() -> None:
    """The payload of a known address is known."""
    payload = base58.decode(GENESIS)
    assert payload is not None
    assert payload.hex() == "0062e907b15cbf27d5425399ebf6f0fb50ebb88f18"


@given(st.integers(0, len(GENESIS) - 1), st.sampled_from(base58.ALPHABET))
def test_each_wrong_character_is_seen(place: int, character: str) -> None:
    """A character changed is a wrong checksum."""
    text = GENESIS[:place] + character + GENESIS[place + 1 :]
    assert (base58.decode(text) is not None) == (text == GENESIS) == bitcoin.is_valid(text)


@given(st.text(max_size=40))
def test_other_texts_are_refused(text: str) -> None:
    """No text makes it fail, and hardly one is right."""
    assert base58.decode(text) is None
