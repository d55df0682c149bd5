"""How long models stay in memory.

Ollama evicts the model first that is to stay for the shortest time: `keep_alive` is a priority. A
model's worth is the time that keeping it saves: how often it is asked for, times how long it takes
to load, for each byte that it takes. What is small or often used stays longer.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

HALF_LIFE = 3_600.0
"""Seconds after which a use counts half."""
MOST = 1_000
"""Models whose use is known."""
LOAD_RATE = 1.5e9
"""Bytes in a second, and a second for each load besides: docs/strix-halo.md, load."""
USUAL_SIZE = 5e9
"""Bytes of a model that neither gains nor loses by its size."""


FRESH = 5.0
"""Seconds for which the time that was worked out for a model is good enough."""


@dataclass(slots=True)
class _Use:
    count: float
    at: float
    since: int = 0
    """Requests since then."""
    seconds: float = 0.0
    fresh_until: float = 0.0


class Keeping:
    """Knows how much each model is used, and says how long to keep it."""

    def __init__(self, shortest: float, longest: float) -> None:
        self.shortest = shortest
        self.longest = longest
        self._uses: OrderedDict[str, _Use] = OrderedDict()

    def adopt(self, other: "Keeping") -> None:
        """Go on with what another one knows."""
        self._uses = other._uses

    def used(self, model: str, size: float, now: float) -> float:
        """Note a request for a model; return for how long to keep it after its answer.

        The time follows the use with a delay of some seconds, as it is not worth more effort.
        """
        use = self._uses.get(model)
        if use is not None and now < use.fresh_until:
            use.since += 1
            return use.seconds
        count = self.uses(model, now) + 1.0
        use = self._uses[model] = _Use(count, now)
        self._uses.move_to_end(model)
        while len(self._uses) > MOST:
            self._uses.popitem(last=False)
        use.seconds = self.seconds(model, size, now)
        use.fresh_until = now + FRESH
        return use.seconds

    def uses(self, model: str, now: float) -> float:
        """Return the requests of about the last hour."""
        use = self._uses.get(model)
        if use is None:
            return 0.0
        return (use.count + use.since) * math.exp2((use.at - now) / HALF_LIFE)

    def worth(self, model: str, size: float, now: float) -> float:
        """Return what it is worth to keep a model, against others."""
        each_byte = (1.0 / LOAD_RATE + 1.0 / max(size, 1e6)) / (1.0 / LOAD_RATE + 1.0 / USUAL_SIZE)
        return self.uses(model, now) * each_byte

    def seconds(self, model: str, size: float, now: float) -> float:
        """Return how long to keep a model after an answer: longer, the more it is worth."""
        seconds = self.shortest * (1.0 + self.worth(model, size, now) / 4.0)
        return float(round(min(max(seconds, self.shortest), self.longest)))
