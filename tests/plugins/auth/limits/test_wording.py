"""Headers and refusals."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.limits.rules import Charge, Slot, Unit, rate
from plugins.auth.limits.taken import Standing
from plugins.auth.limits.wording import (
    Names,
    all_taken,
    go_duration,
    headers_of,
    in_words,
    reached,
    too_large,
)

NAMES: dict[Unit, Names] = {
    "requests": Names("limit-r", "remaining-r", "reset-r"),
    "tokens": Names("limit-t", "remaining-t", "reset-t"),
}


def standing(text: str, used: int, wait: float = 23.0, unit: Unit = "requests") -> Standing:
    """Return a limit that stands so."""
    speed = rate(text)
    charge = Charge(speed, unit, "key", "your key")
    return Standing(charge, speed.amount, used, time.monotonic() + wait)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1s"),
        (0.2, "1s"),
        (1, "1s"),
        (22.1, "23s"),
        (60, "1m0s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (86_399.5, "24h0m0s"),
    ],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    """OpenAI's own servers write `1s` and `6m0s`; parts of a second are rounded up."""
    assert go_duration(seconds) == text


@given(st.floats(0, 1e7))
def test_a_duration_is_never_shorter_than_it_is(seconds: float) -> None:
    """Whoever waits as long as the header and the message say is not too early."""
    hours, minutes, rest = re.fullmatch(
        r"(?:(\d+)h)?(?:(\d+)m)?(\d+)s", go_duration(seconds)
    ).groups(  # type: ignore[union-attr]
        0
    )
    said = int(hours) * 3600 + int(minutes) * 60 + int(rest)
    assert seconds <= said < seconds + 1 or said == 1
    number, unit = in_words(seconds).split()
    assert int(number) * {"s": 1, "min": 60, "h": 3600}[unit] >= seconds


def test_headers_are_of_the_tightest_limit() -> None:
    """Of several limits in a unit the one with the least left is told, or the longest of equals."""
    found = headers_of(
        [
            standing("60/minute", 10),
            standing("100/hour", 99, wait=1800),
            standing("2/second", 1, wait=0.5),
            standing("1000/minute", 1500, wait=5, unit="tokens"),
        ],
        NAMES,
    )
    assert found == {
        "limit-r": "100",
        "remaining-r": "1",
        "reset-r": "30m0s",
        "limit-t": "1000",
        "remaining-t": "0",
        "reset-t": "5s",
    }
    assert headers_of([], NAMES) == {}


def test_a_refusal_says_which_limit_and_when_to_try_again() -> None:
    """The message names the limit, whose it is and the wait; headers have them for programs."""
    error = reached(standing("60/minute", 60), 1, {"x": "y"})
    assert error.message == ("60 requests per minute are used up for your key: try again in 23 s")
    assert (error.status, error.type, error.code) == (429, "requests", "rate_limit_exceeded")
    headers = error.headers()
    assert (headers["retry-after"], headers["x"]) == ("23", "y")
    assert 22_000 < int(headers["retry-after-ms"]) <= 23_000
    assert "x-should-retry" not in headers


def test_a_long_wait_is_not_for_programs() -> None:
    """Clients are told not to try a wait of over a minute by themselves."""
    error = reached(standing("5 per 2 hours", 5, wait=7000), 1, {})
    assert error.message == (
        "5 requests per 2 hours are used up for your key: try again in 117 min"
    )
    assert error.headers()["x-should-retry"] == "false"


def test_a_refusal_of_tokens_says_how_many_are_left() -> None:
    """A smaller request may fit at once."""
    error = reached(standing("1000/minute", 800, unit="tokens"), 300, {})
    assert error.type == "tokens"
    assert error.message == (
        "about 300 tokens are needed, and 200 of 1000 tokens per minute are left for your key: "
        "try again in 23 s"
    )


def test_a_request_above_a_whole_limit_is_not_sent_again() -> None:
    """No wait helps, so clients are told not to wait."""
    error = too_large(standing("1000/minute", 0, unit="tokens").charge, 2000)
    assert (error.status, error.type) == (429, "tokens")
    assert error.headers() == {"x-should-retry": "false"}
    assert "about 2000 tokens are needed, and your key has 1000 tokens per minute" in error.message


def test_a_slot_is_soon_free() -> None:
    """Nobody knows when an answer ends; a second is worth a try."""
    error = all_taken(Slot(4, "key", "your key"), 4)
    assert error.message.startswith("4 requests at a time are running for your key")
    assert error.headers()["retry-after"] == "1"
