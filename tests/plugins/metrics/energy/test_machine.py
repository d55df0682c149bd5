"""What this machine takes, and who pays for it."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.metrics.energy.machine import Machine, Payer
from tests.plugins.metrics.energy.attempts import Going, Meter

IDLE = 15.0
WORK = 89.0


def alone(
    machine: Machine, meter: Meter, begin: float, end: float, looks: tuple[float, ...] = ()
) -> tuple[float, bool]:
    """Let one attempt run by itself; the meter looks at the chip at these times."""
    payer = machine.begin(Going(), begin, meter.last, WORK)
    for at in looks:
        meter.look(at, WORK)
    taken = machine.end(payer, end, meter.last)
    assert taken is not None
    return taken


def test_a_long_answer_pays_what_is_above_idle() -> None:
    """Ten seconds at 89 W are 740 J above the 15 W that the chip takes anyway."""
    machine, meter = Machine(IDLE), Meter()
    machine.catch_up(0.0, meter.last)
    meter.look(1.0, WORK)
    joules, is_measured = alone(machine, meter, 1.0, 11.0, (2.0, 11.0))
    assert joules == pytest.approx(740)
    assert is_measured


def test_an_answer_between_two_looks_is_told_what_is_expected() -> None:
    """No look was taken while it ran: it is charged by the model, and marked so."""
    machine, meter = Machine(IDLE), Meter(at=10.0)
    machine.catch_up(10.0, meter.last)
    joules, is_measured = alone(machine, meter, 10.2, 10.7)
    assert joules == pytest.approx((WORK - IDLE) * 0.5)
    assert not is_measured
    booked = joules + machine.idle
    meter.look(11.0, 60.0)
    machine.catch_up(11.0, meter.last)
    meter.look(12.0, 15.0)
    machine.catch_up(12.0, meter.last)
    assert joules + machine.idle == pytest.approx(meter.last.joules)
    assert joules + machine.idle >= booked


def test_an_answer_after_others_is_measured_by_the_last_look() -> None:
    """While work goes on without a pause, the last look is held: short answers are measured."""
    machine, meter = Machine(IDLE), Meter(at=10.0)
    machine.catch_up(10.0, meter.last)
    other = machine.begin(Going(), 10.0, meter.last, WORK)
    meter.look(11.0, 115.0)
    machine.catch_up(11.0, meter.last)
    payer = machine.begin(Going(), 11.2, meter.last, WORK)
    taken = machine.end(payer, 11.4, meter.last)
    assert taken is not None
    assert taken.joules == pytest.approx(0.2 * 100 / 2)
    assert taken.is_measured
    assert machine.end(other, 11.4, meter.last) is not None


@pytest.mark.parametrize("seconds", [0.2, 0.5, 0.8, 1.5, 5.0])
def test_short_answers_are_charged_right_on_average(seconds: float) -> None:
    """A sensor that looks once a second sees some and not others: together they pay what is due."""
    random = Random(1)  # noqa: S311
    machine, meter = Machine(IDLE), Meter()
    machine.catch_up(0.0, meter.last)
    now, looked, paid, busy = 0.0, 0, 0.0, 0.0

    def look_until(end: float, watts: float) -> None:
        nonlocal looked
        while looked + 1 <= end:
            looked += 1
            meter.look(float(looked), watts)

    for _ in range(400):
        now += random.uniform(2, 8)
        look_until(now, IDLE)
        payer = machine.begin(Going(), now, meter.last, WORK)
        now += seconds
        look_until(now, WORK)
        taken = machine.end(payer, now, meter.last)
        assert taken is not None
        paid += taken.joules
        busy += seconds
    assert paid == pytest.approx(busy * (WORK - IDLE), rel=0.1)
    look_until(now + 60, IDLE)
    machine.catch_up(now + 60, meter.last)
    assert paid + machine.idle == pytest.approx(machine.supply.booked)
    assert machine.supply.booked == pytest.approx(meter.last.joules, rel=1e-3)


def test_idle_may_be_charged_for_too() -> None:
    """By setting, who runs pays for all that the chip takes meanwhile."""
    machine, meter = Machine(IDLE, charges_idle=True), Meter(watts=WORK)
    machine.catch_up(0.0, meter.last)
    joules, _ = alone(machine, meter, 0.0, 10.0, (5.0, 10.0))
    assert joules == pytest.approx(890)
    assert machine.idle == 0


def test_nobody_pays_while_nobody_runs() -> None:
    """Without an attempt, all goes to nobody."""
    machine, meter = Machine(IDLE), Meter(watts=60.0)
    machine.catch_up(0.0, meter.last)
    meter.look(10.0, 60.0)
    machine.catch_up(10.0, meter.last)
    assert machine.idle == pytest.approx(600)


def test_a_silent_meter_measures_nobody() -> None:
    """Whoever began or ended while the meter was silent, or ran through that, is not measured."""
    machine, meter = Machine(IDLE), Meter()
    machine.catch_up(0.0, meter.last)
    through = machine.begin(Going(), 1.0, meter.last, WORK)
    before = machine.begin(Going(), 1.0, meter.last, WORK)
    assert machine.end(before, 2.0, None) is None
    within = machine.begin(Going(), 3.0, None, WORK)
    meter.look(4.0, WORK)
    after = machine.begin(Going(), 4.0, meter.last, WORK)
    meter.look(5.0, WORK)
    assert machine.end(within, 5.0, meter.last) is None
    assert machine.end(through, 5.0, meter.last) is None
    taken = machine.end(after, 5.0, meter.last)
    assert taken is not None
    assert taken.joules == pytest.approx((WORK - IDLE) / 3)


events = st.lists(
    st.tuples(
        st.sampled_from(["begin", "begin", "end", "end", "tokens", "look", "look", "silence"]),
        st.floats(0, 3),
        st.floats(0, 150),
        st.integers(0, 999),
    ),
    max_size=100,
)


@settings(deadline=None)
@given(events, st.booleans())
def test_attempts_and_idle_are_the_integral_of_power(
    events: list[tuple[str, float, float, int]], charges_idle: bool
) -> None:
    """However attempts run and the meter looks or is silent: nothing is lost, nothing negative."""
    machine, meter = Machine(IDLE, charges_idle), Meter()
    live: list[tuple[Going, Payer]] = []
    paid = now = 0.0
    is_silent = False
    machine.catch_up(now, meter.last)
    for kind, passed, watts, number in events:
        now += passed
        sample = None if is_silent else meter.last
        if kind == "look":
            meter.look(now, watts)
            is_silent = False
        elif kind == "silence":
            is_silent = True
        elif kind == "begin":
            going = Going()
            live.append((going, machine.begin(going, now, sample, watts)))
        elif live and kind == "tokens":
            live[number % len(live)][0].make(number, now)
        elif live:
            _, payer = live.pop(number % len(live))
            taken = machine.end(payer, now, sample)
            if taken is not None:
                assert 0 <= taken.joules <= machine.supply.booked * (1 + 1e-9)
                paid += taken.joules
        machine.catch_up(now, None if is_silent else meter.last)
        supply = machine.supply
        assert machine.idle >= 0
        assert paid + machine.idle + machine.owed == pytest.approx(supply.booked, abs=1e-6)
        assert supply.booked == pytest.approx(
            supply.measured + supply.ahead + supply.lost, abs=1e-6
        )
        assert supply.ahead >= -1e-6
    if not any(kind == "silence" for kind, *_ in events):
        meter.look(now + 1e6, 100.0)
        machine.catch_up(now + 1e6, meter.last)
        assert paid + machine.idle + machine.owed == pytest.approx(meter.last.joules)
