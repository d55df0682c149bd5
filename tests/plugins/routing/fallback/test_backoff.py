"""How long to wait before asking again."""

from hypothesis import given
from hypothesis import strategies as st

from localai import UpstreamBusy, UpstreamFailed, UpstreamUnreachable
from plugins.routing.fallback.backoff import Backoff

BACKOFF = Backoff(base=0.25, longest=4.0)
CHANCES = st.floats(0, 1, exclude_max=True)


def test_the_longest_waits_double_up_to_a_bound() -> None:
    """A quarter of a second, a half, one, two, four, and no more than that."""
    longest = [BACKOFF.delay(tries, UpstreamFailed("x"), lambda: 1.0) for tries in range(1, 8)]
    assert longest == [0.25, 0.5, 1, 2, 4, 4, 4]


@given(tries=st.integers(1, 10_000), chance=CHANCES)
def test_chance_has_the_whole_wait(tries: int, chance: float) -> None:
    """Any wait from nothing to the longest may come, in proportion to chance (full jitter)."""
    whole = BACKOFF.delay(tries, UpstreamFailed("x"), lambda: 1.0)
    delay = BACKOFF.delay(tries, UpstreamFailed("x"), lambda: chance)
    assert whole is not None
    assert delay == whole * chance


@given(tries=st.integers(1, 10), told=st.floats(0, 10), chance=CHANCES)
def test_what_the_other_side_wants_is_the_least(tries: int, told: float, chance: float) -> None:
    """Nobody comes back before `retry_after`, nor all at that moment; nobody waits too long."""
    delay = BACKOFF.delay(tries, UpstreamBusy("x", retry_after=told), lambda: chance)
    if told > BACKOFF.longest:
        assert delay is None
    else:
        assert delay is not None
        assert told <= delay <= told + BACKOFF.longest


def test_a_host_that_is_away_has_told_nothing() -> None:
    """The time in that error is for callers; another host may answer at once."""
    error = UpstreamUnreachable("x", retry_after=5)
    assert BACKOFF.delay(1, error, lambda: 0.0) == 0.0
