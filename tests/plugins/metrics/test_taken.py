"""How many tokens an attempt took."""

import pytest

from localai import Message, UpstreamBusy, UpstreamTimeout, prompt_tokens
from plugins.metrics.taken import tokens_taken
from tests.plugins.metrics.prometheus.support import attempted
from tests.plugins.support import a_call

CALL = a_call(messages=(Message(role="user", content="some words to read " * 5),))


def test_ollamas_own_counts_are_taken() -> None:
    """A whole answer has the counts of its last chunk."""
    assert tokens_taken(attempted(CALL)) == (5, 2)


@pytest.mark.parametrize(
    ("error", "first", "read", "wrote"),
    [
        (None, 1.0, True, 1),
        (None, None, True, 0),
        (UpstreamTimeout("too slow"), None, True, 0),
        (UpstreamBusy("full"), 1.0, True, 1),
        (UpstreamBusy("full"), None, False, 0),
    ],
)
def test_what_broke_off_is_estimated(
    error: Exception | None, first: float | None, read: bool, wrote: int
) -> None:
    """Whoever left had the prompt read, and a token for each piece; a refusal took nothing."""
    taken = tokens_taken(attempted(CALL, None, first=first, error=error))
    assert taken == (prompt_tokens(CALL) if read else 0, wrote)
