"""Cursors, and what is none."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import InvalidRequest
from plugins.metrics.report.cursor import LONGEST, Position, read_cursor, write_cursor
from plugins.metrics.report.span import Span

SPAN = Span(begin=1.5, end=9.25)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=256)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)
AMOUNTS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(TEXTS | NUMBERS | AMOUNTS, max_size=5).map(tuple), TEXTS)
def test_a_cursor_is_read_as_it_was_written(last: Position, mark: str) -> None:
    """Times and values are the same, to the last bit."""
    text = write_cursor(mark, SPAN, last)
    assert read_cursor(text, mark, [type(value) for value in last]) == (SPAN, last)


def test_it_fits_an_address() -> None:
    """The longest that there can be passes as a parameter, without any character to escape."""
    text = write_cursor("0" * 12, SPAN, ("\u00e9" * 256,) * 4)
    assert len(text) < LONGEST
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()


def _of(content: str) -> str:
    return urlsafe_b64encode(content.encode()).decode()


WRONG = [
    "x",
    "é",
    "%%%",
    _of("[]"),
    _of("null"),
    _of('["m",1,2,["a",1]]x'),
    _of('["other",1,2,["a",1]]'),
    _of('["m",2,1,["a",1]]'),
    _of('["m",-1,1,["a",1]]'),
    _of('["m",1,1e300,["a",1]]'),
    _of('["m",1,2,["a"]]'),
    _of('["m",1,2,["a",1,2]]'),
    _of('["m",1,2,[1,1]]'),
    _of('["m",1,2,["a","1"]]'),
    _of('["m",1,2,["a",1.5]]'),
    _of('["m",1,2,["a",9223372036854775808]]'),
    _of('["m",1,2,["a\\u0000",1]]'),
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """Anything else, or the cursor of another question, is one clear error."""
    with pytest.raises(InvalidRequest, match=r"^cursor: give the 'next' of an answer as it is"):
        read_cursor(text, "m", (str, int))
