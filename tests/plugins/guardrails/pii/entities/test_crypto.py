"""Addresses of crypto currencies."""

import pytest

from plugins.guardrails.pii.entities.crypto import BITCOIN, DOGECOIN, ETHEREUM, LITECOIN, TRON
from plugins.guardrails.pii.entities.entity import Entity
from tests.plugins.guardrails.pii.entities.support import found

ADDRESSES = (
    (BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    (BITCOIN, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
    (BITCOIN, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    (BITCOIN, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
    (ETHEREUM, "0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe"),
    (TRON, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
)


@pytest.mark.parametrize(("entity", "address"), ADDRESSES)
def test_an_address_is_found_and_its_mistakes_are_not(entity: Entity, address: str) -> None:
    """An address is found among words; with a character changed it is none."""
    assert found(entity, f"send to {address}.") == [address]
    assert found(entity, f"x{address}") == found(entity, f"{address}z") == []
    if entity is not ETHEREUM:
        at = len(address) // 2
        other = "2" if address[at] != "2" else "3"
        assert found(entity, address[:at] + other + address[at + 1 :]) == []


def test_an_address_of_one_chain_is_none_of_another() -> None:
    """The version tells the chain."""
    for entity in (LITECOIN, DOGECOIN, TRON, ETHEREUM):
        assert found(entity, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa") == []


@pytest.mark.parametrize("text", ["0x" + "0" * 40, "0x" + "dead" * 10, "0x" + "a1" * 32])
def test_fillers_and_hashes_are_no_addresses(text: str) -> None:
    """40 hex digits of few kinds, and 64 of them, are something else."""
    assert found(ETHEREUM, text) == []
