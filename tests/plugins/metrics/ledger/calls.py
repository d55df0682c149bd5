"""Calls that have ended, as the core leaves them."""

from typing import Any

from localai import Attempt, Call, Chunk, Cost, GatewayError, Inference

HOST = "http://127.0.0.1:11434"
SECOND = 1_000_000_000
"""Nanoseconds."""


def attempted(
    call: Call,
    *chunks: Chunk,
    error: GatewayError | None = None,
    cost: Cost | None = None,
    began: float = 0.0,
    **times: Any,
) -> Attempt:
    """Note an attempt for a call that said these chunks; `times` are its `first` and `ended`."""
    attempt = Attempt(call)
    attempt.on(HOST, "2", ())
    for chunk in chunks:
        attempt.saw(chunk)
    attempt.end(error)
    attempt.cost = cost
    attempt.begun = began
    for name, value in times.items():
        setattr(attempt, name, value)
    return attempt


def ended(call: Call, *chunks: Chunk, seconds: float = 1.0, error: str | None = None) -> Inference:
    """Return a call that has ended after so many seconds, with the chunks that its caller got."""
    inference = Inference(call)
    for chunk in chunks:
        inference.saw(chunk)
    inference.error = error
    inference.begun = 100.0
    inference.first = 100.0 + seconds / 2 if chunks else None
    inference.ended = 100.0 + seconds
    return inference
