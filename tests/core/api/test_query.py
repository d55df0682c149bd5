"""Reading queries without ignoring anything."""

import pytest

from core.api.query import read_count, read_query
from core.errors import InvalidRequest

KNOWN = ("model", "tag")


def test_what_is_known_is_returned() -> None:
    """Each parameter has its value; those that were not given are left out."""
    assert read_query([("tag", "a b"), ("model", "x")], KNOWN) == {"tag": "a b", "model": "x"}
    assert read_query([], KNOWN) == {}


WRONG = [
    ([("modl", "x")], "unknown parameter 'modl'; did you mean 'model'?"),
    ([("limit", "1")], "unknown parameter 'limit'; known are: model, tag"),
    ([("x" * 99, "1")], f"unknown parameter '{'x' * 64}'"),
    ([("tag", "a"), ("tag", "a")], "tag: given twice: give it once"),
    ([("tag", "")], "tag: expected 1 to 9 characters"),
    ([("tag", "x" * 10)], "tag: expected 1 to 9 characters"),
]


@pytest.mark.parametrize(("pairs", "message"), WRONG, ids=str)
def test_what_would_be_ignored_is_refused(pairs: list[tuple[str, str]], message: str) -> None:
    """A parameter that is not known, or that two parsers could read in two ways, is named."""
    with pytest.raises(InvalidRequest) as error:
        read_query(pairs, KNOWN, longest=9)
    assert error.value.message.startswith(message)
    assert error.value.param == pairs[-1][0][:64]


def test_where_nothing_is_known_nothing_may_be_said() -> None:
    """An endpoint without parameters refuses all of them."""
    with pytest.raises(InvalidRequest, match="unknown parameter 'x'; none is known here"):
        read_query([("x", "1")], ())


@pytest.mark.parametrize(("text", "count"), [(None, 10), ("1", 1), ("25", 25), ("200", 200)])
def test_a_count_is_what_was_said_or_the_usual(text: str | None, count: int) -> None:
    """From one to the most."""
    assert read_count(text, "limit", 10, 200) == count


@pytest.mark.parametrize("text", ["0", "201", "-1", "+5", "1.0", "٣", "", "07", "1" * 99])
@pytest.mark.parametrize("zeros", ["", "0" * 7, "0" * 5000])
def test_no_way_to_write_a_count_goes_above_the_most(text: str, zeros: str) -> None:
    """What is no plain number within the bounds is refused, also with zeros before it."""
    with pytest.raises(InvalidRequest, match="limit: expected 1 to 200"):
        read_count(zeros + text, "limit", 10, 200)
