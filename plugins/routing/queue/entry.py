"""One request that waits for its turn."""

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Entry:
    """A request in the queue of a model. It ends once: taken, or gone."""

    key: str
    """Who asks; each key has its share."""
    cost: float
    """What it takes of a slot, in seconds, as expected."""
    weight: float = 1.0
    """How large the share of its key is, against those of others."""
    is_batch: bool = False
    deadline: float = math.inf
    """Until when it must be taken, by the clock of whoever owns the queue."""
    data: Any = None
    """Whatever its owner wants to find again."""
    is_waiting: bool = field(default=False, init=False)
    since: float = field(default=0.0, init=False)
    """When it began to wait."""
    order: int = field(default=0, init=False)
    """Its number among all that came."""
    before: float = field(default=0.0, init=False)
    """Cost of all that its key had waiting by then, since that key began to wait."""
    number: int = field(default=0, init=False)
    """Its number among those of its key."""
