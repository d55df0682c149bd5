"""One request from its arrival to the end of its answer."""

import asyncio
from dataclasses import dataclass, field

from localai import Call
from plugins.routing.queue.entry import Entry

HEADER = "x-localai-queue"


@dataclass(slots=True, eq=False)
class Turn:
    """A request that waits or runs. It holds a slot from `url` being set until it ends."""

    call: Call
    key: str
    """Whose share it counts for."""
    came: float
    """When it came, by the clock of the event loop."""
    is_batch: bool = False
    weight: float = 1.0
    url: str | None = None
    """The host whose slot it has."""
    began: float = 0.0
    """When it got its slot; while its model loads, when that will be done."""
    area: float = 0.0
    """What the server had run by then, see `Server`."""
    cost: float = 0.0
    """Seconds that it is expected to hold a slot; 0 until somebody wants to know."""
    prompt: int = 0
    """Tokens, as expected; these too are counted when somebody wants to know."""
    answer: int = 0
    preferred: str = ""
    """The host that has worked on this conversation before."""
    patient_until: float = 0.0
    """Until when it rather waits for that host than goes to another one."""
    entry: Entry | None = None
    """Its place in the queue, if it had to wait."""
    granted: asyncio.Future[None] | None = field(default=None)
    """Done when it has a slot, or will never have one."""

    def left(self, now: float) -> float:
        """Return the seconds for which it will hold its slot yet; one that is late, a little."""
        return max(self.cost - (now - self.began), 0.1 * self.cost)

    def tell(self, text: str) -> None:
        """Say how it stands, to whoever keeps the stream alive."""
        self.call.headers[HEADER] = text
