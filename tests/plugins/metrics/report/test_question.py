"""What parameters mean."""

import pytest

from localai import InvalidRequest
from plugins.metrics.report.question import PAGE, PAGE_CSV, Question, filters, read_question
from plugins.metrics.report.span import Span
from tests.plugins.metrics.report.support import DAY, NOON


def asked(**said: str) -> Question:
    """Return what these parameters mean at noon; `from_` stands for `from`."""
    return read_question({name.rstrip("_"): value for name, value in said.items()}, DAY, NOON)


def test_without_parameters_it_is_each_row_of_the_usual_time() -> None:
    """Nothing need be said."""
    question = asked()
    assert question.span == Span(begin=NOON - DAY, end=NOON)
    assert (question.group_by, question.where, question.after) == ((), {}, ())
    assert (question.limit, question.format) == (PAGE, "json")


def test_groups_and_filters_are_read() -> None:
    """Names of groups stand in their order; a model has its tag."""
    question = asked(group_by="day, model", model="Llama3.2", key="key:a", limit="7", format="csv")
    assert question.group_by == ("day", "model")
    assert question.where == {"key": "key:a", "model": "llama3.2:latest"}
    assert (question.limit, question.format) == (7, "csv")
    assert asked(format="csv").limit == PAGE_CSV


WRONG = [
    ({"group_by": "day,colour"}, "group_by: 'colour' is none of hour, day, month, tenant, key"),
    ({"group_by": ""}, "group_by: '' is none of"),
    ({"group_by": "model,model"}, "group_by: name each thing once"),
    ({"group_by": "day,hour"}, "group_by: name each thing once, and one of hour, day, month"),
    ({"limit": "0"}, "limit: expected 1 to 1000"),
    ({"limit": "1001"}, "limit: expected"),
    ({"limit": "+5"}, "limit: expected"),
    ({"limit": "٣"}, "limit: expected"),
    ({"format": "xml"}, "format: expected json or csv"),
    ({"key": "a\0b"}, "key: has a character that no name has"),
    ({"from_": "soon"}, "from: expected a time ago"),
    ({"cursor": "x"}, "cursor: give the 'next'"),
]


@pytest.mark.parametrize(("said", "message"), WRONG, ids=str)
def test_what_is_malformed_is_refused(said: dict[str, str], message: str) -> None:
    """The error names the parameter."""
    with pytest.raises(InvalidRequest) as error:
        asked(**said)
    assert error.value.message.startswith(message)
    assert error.value.param == next(iter(said)).rstrip("_")


def test_a_cursor_keeps_the_time() -> None:
    """While pages are turned, `7d` means what it meant for the first."""
    said = {"from": "7d", "group_by": "day,key"}
    first = read_question(said, DAY, NOON)
    cursor = first.next((20_000, "key:a"))
    second = read_question(said | {"cursor": cursor, "limit": "5"}, DAY, NOON + DAY)
    assert second.span == first.span
    assert second.after == (20_000, "key:a")
    assert read_question({}, DAY, NOON).next((1.5, 7)) != cursor


@pytest.mark.parametrize("other", [{"from": "8d"}, {"group_by": "day,user"}, {"key": "key:a"}])
def test_a_cursor_belongs_to_its_question(other: dict[str, str]) -> None:
    """With other parameters it would skip rows that nobody has seen."""
    said = {"from": "7d", "group_by": "day,key"}
    cursor = read_question(said, DAY, NOON).next((20_000, "key:a"))
    with pytest.raises(InvalidRequest, match=r"^cursor: "):
        read_question(said | other | {"cursor": cursor}, DAY, NOON)


def test_only_columns_are_filters() -> None:
    """What else a query says is not taken for a column."""
    assert filters({"tenant": "t", "from": "7d", "limit": "5"}) == {"tenant": "t"}
