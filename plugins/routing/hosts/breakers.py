"""A breaker for each host and model."""

from collections import Counter, OrderedDict

from plugins.routing.hosts.breaker import DEFAULTS, Breaker, State, Terms

MOST = 2000
"""Hosts and models; the one that was longest not asked for goes first."""

Key = tuple[str, str]


class Breakers:
    """By the URL of the host and the `model_key` of the model, made when they are needed."""

    def __init__(self, terms: Terms = DEFAULTS, most: int = MOST) -> None:
        self._terms = terms
        self._most = most
        self._breakers: OrderedDict[Key, Breaker] = OrderedDict()

    def __len__(self) -> int:
        return len(self._breakers)

    def of(self, url: str, model: str) -> Breaker:
        """Return a breaker."""
        key = (url, model)
        breaker = self._breakers.get(key)
        if breaker is None:
            breaker = self._breakers[key] = Breaker(self._terms)
            if len(self._breakers) > self._most:
                self._breakers.popitem(last=False)
        else:
            self._breakers.move_to_end(key)
        return breaker

    def find(self, url: str, model: str) -> Breaker | None:
        """Return a breaker, if the model was asked for there."""
        return self._breakers.get((url, model))

    def states(self, now: float) -> dict[str, Counter[State]]:
        """Return how many breakers of each host are in which state."""
        counts: dict[str, Counter[State]] = {}
        for (url, _), breaker in self._breakers.items():
            counts.setdefault(url, Counter())[breaker.state(now)] += 1
        return counts

    def open(self, url: str, now: float) -> dict[str, Breaker]:
        """Return the breakers of a host that are not closed, by model."""
        return {
            model: breaker
            for (other, model), breaker in self._breakers.items()
            if other == url and breaker.state(now) != "closed"
        }
