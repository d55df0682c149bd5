"""What failures mean."""

import pytest

from localai import (
    BudgetSpent,
    ContextTooLong,
    Forbidden,
    GatewayError,
    InternalError,
    InvalidRequest,
    ModelNotFound,
    RateLimited,
    Unavailable,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugins.routing.fallback.causes import Cause, cause_of, may_pass


@pytest.mark.parametrize(
    ("error", "cause", "passes"),
    [
        (ContextTooLong("x"), "context", False),
        (UpstreamBusy("x", retry_after=2), "busy", True),
        (Unavailable("x", code="queue_full"), "busy", False),
        (Unavailable("x", code="wait_too_long"), "busy", False),
        (Unavailable("x", code="too_slow_now"), "busy", False),
        (Unavailable("x", code="draining", retry_after=30), "error", False),
        (Unavailable("x", code="no_host"), "error", False),
        (Unavailable("x", code="model_too_large"), "error", False),
        (UpstreamTimeout("x"), "timeout", False),
        (UpstreamFailed("x"), "error", True),
        (UpstreamFailed("x", status=502), "error", True),
        (UpstreamInvalid("x"), "error", True),
        (UpstreamUnreachable("x", retry_after=5), "error", True),
        (Unavailable("x", code="circuit_open", retry_after=5), "error", True),
        (Unavailable("x", code="load_canceled"), "error", True),
        (ModelNotFound("x"), "error", False),
        (Unavailable("x", code="shutting_down"), None, False),
        (Unavailable("x", code="plugin_failed"), None, False),
        (Unavailable("x"), None, False),
        (InternalError("x"), None, False),
        (InvalidRequest("x"), None, False),
        (Forbidden("x"), None, False),
        (RateLimited("x"), None, False),
        (BudgetSpent("x"), None, False),
    ],
)
def test_each_failure_has_its_meaning(
    error: GatewayError, cause: Cause | None, passes: bool
) -> None:
    """What a caller did wrong, or may not do, is mended by no try and no model."""
    assert cause_of(error) == cause
    assert may_pass(error) == passes
