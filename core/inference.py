"""What became of a request's call to a model, for whoever watches requests from outside."""

import time
from collections.abc import Mapping
from typing import Any

from core.decisions import HEADER, summary
from core.messages import Call, Chunk

KEY = "localai.inference"
"""Where it is in the scope of a request that has come as far as the chain."""


class Inference:
    """A call, and how its answer has gone by now. Times are those of `time.perf_counter`.

    A plugin that only watches reads this when the request has ended, instead of standing in the
    chain: there it would cost a step for each chunk.
    """

    __slots__ = ("begun", "call", "error", "first", "last")

    def __init__(self, call: Call) -> None:
        self.call = call
        """With the headers of its answer."""
        self.begun = time.perf_counter()
        self.first: float | None = None
        """When the first chunk came."""
        self.last: Chunk | None = None
        """The last chunk, which has the counts; `None` if it did not come."""
        self.error: str | None = None
        """The class of the error that the answer ended with."""

    def saw(self, chunk: Chunk) -> None:
        """Note a chunk that goes to the caller."""
        if self.first is None:
            self.first = time.perf_counter()
        if chunk.done:
            self.last = chunk

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
