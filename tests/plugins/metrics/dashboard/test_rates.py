"""Tokens by the second."""

import time

from hypothesis import given
from hypothesis import strategies as st

from localai import Attempt, Chunk
from plugins.metrics.dashboard.history import History
from plugins.metrics.dashboard.rates import PROMPT_SECONDS, Rates
from tests.plugins.metrics.dashboard.support import an_attempt, end_of
from tests.plugins.metrics.dashboard.test_history import point


def say(attempt: Attempt, tokens: int) -> None:
    """Let chunks come."""
    for _ in range(tokens):
        attempt.saw(Chunk(content="x"))


def test_a_stream_is_counted_as_it_comes() -> None:
    """Each look tells what came since the last one, and the end what nobody has seen."""
    rates, attempt = Rates(History(10)), an_attempt()
    end = rates.watch(attempt)
    say(attempt, 10)
    assert rates.look({attempt})[0] == 10
    say(attempt, 5)
    assert rates.look({attempt})[0] == 5
    attempt.saw(end_of(21))
    end()
    assert rates.look(set())[0] == 6
    assert rates.look(set())[0] == 0


def test_an_answer_that_was_left_counts_by_its_chunks() -> None:
    """Without its end an answer has as many tokens as chunks came."""
    rates, attempt = Rates(History(10)), an_attempt()
    end = rates.watch(attempt)
    say(attempt, 4)
    rates.look({attempt})
    say(attempt, 3)
    attempt.end()
    end()
    assert rates.look(set())[0] == 3


@given(st.lists(st.integers(0, 20), max_size=20), st.integers(0, 300))
def test_every_token_counts_once(steps: list[int], told: int) -> None:
    """However an answer comes, all looks together tell as many tokens as its end does."""
    rates, attempt = Rates(History(10)), an_attempt()
    end = rates.watch(attempt)
    seen = 0.0
    for tokens in steps:
        say(attempt, tokens)
        seen += rates.look({attempt})[0]
    attempt.saw(end_of(max(told, attempt.pieces), seconds=0.0))
    end()
    seen += rates.look(set())[0]
    assert seen == max(told, sum(steps))


def test_a_plain_answer_is_no_peak() -> None:
    """An answer of 100 s that came as a whole counts with a second's part of its tokens."""
    history = History(10)
    rates, attempt = Rates(history), an_attempt()
    end = rates.watch(attempt)
    history.add(point(time.time()))
    attempt.saw(end_of(1000, seconds=100.0))
    end()
    assert rates.look(set())[0] < 100


def test_prompts_are_a_mean_of_seconds() -> None:
    """Tokens that were read are told for some seconds, and then forgotten."""
    rates, attempt = Rates(History(10)), an_attempt()
    end = rates.watch(attempt)
    attempt.saw(end_of(1, prompt_eval_count=1000))
    end()
    told = [rates.look(set())[1] for _ in range(PROMPT_SECONDS + 1)]
    assert told == [1000 / PROMPT_SECONDS] * PROMPT_SECONDS + [0]


def test_nothing_is_kept_of_what_has_ended() -> None:
    """An attempt that runs no more is forgotten at its end, or at the next look."""
    rates, attempt = Rates(History(10)), an_attempt()
    say(attempt, 4)
    rates.look({attempt})
    rates.look(set())
    assert not rates._seen
