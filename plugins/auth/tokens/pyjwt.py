"""PyJWT, loaded with the first token: with cryptography it takes 9 MB and 0.13 s.

A router whose callers have keys needs none of it. Functions that use it import it themselves; what
runs in the event loop awaits `load` before.
"""

import asyncio
import sys
from importlib import import_module


async def load() -> None:
    """Import PyJWT in a thread, unless that was done."""
    if "jwt" not in sys.modules:
        await asyncio.to_thread(import_module, "jwt")
