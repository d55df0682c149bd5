"""How late the event loop is."""

import asyncio
import time

from plugins.metrics.prometheus.figures import OVERHEAD_SECONDS
from plugins.metrics.prometheus.lag import EVERY, Lag


async def test_a_loop_that_is_blocked_is_late() -> None:
    """What holds the loop for a quarter of a second is seen as that."""
    lag = Lag()
    looking = asyncio.create_task(lag.look())
    await asyncio.sleep(0)
    time.sleep(EVERY + 0.25)  # noqa: ASYNC251 - the fault that is looked for
    cells = lag.family.cells[()]
    async with asyncio.timeout(30):
        while not sum(cells[:-1]):  # noqa: ASYNC110 - a timer has no event
            await asyncio.sleep(0.01)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    late = [bound for bound, count in zip(OVERHEAD_SECONDS, cells, strict=False) if count]
    assert not late or late[0] >= 0.25
    assert cells[-1] >= 0.25
