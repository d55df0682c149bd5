"""Spans, and what is put in their place."""

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.guardrails.pii.presidio.spans import Span, disjoint, replaced

TEXT = st.text(alphabet="ab -*", min_size=1, max_size=40)
POINTS = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted)


def test_what_is_kept_is_cut_out() -> None:
    """Of a name with a placeholder in its midst the rest is found, without blanks."""
    text = "Anna <EMAIL_1> Smith and Ben"
    spans = [Span("PERSON", 0, 20), Span("PERSON", 25, 28), Span("LOCATION", 15, 28)]
    assert disjoint(text, spans, [(5, 14)]) == [
        Span("PERSON", 0, 4),
        Span("PERSON", 15, 20),
        Span("LOCATION", 21, 28),
    ]
    assert disjoint("ab -- cd", [Span("PERSON", 2, 6)]) == []


def test_replaced_leaves_what_is_left_alone() -> None:
    """Where nothing stands in place of a find, the text stays."""
    spans = [Span("PERSON", 0, 4), Span("LOCATION", 8, 13)]
    text = "Anna in Paris"
    assert replaced(text, spans, lambda entity, value: None) == text
    assert replaced(text, spans, lambda entity, value: f"<{entity}>") == "<PERSON> in <LOCATION>"
    assert replaced("", [], lambda entity, value: "") == ""


@settings(deadline=None)
@given(TEXT, st.lists(POINTS, max_size=6), st.lists(POINTS, max_size=4))
def test_disjoint_covers_each_letter_once(
    text: str, found: list[list[int]], kept: list[list[int]]
) -> None:
    """Each letter of a span that is not kept is in one part, and no part has anything else."""
    size = len(text)
    spans = [Span("X", min(a, size), min(b, size)) for a, b in found]
    barriers = [(min(a, size), min(b, size)) for a, b in kept if min(a, size) < min(b, size)]
    wanted = {at for span in spans for at in range(span.start, span.end)}
    wanted -= {at for a, b in barriers for at in range(a, b)}
    parts = disjoint(text, spans, barriers)
    covered = [at for part in parts for at in range(part.start, part.end)]
    assert covered == sorted(set(covered))
    assert set(covered) <= wanted
    assert {at for at in wanted if text[at].isalnum()} <= set(covered)
