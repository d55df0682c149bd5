"""Go's way with JSON, numbers, times and durations."""

import struct
from datetime import timedelta, timezone

import pytest

from tests.double.go import (
    Floats,
    dumps,
    float32,
    omit_empty,
    parse_duration,
    quote,
    timestamp,
)


def test_html_and_line_separators_are_escaped() -> None:
    """HTML characters and the two Unicode line separators leave as escapes, U+0085 raw."""
    assert dumps({"a": "<b>&\u2028\u2029\u0085é"}) == (
        b'{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029\xc2\x85\xc3\xa9"}'
    )


def test_keys_keep_their_order() -> None:
    """Keys are written in the order in which they stand, without spaces."""
    assert dumps({"b": 1, "a": [True, None]}) == b'{"b":1,"a":[true,null]}'


def test_lone_surrogates_become_replacement_characters() -> None:
    """A lone surrogate can't break the UTF-8 of an answer."""
    assert dumps("\ud800") == '"\ufffd"'.encode()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, b"0"),
        (1.0, b"1"),
        (-0.125, b"-0.125"),
        (1e20, b"100000000000000000000"),
        (1e21, b"1e+21"),
        (0.000001, b"0.000001"),
        (1.5e-7, b"1.5e-7"),
        (2e-11, b"2e-11"),
    ],
)
def test_numbers_are_written_as_go_does(number: float, text: bytes) -> None:
    """A float64 gets Go's form, exponents included."""
    assert dumps(number) == text


def test_float32_gets_the_fewest_digits() -> None:
    """A float32 has only the digits that it needs to be read back."""
    third: float = struct.unpack("<f", struct.pack("<f", 1 / 3))[0]
    assert float32(third) == "0.33333334"
    assert dumps(Floats([third, 0.5])) == b"[0.33333334,0.5]"


def test_empty_fields_are_omitted() -> None:
    """Empty texts, lists, zeros and nulls vanish, other values stay."""
    assert omit_empty(a="", b=0, c=None, d=[], e="x", f=[0]) == {"e": "x", "f": [0]}


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (1_795_190_400_120_000_000, "2026-11-20T16:00:00.12Z"),
        (1_795_190_400_000_000_000, "2026-11-20T16:00:00Z"),
        (1_795_190_400_123_456_789, "2026-11-20T16:00:00.123456789Z"),
    ],
)
def test_timestamps_lose_their_trailing_zeros(nanoseconds: int, text: str) -> None:
    """A time has as many fraction digits as it needs, up to nine."""
    assert timestamp(nanoseconds) == text


def test_timestamps_carry_their_offset() -> None:
    """A local time names its offset from UTC."""
    zone = timezone(timedelta(hours=1))
    assert timestamp(1_795_190_400_000_000_000, zone) == "2026-11-20T17:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("5m", 300 * 10**9), ("1h30m", 5400 * 10**9), ("0", 0), ("-1.5s", -1_500_000_000)],
)
def test_durations_are_read(text: str, nanoseconds: int) -> None:
    """Go durations are read as nanoseconds."""
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("-1", 'time: missing unit in duration "-1"'),
        ("x", 'time: invalid duration "x"'),
        ("", 'time: invalid duration ""'),
        ("5y", 'time: unknown unit "y" in duration "5y"'),
    ],
)
def test_bad_durations_have_gos_text(text: str, error: str) -> None:
    """A bad duration is refused in Go's words."""
    with pytest.raises(ValueError, match=r".") as caught:
        parse_duration(text)
    assert str(caught.value) == error


def test_quoting_escapes_quotes() -> None:
    """A quoted text keeps its inner quotes escaped."""
    assert quote('a"b') == '"a\\"b"'
