"""What was asked of late."""

from math import exp

import pytest

from plugins.routing.select.demand import MOST_CLASSES, MOST_NAMES, Class, Demand
from tests.plugins.routing.select.models import TEXT, candidate

VISION = TEXT | {"vision"}


def test_rates_are_by_what_was_needed() -> None:
    """A model meets the requests whose quality and capabilities it has."""
    demand = Demand(horizon=100)
    demand.at(10.0)
    for floor, can in ((0.5, TEXT), (0.5, TEXT), (0.9, TEXT), (0.5, VISION)):
        demand.needed(floor, can)
    assert demand.met_by(candidate("small", 0.5)) == pytest.approx(0.02)
    assert demand.met_by(candidate("large", 0.9)) == pytest.approx(0.03)
    assert demand.met_by(candidate("seeing", 0.9, can=VISION)) == pytest.approx(0.04)
    assert dict(demand.rates())[Class(0.5, VISION)] == pytest.approx(0.01)


def test_names_are_counted_apart() -> None:
    """Who names a model needs this one."""
    demand = Demand(horizon=100)
    demand.named("a")
    demand.named("a")
    assert (demand.of("a"), demand.of("b"), list(demand.rates())) == (0.02, 0, [])


def test_counts_decay() -> None:
    """After the horizon a third is left, and in the end nothing is."""
    demand = Demand(horizon=100)
    demand.at(50.0)
    demand.needed(0.5, TEXT)
    demand.named("a")
    demand.at(150.0)
    assert dict(demand.rates()) == {Class(0.5, TEXT): pytest.approx(0.01 * exp(-1))}
    assert demand.of("a") == pytest.approx(0.01 * exp(-1))
    demand.at(1_000.0)
    assert (list(demand.rates()), demand.of("a")) == ([], 0)


def test_it_is_bounded() -> None:
    """Any number of needs and names takes bounded memory; the rarest are forgotten."""
    demand = Demand(horizon=100)
    for _ in range(3):
        demand.needed(0.5, TEXT)
        demand.named("often")
    for number in range(500):
        demand.needed(0.5, frozenset({str(number)}))
        demand.named(str(number))
    assert len(list(demand.rates())) == MOST_CLASSES
    assert demand.of("often") == pytest.approx(0.03)
    assert sum(demand.of(str(number)) > 0 for number in range(500)) == MOST_NAMES - 1


def test_a_guess_may_be_a_little_below() -> None:
    """Floors are counted in steps, and a model that is half a step below still meets them."""
    demand = Demand(horizon=1)
    demand.needed(0.87, TEXT)
    assert demand.met_by(candidate("a", 0.87)) == 1
    assert demand.met_by(candidate("b", 0.80)) == 0
