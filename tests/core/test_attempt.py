"""What a call takes of models."""

from collections.abc import Callable

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core.attempt import Attempt, Cost, Work
from core.errors import UpstreamFailed
from tests.plugins.support import HELLO, a_call

HOST = "http://127.0.0.1:11434"

COSTS = st.builds(
    Cost,
    joules=st.floats(0, 1e6),
    money=st.floats(0, 1e3),
    grams=st.floats(0, 1e3),
    source=st.sampled_from(["measured", "modelled"]),
)


def begun(attempt: Attempt | None = None, *watchers: Callable[..., object]) -> Attempt:
    """Return an attempt that runs."""
    attempt = attempt or Attempt(a_call())
    attempt.on(HOST, "1", watchers)  # type: ignore[arg-type]
    return attempt


def test_an_attempt_is_watched_from_its_begin_to_its_end() -> None:
    """Who watches is told once of the begin, and once of the end, with what is known by then."""
    seen: list[object] = []

    def watch(attempt: Attempt) -> Callable[[], None]:
        seen.append((attempt.host, attempt.label, attempt.ended))
        return lambda: seen.append((attempt.outcome, attempt.pieces, attempt.ended is not None))

    attempt = begun(None, watch)
    attempt.on("http://127.0.0.1:11435", "2", [watch])
    for chunk in HELLO:
        attempt.saw(chunk)
    attempt.end(UpstreamFailed("too late"))
    assert seen == [(HOST, "1", None), ("ok", len(HELLO), True)]
    assert attempt.label == "2"
    assert attempt.error is None
    assert attempt.first is not None
    assert attempt.ended is not None
    assert attempt.begun <= attempt.first <= attempt.ended


def test_the_last_chunk_tells_what_the_attempt_took() -> None:
    """What is booked at the end goes on with the last chunk, and with no other."""

    def watch(attempt: Attempt) -> Callable[[], None]:
        def end() -> None:
            attempt.cost = Cost(joules=3)

        return end

    attempt = begun(None, watch)
    costs = [attempt.saw(chunk).cost for chunk in HELLO]
    assert costs == [None] * (len(HELLO) - 1) + [Cost(joules=3)]


@pytest.mark.parametrize(
    ("error", "outcome"), [(None, "canceled"), (UpstreamFailed("gone"), "UpstreamFailed")]
)
def test_an_end_without_a_last_chunk_has_its_reason(error: Exception | None, outcome: str) -> None:
    """An attempt that was left is told from one that failed."""
    attempt = begun()
    attempt.end(error)
    assert attempt.outcome == outcome


def test_an_attempt_that_never_began_is_none() -> None:
    """While no address is known nothing runs, and an end changes nothing."""
    attempt = Attempt(a_call())
    attempt.end()
    assert attempt.ended is None
    assert attempt.call.work.attempts == []


def test_a_watcher_that_crashes_harms_nobody() -> None:
    """Its fault is logged, and the others are told all the same."""
    ends = []

    def broken(attempt: Attempt) -> None:
        raise RuntimeError("begin")

    def half(attempt: Attempt) -> Callable[[], None]:
        return lambda: 1 // 0  # type: ignore[return-value]

    def whole(attempt: Attempt) -> Callable[[], None]:
        return lambda: ends.append(attempt)

    with structlog.testing.capture_logs() as logs:
        attempt = begun(None, broken, half, whole)
        attempt.end()
    assert ends == [attempt]
    assert [each["log_level"] for each in logs] == ["error", "error"]


def test_copies_of_a_call_share_its_work() -> None:
    """What a copy had done is the call's own; a call apart has its own."""
    call = a_call()
    begun(Attempt(call.replace(model="other")))
    apart = call.apart(model="other")
    assert len(call.work.attempts) == 1
    assert apart.work == Work() != call.work
    assert (apart.headers, apart.decisions) == ({}, [])


def test_work_is_at_rest_when_nobody_holds_it() -> None:
    """What is to be done then is done once, after the last attempt and the last hold."""
    done: list[str] = []
    work = Work()
    work.when_at_rest(lambda: done.append("at once"))
    call = a_call(work=work)
    attempts = [begun(Attempt(call)), begun(Attempt(call))]
    work.hold()
    work.when_at_rest(lambda: done.append("later"))
    for attempt in attempts:
        attempt.end()
    assert done == ["at once"]
    begun(Attempt(call)).end()
    work.release()
    assert done == ["at once", "later"]
    begun(Attempt(call)).end()
    assert done == ["at once", "later"]


def test_work_is_claimed_once() -> None:
    """Who comes first has it as their own; copies of the call are the same work."""
    call = a_call()
    assert call.work.claim()
    assert not call.replace(model="other").work.claim()
    assert call.apart().work.claim()


@given(st.lists(COSTS, min_size=1))
def test_costs_add_up(costs: list[Cost]) -> None:
    """A sum has all of each figure, and is measured only where every part is."""
    work = Work()
    call = a_call(work=work)
    for cost in costs:
        attempt = begun(Attempt(call))
        attempt.end()
        attempt.cost = cost
    begun(Attempt(call)).end()
    total = work.cost()
    assert total is not None
    assert total.joules == pytest.approx(sum(cost.joules for cost in costs))
    assert total.money == pytest.approx(sum(cost.money for cost in costs))
    assert total.grams == pytest.approx(sum(cost.grams for cost in costs))
    assert (total.source == "measured") == all(cost.source == "measured" for cost in costs)
    assert total.wh == pytest.approx(total.joules / 3600)


@given(COSTS, st.integers(1, 100))
def test_shares_of_a_cost_add_up(cost: Cost, number: int) -> None:
    """A cost that is shared among several is the sum of their shares."""
    share = cost.share(1 / number)
    assert share.source == cost.source
    for whole, part in zip(
        (cost.joules, cost.money, cost.grams),
        (share.joules, share.money, share.grams),
        strict=True,
    ):
        assert part * number == pytest.approx(whole)


def test_without_books_there_is_no_cost() -> None:
    """No figure is made up where nobody keeps books."""
    attempt = begun()
    attempt.end()
    assert attempt.call.work.cost() is None
