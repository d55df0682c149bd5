"""Tests for benchmarks/routing_sim/run.py."""

import pytest

from benchmarks.routing_sim.ours import Ours
from benchmarks.routing_sim.policies import baselines
from benchmarks.routing_sim.run import Outcome, run
from benchmarks.routing_sim.traffic import HOUR, Request, traffic

REQUESTS = traffic(1, 9 * HOUR, 10 * HOUR)
"""An hour in the morning."""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """Return what comes of the hour under each policy."""
    made = [run(Ours, REQUESTS), *(run(each.on, REQUESTS) for each in baselines())]
    return {each.policy: each for each in made}


def everybody(request: Request) -> bool:
    """Take all requests."""
    return True


def persons(request: Request) -> bool:
    """Take the requests for which a person waits."""
    return request.is_persons


def test_ours_is_good_enough(outcomes: dict[str, Outcome]) -> None:
    """Our policy answers everybody, and nobody by a model that is not good enough."""
    ours = outcomes["ours"]
    assert (ours.violations, ours.refused) == (0, 0)
    assert len(ours.served) == len(REQUESTS)


def test_ours_swaps_less(outcomes: dict[str, Outcome]) -> None:
    """Our policy loads far less often than models in turns."""
    assert 3 * outcomes["ours"].loads < outcomes["round robin"].loads


def test_ours_is_quicker_and_cheaper() -> None:
    """Over a day ours is quicker for 95 % of people than the largest model, at less energy."""
    day = traffic(1)
    largest = next(each for each in baselines() if each.name == "always the largest")
    ours, other = run(Ours, day), run(largest.on, day)
    assert (ours.violations, ours.refused) == (0, 0)
    assert ours.first_token(0.95, persons) < other.first_token(0.95, persons)
    assert ours.wh_per_request < other.wh_per_request


def test_all_requests_end(outcomes: dict[str, Outcome]) -> None:
    """Under each policy each request ends once, after it began, after it came."""
    for outcome in outcomes.values():
        assert len(outcome.served) + outcome.refused == len(REQUESTS)
        for each in outcome.served:
            assert each.at <= each.begun <= each.read <= each.first_token <= each.end + 1e-6
        assert outcome.joules > 0


def test_requests_are_left_alone() -> None:
    """What runs are copies, so that the next policy has the same requests."""
    assert all(each.end < 0 and not each.model for each in REQUESTS)


def test_the_same_again(outcomes: dict[str, Outcome]) -> None:
    """The same requests come to the same end."""
    again = run(Ours, REQUESTS)
    ours = outcomes["ours"]
    assert (again.loads, again.joules) == (ours.loads, ours.joules)
    assert [each.model for each in again.requests] == [each.model for each in ours.requests]


def test_nothing_to_do() -> None:
    """A day without requests costs nothing."""
    outcome = run(Ours, [])
    assert (outcome.joules, outcome.loads, outcome.wh_per_request) == (0, 0, 0)
    assert outcome.first_token(0.5, everybody) == 0
