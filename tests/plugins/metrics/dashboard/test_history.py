"""The points of the plots."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.dashboard.history import History, Point


def point(at: float) -> Point:
    """Return a second in which nothing was."""
    return Point(
        at=at,
        tokens_per_second=0.0,
        prompt_tokens_per_second=0.0,
        requests_per_second=0.0,
        running=0,
        waiting=None,
        watts=None,
    )


def a_history(*moments: float, length: int = 100) -> History:
    """Return seconds that ended at these moments."""
    history = History(length)
    for at in moments:
        history.add(point(at))
    return history


def shown(history: History) -> list[float]:
    """Return the tokens of each second."""
    return [each.tokens_per_second for each in history]


def test_only_the_last_seconds_are_kept() -> None:
    """The oldest second goes for the newest."""
    history = a_history(1, 2, 3, length=2)
    assert [each.at for each in history] == [2, 3]
    assert history.seconds == 2


def test_a_new_length_keeps_the_newest() -> None:
    """A shorter history keeps its end, a longer one all."""
    history = a_history(1, 2, 3)
    history.resize(2)
    assert [each.at for each in history] == [2, 3]
    history.resize(5)
    assert [each.at for each in history] == [2, 3]


def test_tokens_are_spread_over_their_time() -> None:
    """Tokens of 2.5 s are shown in the seconds in which they were made; the open one's are left."""
    history = a_history(1, 2, 3)
    left = history.spread(250, 1.0, 3.5)
    assert shown(history) == pytest.approx([0, 100, 100])
    assert left == pytest.approx(50)
    assert history.revision == 1


def test_what_came_just_now_changes_nothing_before() -> None:
    """Tokens of the second that has not ended are all left for it."""
    history = a_history(1, 2)
    assert history.spread(7, 2.1, 2.2) == 7
    assert history.spread(7, 2.1, 2.1) == 7
    assert history.revision == 0


@given(
    st.integers(0, 30),
    st.floats(0, 1000),
    st.floats(0, 60),
    st.floats(0, 60),
)
def test_no_token_is_shown_twice(count: int, tokens: float, begin: float, seconds: float) -> None:
    """What is shown and what is left over is never more than was made, and nothing is negative."""
    history = a_history(*range(10, 10 + count))
    left = history.spread(tokens, begin, begin + seconds)
    total = left + sum(shown(history))
    assert total <= tokens * 1.000001 + 1e-6
    assert left >= 0
    assert min(shown(history), default=0) >= 0
    if count and begin >= 9:
        assert total == pytest.approx(tokens, abs=1e-6)
