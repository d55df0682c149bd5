"""Texts without all that patterns know."""

import asyncio

import pytest

from plugins.guardrails.pii.plugin import Pii
from plugins.guardrails.pii.redacting import Redacting


@pytest.fixture(scope="module")
def redacting() -> Redacting:
    """One for all tests: its patterns take a while to compile."""
    return Redacting("[{entity}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing in it", "nothing in it"),
        ("", ""),
        ("card 4111 1111 1111 1111.", "card [CARD]."),
        ("to anna@example.org", "to [EMAIL]"),
        ('{"to": "anna\\u0040example.org"}', '{"to": "[EMAIL]"}'),
    ],
)
async def test_finds_are_replaced_by_their_labels(
    redacting: Redacting, text: str, expected: str
) -> None:
    """Each find gives way to its label, also through the escapes of JSON."""
    assert await redacting.redacted(text) == expected


async def test_of_a_key_without_an_end_nothing_is_left(redacting: Redacting) -> None:
    """A text that was cut within a private key shows no part of it."""
    begin = "-----BEGIN RSA PRIVATE KEY-----\n"
    assert "MIIEow" not in await redacting.redacted(f"here: {begin}MIIEowIBAAKCAQEA{'x' * 20_000}")


async def test_several_may_ask_at_once() -> None:
    """The patterns are compiled once, whoever comes first."""
    redacting = Redacting("<{entity}>")
    texts = await asyncio.gather(*(redacting.redacted("a@example.org") for _ in range(5)))
    assert texts == ["<EMAIL>"] * 5


async def test_the_guard_redacts_what_its_settings_leave() -> None:
    """The role asks for all entities, whatever the file does with them in requests."""
    plugin = Pii(Pii.Config(input={}, output={}, label="({entity})"))
    assert await plugin.redacted("a@example.org") == "(EMAIL)"
