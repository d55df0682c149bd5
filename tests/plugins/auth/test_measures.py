"""Limits and budgets as texts."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse

from localai import Budget, Limits, Period, Unit
from plugins.auth.measures import MOST, budget, describe, fits, limits, rate

PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}

rates = st.builds(
    lambda count, period: f"{count}/{period}", st.integers(1, 200), st.sampled_from(list(PERIODS))
)


@given(st.integers(1, MOST // 10), st.sampled_from(list(PERIODS)))
def test_a_rate_has_one_form(count: int, period: str) -> None:
    """A rate is read with blanks or zeros, and written in the form that the limiter parses."""
    assert rate(f"{count}/{period}") == rate(f"0{count} / {period}") == f"{count}/{period}"
    item = parse(rate(f"{count}/{period}"))
    assert (item.amount, item.get_expiry()) == (count, PERIODS[period])


@pytest.mark.parametrize(
    "text",
    ["", "60", "0/minute", "-1/minute", "1.5/minute", "60/week", "60/minutes", "60/minute\n",
     "60 per minute", "\u0663/minute", "1e3/day", f"{MOST + 1}/day",
     "9" * 30 + "/day", "60/minute;1/second"],
)  # fmt: skip
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Anything else is refused by a message that shows how a rate is written."""
    with pytest.raises(ValueError, match="such as '60/minute'"):
        rate(text)


@given(rates, rates, st.integers(0, 5))
def test_who_keeps_to_a_rate_that_fits_keeps_to_the_other(
    inner: str, outer: str, windows: int
) -> None:
    """Taking all that a fitting rate gives, at once, never takes more than the other gives."""
    if not fits(inner, outer):
        return
    (count, period), (most, other) = (each.split("/") for each in (inner, outer))
    # All windows of the inner rate that begin within one of the outer.
    begun = -(-PERIODS[other] // PERIODS[period])
    assert int(count) * begun <= int(most)


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ("60/minute", "60/minute", True),
        ("59/minute", "60/minute", True),
        ("1/second", "60/minute", True),
        ("60/day", "60/minute", True),
        ("61/minute", "60/minute", False),
        ("2/second", "60/minute", False),
        ("3600/hour", "60/minute", False),
        ("5/minute;1/second", "60/minute", False),
        ("5/minute;1/second", "5/minute;1/second", True),
    ],
)
def test_rates_are_compared_with_their_bursts(inner: str, outer: str, expected: bool) -> None:
    """A rate fits when it can't exceed the other even at its fastest."""
    assert fits(inner, outer) is expected


def test_limits_are_read_as_people_write_them() -> None:
    """Each text sets one measure."""
    assert limits(["60 requests/minute", "4 concurrent", "50000 tokens / hour"]) == Limits(
        requests="60/minute", tokens="50000/hour", concurrent=4
    )
    assert limits([]) is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["60"], "expected '60 requests/minute'"),
        (["0 concurrent"], "expected '60 requests/minute'"),
        (["0 requests/minute"], "such as '60/minute'"),
        (["60 requests/fortnight"], "expected '60 requests/minute'"),
        (["60 calls/minute"], "expected '60 requests/minute'"),
        (["1 tokens/day", "2 tokens/day"], "two limits of 'tokens'"),
        (["1 concurrent", "2 concurrent"], "two limits of 'concurrent'"),
    ],
)
def test_wrong_limits_are_refused(texts: list[str], message: str) -> None:
    """What is wrong with a limit is said with an example of a right one."""
    with pytest.raises(ValueError, match=message):
        limits(texts)


@pytest.mark.parametrize("unit", get_args(Unit))
@pytest.mark.parametrize("period", get_args(Period))
def test_budgets_are_read_as_people_write_them(unit: Unit, period: Period) -> None:
    """A budget is an amount, its unit, and the period that it is for."""
    for text in (f"2.5 {unit}/{period}", f"2.5 {unit} / {period}"):
        assert budget(text) == Budget(amount=2.5, unit=unit, period=period)


@pytest.mark.parametrize(
    "text",
    ["", "tokens/day", "0 tokens/day", "-1 tokens/day", "1 token/day", "1 tokens/year",
     "1 tokens", "nan tokens/day", "inf tokens/day", f"{MOST + 1} tokens/day"],
)  # fmt: skip
def test_wrong_budgets_are_refused(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(ValueError, match="such as '100000 tokens/day', of tokens"):
        budget(text)


@given(
    st.none() | st.tuples(st.just("") | rates, st.just("") | rates, st.integers(0, 9)),
    st.lists(
        st.tuples(
            st.integers(1, 10**9),
            st.sampled_from(get_args(Unit)),
            st.sampled_from(get_args(Period)),
        ),
        unique_by=lambda each: each[1:],
        max_size=3,
    ),
)
def test_what_is_described_is_read_back(
    bounds: tuple[str, str, int] | None, amounts: list[tuple[int, Unit, Period]]
) -> None:
    """Limits and budgets are shown in the form that the command line takes."""
    had = None if bounds is None else Limits(
        requests=bounds[0], tokens=bounds[1], concurrent=bounds[2]
    )  # fmt: skip
    budgets = [Budget(amount=amount, unit=unit, period=period) for amount, unit, period in amounts]
    said = describe(had, budgets)
    split = len(said) - len(budgets)
    assert limits(said[:split]) == (None if had == Limits() else had)
    assert [budget(text) for text in said[split:]] == budgets
