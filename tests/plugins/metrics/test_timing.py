"""Where the time of a call went."""

from hypothesis import given
from hypothesis import strategies as st

from localai import Attempt, Chunk, Inference, Message
from plugins.metrics.timing import load_seconds, overhead_seconds
from tests.plugins.support import a_call


def _attempt(begun: float, ended: float | None, *, loads: bool = False) -> Attempt:
    messages = () if loads else (Message(role="user", content="hi"),)
    attempt = Attempt(a_call(messages=messages))
    attempt.begun, attempt.ended = begun, ended
    return attempt


def test_loads_count_with_an_answer_or_by_themselves() -> None:
    """What Ollama tells with an answer, and the time of the loads that the queue had made."""
    call = a_call()
    for nanoseconds in (2_000_000_000, 500_000_000, None):
        attempt = _attempt(0, 9)
        if nanoseconds is not None:
            attempt.last = Chunk(done=True, load_duration=nanoseconds)
        call.work.attempts.append(attempt)
    call.work.attempts += [_attempt(1, 4, loads=True), _attempt(5, None, loads=True)]
    assert load_seconds(call.work) == 2.5 + 3


def _inference(*attempts: Attempt, first: float | None, loads: bool = False) -> Inference:
    inference = Inference(a_call(messages=()) if loads else a_call())
    inference.begun, inference.first = 0.0, first
    inference.call.work.attempts.extend(attempts)
    return inference


def test_two_at_a_time_count_once() -> None:
    """What overlaps is taken off once, loads with the wait, and nothing after the first chunk."""
    attempts = [
        _attempt(0, 5, loads=True),
        _attempt(5, 8),
        _attempt(6, 7),
        _attempt(7.5, 9),
        _attempt(11, None),
    ]
    inference = _inference(*attempts, first=12)
    inference.call.work.waited = 5
    assert overhead_seconds(inference) == 12 - 5 - 4 - 1


def test_a_load_that_a_caller_asks_for_is_no_wait() -> None:
    """Then it is what the Ollama does for that caller."""
    inference = _inference(_attempt(1, 4, loads=True), first=5, loads=True)
    assert overhead_seconds(inference) == 2


def test_without_an_ollama_there_is_no_overhead() -> None:
    """A cached answer, or one of another's run, tells nothing of what the router takes."""
    assert overhead_seconds(_inference(first=1)) is None
    assert overhead_seconds(_inference(_attempt(1, 2), first=None)) is None


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20)), min_size=1, max_size=8))
def test_overhead_is_made_of_the_moments_without_a_model(spans: list[tuple[int, int]]) -> None:
    """However attempts overlap, each moment in which one runs counts once."""
    spans.sort()
    attempts = [_attempt(begun, begun + taken) for begun, taken in spans]
    moments = {moment for begun, taken in spans for moment in range(begun, begun + taken)}
    assert overhead_seconds(_inference(*attempts, first=100)) == 100 - len(moments)
