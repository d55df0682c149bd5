"""Hosts that answer as a test wants, without a socket."""

import asyncio
from collections.abc import Callable
from typing import Any

from plugins.routing.catalogue.described import Described
from plugins.routing.catalogue.poller import Poller
from tests.plugins.routing.catalogue.shows import LLAMA_8B

URL = "http://secret@one:1"
EVER = "2318-01-01T00:00:00Z"


class Asked:
    """Stands for `gateway.hosts.ask`: `answers` are by path, an error among them is raised.

    While `gates` has an event for a path, or for the model that is to be described, its answers
    wait for that.
    """

    def __init__(self, *names: str) -> None:
        self.answers: dict[str, Any] = {
            "/api/tags": {"models": [listed(name) for name in names]},
            "/api/ps": {"models": []},
            "/api/show": LLAMA_8B,
            "/api/version": {"version": "0.32.15"},
        }
        self.gates: dict[str, asyncio.Event] = {}
        self.asked: list[str] = []
        self.described: list[str] = []
        self.most = 0
        """How many were answered at a time."""
        self._running = 0

    async def __call__(
        self, host: str, path: str, body: object = None, timeout: float = 10.0
    ) -> Any:
        """Answer."""
        self.asked.append(path)
        name = body["model"] if isinstance(body, dict) else ""
        if name:
            self.described.append(name)
        self._running += 1
        self.most = max(self.most, self._running)
        try:
            for key in (path, name):
                if key in self.gates:
                    await self.gates[key].wait()
            await asyncio.sleep(0)
        finally:
            self._running -= 1
        answer = self.answers.get(f"{path} {name}", self.answers[path])
        if isinstance(answer, Exception):
            raise answer
        return answer


def listed(name: str, **more: Any) -> dict[str, Any]:
    """Return an entry of `/api/tags`."""
    details = {"family": "llama", "parameter_size": "8.0B", "quantization_level": "Q4_K_M"}
    return {"name": name, "size": 1000, "digest": f"digest of {name}", "details": details} | more


def in_memory(name: str, **more: Any) -> dict[str, Any]:
    """Return an entry of `/api/ps`."""
    sizes = {"size": 1500, "size_vram": 1500, "context_length": 4096}
    return {"name": name, "expires_at": EVER} | sizes | more


def poller(asked: Asked, changed: Callable[[], None] = lambda: None, **more: Any) -> Poller:
    """Return one that asks."""
    return Poller(more.get("url", URL), asked, more.get("described", Described()), changed, 60.0)
