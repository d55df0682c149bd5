"""Bech32 and Bech32m."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.pii.entities.bech32 import ALPHABET, is_segwit

# The vectors of BIP-173 and BIP-350.
VALID = (
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
)
INVALID = (
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "bc1pw5dgrnzv",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
    "bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "bc1",
    "",
)


@pytest.mark.parametrize("address", VALID)
def test_the_vectors_are_right(address: str) -> None:
    """Addresses of the proposals pass."""
    assert is_segwit(address)


@pytest.mark.parametrize("address", INVALID)
def test_the_wrong_vectors_are_refused(address: str) -> None:
    """The other checksum, other lengths, and mixed cases don't pass."""
    assert not is_segwit(address)


@given(st.integers(4, 41), st.sampled_from(ALPHABET))
def test_each_wrong_character_is_seen(place: int, character: str) -> None:
    """A character changed is a wrong checksum."""
    right = VALID[0].lower()
    text = right[:place] + character + right[place + 1 :]
    assert is_segwit(text) == (text == right)
