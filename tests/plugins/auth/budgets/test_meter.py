"""What answers have taken."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Attempt, Chunk, Cost, Message
from plugins.auth.budgets import meter as meter_module
from plugins.auth.budgets.meter import Amounts, Meter, Tariff
from tests.plugins.support import HELLO, a_call

TARIFF = Tariff(watts=120.0, per_kwh=0.30, per_million_tokens=2.0)
AMOUNTS = st.floats(0, 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The meter's clock; `now` may be set."""
    clock = SimpleNamespace(now=50.0)
    monkeypatch.setattr(meter_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_an_hour_of_computing_costs_its_energy() -> None:
    """An hour at 120 W is 120 Wh; money is that at 0.30 a kWh, and 2 for a million tokens."""
    amounts = TARIFF.amounts(tokens=500_000, gpu_seconds=3600)
    assert amounts == pytest.approx(Amounts(500_000, 3600, 120, 0.036 + 1.0))


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
def test_two_answers_cost_what_each_costs(t1: float, s1: float, t2: float, s2: float) -> None:
    """Prices are linear, so it is all the same how work is cut into answers."""
    both = TARIFF.amounts(t1 + t2, s1 + s2)
    one, other = TARIFF.amounts(t1, s1), TARIFF.amounts(t2, s2)
    assert both == pytest.approx([sum(pair) for pair in zip(one, other, strict=True)])


def test_a_running_answer_is_estimated(clock: SimpleNamespace) -> None:
    """A prompt counts by its words, each chunk is a token, and time runs from the first of them."""
    meter = Meter(a_call(messages=(Message(role="user", content="a b c d e f g h i j"),)))
    clock.now = 100.0
    meter.start()
    clock.now = 107.0
    assert meter.taken() == (13, 0, 7.0)
    meter.first = 107.0
    meter.pieces = 3
    clock.now = 109.0
    assert meter.taken() == (13, 3, 2.0)


def test_an_answer_that_has_ended_is_counted_by_the_model() -> None:
    """The last chunk has the true counts and the time that the model computed."""
    meter = Meter(a_call())
    meter.start()
    meter.pieces = 99
    meter.last = HELLO[-1].replace(
        prompt_eval_duration=500_000_000, eval_duration=1_500_000_000, total_duration=9_000_000_000
    )
    assert meter.amounts(TARIFF) == TARIFF.amounts(7, 2.0)


def test_the_time_of_an_embedding_is_all_but_the_loading() -> None:
    """Ollama tells of an embedding only how long all took, and the loading."""
    meter = Meter(a_call(kind="embed", messages=(), inputs=("a",)))
    meter.start()
    meter.last = Chunk(
        done=True, prompt_eval_count=4, total_duration=3_000_000_000, load_duration=1_000_000_000
    )
    assert meter.amounts(TARIFF) == TARIFF.amounts(4, 2.0)


@pytest.mark.parametrize("why", ["cached", "failed", "not started", "loads only"])
def test_what_does_not_run_takes_nothing(why: str) -> None:
    """Free are: a call that has not gone out or failed, a cached answer, and mere loading."""
    call = a_call(messages=()) if why == "loads only" else a_call()
    meter = Meter(call)
    if why != "not started":
        meter.start()
    if why == "failed":
        meter.void = True
    if why == "cached":
        call.headers["x-localai-cache"] = "hit"
    meter.last = HELLO[-1].replace(eval_duration=10**9)
    assert meter.amounts(TARIFF) == Amounts(0, 0, 0, 0)


def test_the_energy_that_was_booked_is_settled() -> None:
    """It replaces what was estimated; tokens have their price on top, as always."""
    call = a_call()
    meter = Meter(call)
    meter.start()
    meter.last = HELLO[-1].replace(eval_duration=36 * 10**9)
    assert meter.settled(TARIFF) == meter.amounts(TARIFF)
    attempt = Attempt(call)
    attempt.on("http://127.0.0.1:11434", "1", ())
    attempt.cost = Cost(joules=3600.0, money=5.0)
    assert meter.settled(TARIFF) == meter.amounts(TARIFF), "it runs on for others"
    attempt.end()
    tokens = 7 * 2.0 / 1e6
    assert meter.settled(TARIFF) == pytest.approx(Amounts(7, 36, 1.0, 0.0003 + tokens))
    shared = Tariff(watts=120.0, per_kwh=0.3, per_million_tokens=2.0, is_own=False)
    assert meter.settled(shared) == pytest.approx(Amounts(7, 36, 1.0, 5.0 + tokens))
    meter.void = True
    assert meter.settled(shared) == (0, 0, 0, 0)
