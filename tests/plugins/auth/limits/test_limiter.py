"""All limits of a call or none, against a simple model on a clock of its own."""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from localai import RateLimited
from plugins.auth.limits import memory, taken
from plugins.auth.limits.limiter import Limiter
from plugins.auth.limits.rules import Charge, Demand, Slot, rate
from plugins.auth.limits.taken import Taken
from tests.plugins.auth.limits.test_memory import Clock

T = TypeVar("T")

FAST = Charge(rate("3/second"), "requests", "fast", "your key")
SLOW = Charge(rate("5/minute"), "requests", "slow", "your tenant")
PLACE = Charge(rate("4/minute"), "requests", "place", "your address", is_address=True)
WORDS = Charge(rate("100/minute"), "tokens", "words", "your key")
ALL = (FAST, SLOW, PLACE, WORDS)
SLOTS = (Slot(2, "one", "your key"), Slot(3, "other", "your tenant"))


def result(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns; it may not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise AssertionError("the limiter waited")


class Machine(RuleBasedStateMachine):
    """Takes and settles at random; the model is one number and one time per limit."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(now=1000.0, wall=0.0)
        self._patch = pytest.MonkeyPatch()
        for module in (memory, taken):
            self._patch.setattr(module, "time", self.clock)
        self.limiter = Limiter(max_keys=10)
        self.windows: dict[str, tuple[int, float]] = {}
        self.running: dict[str, int] = {slot.key: 0 for slot in SLOTS}
        self.open: list[Taken] = []

    def teardown(self) -> None:
        """Give the modules their clock back."""
        self._patch.undo()

    def used(self, charge: Charge) -> int:
        """Return what the model has counted in a window that has not ended."""
        used, ends = self.windows.get(charge.key, (0, 0.0))
        return used if ends > self.clock.now else 0

    def count(self, charge: Charge, amount: int) -> None:
        """Count in the model, in the window that is, or in a new one."""
        used = self.used(charge)
        ends = self.windows[charge.key][1] if used else self.clock.now + charge.rate.seconds
        self.windows[charge.key] = (max(0, used + amount), ends)

    @rule(seconds=st.sampled_from([0.1, 0.5, 1, 10, 60]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @rule(seconds=st.floats(-1e9, 1e9))
    def set_the_wall_clock(self, seconds: float) -> None:
        """Turn the hands of the clock that people have."""
        self.clock.wall += seconds

    @rule(
        charges=st.permutations(ALL).flatmap(lambda all: st.integers(0, 4).map(lambda n: all[:n])),
        slots=st.sampled_from([(), SLOTS[:1], SLOTS[1:], SLOTS]),
        tokens=st.integers(0, 130),
    )
    def take(self, charges: list[Charge], slots: tuple[Slot, ...], tokens: int) -> None:
        """Take of some limits; when one has no room, nothing changes."""
        cost = {charge: tokens if charge.unit == "tokens" else 1 for charge in charges}
        fits = all(self.used(each) + cost[each] <= each.rate.amount for each in charges)
        free = all(self.running[slot.key] < slot.most for slot in slots)
        taking = self.limiter.take(Demand(charges, slots), tokens)
        if not (fits and free):
            with pytest.raises(RateLimited) as caught:
                result(taking)
            too_large = WORDS in charges and tokens > WORDS.rate.amount
            assert (caught.value.retry_after is None) == too_large
            return
        taken = result(taking)
        for charge in charges:
            self.count(charge, cost[charge])
        for slot in slots:
            self.running[slot.key] += 1
        assert [each.used for each in taken.standings] == [self.used(each) for each in charges]
        self.open.append(taken)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), tokens=st.integers(0, 300))
    def settle(self, data: st.DataObject, tokens: int) -> None:
        """Say what a call really took; a second time changes nothing."""
        taken = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        for slot in taken.slots:
            self.running[slot.key] -= 1
        more = tokens - taken.tokens
        for standing in taken.standings:
            in_time = self.clock.now < standing.ends
            if standing.charge.unit == "tokens" and (more > 0 or (more < 0 and in_time)):
                self.count(standing.charge, more)
        for _ in range(2):
            assert self.limiter.settle(taken, tokens) is None

    @invariant()
    def it_equals_the_model(self) -> None:
        """Every counter and every slot is what the model says."""
        for charge in ALL:
            storage = self.limiter._addresses if charge.is_address else self.limiter._callers
            assert storage.get(charge.key) == self.used(charge)
        assert self.limiter._running == {key: n for key, n in self.running.items() if n}
        assert self.limiter.report()["running"] == sum(self.running.values())


TestLimiter = Machine.TestCase
TestLimiter.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


async def admitted(limiter: Limiter, charge: Charge, times: int) -> int:
    """Return how many of so many calls get in."""
    found = 0
    for _ in range(times):
        try:
            await limiter.take(Demand([charge]))
        except RateLimited:
            continue
        found += 1
    return found


async def test_a_refusal_tells_how_all_limits_stand() -> None:
    """Its headers are those of the limits after nothing was taken of them."""
    limiter = Limiter(max_keys=10)
    await limiter.take(Demand([SLOW, WORDS]), 90)
    with pytest.raises(RateLimited) as caught:
        await limiter.take(Demand([SLOW, WORDS]), 20)
    headers = caught.value.headers()
    assert headers["x-ratelimit-remaining-requests"] == "4"
    assert headers["x-ratelimit-limit-tokens"] == "100"
    assert headers["x-ratelimit-remaining-tokens"] == "10"
    assert headers["x-ratelimit-reset-tokens"] == "1m0s"
    assert headers["retry-after"] == "60"
    taken = await limiter.take(Demand([SLOW, WORDS]), 10)
    assert limiter.headers(taken.standings) == {
        "x-ratelimit-limit-requests": "5",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "1m0s",
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1m0s",
    }


async def test_strangers_cannot_push_callers_out() -> None:
    """A flood of addresses leaves the counters of callers as they are."""
    limiter = Limiter(max_keys=5)
    assert await admitted(limiter, SLOW, 9) == 5
    for number in range(100):
        await limiter.take(Demand([PLACE._replace(key=f"address {number}")]))
    assert await admitted(limiter, SLOW, 9) == 0
    report = limiter.report()
    assert (report["keys"], report["addresses"], report["evictions"]) == (1, 5, 95)


async def test_variables_and_files_of_the_environment_change_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """slowapi's own variables and a .env neither turn limits off nor rename headers."""
    monkeypatch.chdir(tmp_path)
    variables = {
        "RATELIMIT_ENABLED": "false",
        "RATELIMIT_STORAGE_URL": "redis://elsewhere",
        "RATELIMIT_STRATEGY": "moving-window",
        "RATELIMIT_HEADER_LIMIT": "x-other",
        "RATELIMIT_KEY_PREFIX": "other",
    }
    (tmp_path / ".env").write_bytes(b"\xff\n" + "\n".join(variables).encode())
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    limiter = Limiter(max_keys=10)
    assert limiter.enabled
    assert await admitted(limiter, SLOW, 9) == 5
    taken = await limiter.take(Demand([FAST]))
    assert "x-ratelimit-limit-requests" in limiter.headers(taken.standings)


def test_a_limiter_leaves_no_handler_behind() -> None:
    """A process that reloads its settings often does not collect log handlers."""
    before = list(logging.getLogger("slowapi").handlers)
    for _ in range(3):
        Limiter(max_keys=10)
    assert logging.getLogger("slowapi").handlers == before


async def test_limiters_share_nothing() -> None:
    """Each has counters and bounds of its own."""
    one, other = Limiter(max_keys=10), Limiter(max_keys=20)
    assert await admitted(one, SLOW, 9) == 5
    assert await admitted(other, SLOW, 9) == 5


async def test_two_calls_at_once_take_one_place_each() -> None:
    """Of many at the same time exactly as many get in as there is room."""
    limiter = Limiter(max_keys=10)
    demand = Demand([SLOW], SLOTS)
    found = await asyncio.gather(*(limiter.take(demand) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(each, Taken) for each in found) == 2
