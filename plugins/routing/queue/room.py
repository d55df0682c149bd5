"""Which models leave a host's memory so that another one fits.

Ollama would decide that itself, by the time that each is to stay; here the least worthy go.
"""

from collections.abc import Mapping
from typing import NamedTuple

from plugins.routing.estimate.memory import USABLE


class Resident(NamedTuple):
    """A model in memory that nobody uses just now."""

    size: float
    """Bytes."""
    worth: float
    """Of keeping it, against others."""


def must_go(wanted: float, free: float, idle: Mapping[str, Resident], *, others: bool) -> list[str]:
    """Return which idle models must leave so that one fits, the least worthy first.

    All of them if that is not enough: Ollama then waits for one of the `others`, which are busy.
    None is named whose leaving would not be needed after all.
    """
    if wanted <= free * USABLE:
        return []
    going: list[str] = []
    for name in sorted(idle, key=lambda name: idle[name].worth):
        going.append(name)
        free += idle[name].size
        if wanted <= free * USABLE:
            break
    is_alone = not others and len(going) == len(idle)
    for name in tuple(going):
        less = free - idle[name].size
        if wanted <= less * USABLE and not is_alone:
            going.remove(name)
            free = less
    return going
