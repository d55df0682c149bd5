"""What the measured texts are made of, with the places of what must be found in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Value:
    """A value that must be found, as a generator makes it."""

    kind: str
    """The row of the table that it counts for, as `card`."""
    text: str
    least: tuple[int, int] | None = None
    """The part that must not be left over, as the password in a URL; `None`: all of it."""
    form: str = ""
    """What tells values of a kind apart, as the name of a token's issuer."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands in a text: a find lies within it, and covers `least`."""

    value: Value
    start: int
    end: int
    least: tuple[int, int]

    def is_found(self, start: int, end: int) -> bool:
        """Return whether a find from `start` to `end` is this value."""
        return self.start <= start <= self.least[0] and self.least[1] <= end <= self.end


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, and all that must be found in it."""

    text: str
    locale: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text that somebody sends to a model."""

    text: str
    role: str
    """`user`, or `tool` for the result of a tool."""
    family: str
    core: int
    """The number of the sentence that it was made of, within its family."""


def seeded(seed: int) -> Random:
    """Return what makes data at random, and the same for equal seeds."""
    return Random(seed)  # noqa: S311 - data, not secrets


def fill(template: str, locale: str, slots: Mapping[str, str | Value]) -> Sample:
    """Return the template with its `{slots}` filled; those that are no slot stay as they are."""
    pieces: list[str] = []
    spans: list[Span] = []
    length = 0

    def add(piece: str) -> None:
        nonlocal length
        pieces.append(piece)
        length += len(piece)

    at = 0
    for slot in _SLOT.finditer(template):
        add(template[at : slot.start()])
        at = slot.end()
        value = slots.get(slot[1], slot[0])
        if isinstance(value, Value):
            first, last = value.least or (0, len(value.text))
            least = (length + first, length + last)
            spans.append(Span(value, length, length + len(value.text), least))
            value = value.text
        add(value)
    add(template[at:])
    return Sample("".join(pieces), locale, tuple(spans))
