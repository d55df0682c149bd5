"""Hosts that are up or down as a test wants."""

from typing import Any

from localai import UpstreamUnreachable


class Asked:
    """Stands for `gateway.hosts.ask`: hosts in `down` can't be reached, others tell a version."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.asked: list[str] = []
        self.answer: Any = {"version": "0.32.15"}

    async def __call__(
        self, host: str, path: str, body: object = None, timeout: float = 10.0
    ) -> Any:
        """Answer."""
        assert path == "/api/version"
        self.asked.append(host)
        if host in self.down:
            raise UpstreamUnreachable("away")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer
