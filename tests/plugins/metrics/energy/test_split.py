"""Joules among those who run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.metrics.energy.split import FEW, LOAD, Share, Split
from tests.pace import within
from tests.plugins.metrics.energy.attempts import Going


def running(split: Split, number: int, now: float = 0.0) -> list[tuple[Going, Share]]:
    """Begin several attempts."""
    goings = [Going() for _ in range(number)]
    return [(going, split.begin(going, now)) for going in goings]


def test_who_runs_alone_pays_all() -> None:
    """One attempt pays whatever was taken, with tokens or without, in any time."""
    split = Split()
    ((_, share),) = running(split, 1)
    split.add(50.0)
    assert split.end(share, 2.0) == 50.0
    ((_, share),) = running(split, 1, 2.0)
    split.add(1.0)
    assert split.end(share, 2.0) == 1.0
    assert (len(split), split.owed) == (0, 0.0)


def test_those_who_write_pay_by_their_tokens() -> None:
    """Of two streams, the one with three times the tokens pays three times the energy."""
    split = Split()
    (one, first), (other, second) = running(split, 2)
    one.make(1, 0.0)
    other.make(1, 0.0)
    split.add(0.0)
    one.make(74, 1.0)
    other.make(24, 1.0)
    split.add(100.0)
    assert split.end(first, 10.0) == pytest.approx(75)
    assert split.end(second, 10.0) == pytest.approx(25)


def test_who_reads_weighs_as_much_as_the_others_on_average() -> None:
    """A prompt has no tokens that are seen, but is read at somebody's cost."""
    split = Split()
    (one, first), (other, second), (_, third) = running(split, 3)
    one.make(30, 0.0)
    other.make(10, 0.0)
    split.add(90.0)
    assert [split.end(share, 1.0) for share in (third, second, first)] == pytest.approx(
        [30, 15, 45]
    )


def test_a_prompt_that_was_read_meanwhile_counts_for_its_time() -> None:
    """Reading for half of the time and writing in the other is as much as writing all the time."""
    split = Split()
    (one, first), (other, second) = running(split, 2)
    one.make(1, 0.0)
    one.make(19, 1.0)
    other.make(10, 0.5)
    split.add(80.0)
    assert [split.end(share, 1.0) for share in (second, first)] == pytest.approx([40, 40])


def test_where_nothing_is_known_all_pay_the_same() -> None:
    """Two that only read share evenly, by the time that each was there."""
    split = Split()
    ((_, first),) = running(split, 1)
    split.add(10.0)
    ((_, second),) = running(split, 1, 1.0)
    split.add(20.0)
    assert split.end(second, 2.0) == pytest.approx(10)
    assert split.end(first, 2.0) == pytest.approx(20)


def test_an_answer_that_comes_whole_has_made_its_tokens_evenly() -> None:
    """Its count is known in the end, and weighs what is not split yet."""
    split = Split()
    (one, first), (_, second) = running(split, 2)
    one.make(10, 0.0)
    split.add(40.0)
    assert split.end(second, 1.0, tokens=30) == pytest.approx(30)
    assert split.end(first, 1.0) == pytest.approx(10)


def test_a_load_weighs_little() -> None:
    """Reading a file draws a few watts; who only loads a model pays as much."""
    split = Split()
    ((going, first),) = running(split, 1)
    load = split.begin(Going(), 0.0, LOAD)
    going.make(100, 0.0)
    split.add(104.0)
    assert split.end(load, 1.0) == pytest.approx(4)
    assert split.end(first, 1.0) == pytest.approx(100)


events = st.lists(
    st.tuples(
        st.sampled_from(["begin", "begin", "load", "end", "whole", "tokens"]),
        st.floats(0, 5),
        st.floats(0, 500),
        st.integers(0, 10_000),
    ),
    max_size=120,
)


@settings(deadline=None)
@given(events)
def test_what_all_have_paid_is_what_was_taken(events: list[tuple[str, float, float, int]]) -> None:
    """However attempts begin, write and end, nothing is lost, and nobody pays less than nothing."""
    split = Split()
    live: list[tuple[Going, Share]] = []
    now = added = 0.0
    paid: list[float] = []
    for kind, passed, joules, number in events:
        now += passed
        if live:
            split.add(joules)
            added += joules
        if kind == "begin":
            live += running(split, 1 + number % (3 * FEW), now)
        elif kind == "load":
            going = Going()
            live.append((going, split.begin(going, now, LOAD)))
        elif live and kind == "tokens":
            live[number % len(live)][0].make(number, now)
        elif live:
            _, share = live.pop(number % len(live))
            paid.append(split.end(share, now, number if kind == "whole" else 0))
            assert 0 <= paid[-1] <= added * (1 + 1e-9)
        assert sum(paid) + split.owed == pytest.approx(added, rel=1e-9, abs=1e-9)
    for _, share in live:
        paid.append(split.end(share, now))
        assert paid[-1] >= 0
    assert sum(paid) == pytest.approx(added, rel=1e-9, abs=1e-9)
    assert split.owed == pytest.approx(0.0, abs=1e-9)


def test_who_leaves_a_crowd_pays_by_its_tokens_too() -> None:
    """With many attempts energy is not split at each end; who leaves in between pays no other."""
    split = Split()
    now = 0.0
    live = [(rate, *running(split, 1, now)[0]) for rate in (1, 3) * 100]
    paid, made = {1: 0.0, 3: 0.0}, {1: 0, 3: 0}
    for _ in range(600):
        now += 0.01
        for rate, going, _ in live:
            going.make(rate, now)
        split.add(1.0)
        rate, going, share = live.pop(0)
        paid[rate] += split.end(share, now)
        made[rate] += going.pieces
        live.append((rate, *running(split, 1, now)[0]))
    assert sum(paid.values()) + split.owed == pytest.approx(600)
    assert paid[3] / made[3] == pytest.approx(paid[1] / made[1], rel=0.1)


@pytest.mark.parametrize("number", [1, 16, 1000])
def test_begin_and_end_stay_cheap(number: int) -> None:
    """Both together take some microseconds, however many others run."""
    split = Split()
    live = running(split, number - 1)
    now = 0.0

    def hundred() -> None:
        nonlocal now
        for _ in range(100):
            now += 0.001
            for going, _ in live[:3]:
                going.make(1, now)
            split.add(0.05)
            share = split.begin(Going(), now)
            split.add(0.05)
            split.end(share, now + 0.0005)

    within(100 * 20e-6, hundred)
