"""Parts of a text that were found, and the text with something else in their place."""

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """A part of a text, and what it is."""

    entity: str
    start: int
    end: int


def disjoint(text: str, spans: Iterable[Span], kept: Iterable[tuple[int, int]] = ()) -> list[Span]:
    """Return the spans in order, without overlaps and without what is in the `kept` parts.

    Where spans overlap, the one that starts first has what they share, of those the longest.
    What remains loses blanks at its ends, and is left out when it has no letter and no digit.
    """
    barriers = sorted(kept)
    passed = 0
    free: list[Span] = []
    at = 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        at = max(at, span.start)
        while at < span.end:
            while passed < len(barriers) and barriers[passed][1] <= at:
                passed += 1
            start, end = barriers[passed] if passed < len(barriers) else (span.end, span.end)
            stop = min(start, span.end)
            if at < stop and (part := _trimmed(text, span.entity, at, stop)):
                free.append(part)
            at = end if stop < span.end else stop
    return free


def replaced(text: str, spans: Iterable[Span], act: Callable[[str, str], str | None]) -> str:
    """Return the text with what `act` gives for each span's entity and text.

    The spans are in order and disjoint; where `act` gives `None`, the text stays.
    """
    parts = []
    at = 0
    for span in spans:
        value = text[span.start : span.end]
        instead = act(span.entity, value)
        parts += [text[at : span.start], value if instead is None else instead]
        at = span.end
    parts.append(text[at:])
    return "".join(parts)


def _trimmed(text: str, entity: str, start: int, end: int) -> Span | None:
    value = text[start:end]
    if not any(map(str.isalnum, value)):
        return None
    start += len(value) - len(value.lstrip())
    return Span(entity, start, start + len(value.strip()))
