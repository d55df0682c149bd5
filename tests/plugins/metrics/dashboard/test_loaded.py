"""The models in memory."""

import asyncio
import time
from pathlib import Path

from plugins.metrics.dashboard.loaded import EVERY, Loaded
from tests.double import OllamaDouble
from tests.plugins.routing.fleet import until
from tests.support import routing, toml_for


async def test_loaded_models_are_found(double: OllamaDouble, tmp_path: Path) -> None:
    """What Ollama has in memory is told with its host, its bytes and its end."""
    async with routing(toml_for(double.url), tmp_path) as router:
        loaded = Loaded(router.gateway)
        await loaded._ask()
        assert loaded.models == []
        body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "stream": False}
        await router.gateway.hosts.ask(double.url, "/api/chat", body)
        await loaded._ask()
        (model,) = loaded.models
        assert (model["name"], model["host"]) == ("tiny:latest", "1")
        assert model["bytes"] >= model["gpu_bytes"] > 0
        assert 200 < model["expires_at"] - time.time() < 400
        assert model["context"] > 0


async def test_what_stays_for_ever_has_no_end(double: OllamaDouble, tmp_path: Path) -> None:
    """A model that is never unloaded, which Ollama dates far ahead, has no end."""
    async with routing(toml_for(double.url), tmp_path) as router:
        loaded = Loaded(router.gateway)
        body = {"model": "tiny", "keep_alive": -1}
        await router.gateway.hosts.ask(double.url, "/api/generate", body)
        await loaded._ask()
        assert [model["expires_at"] for model in loaded.models] == [None]


async def test_it_asks_seldom_and_only_when_told(double: OllamaDouble, tmp_path: Path) -> None:
    """However often somebody wants to know, Ollama is asked every other second at most."""
    async with routing(toml_for(double.url), tmp_path) as router:
        loaded = Loaded(router.gateway)
        now = time.monotonic()

        def asked() -> int:
            return sum(each.path == "/api/ps" for each in double.received)

        for step in (0.0, 0.5, 1.0, EVERY - 0.1):
            loaded.look(now + step)
            await asyncio.sleep(0)
        await until(lambda: asked() == 1)
        assert loaded._asking is not None
        await loaded._asking
        loaded.look(now + EVERY)
        await until(lambda: asked() == 2)
        await loaded.stop()


async def test_a_host_that_is_away_has_no_models(tmp_path: Path) -> None:
    """An Ollama that does not answer, or is none, is told of by others."""
    async with routing(toml_for("http://127.0.0.1:9"), tmp_path) as router:
        loaded = Loaded(router.gateway)
        await loaded._ask()
        assert loaded.models == []
        await loaded.stop()
