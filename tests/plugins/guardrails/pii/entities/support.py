"""What the tests of entities share: the real matcher, on one text."""

from functools import cache

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.stream.matcher import Matcher

HARD = (
    "1700000000000",
    "1700000000000000",
    "1734567890123456789",
    "1734567890",
    "order 2024-000123-77",
    "v1.2.3.4",
    "version 10.15.7",
    "1.3.6.1.4.1.311.21",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "550e8400-e29b-41d4-a716-446655440000",
    "2024-01-31T23:59:59.123456Z",
    "31.12.2024 23:59",
    "12/31/2024",
    "INV-2024-0001234",
    "00:1a:2b:3c:4d:5e",
    "00000010  de ad be ef 12 34 56 78  9a bc de f0 11 22 33 44",
    "ISBN 978-3-16-148410-0, ISBN 0-306-40615-2",
    "3.141592653589793",
    "48.858370, 2.294481",
    "std::vector<int>::iterator",
    "git@github.com:org/repo.git",
    "logo@2x.png, lodash@4.17.21",
    "127.0.0.1, 0.0.0.0, 255.255.255.0, ::1",
    "a risk-based-approach-to-model-testing, sk-learn-based-model-testing-guide",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "#ff00aa, rgb(12, 34, 56)",
    "1,234,567.89 and 12'345'678",
)
"""What looks like an entity, and is none."""


def found(entity: Entity, text: str) -> list[str]:
    """Return what is found of an entity in a text."""
    return [text[match.start : match.end] for match in _matcher(entity).find(text)]


@cache
def _matcher(entity: Entity) -> Matcher:
    return Matcher(entity.rules)


def changed(text: str, place: int, shift: int) -> str:
    """Return a number with one of its digits made another: `shift` is 1 to 9."""
    places = [at for at, character in enumerate(text) if character.isdecimal()]
    at = places[place % len(places)]
    return f"{text[:at]}{(int(text[at]) + shift) % 10}{text[at + 1 :]}"


def numbers(length: int, count: int = 3000) -> list[str]:
    """Return texts of so many digits that have nothing to do with one another."""
    return [f"{(place + 1) * _STEP % 10**length:0{length}}" for place in range(count)]


_STEP = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""Of the golden ratio: its multiples are spread evenly, in all their digits."""
