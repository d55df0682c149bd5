"""What the file says of how a model is chosen: policies by name, each by cost or by rules."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from msgspec import Meta, Struct

from localai import Duration, model_pattern

Share = Annotated[float, Meta(ge=0, le=1)]
Level = Literal["simple", "moderate", "complex"]


class Bounds(Struct, frozen=True, kw_only=True):
    """Where simple ends and complex begins."""

    moderate: Share
    complex: Share

    def level(self, complexity: float) -> Level:
        """Return the word for a complexity."""
        if complexity < self.moderate:
            return "simple"
        return "moderate" if complexity < self.complex else "complex"


class Floors(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The least quality for each level of complexity.

    A little below good, very_good and excellent (0.5, 0.75, 0.9): qualities that nobody declares
    are guessed, and a model of 14 billion parameters is guessed at 0.88.
    """

    simple: Share = 0.45
    moderate: Share = 0.7
    complex: Share = 0.85


class Rule(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A model for the requests that all of its conditions apply to."""

    model: str
    """Who answers these; passed over where it is missing, not allowed, or can't do it."""
    complexity: Level | None = None
    """Applies to requests of this level only."""
    max_latency: Duration = Duration(0)
    """Applies to requests that must be answered within this time; 0: to others too."""
    shorter_than: Annotated[int, Meta(ge=0)] = 0
    """Applies to texts of fewer characters; 0: to all."""
    words: tuple[str, ...] = ()
    """Applies to texts with one of these words or phrases; empty: to all."""

    def applies(self, level: Level, latency: float, text: str) -> bool:
        """Say whether it does; `latency` is infinite where nobody is in a hurry."""
        if self.complexity is not None and level != self.complexity:
            return False
        if self.max_latency and latency > self.max_latency:
            return False
        if self.shorter_than and len(text) >= self.shorter_than:
            return False
        if not self.words:
            return True
        lowered = text[:MOST_READ].lower()
        return any(word.lower() in lowered for word in self.words)


MOST_READ = 4_000
"""Characters of a text that rules look for words in."""


class Policy(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """How a model is chosen for one name."""

    candidates: tuple[str, ...] = ("*",)
    """Names and patterns of models that may be chosen; one with "!" before it may not."""
    floor: Share | Floors = Floors()
    """Least quality: one number, or one for each of simple, moderate and complex requests."""
    max_latency: Duration = Duration(0)
    """Time until the first token of a stream, or the end of another answer; 0: as long as it takes.
    A request's own x-localai-max-latency counts more."""
    weight_time: Annotated[float, Meta(ge=0)] = 1.0
    """What an hour of waiting is worth, in the money of price_per_kwh: more makes it quicker."""
    prefer: tuple[str, ...] = ()
    """Tags of models that come first, where they are good and quick enough."""
    best_effort: bool = True
    """Take the quickest where none is quick enough; else such a request is refused."""
    embedding: str = ""
    """Model for embeddings, which must not change; empty: the only one there is."""
    rules: tuple[Rule, ...] = ()
    """Models by rules, the first that applies; cost is looked at only where none does."""

    def allows(self, model: str) -> bool:
        """Say whether a model is a candidate; `model` is a full name in lower case."""
        excluded = (model_pattern(each[1:]) for each in self.candidates if each.startswith("!"))
        if any(fnmatchcase(model, pattern) for pattern in excluded):
            return False
        included = [each for each in self.candidates if not each.startswith("!")] or ["*"]
        return any(fnmatchcase(model, model_pattern(each)) for each in included)

    def floor_of(self, level: Level) -> float:
        """Return the least quality for requests of a level."""
        if isinstance(self.floor, Floors):
            floor: float = getattr(self.floor, level)
            return floor
        return self.floor

    def rules_for(self, level: Level, latency: float, text: str) -> Iterator[Rule]:
        """Yield the rules that apply, in their order."""
        return (rule for rule in self.rules if rule.applies(level, latency, text))
