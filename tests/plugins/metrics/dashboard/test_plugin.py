"""The plugin in a router."""

from pathlib import Path

import httpx
import pytest

from localai import Duration, SettingsError
from plugins.metrics.dashboard import hub
from plugins.metrics.dashboard.plugin import Dashboard
from tests.double import OllamaDouble
from tests.plugins.metrics.dashboard.support import watching
from tests.plugins.support import asking, serving
from tests.support import routing, toml_for

CHAIN = "metrics.dashboard cache"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a second take a fifth of one."""
    monkeypatch.setattr(hub, "INTERVAL", 0.2)


@pytest.mark.parametrize("seconds", [59.0, 3601.0])
def test_the_history_is_bounded(seconds: float) -> None:
    """Less than a minute or more than an hour is refused."""
    with pytest.raises(SettingsError, match="1m to 1h"):
        Dashboard(Dashboard.Config(history=Duration(seconds)))


def found(router: object) -> Dashboard:
    """Return the plugin."""
    plugin = router.gateway.find(Dashboard)  # type: ignore[attr-defined]
    assert isinstance(plugin, Dashboard)
    return plugin


async def test_a_change_of_its_settings_loses_nothing(tmp_path: Path) -> None:
    """The next plugin goes on with what the one before has counted, and the old one ends."""
    table = "[plugins.metrics.dashboard]\nviewers = 3\n"
    async with serving(tmp_path, CHAIN, table) as (router, client):
        await client.post("/api/chat", json=asking())
        async with watching(client) as page:
            assert (await page.event("snapshot"))["requests"]["total"] == 1
        before = found(router)
        await router.change("viewers = 3", 'viewers = 4\nhistory = "1m"')
        after = found(router)
        assert after is not before
        assert after._state is before._state
        await client.post("/api/chat", json=asking())
        async with watching(client) as page:
            assert (await page.event("snapshot"))["requests"]["total"] == 2


async def test_calls_of_other_plugins_count_too(tmp_path: Path) -> None:
    """The cost of a call is counted however it came, over HTTP or not."""
    async with serving(tmp_path, CHAIN) as (router, client):
        await client.post("/v1/chat/completions", json=asking(stream=True))
        await client.post("/v1/embeddings", json={"model": "localai-embed", "input": "x"})
        state = found(router)._state
        assert state.books.total == 2
        assert state.day.sums.written > 0
        assert state.day.sums.embedded > 0


async def test_a_real_host_is_shown(double: OllamaDouble, tmp_path: Path) -> None:
    """With routing, each Ollama of the file is there, up, with the models in its memory."""
    toml = toml_for(double.url, "metrics.dashboard routing")
    async with (
        routing(toml, tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30) as client,
    ):
        assert (await client.post("/api/chat", json=asking(model="tiny"))).status_code == 200
        async with watching(client) as page:
            shown = await page.snapshot_when(lambda shown: shown["models"])
    assert shown["engine"] == "ollama"
    assert shown["hosts"] == [{"label": "1", "up": True, "draining": False, "local": True}]
    assert shown["models"][0]["name"] == "tiny:latest"
    assert shown["requests"]["waiting"] == 0
