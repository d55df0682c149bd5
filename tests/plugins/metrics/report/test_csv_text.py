"""Rows as CSV."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.report.csv_text import csv_of


def test_lines_end_as_the_standard_says() -> None:
    """Lines end with CR LF, texts with commas and quotes are quoted, nothing is empty."""
    rows = [{"a": 'say "x", y', "b": 1.5, "c": None}]
    assert csv_of(("b", "a", "c"), rows) == 'b,a,c\r\n1.5,"say ""x"", y",\r\n'
    assert csv_of(("a",), []) == "a\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_no_text_is_a_formula(text: str) -> None:
    """What a spreadsheet would compute is a text there; a number below 0 stays a number."""
    assert next(csv.reader(io.StringIO(csv_of(("a",), [{"a": text}]), newline=""))) == ["a"]
    assert list(csv.reader(io.StringIO(csv_of(("a",), [{"a": text}]), newline="")))[1] == [
        f"'{text}"
    ]
    assert csv_of(("a",), [{"a": -1.5}]) == "a\r\n-1.5\r\n"


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=5))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    """Any other text comes out of a reader as it was."""
    text = csv_of(("a", "b"), [{"a": a, "b": b} for a, b in rows])
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["a", "b"]
    plain = [tuple(cell[1:] if cell.startswith("'") else cell for cell in row) for row in read[1:]]
    assert plain == [
        tuple(cell[1:] if cell.startswith("'") else cell for cell in row) for row in rows
    ]
