"""What the queue asks of its family."""

from pathlib import Path

from plugins.routing.hosts.plugin import Hosts
from tests.double import OllamaDouble
from tests.plugins.routing.queue.support import (
    box,
)


async def test_a_host_that_drains_gets_nothing(tmp_path: Path) -> None:
    """While every host drains, requests are refused with a reason."""
    async with box(tmp_path, OllamaDouble()) as one:
        hosts = one.router.gateway.find(Hosts)
        assert hosts is not None
        hosts.drain("1", True)
        answer = await one.ask()
        assert answer.status_code == 503
        assert "take no new requests" in answer.json()["error"]


async def test_a_host_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    """When Ollama stops, the first request and all later ones are told how to start it."""
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        await one.double.stop()
        for _ in range(3):
            answer = await one.ask()
            assert answer.status_code == 503
            assert "ollama serve" in answer.json()["error"]
        assert one.taken == 0
