"""What has become of the requests of one variant."""

from collections import Counter
from typing import Any

from localai import Inference
from plugins.routing.experiments.moments import Moments

FALLBACK = "x-localai-fallback"
CACHE = "x-localai-cache"
STALE = "stale"
KEPT = frozenset({"hit", "join"})
"""What the cache's header says of answers that say nothing of the model's speed."""


class Tally:
    """Counts of one variant, since the plugin was started or its settings changed."""

    def __init__(self) -> None:
        self.exposures = 0
        """Requests that were given to it."""
        self.outcomes: Counter[str] = Counter()
        """How they have ended: ok, fallback (another model answered), error, canceled."""
        self.tokens = Moments()
        """Of each answer that was whole."""
        self.first_token = Moments()
        """Seconds until the first token, of answers that no cache gave."""

    def saw(self, inference: Inference) -> None:
        """Count a request that has ended."""
        outcome = inference.outcome
        headers = inference.call.headers
        if outcome not in ("ok", "canceled"):
            outcome = "error"
        elif outcome == "ok" and (FALLBACK in headers or headers.get(CACHE) == STALE):
            outcome = "fallback"
        self.outcomes[outcome] += 1
        if outcome != "ok" or inference.last is None:
            return
        self.tokens.add(inference.last.eval_count)
        if inference.first is not None and headers.get(CACHE) not in KEPT:
            self.first_token.add(inference.first - inference.begun)

    @property
    def ended(self) -> int:
        """Requests whose end says something of the variant: a caller who left says nothing."""
        return self.outcomes.total() - self.outcomes["canceled"]

    def report(self) -> dict[str, Any]:
        """Return it for people."""
        return {
            "exposures": self.exposures,
            "outcomes": dict(self.outcomes),
            "tokens": self.tokens.report(),
            "first_token_seconds": self.first_token.report(),
        }


class ShadowTally:
    """Counts of one shadow."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        """ok, error, timeout; too_many and too_large for what was not even asked."""
        self.tokens = Moments()
        self.characters = Moments()
        self.seconds = Moments()
        """Until the end, the wait in the queue included."""

    def report(self) -> dict[str, Any]:
        """Return it for people."""
        return {
            "outcomes": dict(self.outcomes),
            "tokens": self.tokens.report(),
            "characters": self.characters.report(),
            "seconds": self.seconds.report(),
        }
