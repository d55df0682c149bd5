"""The candidates of a policy, kept until something of them has changed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from plugins.routing.catalogue.model import Model
from plugins.routing.select.candidates import Estimating, candidates_of
from plugins.routing.select.choice import Candidate, Terms
from plugins.routing.select.policy import Policy

FRESH = 30.0
"""Seconds for which the least costs are believed: speeds that are measured change them."""
AT_ONCE = 8
"""Models that are worked out before other requests get a turn: some 200 µs."""


class Stock:
    """The candidates of one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._models: Mapping[str, Model] | None = None
        self._terms: Terms | None = None
        self._made_at = 0.0
        self._candidates: Sequence[Candidate] = ()

    async def candidates(
        self,
        models: Mapping[str, Model],
        terms: Terms,
        estimating: Estimating,
        context_of: Callable[[Model], int],
        now: float,
    ) -> Sequence[Candidate]:
        """Return them; `models` is another object when the catalogue has changed."""
        is_same = self._models is models and self._terms == terms
        if not is_same or now - self._made_at > FRESH:
            made = []
            for candidate in candidates_of(models, self._policy, terms, estimating, context_of):
                made.append(candidate)
                if len(made) % AT_ONCE == 0:
                    await asyncio.sleep(0)
            self._candidates, self._models, self._terms = made, models, terms
            self._made_at = now
            return made
        return self._candidates
