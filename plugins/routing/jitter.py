"""Times that differ a little, so that not everybody asks at once."""

import random
from collections.abc import Callable

PART = 0.1
"""Of a time, that is up to chance."""


def jittered(seconds: float, chance: Callable[[], float] = random.random) -> float:
    """Return a time that is at most a tenth shorter or longer."""
    return seconds * (1 - PART + 2 * PART * chance())
