"""Who computes at length lets others have their turns."""

import asyncio
from time import perf_counter
from unittest.mock import patch

from plugins.guardrails import turns
from plugins.guardrails.turns import TURN, Turns


async def test_others_get_a_turn_when_it_is_time() -> None:
    """Giving way costs nothing until enough has been done; then everybody else is let through."""
    seen: list[int] = []
    asyncio.get_running_loop().call_soon(seen.append, 1)
    now = perf_counter()
    with patch.object(turns, "perf_counter", side_effect=lambda: now):
        working = Turns()
        await working.give()
        assert seen == []
        now += 2 * TURN
        await working.give()
        assert seen == [1]
        asyncio.get_running_loop().call_soon(seen.append, 2)
        await working.give()
        assert seen == [1]
