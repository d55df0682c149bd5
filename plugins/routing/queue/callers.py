"""Who asks: whose share a request counts for, how large that is, and whether it is a batch."""

from collections.abc import Iterable, Mapping
from time import monotonic

from localai import Call, Principal
from plugins.routing.queue.turn import Turn

PRIORITY = "x-localai-priority"
INTERACTIVE = "queue:interactive"
"""The scope that a caller needs whose requests are batches, to have one that is none."""


class Callers:
    """Makes turns of calls."""

    def __init__(self, weights: Mapping[str, float], batch: Iterable[str]) -> None:
        self._weights = weights
        self._batch = frozenset(batch)

    def turn(self, call: Call) -> Turn:
        """Return the turn of a call that has just come."""
        principal = call.principal
        turn = Turn(call, principal.id, monotonic())
        if self._weights:
            own = self._weights.get(principal.id)
            turn.weight = own or self._weights.get(principal.tenant, 1.0)
        turn.is_batch = self._is_batch(call, principal)
        return turn

    def _is_batch(self, call: Call, principal: Principal) -> bool:
        """Say whether a call is a batch; everybody may say so of their own."""
        usually = principal.is_router or bool(
            self._batch and (principal.id in self._batch or principal.tenant in self._batch)
        )
        if call.connection is None:
            return usually
        wish = call.connection.headers.get(PRIORITY)
        if wish is None:
            return usually
        if wish.strip().lower() == "interactive":
            return usually and not principal.may(INTERACTIVE)
        return usually or wish.strip().lower() == "batch"
