"""What callers are told of energy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.attempt import Cost
from core.messages import Chunk
from core.told_cost import Told, cost_header, four_digits, told_cost

COST = Cost(joules=7200.0, money=0.0006, grams=0.726, source="measured")


def test_nobody_is_told_what_nobody_knows() -> None:
    """Without books of energy an answer says nothing of it."""
    assert told_cost(Chunk(done=True)) is None


def test_an_answer_says_what_it_took() -> None:
    """Watt-hours, money, grams of CO2, and whether a sensor has told them."""
    told: Told = {"wh": 2.0, "money": 0.0006, "co2_grams": 0.726, "source": "measured"}
    assert told_cost(Chunk(done=True, cost=COST)) == told
    assert cost_header(told) == "wh=2.0, money=0.0006, co2_grams=0.726, source=measured"


def test_a_known_answer_says_what_it_saved() -> None:
    """It took nothing; what it took the first time is told apart."""
    assert told_cost(Chunk(done=True, saved=COST)) == {
        "wh": 0.0,
        "money": 0.0,
        "co2_grams": 0.0,
        "source": "cache",
        "saved_wh": 2.0,
        "saved_money": 0.0006,
    }


def test_an_answer_may_be_known_in_part() -> None:
    """Of a batch of embeddings, what was made now and what was known are both told."""
    told = told_cost(Chunk(done=True, cost=COST, saved=COST.share(0.5)))
    assert told is not None
    assert (told["source"], told["wh"], told["saved_wh"]) == ("measured", 2.0, 1.0)


@given(st.floats(0, 1e12))
def test_figures_have_four_digits(value: float) -> None:
    """No figure is further from the truth than half of its fourth digit."""
    assert four_digits(value) == pytest.approx(value, rel=5.1e-4, abs=1e-300)
