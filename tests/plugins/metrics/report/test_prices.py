"""What tokens cost in clouds."""

import pytest

from plugins.metrics.report.prices import EXAMPLES, Price, Traffic, in_the_cloud
from tests.plugins.metrics.report.support import PRICE

TRAFFIC = Traffic(input=2_000_000, output=500_000, embedded=1_000_000, requests=100, cost=0.5)


def test_the_same_tokens_have_another_price_there() -> None:
    """Prompts, answers and embeddings are each paid by the million."""
    (cloud,) = in_the_cloud(TRAFFIC, [PRICE], "USD", {})
    assert cloud == {
        "name": "cloud",
        "as_of": "2025-11",
        "price": {"input": 1.0, "output": 2.0, "embeddings": 0.5, "currency": "USD"},
        "cost": 3.5,
        "cost_in_its_currency": 3.5,
        "cost_per_1000_requests": 35.0,
        "savings": 3.0,
    }


def test_another_money_is_exchanged() -> None:
    """Where the file knows the rate, all is in one money."""
    (cloud,) = in_the_cloud(TRAFFIC, [PRICE], "EUR", {"USD": 0.9})
    assert (cloud["cost"], cloud["cost_in_its_currency"]) == (3.15, 3.5)
    assert cloud["savings"] == pytest.approx(2.65)


def test_without_a_rate_nothing_is_compared() -> None:
    """Two kinds of money are never subtracted from each other."""
    (cloud,) = in_the_cloud(TRAFFIC, [PRICE], "EUR", {"CHF": 1.1})
    assert (cloud["cost"], cloud["savings"], cloud["cost_per_1000_requests"]) == (None,) * 3
    assert cloud["cost_in_its_currency"] == 3.5


def test_nothing_costs_nothing() -> None:
    """Without requests there is no cost for a thousand of them."""
    (cloud,) = in_the_cloud(Traffic(), [PRICE], "USD", {})
    assert (cloud["cost"], cloud["savings"], cloud["cost_per_1000_requests"]) == (0.0, 0.0, None)


def test_examples_say_how_old_they_are() -> None:
    """Each price that is shipped has a day, and a name of its own."""
    assert all(price.as_of for price in EXAMPLES)
    assert len({price.name for price in EXAMPLES}) == len(EXAMPLES)
    assert all(isinstance(price, Price) for price in EXAMPLES)
