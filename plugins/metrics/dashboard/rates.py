"""How many tokens come each second, without a look at any of them."""

import time
from collections import deque
from collections.abc import Callable, Collection
from functools import partial

from localai import Attempt
from plugins.metrics.dashboard.history import History

PROMPT_SECONDS = 10
"""Seconds over which read tokens are averaged: they are known at an answer's end only."""
FEW = 2
"""Chunks of an answer that came as a whole: nobody saw when its tokens were made."""


class Rates:
    """Counts what attempts write and read. What runs is asked once a second for its chunks.

    A chunk is a token but for the last one; the end of an attempt tells the true count.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._seen: dict[Attempt, int] = {}
        """Of each running attempt, the chunks that are counted."""
        self._tokens = 0.0
        """Written since the last look, by attempts that have ended."""
        self._read: deque[int] = deque([0], maxlen=PROMPT_SECONDS)
        """Tokens of prompts by second, this one last."""

    def watch(self, attempt: Attempt) -> Callable[[], None]:
        """Return what is to be called when it has ended."""
        return partial(self._ended, attempt)

    def look(self, running: Collection[Attempt]) -> tuple[float, float]:
        """Return the tokens written since the last look, and those read per second of late."""
        before, written = self._seen, self._tokens
        self._seen = {}
        for attempt in running:
            if (pieces := attempt.pieces) > FEW:
                written += pieces - before.get(attempt, 0)
                self._seen[attempt] = pieces
        self._tokens = 0.0
        read = sum(self._read) / PROMPT_SECONDS
        self._read.append(0)
        return max(written, 0.0), read

    def _ended(self, attempt: Attempt) -> None:
        seen = self._seen.pop(attempt, 0)
        last = attempt.last
        if last is None:
            self._tokens += attempt.pieces - seen
            return
        self._read[-1] += last.prompt_eval_count
        if attempt.pieces > FEW:
            self._tokens += last.eval_count - seen
            return
        now = time.time()
        self._tokens += self._history.spread(last.eval_count, now - last.eval_duration / 1e9, now)
