"""Numbers of payment cards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.pii.entities.cards import CARD, is_card
from tests.plugins.guardrails.pii.entities.support import changed, found, numbers

# The networks' own test numbers.
CARDS = (
    "4111111111111111",
    "4012888888881881",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "38520000023237",
    "6011111111111117",
    "3530111333300000",
    "6200000000000005",
    "6759649826438453",
)


@pytest.mark.parametrize("card", CARDS)
def test_the_networks_test_numbers_are_found(card: str) -> None:
    """Each network's number is found among words, quotes and brackets, and none of its pieces."""
    for text in (card, f"card {card}.", f'"{card}"', f"({card})", f"n°{card}, x", f"\n{card}\n"):
        assert found(CARD, text) == [card]
    for text in (f"1{card}", f"{card}1", f"a{card}", f"{card}b", f"0.{card}", f"+{card}"):
        assert found(CARD, text) == []


@pytest.mark.parametrize(
    "card",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111\u00a01111\u202f1111\u20111111",
        "3782 822463 10005",
        "3056 930902 5904",
        "41111111 11111111",
        "4111 1111 1111 1111 110",
    ],
)
def test_numbers_are_found_in_the_groups_of_cards(card: str) -> None:
    """In fours, 4-6-5, 4-6-4 and 8-8, with spaces, dashes, and those that don't break a line."""
    assert found(CARD, f"pay with {card} now") == [card]


@pytest.mark.parametrize("after", [" 123", " 1234", "-123", " 12/27", " 12 27 123", ", 123", "\n1"])
def test_what_follows_a_card_does_not_hide_it(after: str) -> None:
    """A verification code or an expiry date after the number is no part of it."""
    assert found(CARD, f"4111 1111 1111 1111{after}") == ["4111 1111 1111 1111"]
    assert found(CARD, f"4111111111111111{after}") == ["4111111111111111"]


@given(st.sampled_from(CARDS), st.integers(0, 18), st.integers(1, 9))
def test_each_wrong_digit_is_seen(card: str, place: int, shift: int) -> None:
    """A number with one digit changed is no card."""
    assert not is_card(changed(card, place, shift))


def test_random_numbers_seldom_pass() -> None:
    """Of 16 random digits fewer than 4 in 100 pass, of times in milliseconds none."""
    assert sum(map(is_card, numbers(16))) < 120
    assert not any(map(is_card, ("1" + number for number in numbers(12))))


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("4444444444444444", "one digit throughout"),
        ("4006381333931", "a right EAN-13"),
        ("356938035643809", "an IMEI: JCB has 16 digits"),
        ("9999999999999995", "no issuer"),
        ("41111111111111", "no length of Visa's"),
    ],
)
def test_numbers_like_cards_are_none(number: str, reason: str) -> None:
    """Barcodes, IMEIs, and other numbers with a right last digit are left."""
    assert not is_card(number), reason


def test_tables_and_dumps_are_no_cards() -> None:
    """Groups of other sizes are numbers in a row."""
    assert found(CARD, "41 11 11 11 11 11 11 11") == []
    assert found(CARD, "411 111 111 111 111 1") == []
