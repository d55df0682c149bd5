"""Where a page of an answer ended: a text that callers hand back as it is.

It holds a place and no right: whatever is in it, a caller sees no other rows than before.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec

from localai import InvalidRequest
from plugins.metrics.report.span import Span

LONGEST = 4096
"""Characters; texts of usage have up to 256 each."""
LARGEST = 2**63
"""What a database's integers stay below."""

Position = tuple[Any, ...]
"""Values that rows are ordered by, of one row."""


def write_cursor(mark: str, span: Span, last: Position) -> str:
    """Return the cursor of a row; `mark` stands for the question that it belongs to."""
    content = msgspec.json.encode([mark, span.begin, span.end, last])
    return urlsafe_b64encode(content).decode().rstrip("=")


def read_cursor(text: str, mark: str, kinds: Sequence[type]) -> tuple[Span, Position]:
    """Return the time that is asked about, and the row; `kinds` are the types of its values.

    Raises `InvalidRequest` for anything that `write_cursor` has not made for this question.
    """
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        of, begin, end, last = msgspec.json.decode(
            content, type=tuple[str, float, float, tuple[Any, ...]]
        )
    except (ValueError, msgspec.MsgspecError):
        raise _wrong() from None
    span = Span(begin=begin, end=end)
    if of != mark or not 0 <= begin < end < LARGEST or len(last) != len(kinds):
        raise _wrong()
    return span, tuple(map(_typed, last, kinds))


def _typed(value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int | float) and isfinite(value):
        return float(value)
    if kind is int and isinstance(value, int) and abs(value) < LARGEST:
        return int(value)
    if kind is str and isinstance(value, str) and "\0" not in value:  # PostgreSQL has no NUL
        return value
    raise _wrong()


def _wrong() -> InvalidRequest:
    return InvalidRequest(
        "cursor: give the 'next' of an answer as it is, with the same from, to, group_by and "
        "filters as for that answer",
        param="cursor",
    )
