"""Values out of JSON that somebody else made."""

import math
from typing import Any

import pytest

from plugins.routing.catalogue import values


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (7.9, 7),
        (0, 0),
        (-1, 0),
        (True, 0),
        ("7", 0),
        (None, 0),
        (10**30, 0),
        (math.nan, 0),
        (math.inf, 0),
        ([], 0),
    ],
)
def test_numbers(value: Any, number: int) -> None:
    """What is no number from 0 to 2^62 is 0."""
    assert values.natural(value) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("7.6B", 7_600_000_000),
        ("137M", 137_000_000),
        ("84K", 84_000),
        ("1.1T", 1_100_000_000_000),
        ("999", 999),
        (" 3b ", 3_000_000_000),
        ("B", 0),
        ("", 0),
        ("1e9", 0),
        (7, 0),
        ("9" * 40, 0),
    ],
)
def test_numbers_of_parameters(value: Any, number: int) -> None:
    """Ollama's short form of a number of weights is read back."""
    assert values.parameters(value) == number


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-11-20T14:00:00.123456789+01:00", 1795179600.123456),
        ("2026-11-20T14:00:00Z", 1795183200.0),
        ("2318-11-20T14:00:00-05:00", 11009761200.0),
        ("yesterday", 0.0),
        ("0001-01-01T00:00:00Z", -62135596800.0),
        (12, 0.0),
        ("x" * 100, 0.0),
    ],
)
def test_moments(value: Any, seconds: float) -> None:
    """Go's nanoseconds and any zone are read; what is no moment is 0."""
    assert values.moment(value) == pytest.approx(seconds)


def test_texts_tables_and_lists() -> None:
    """What is of another kind, or too long, is empty."""
    assert values.text("a", 1) == "a"
    assert values.text("ab", 1) == ""
    assert values.text(1) == ""
    assert values.texts(["a", 1, None, "b"]) == ["a", "b"]
    assert values.texts("ab") == []
    assert values.table({"a": 1}) == {"a": 1}
    assert values.table([1]) == {}
    assert values.items([1]) == [1]
    assert values.items({}) == []
