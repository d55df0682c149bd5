"""Escapes read as what they stand for, wherever they are cut."""

import json

from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.stream.escapes import UNKNOWN, Unescaper
from tests.plugins.guardrails.stream.oracle import cut

cuts = st.lists(st.integers(0, 100), max_size=20)
escaped = st.text(st.sampled_from('\\"/bnru0d8DcCf9eEaé😀 '), max_size=30)


def _read(pieces: list[str]) -> tuple[str, str]:
    """Return a text as it reads, and what it was written like by what is told of its escapes."""
    unescaper = Unescaper()
    text, written = "", ""
    for reading in [*map(unescaper.push, pieces), unescaper.flush()]:
        at = 0
        for place, escape in reading.escapes:
            written += reading.text[at:place] + escape
            at = place + 1
        written += reading.text[at:]
        text += reading.text
    assert unescaper.held == 0
    return text, written


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), cuts)
def test_json_reads_as_what_was_encoded(text: str, places: list[int]) -> None:
    """An encoded text reads as the text, whatever of it is escaped and wherever it is cut."""
    expected = text.replace("\0", UNKNOWN)
    for is_ascii in (True, False):
        encoded = json.dumps(text, ensure_ascii=is_ascii)[1:-1]
        assert _read(cut(encoded, places)) == (expected, encoded)


@given(escaped, cuts)
def test_any_text_is_given_on_as_it_was_written(text: str, places: list[int]) -> None:
    """Whatever is no escape stays, and where a text is cut does not matter."""
    assert _read(cut(text, places))[1] == text
    assert _read(cut(text, places)) == _read([text])


def test_what_no_text_may_hold_is_unknown() -> None:
    """U+0000 and half of a pair read as U+FFFD."""
    assert _read(["a\0b"]) == (f"a{UNKNOWN}b", f"a{UNKNOWN}b")
    assert _read([r"\u0000"]) == (UNKNOWN, r"\u0000")
    assert _read([r"\ud83d", "x"]) == (f"{UNKNOWN}x", r"\ud83dx")
    assert _read([r"\ude00\ud83d\ude00"]) == (f"{UNKNOWN}😀", r"\ude00\ud83d\ude00")


def test_an_escape_that_has_begun_waits() -> None:
    """What may become an escape is held until it is one, or is none."""
    unescaper = Unescaper()
    assert unescaper.push("a\\u00").text == "a"
    assert unescaper.held == 4
    assert unescaper.push("40b") == ("@b", [(0, r"\u0040")])
    assert unescaper.push("\\").text == ""
    assert unescaper.push("q").text == "\\q"
    assert unescaper.push("\\\\n").text == "\\n"
