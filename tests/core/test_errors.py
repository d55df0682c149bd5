"""The errors that callers see."""

import inspect

import pytest

from core import errors
from core.errors import (
    BudgetSpent,
    GatewayError,
    MethodNotAllowed,
    PluginFailed,
    RateLimited,
    Unauthenticated,
)

ALL = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, GatewayError) and each.__module__ == errors.__name__
]
STATUS = {
    "InvalidRequest": 400,
    "UnsupportedParameter": 400,
    "ContextTooLong": 400,
    "Unauthenticated": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "ModelNotFound": 404,
    "MethodNotAllowed": 405,
    "PayloadTooLarge": 413,
    "UnsupportedMediaType": 415,
    "Misdirected": 421,
    "RateLimited": 429,
    "BudgetSpent": 429,
    "GatewayError": 500,
    "InternalError": 500,
    "UpstreamFailed": 500,
    "UpstreamInvalid": 502,
    "Unavailable": 503,
    "UpstreamUnreachable": 503,
    "UpstreamBusy": 503,
    "PluginFailed": 503,
    "ShuttingDown": 503,
    "UpstreamTimeout": 504,
}


def _make(kind: type[GatewayError]) -> GatewayError:
    return kind("do this next", allow="GET") if kind is MethodNotAllowed else kind("do this next")


def test_every_error_has_its_status() -> None:
    """The hierarchy is the one that its docstring draws, each class with its HTTP status."""
    assert {kind.__name__: _make(kind).status for kind in ALL} == STATUS
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in ALL)


@pytest.mark.parametrize("kind", ALL)
def test_every_error_has_what_both_wire_formats_need(kind: type[GatewayError]) -> None:
    """A message, a type, and headers of plain text."""
    error = _make(kind)
    assert error.message == str(error) != ""
    assert error.type
    assert all(isinstance(value, str) for value in error.headers().values())


@pytest.mark.parametrize("kind", [kind for kind in ALL if 400 <= STATUS[kind.__name__] < 500])
def test_a_wrong_request_is_not_sent_again(kind: type[GatewayError]) -> None:
    """Clients are told not to repeat what can't succeed; a limit passes by itself."""
    advice = _make(kind).headers().get("x-should-retry")
    assert advice == (None if kind is RateLimited else "false")


def test_a_wait_is_told_in_seconds_and_milliseconds() -> None:
    """Both headers are rounded up, and a wait of over a minute is left to the caller."""
    assert RateLimited("wait", retry_after=1.2).headers() == {
        "retry-after": "2",
        "retry-after-ms": "1200",
    }
    assert RateLimited("wait", retry_after=0).headers()["retry-after"] == "0"
    assert RateLimited("wait", retry_after=61).headers()["x-should-retry"] == "false"


def test_a_spent_budget_is_told_as_openai_tells_it() -> None:
    """Clients see a quota that has ended, know when it starts again, and do not try before."""
    error = BudgetSpent("wait", retry_after=30)
    assert (error.type, error.code) == ("insufficient_quota", "insufficient_quota")
    assert error.headers()["retry-after"] == "30"
    assert error.headers()["x-should-retry"] == "false"


def test_a_code_of_ones_own_wins() -> None:
    """`code` and `param` are as given, else the class's default."""
    assert Unauthenticated("x").code == "invalid_api_key"
    error = Unauthenticated("x", code="expired", param="key")
    assert (error.code, error.param) == ("expired", "key")
    assert error.headers()["www-authenticate"] == "Bearer"


def test_the_methods_that_are_allowed_are_named() -> None:
    """A 405 has an `allow` header, as RFC 9110 asks."""
    assert MethodNotAllowed("x", allow="GET, HEAD").headers()["allow"] == "GET, HEAD"


def test_a_failed_plugin_is_not_named_to_callers() -> None:
    """The plugin's name is for the log."""
    error = PluginFailed("guard.secret")
    assert error.plugin == "guard.secret"
    assert "guard.secret" not in error.message
