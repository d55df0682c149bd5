"""What became of a call, for whoever watches calls from outside."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from core.attempt import Cost
from core.decisions import HEADER, summary
from core.messages import Call, Chunk
from core.told_cost import HEADER as COST
from core.told_cost import cost_header, told_cost

KEY = "localai.inference"
"""Where it is in the scope of a request that has come as far as the chain."""


class Inference:
    """A call, and how its answer has gone by now. Times are those of `time.monotonic`.

    A plugin that only watches reads this when the call has ended, instead of standing in the
    chain: there it would cost a step for each chunk.
    """

    __slots__ = ("_is_whole", "begun", "call", "ended", "error", "first", "last")

    def __init__(self, call: Call) -> None:
        self.call = call
        """With the headers of its answer, and the attempts to answer it in `call.work`."""
        # A copy of a call that goes through the chain again is a part of the same work, which must
        # not be counted twice.
        self._is_whole = call.work.claim()
        self.begun = time.monotonic()
        self.first: float | None = None
        """When the first chunk came."""
        self.ended: float | None = None
        """When all was sent, or the caller had left."""
        self.last: Chunk | None = None
        """The last chunk, which has the counts; `None` if it did not come."""
        self.error: str | None = None
        """The class of the error that the answer ended with."""

    def saw(self, chunk: Chunk) -> Chunk:
        """Note a chunk that goes to the caller; the last one tells what the whole answer took."""
        if self.first is None:
            self.first = time.monotonic()
        if chunk.done:
            cost, saved = self.cost, chunk.saved
            if not self.is_new and chunk.cost is not None:
                saved = chunk.cost if saved is None else saved + chunk.cost
            if cost is not chunk.cost or saved is not chunk.saved:
                chunk = chunk.replace(cost=cost, saved=saved)
            if told := told_cost(chunk):
                self.call.headers[COST] = cost_header(told)
            self.last = chunk
        return chunk

    def end(self, then: Callable[["Inference"], None]) -> None:
        """Note that it is over, and have it looked at as soon as no model works for it any more."""
        self.ended = time.monotonic()
        if self._is_whole:
            self.call.work.when_at_rest(lambda: then(self))

    @property
    def is_new(self) -> bool:
        """Whether a model has made the answer for this call: it is not kept, nor another's."""
        loads = self.call.loads_only
        attempts = self.call.work.attempts
        return any(each.last is not None and each.call.loads_only == loads for each in attempts)

    @property
    def cost(self) -> Cost | None:
        """What it took by now; `None` where nobody keeps books."""
        return self.call.work.cost()

    def headers(self) -> dict[str, str]:
        """Return the headers of the answer by now, with what guards have decided."""
        headers = self.call.headers
        if told := summary(self.call.decisions):
            before = headers.get(HEADER)
            headers = headers | {HEADER: f"{before}, {told}" if before else told}
        return headers

    @property
    def outcome(self) -> str:
        """`ok`, `canceled`, or the class of the error.

        Whoever leaves after the last chunk has had the whole answer.
        """
        return "ok" if self.last is not None else self.error or "canceled"


def inference_of(scope: Mapping[str, Any]) -> Inference | None:
    """Return what became of a request's call; `None` for a request that asked no model."""
    return scope.get(KEY)
