"""What the cache has answered since the router started, and what that has saved."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from plugins.cache.entry import Head

KINDS = ("chat", "generate", "embed", "models", "semantic")
WATTS = 120.0
"""Power that the machine draws while a model computes, for answers whose energy is unknown."""
JOULES_PER_WH = 3600


class Counts(Struct):
    """What became of the requests of one kind; of embeddings, each text counts as one."""

    hits: int = 0
    misses: int = 0
    joins: int = 0
    bypasses: int = 0
    stored: int = 0
    seconds: float = 0.0
    """That a model took, once, for the answers that were given again."""
    tokens: int = 0
    """Of those answers and their prompts."""
    joules: float = 0.0
    """That they took, once."""


class Statistics:
    """Counts by kind; counting takes less than a microsecond."""

    def __init__(self, watts: float = WATTS) -> None:
        self._watts = watts
        self._of = {kind: Counts() for kind in KINDS}

    def hit(self, kind: str, head: Head) -> None:
        """Count an answer that was given again."""
        counts = self._of[kind]
        counts.hits += 1
        counts.seconds += head.seconds
        counts.tokens += head.tokens
        counts.joules += head.seconds * self._watts if head.joules is None else head.joules

    def miss(self, kind: str, number: int = 1) -> None:
        """Count what was not known."""
        self._of[kind].misses += number

    def join(self, kind: str, number: int = 1) -> None:
        """Count a listener to an answer that somebody else has asked for."""
        self._of[kind].joins += number

    def bypass(self, kind: str, number: int = 1) -> None:
        """Count what the cache was not asked for."""
        self._of[kind].bypasses += number

    def stored(self, kind: str, number: int = 1) -> None:
        """Count what is kept from now on."""
        self._of[kind].stored += number

    @property
    def kinds(self) -> Mapping[str, Counts]:
        """The counts of each kind."""
        return self._of

    def report(self) -> dict[str, Any]:
        """Return all figures by kind, and their `total`, for JSON."""
        total = Counts()
        for kind, counts in self._of.items():
            total.hits += counts.hits
            total.stored += counts.stored
            total.seconds += counts.seconds
            total.tokens += counts.tokens
            total.joules += counts.joules
            if kind == "semantic":
                # What is asked there was a miss of `chat` before: no request counts twice.
                total.misses -= counts.hits
            else:
                total.misses += counts.misses
                total.joins += counts.joins
                total.bypasses += counts.bypasses
        total.misses = max(total.misses, 0)
        return {name: self._figures(of) for name, of in (*self._of.items(), ("total", total))}

    def _figures(self, counts: Counts) -> dict[str, Any]:
        asked = counts.hits + counts.misses + counts.joins
        return {
            "hits": counts.hits,
            "misses": counts.misses,
            "joins": counts.joins,
            "bypasses": counts.bypasses,
            "stored": counts.stored,
            "hit_rate": round(counts.hits / asked, 4) if asked else None,
            "saved_seconds": round(counts.seconds, 3),
            "saved_tokens": counts.tokens,
            "saved_wh": round(counts.joules / JOULES_PER_WH, 4),
        }
