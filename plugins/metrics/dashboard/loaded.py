"""The models in memory, asked of each Ollama, and not more often than every other second."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from localai import Gateway, GatewayError

EVERY = 2.0
"""Seconds between two questions."""
TIMEOUT = 1.5
"""Seconds that an Ollama has to answer."""
MOST = 50
"""Models of one Ollama that are shown."""
EVER = 10 * 365 * 86_400.0
"""Seconds; a model that stays longer stays for ever, which Ollama writes as some 292 years."""


class Loaded:
    """Looks which models are in memory, while somebody wants to know."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._asked = -EVERY
        self._asking: asyncio.Task[None] | None = None
        self.models: Sequence[Mapping[str, Any]] = ()
        """What was found by the last look."""

    def look(self, now: float) -> None:
        """Look again, in a task of its own, if the last look is old; `now` is monotonic."""
        if now - self._asked >= EVERY and (self._asking is None or self._asking.done()):
            self._asked = now
            self._asking = asyncio.create_task(self._ask(), name="dashboard: models")

    async def stop(self) -> None:
        """End a look that runs."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        hosts = self._gateway.hosts
        urls = [hosts.current] if hosts.uses_embedded else hosts.urls
        found = await asyncio.gather(*(self._of(url) for url in urls))
        self.models = [model for models in found for model in models]

    async def _of(self, url: str) -> list[dict[str, Any]]:
        hosts = self._gateway.hosts
        try:
            answer = await hosts.ask(url, "/api/ps", timeout=TIMEOUT)
            listed = answer.get("models") or []
            return [_shown(hosts.label(url), each) for each in listed[:MOST]]
        except (GatewayError, AttributeError, TypeError):
            return []  # it is away, or no Ollama; `hosts` says which are up


def _shown(label: str, model: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": str(model.get("name", "")),
        "host": label,
        "bytes": model.get("size"),
        "gpu_bytes": model.get("size_vram"),
        "context": model.get("context_length"),
        "expires_at": _seconds(model.get("expires_at")),
    }


def _seconds(text: Any) -> float | None:
    """Return a time of Ollama's in seconds since 1970; `None` for one that never comes."""
    with contextlib.suppress(ValueError, OverflowError, TypeError):
        at = datetime.fromisoformat(text).timestamp()
        return round(at, 3) if at - time.time() < EVER else None
    return None
