"""What loading costs those that must leave."""

from math import exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.select.choice import Terms
from plugins.routing.select.demand import Demand
from plugins.routing.select.room import FORECAST, Resident, Rules, Space
from tests.plugins.routing.select.models import TEXT, candidate

TERMS = Terms(price=0.0, weight_time=3600.0)
"""A second costs 1."""
RULES = Rules(keep=100, min_residency=30)


def resident(name: str, size: float, quality: float = 0.5, load: float = 10) -> Resident:
    """Return a model in memory."""
    dear = candidate(name, quality, per_answer=2.0)
    return Resident(model=dear, size=size, load_seconds=load)


def space(
    memory: float, *residents: Resident, demand: Demand | None = None, **more: object
) -> Space:
    """Return the memory of a host."""
    recent = frozenset(str(name) for name in more.get("recent", ()))  # type: ignore[attr-defined]
    used = sum(each.size for each in residents)
    return Space(
        memory,
        used,
        lambda: residents,
        [each.model for each in residents],
        lambda model: model.per_answer,
        demand or Demand(100),
        TERMS,
        RULES,
        recent,
    )


def test_nobody_leaves_while_there_is_room() -> None:
    """A model that fits beside the others costs nobody anything."""
    room = space(100, resident("a", 40)).room(candidate("new"), 48)
    assert room is not None
    assert (room.swap, room.leaving, room.is_rude) == (0, (), False)


def test_unknown_memory_is_no_bound() -> None:
    """Where nobody says how much there is, nobody is taken to leave."""
    unknown = space(0, resident("a", 40))
    assert unknown.free == inf
    room = unknown.room(candidate("new"), 1e12)
    assert room is not None
    assert room.leaving == ()


def test_what_can_not_fit_has_no_room() -> None:
    """A model may take all memory when it is alone, and no more."""
    assert space(100, resident("a", 40)).room(candidate("new"), 100) is not None
    assert space(100, resident("a", 40)).room(candidate("new"), 101) is None
    assert space(100).room(candidate("new"), 101) is None
    alone = space(100).room(candidate("new"), 95)
    assert alone is not None
    assert alone.leaving == ()


def test_the_least_wanted_leave_first() -> None:
    """Those leave that are asked for least, weighed by what it takes to have them again."""
    demand = Demand(100)
    for name, times in (("often", 50), ("seldom", 1)):
        for _ in range(times):
            demand.named(name)
    residents = [resident("often", 30), resident("never", 30), resident("seldom", 30)]
    full = space(100, *residents, demand=demand)
    for needed, leaving in ((30, ("never",)), (50, ("never", "seldom"))):
        room = full.room(candidate("new"), needed)
        assert room is not None
        assert room.leaving == leaving


def test_none_leaves_that_need_not() -> None:
    """Where a large one must leave in the end, smaller ones that were worth less stay."""
    demand = Demand(100)
    demand.named("large")
    residents = [resident("small", 5), resident("large", 80)]
    room = space(100, *residents, demand=demand).room(candidate("new"), 50)
    assert room is not None
    assert room.leaving == ("large",)


def test_the_swap_is_as_likely_as_the_return() -> None:
    """What is driven out costs its load, times how likely it is wanted while it would stay."""
    demand = Demand(100)
    demand.named("old")
    room = space(100, resident("old", 90), demand=demand).room(candidate("new"), 50)
    assert room is not None
    assert room.swap == pytest.approx(10 * (1 - exp(-1)))


def test_a_load_saves_until_the_other_is_wanted_back() -> None:
    """Requests that only the one driven out can answer bring it back: so long a load saves."""
    demand = Demand(100)
    for _ in range(20):
        demand.needed(0.5, TEXT)
    small = candidate("small", 0.5, per_answer=0.5)
    full = space(100, resident("large", 90, quality=0.9), demand=demand)
    alone = full.room(small, 50)
    assert alone is not None
    assert alone.saving == pytest.approx(FORECAST * 20 * 1.5)
    for _ in range(10):
        demand.needed(0.9, TEXT)
    shared = space(100, resident("large", 90, quality=0.9), demand=demand).room(small, 50)
    assert shared is not None
    assert shared.saving == pytest.approx(0.2 / 0.1 * 1.5)
    assert shared.swap > alone.swap == 0


def test_what_is_cheaper_elsewhere_saves_nothing() -> None:
    """Requests that a model in memory answers at less cost gain nothing by the load."""
    demand = Demand(100)
    for _ in range(20):
        demand.needed(0.5, TEXT)
    large = candidate("large", 0.9, per_answer=3.0)
    beside = space(100, resident("small", 10), demand=demand).room(large, 20)
    assert beside is not None
    assert beside.saving == 0


def test_who_leaves_is_missed() -> None:
    """Requests that cost more with what comes than with what leaves for it are a loss."""
    demand = Demand(100)
    for _ in range(20):
        demand.needed(0.5, TEXT)
    large = candidate("large", 0.9, per_answer=3.0)
    instead = space(100, resident("small", 90), demand=demand).room(large, 50)
    assert instead is not None
    assert instead.saving == pytest.approx(-FORECAST * 20)


def test_who_came_a_moment_ago_should_stay() -> None:
    """Driving out what was just loaded is rude."""
    full = space(100, resident("old", 90), recent=["old"])
    room = full.room(candidate("new"), 50)
    assert room is not None
    assert room.is_rude


@given(
    st.floats(1, 100),
    st.lists(st.floats(1, 50), max_size=4),
    st.floats(0.1, 120),
    st.lists(st.sampled_from([0.3, 0.5, 0.9]), max_size=20),
)
def test_room_is_sane(
    memory: float, sizes: list[float], needed: float, floors: list[float]
) -> None:
    """Costs are finite and not negative, savings are finite, and what fits fits."""
    demand = Demand(100)
    for floor in floors:
        demand.needed(floor, TEXT)
    residents = [resident(str(number), size) for number, size in enumerate(sizes)]
    room = space(memory, *residents, demand=demand).room(candidate("new", 0.6), needed)
    if room is None:
        assert needed > memory
        return
    assert 0 <= room.swap < inf
    assert -inf < room.saving < inf
    gone = {int(name) for name in room.leaving}
    left = memory - sum(size for number, size in enumerate(sizes) if number not in gone)
    assert needed <= left
