"""One choice after the other."""

from itertools import cycle, islice, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.select.choice import Candidate, Need, Terms
from plugins.routing.select.room import FORECAST, Rules
from plugins.routing.select.selector import MOST_LOADS, Selector
from tests.plugins.routing.select.models import HERE, TEXT, Box, candidate

SMALL = candidate("small", 0.5, per_answer=3 / 256 / 3600)
LARGE = candidate("large", 0.9, per_answer=10 / 256 / 3600)
MODELS = [SMALL, LARGE]
SECONDS = {"small": 3.0, "large": 10.0}
TERMS = Terms(price=0.3, weight_time=1.0)


def run(box: Box, selector: Selector, floors: list[float], every: float = 5.0) -> list[str]:
    """Answer a request for each floor; return who answered."""
    said = []
    for number, floor in enumerate(floors):
        need = Need(floor=floor, can=TEXT)
        choice = selector.select(MODELS, need, TERMS, box, 1_000 + number * every)
        assert choice is not None
        assert choice.candidate.quality >= floor
        box.answer(choice.candidate.model)
        said.append(choice.candidate.model)
    return said


def test_alternating_requests_do_not_thrash() -> None:
    """With room for one model, requests in turns for a small and a large one load each once at
    most: the large one then answers both."""
    box = Box(1.0, MODELS, SECONDS, load=20.0)
    said = run(box, Selector(), list(islice(cycle([0.5, 0.9]), 100)))
    assert box.loads <= 2
    assert set(said[4:]) == {"large"}


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("load", [5.0, 20.0, 60.0])
def test_loads_pay_for_themselves(share: float, load: float) -> None:
    """At random too, loads and answers together take no longer than with the large model alone
    and a second load, and there are no more loads than with the smallest that will do."""
    draw = Random(f"{share} {load}").random  # noqa: S311
    floors = [0.9 if draw() < share else 0.5 for _ in range(300)]
    box = Box(1.0, MODELS, SECONDS, load=load)
    said = run(box, Selector(rules=Rules(min_residency=0)), floors)
    took = sum(SECONDS[name] for name in said) + load * box.loads
    assert took <= 2 * load + 10.0 * len(floors)
    assert box.loads <= 1 + sum(one != other for one, other in pairwise(floors))


def test_a_model_that_is_wanted_often_is_loaded() -> None:
    """When simple requests go on and on, the small model takes the place of the large one."""
    box = Box(1.0, MODELS, SECONDS, load=20.0)
    said = run(box, Selector(), [0.9, *[0.5] * 50])
    assert said[0] == "large"
    assert said[-1] == "small"
    assert box.loads == 2


@given(st.floats(8.0, 200.0), st.floats(1.0, 30.0))
def test_a_long_run_brings_the_cheaper_model(load: float, every: float) -> None:
    """In a long run of simple requests the small model comes if it saves more than its load in the
    part of the horizon for which they are expected to go on, and else it never does."""
    box = Box(1.0, MODELS, SECONDS, load=load)
    requests = int(1_500 / every)
    said = run(box, Selector(), [0.9, *[0.5] * requests], every)
    saves = (SECONDS["large"] - SECONDS["small"]) / every * FORECAST * 300
    if saves > 1.2 * load:
        assert said[-1] == "small"
        assert box.loads == 2
    elif saves < 0.8 * load:
        assert box.loads == 1


def test_what_is_on_its_way_is_not_paid_twice() -> None:
    """A model that is being loaded drives nobody out again for the next request, and its wait is
    all that it costs."""
    box = Box(1.0, MODELS, SECONDS, load=20.0)
    box.inside = ["small"]
    selector = Selector()
    selector.demand.named("small")
    for on_its_way in (False, True):
        box.on_its_way = {"large"} if on_its_way else set()
        judge = selector.judge(MODELS, Need(floor=0.9, can=TEXT), TERMS, box, 1_000)
        prospect = judge(LARGE, HERE)
        assert prospect is not None
        assert not prospect.is_loaded
        assert (prospect.swap == 0) is on_its_way


def test_with_room_for_both_each_answers_its_own() -> None:
    """Where both fit, both are loaded, once."""
    box = Box(10.0, MODELS, SECONDS, load=20.0)
    said = run(box, Selector(), list(islice(cycle([0.5, 0.9]), 60)))
    assert box.loads == 2
    assert said[-2:] == ["small", "large"]


def test_a_preview_leaves_no_trace() -> None:
    """Explaining a choice does not count as a request."""
    selector = Selector()
    box = Box(1.0, MODELS, SECONDS, load=20.0)
    choice = selector.preview(MODELS, Need(floor=0.9, can=TEXT), TERMS, box, 1_000)
    assert choice is not None
    assert not list(selector.demand.rates())


def test_what_was_just_loaded_stays_for_a_while() -> None:
    """Within its minimal residency a model is not driven out by one that is only cheaper."""
    rules = Rules(keep=300, min_residency=60)
    box = Box(1.0, MODELS, SECONDS, load=1.0)
    selector = Selector(rules=rules)
    said = run(box, selector, [0.9, *[0.5] * 30])
    assert said[:12] == ["large"] * 12
    assert said[-1] == "small"


def test_the_memory_of_loads_is_bounded() -> None:
    """Any number of models may be loaded."""
    models: list[Candidate] = [candidate(str(number)) for number in range(MOST_LOADS + 10)]
    selector = Selector()
    for each in models:
        box = Box(1.0, [each], {each.model: 1.0}, load=1.0)
        assert selector.select([each], Need(can=TEXT), TERMS, box, 1_000) is not None
    assert len(selector._loaded_at) == MOST_LOADS
