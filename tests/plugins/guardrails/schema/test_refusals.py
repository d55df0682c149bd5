"""What callers are told instead of an invalid answer."""

import pytest

from localai import GatewayError, Unavailable
from plugins.guardrails.schema.judge import Flaw
from plugins.guardrails.schema.refusals import (
    CODE,
    CUT,
    NO_TOOL,
    PATTERN,
    TOO_LONG,
    UNDECIDED,
    refusal,
    tool_refusal,
)

FLAWS = [
    Flaw("type", "/properties/n/type", "private"),
    Flaw("json", "", "private"),
    Flaw(PATTERN, "", "private"),
    CUT,
    TOO_LONG,
    NO_TOOL,
]


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.rule)
@pytest.mark.parametrize("make", [refusal, tool_refusal])
def test_an_invalid_answer_is_the_models_failure(make: object, flaw: Flaw) -> None:
    """It is a 502 with a code, which says what to do, and never what the model said."""
    error = make(flaw)  # type: ignore[operator]
    assert isinstance(error, GatewayError)
    assert (error.status, error.code) == (502, CODE)
    assert ": " in error.message
    assert "private" not in error.message


def test_the_place_in_the_schema_is_told() -> None:
    """The caller finds the rule in the own schema."""
    assert "'type' at /properties/n/type" in refusal(FLAWS[0]).message


def test_who_would_be_cut_again_need_not_try_again() -> None:
    """Only an answer that was cut is sure to be as bad the next time."""
    assert refusal(CUT).headers() == {"x-should-retry": "false"}
    assert refusal(FLAWS[0]).headers() == {}


def test_no_verdict_is_the_routers_failure() -> None:
    """What could not be checked is not sent, and can be tried again."""
    for make in (refusal, tool_refusal):
        error = make(UNDECIDED)
        assert isinstance(error, Unavailable)
        assert error.retry_after == 1
