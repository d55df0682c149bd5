"""What a failure means: whether another model, or another try, can mend it."""

from typing import Literal

from localai import (
    ContextTooLong,
    GatewayError,
    ModelNotFound,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamTimeout,
    UpstreamUnreachable,
)

Cause = Literal["context", "busy", "error", "timeout"]

QUEUE_CODES = frozenset({"queue_full", "wait_too_long", "too_slow_now"})
"""Of our own queue: it has said that waiting will not do, so only another model may."""
RESTING = "circuit_open"
"""Of a model that has failed so often that it gets a rest."""
BRIEF_CODES = frozenset({RESTING, "load_canceled"})
"""Of what may be well again in seconds."""
LASTING_CODES = frozenset({"draining", "no_host", "model_too_large"})
"""Of hosts that will not have this model for a while."""


def cause_of(error: GatewayError) -> Cause | None:
    """Return why a model did not answer; `None` where another one would not, either."""
    if isinstance(error, ContextTooLong):
        return "context"
    if isinstance(error, UpstreamBusy) or error.code in QUEUE_CODES:
        return "busy"
    if isinstance(error, UpstreamTimeout):
        return "timeout"
    if isinstance(error, UpstreamFailed | UpstreamUnreachable | ModelNotFound):
        return "error"
    return "error" if error.code in BRIEF_CODES | LASTING_CODES else None


def may_pass(error: GatewayError) -> bool:
    """Say whether the same model may answer if it is asked again soon.

    Not after a timeout: the model has worked for minutes, and would work as long again.
    """
    if isinstance(error, UpstreamTimeout):
        return False
    if isinstance(error, UpstreamFailed | UpstreamUnreachable | UpstreamBusy):
        return True
    return error.code in BRIEF_CODES
