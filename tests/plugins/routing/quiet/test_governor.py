"""Holding a figure below its cap."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from plugins.routing.quiet.governor import (
    HOLD,
    MOST_PATIENCE,
    PATIENCE,
    SHARES,
    Governor,
)

HOUR, DAY = 3600, 86_400


class Heat:
    """A chip that follows its power slowly, as a body with one heat capacity does.

    `watts` is what it takes with all slots busy, `idle` what it takes with none.
    """

    def __init__(
        self, watts: float, *, idle: float = 15.0, room: float = 25.0, seconds: float = 90.0
    ) -> None:
        self.watts, self.idle, self.room, self.seconds = watts, idle, room, seconds
        self.degrees = room
        self.resistance = 0.6
        """Degrees per watt."""

    def step(self, share: float, passed: float = 1.0) -> float:
        """Return the temperature after some seconds with a share of the slots busy."""
        power = self.idle + (self.watts - self.idle) * share
        target = self.room + power * self.resistance
        self.degrees += (target - self.degrees) * min(passed / self.seconds, 1.0)
        return self.degrees


def run(
    governor: Governor, seconds: int, figure: Callable[[int, float], float], every: int = 1
) -> list[tuple[int, int]]:
    """Let a governor look each second; return the moments of its steps and the level after each."""
    steps, level = [], governor.level
    for second in range(0, seconds, every):
        governor.update(float(second), figure(second, governor.share))
        if governor.level != level:
            level = governor.level
            steps.append((second, level))
    return steps


def test_below_the_cap_nothing_happens() -> None:
    """A figure that never reaches its cap costs no slot."""
    governor = Governor(cap=100, band=10)
    assert run(governor, HOUR, lambda second, share: 99.0) == []
    assert governor.share == 1.0


def test_above_the_cap_slots_are_taken_away() -> None:
    """One level at a time, with a pause between; the last level leaves a quarter."""
    governor = Governor(cap=100, band=10)
    steps = run(governor, 300, lambda second, share: 150.0)
    assert [level for _, level in steps] == [1, 2, 3]
    assert governor.share == 0.25
    assert all(later - earlier >= HOLD for (earlier, _), (later, _) in pairwise(steps))


def test_a_moment_above_the_cap_is_no_reason() -> None:
    """A few seconds of prefill above the cap are smoothed away."""
    governor = Governor(cap=100, band=10)
    assert run(governor, HOUR, lambda second, share: 120.0 if second % 60 < 3 else 85.0) == []


def test_slots_come_back() -> None:
    """After the figure has stayed low for a minute, level by level."""
    governor = Governor(cap=100, band=10)
    steps = run(governor, HOUR, lambda second, share: 150.0 if second < 60 else 20.0)
    assert [level for _, level in steps] == [1, 2, 3, 2, 1, 0]
    back = [second for second, level in steps if second > 60]
    assert all(later - earlier >= PATIENCE for earlier, later in pairwise(back))


def test_between_the_bands_nothing_changes() -> None:
    """A figure below its cap, but not by the band, keeps the level that it has."""
    governor = Governor(cap=100, band=10)
    run(governor, 30, lambda second, share: 150.0)
    level = governor.level
    assert level > 0
    for second in range(30, HOUR):
        governor.update(float(second), 95.0)
    assert governor.level == level


def test_what_was_wrong_once_is_tried_less_often() -> None:
    """Where one level is too hot and the next is cool, it is tried at most each half hour."""
    governor = Governor(cap=100, band=10)
    steps = run(governor, DAY, lambda second, share: 110.0 if share > 0.6 else 60.0)
    tries = [second for second, level in steps if level == 1]
    late = [second for second in tries if second > 6 * HOUR]
    assert all(b - a >= MOST_PATIENCE for a, b in pairwise(late))
    assert len(steps) <= 2 * (DAY / MOST_PATIENCE + 10)


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    watts=st.floats(40, 160),
    cap=st.floats(50, 100),
    band=st.floats(2, 15),
    seconds=st.floats(5, 400),
    room=st.floats(15, 35),
)
def test_a_chip_does_not_oscillate(
    watts: float, cap: float, band: float, seconds: float, room: float
) -> None:
    """Whatever chip, room and cap: in 8 hours of full load there are few steps, and it stays cool.

    It is above its cap for long only where even the last level is too much.
    """
    heat = Heat(watts, room=room, seconds=seconds)
    governor = Governor(cap, band)
    degrees: list[float] = []

    def figure(second: int, share: float) -> float:
        degrees.append(heat.step(share, 4))
        return degrees[-1]

    steps = run(governor, 8 * HOUR, figure, every=4)
    assert len(steps) <= 2 * (8 * HOUR / MOST_PATIENCE + 10)
    coolest = room + (15 + (watts - 15) * SHARES[-1]) * heat.resistance
    if coolest < cap - 1:
        settled = degrees[2 * HOUR // 4 :]
        assert sum(degree > cap + 1 for degree in settled) < 0.03 * len(settled)


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 300)), max_size=200))
def test_steps_are_single_and_apart(samples: list[tuple[float, float]]) -> None:
    """Whatever is measured, and whenever: one level at a time, never twice within the pause."""
    governor = Governor(cap=100, band=10)
    now, changed = 0.0, 0.0
    for number, (passed, figure) in enumerate(samples):
        now += passed if number else 0.0
        level = governor.level
        governor.update(now, figure)
        assert abs(governor.level - level) <= 1
        assert governor.share == SHARES[governor.level]
        if governor.level != level:
            assert now - changed >= HOLD - 1e-9
            changed = now


def test_time_that_stands_still_does_no_harm() -> None:
    """Two looks at the same moment are one."""
    governor = Governor(cap=100, band=10)
    governor.update(5.0, 90.0)
    governor.update(5.0, 500.0)
    governor.update(4.0, 500.0)
    assert governor.figure == pytest.approx(90.0)
