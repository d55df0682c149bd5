"""Choosing by cost under constraints."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.select.choice import (
    Candidate,
    Choice,
    Need,
    Prospect,
    Terms,
    choose,
    cost_of,
    is_able,
    lateness_of,
)
from tests.plugins.routing.select.models import HERE, TEXT, THERE, candidate, prospect

CAPABILITIES = ("completion", "tools", "vision")
TERMS = Terms(price=0.3, weight_time=1.0)

World = dict[tuple[str, str], Prospect | None]


def chosen(
    candidates: list[Candidate], world: World, need: Need | None = None, terms: Terms = TERMS
) -> Choice | None:
    """Choose among models whose prospects are known."""
    loaded = {(host, name) for (name, host), each in world.items() if each and each.is_loaded}
    return choose(
        candidates,
        need or Need(can=TEXT),
        terms,
        lambda model, host: world[model.model, host],
        loaded,
    )


def name_of(choice: Choice | None) -> str:
    """Return the model of a choice."""
    assert choice is not None
    return choice.candidate.model


def test_the_least_cost_wins() -> None:
    """Of two that will do, the one whose time and energy cost less is taken."""
    slow, quick = candidate("slow", 0.9), candidate("quick", 0.5)
    world: World = {("slow", HERE): prospect(20), ("quick", HERE): prospect(5)}
    assert name_of(chosen([slow, quick], world)) == "quick"


def test_the_floor_comes_before_the_cost() -> None:
    """What is not good enough is not taken, however quick it is."""
    slow, quick = candidate("slow", 0.9), candidate("quick", 0.5)
    world: World = {("slow", HERE): prospect(20), ("quick", HERE): prospect(5)}
    choice = chosen([slow, quick], world, Need(can=TEXT, floor=0.7))
    assert name_of(choice) == "slow"


def test_where_nothing_is_good_enough_the_best_is_taken() -> None:
    """The floor comes down to the best quality there is, and the choice says so."""
    world: World = {("a", HERE): prospect(1), ("b", HERE): prospect(50)}
    choice = chosen([candidate("a", 0.5), candidate("b", 0.6)], world, Need(can=TEXT, floor=0.9))
    assert name_of(choice) == "b"
    assert choice is not None
    assert choice.floor == 0.6


def test_where_the_good_ones_can_not_be_had_the_next_best_is_taken() -> None:
    """A model that no host runs now does not keep its request from being answered."""
    world: World = {("a", HERE): prospect(1), ("b", HERE): None, ("c", HERE): prospect(9)}
    models = [candidate("a", 0.5), candidate("b", 0.9), candidate("c", 0.6)]
    choice = chosen(models, world, Need(can=TEXT, floor=0.8))
    assert name_of(choice) == "c"
    assert choice is not None
    assert choice.floor == 0.6


def test_one_in_time_comes_before_a_cheaper_one() -> None:
    """A model that is late is taken only where none is in time, and then the least late."""
    models = [candidate("late"), candidate("later"), candidate("dear")]
    world: World = {
        ("late", HERE): prospect(3, first=2.5),
        ("later", HERE): prospect(2, first=4),
        ("dear", HERE): prospect(60, first=1),
    }
    need = Need(can=TEXT, max_first=2)
    in_time = chosen(models, world, need)
    assert name_of(in_time) == "dear"
    assert in_time is not None
    assert in_time.is_in_time
    late = chosen(models[:2], world, need)
    assert name_of(late) == "late"
    assert late is not None
    assert (late.lateness, late.is_in_time) == (1.25, False)


def test_preferred_models_come_first() -> None:
    """A preferred model is taken though it costs more, but not if it is late."""
    models = [candidate("cheap"), candidate("liked", is_preferred=True)]
    world: World = {("cheap", HERE): prospect(1), ("liked", HERE): prospect(30)}
    assert name_of(chosen(models, world)) == "liked"
    assert name_of(chosen(models, world, Need(can=TEXT, max_total=10))) == "cheap"


def test_a_load_that_pays_for_itself_is_free() -> None:
    """A quicker model is loaded when what it saves is more than its load and swap, else not."""
    models = [candidate("here"), candidate("quicker")]
    world: World = {
        ("here", HERE): prospect(10),
        ("quicker", HERE): prospect(5, load=20, swap=0.001, saving=20 / 3600),
    }
    assert name_of(chosen(models, world)) == "here"
    world["quicker", HERE] = prospect(5, load=20, swap=0.001, saving=0.0011 + 20 / 3600)
    assert name_of(chosen(models, world)) == "quicker"


def test_nobody_is_driven_out_at_once() -> None:
    """A model that came a moment ago stays, unless nothing else can answer."""
    models = [candidate("here"), candidate("rude")]
    world: World = {
        ("here", HERE): prospect(50),
        ("rude", HERE): prospect(1, load=1, is_rude=True),
    }
    assert name_of(chosen(models, world)) == "here"
    world["here", HERE] = None
    assert name_of(chosen(models, world)) == "rude"


def test_at_the_same_cost_the_one_in_memory_is_taken() -> None:
    """Where neither time nor energy is worth anything, nothing is loaded for it; then the quicker
    one is taken."""
    free = Terms(price=0, weight_time=0)
    models = [candidate("a"), candidate("b"), candidate("c")]
    world: World = {
        ("a", HERE): prospect(1, load=9),
        ("b", HERE): prospect(7),
        ("c", HERE): prospect(6),
    }
    assert name_of(chosen(models, world, terms=free)) == "c"


def test_a_model_that_must_be_loaded_is_looked_at_on_the_roomiest_host() -> None:
    """Of the hosts that have it, the first takes it that can."""
    both = candidate("both", hosts=(HERE, THERE))
    cold = prospect(1, load=5)
    need = Need(can=TEXT)
    for world, host in (
        ({HERE: cold, THERE: cold}, THERE),
        ({HERE: cold, THERE: None}, HERE),
    ):
        judge = partial(_at, world)
        choice = choose([both], need, TERMS, judge, roomiest=[THERE, HERE])
        assert choice is not None
        assert choice.host == host


def _at(world: Mapping[str, Prospect | None], _: Candidate, host: str) -> Prospect | None:
    return world[host]


def test_a_busy_host_is_left_for_one_that_loads_it() -> None:
    """A model in memory somewhere is also looked at where it is not."""
    both = candidate("both", hosts=(HERE, THERE))
    world: World = {("both", HERE): prospect(100), ("both", THERE): prospect(5, load=10)}
    choice = chosen([both], world)
    assert choice is not None
    assert choice.host == THERE


@pytest.mark.parametrize(
    ("model", "need", "able"),
    [
        (candidate("a"), Need(can=TEXT), True),
        (candidate("a"), Need(can=TEXT | {"vision"}), False),
        (candidate("a", context=100), Need(can=TEXT, prompt=99), True),
        (candidate("a", context=100), Need(can=TEXT, prompt=100), False),
        (candidate("a", context=0), Need(can=TEXT, prompt=10**6), True),
    ],
)
def test_what_a_model_can_do(model: Candidate, need: Need, able: bool) -> None:
    """A model is able that has the capabilities, and a context with room for an answer."""
    assert is_able(model, need) is able


def test_the_cost_of_a_request() -> None:
    """Energy, waiting, the load, and the model's own price add up; a load that pays is free."""
    model = candidate("a", price=2.0)
    need = Need(prompt=300, answer=700)
    costs = prospect(total=36, joules=3.6e6, load=18, swap=0.5, saving=0.5)
    terms = Terms(price=0.2, weight_time=1.0)
    once = 18 / 3600 + 0.5
    each = 0.2 + 36 / 3600 + 2.0 * 1000 / 1e6
    assert cost_of(model, costs, need, terms) == pytest.approx(each + once)
    pays = costs.replace(saving=once + 0.001)
    assert cost_of(model, pays, need, terms) == pytest.approx(each)


@pytest.mark.parametrize(
    ("first", "total", "need", "late"),
    [
        (1, 5, Need(), 0),
        (1, 5, Need(max_first=1, max_total=5), 0),
        (3, 5, Need(max_first=2), 1.5),
        (1, 15, Need(max_first=2, max_total=10), 1.5),
        (1, 5, Need(max_first=0), inf),
        (0, 0, Need(max_first=0, max_total=0), 0),
    ],
)
def test_lateness(first: float, total: float, need: Need, late: float) -> None:
    """It is the larger excess of the two times, and 0 within both."""
    assert lateness_of(prospect(total, first).estimate, need) == late


qualities = st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.9])
seconds = st.floats(0.01, 100)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Candidate], World, Need]:
    """Return up to three models on two hosts, their prospects, and a need."""
    models: list[Candidate] = []
    world: World = {}
    for name in "abc"[: draw(st.integers(1, 3))]:
        models.append(
            candidate(
                name,
                draw(qualities),
                can=TEXT | draw(st.frozensets(st.sampled_from(CAPABILITIES))),
                context=draw(st.sampled_from([0, 100, 1000])),
                hosts=(HERE, THERE)[: draw(st.integers(1, 2))],
                is_preferred=draw(st.booleans()),
                price=draw(st.sampled_from([0.0, 5.0])),
            )
        )
        for host in (HERE, THERE):
            first = draw(seconds)
            world[name, host] = draw(
                st.one_of(
                    st.none(),
                    st.builds(
                        prospect,
                        st.floats(first, first + 100),
                        st.just(first),
                        st.floats(0, 1e5),
                        load=st.sampled_from([0.0, 3.0, 30.0]),
                    ),
                )
            )
    need = Need(
        floor=draw(qualities),
        can=TEXT | draw(st.frozensets(st.sampled_from(CAPABILITIES), max_size=1)),
        prompt=draw(st.sampled_from([10, 500])),
        max_first=draw(st.sampled_from([inf, 1.0, 10.0])),
        max_total=draw(st.sampled_from([inf, 20.0])),
    )
    return models, world, need


@given(worlds())
def test_no_choice_breaks_a_constraint(drawn: tuple[list[Candidate], World, Need]) -> None:
    """What is chosen is able and can be had, holds the floor unless nothing does, and is in time
    unless nothing of that quality is."""
    models, world, need = drawn
    choice = chosen(models, world, need)
    possible = [
        (model, each)
        for model in models
        for host in model.hosts
        if is_able(model, need) and (each := world[model.model, host]) is not None
    ]
    if choice is None:
        assert not possible
        return
    assert is_able(choice.candidate, need)
    assert world[choice.candidate.model, choice.host] == choice.prospect
    best = max(model.quality for model, _ in possible)
    assert choice.candidate.quality >= min(need.floor, best)
    warm = {model.model for model, each in possible if each.is_loaded}
    if not choice.is_in_time:
        for model, each in possible:
            # One host of those that must load it stands for all.
            if model.quality >= choice.floor and each.is_loaded and model.model in warm:
                assert lateness_of(each.estimate, need) >= choice.lateness


@given(worlds())
def test_a_worse_candidate_changes_nothing(drawn: tuple[list[Candidate], World, Need]) -> None:
    """One that is no better in anything, and dearer, leaves the choice as it was."""
    models, world, need = drawn
    before = chosen(models, world, need)
    if before is None:
        return
    worse = before.candidate.replace(model="worse", hosts=(before.host,), is_preferred=False)
    estimate = before.prospect.estimate
    slower = estimate.replace(
        total=estimate.total + 1, first_token=estimate.first_token + 1, joules=estimate.joules + 1
    )
    world["worse", before.host] = before.prospect.replace(estimate=slower)
    for more in ([*models, worse], [worse, *models]):
        after = chosen(more, world, need)
        assert after is not None
        assert replace(after, looked_at=0) == replace(before, looked_at=0)


@given(worlds(), st.floats(0, 2), st.floats(0, 2))
def test_cheaper_energy_never_makes_a_request_dearer(
    drawn: tuple[list[Candidate], World, Need], one: float, other: float
) -> None:
    """The cost of the choice grows with the price of a kilowatt-hour."""
    models, world, need = drawn
    models = [each.replace(is_preferred=False) for each in models]
    need = need.replace(max_first=inf, max_total=inf)
    low, high = sorted((one, other))
    cheap = chosen(models, world, need, TERMS.replace(price=low))
    dear = chosen(models, world, need, TERMS.replace(price=high))
    if cheap is not None:
        assert dear is not None
        assert cheap.cost <= dear.cost * (1 + 1e-9)


@given(worlds())
def test_true_bounds_change_nothing(drawn: tuple[list[Candidate], World, Need]) -> None:
    """With bounds that hold, fewer prospects are worked out, and the choice costs the same."""
    models, world, need = drawn
    without = chosen(models, world, need)
    tokens = need.prompt + need.answer
    bounded = []
    for model in models:
        costs = [
            cost_of(model, each, need, TERMS)
            for host in model.hosts
            if (each := world[model.model, host]) is not None
        ]
        least = min(costs, default=0.0) / tokens
        bounded.append(model.replace(per_prompt=least * 0.999, per_answer=least * 0.999))
    with_bounds = chosen(bounded, world, need)
    if without is None:
        assert with_bounds is None
        return
    assert with_bounds is not None
    assert with_bounds.cost == without.cost
    assert with_bounds.looked_at <= without.looked_at
