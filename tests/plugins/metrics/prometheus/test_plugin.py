"""The figures at /metrics."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from localai import Measure, SettingsError, hookimpl
from plugins.metrics.conventions import OTHER
from plugins.metrics.prometheus.plugin import FOLDER, Prometheus
from tests.double import OllamaDouble
from tests.plugins.metrics.prometheus.support import Figures, read
from tests.plugins.support import ENDLESS, a_call, all_of, asking, leaves, serving
from tests.support import routing, toml_for

ASKED = "localai_inference_requests_total"
HTTP = "localai_http_requests_total"
GUIDE = "localai-guide:latest"


class Talkative:
    """A plugin with figures that are right and figures that are not."""

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Tell some."""
        yield Measure(name="mine_total", help="Mine.", kind="counter", values=[((), 4.0)])
        yield Measure(name="no name", help="Wrong.", kind="counter", values=[((), 4.0)])
        raise RuntimeError("canary")


TALKATIVE = f'[plugins.talkative]\nuse = "{__name__}:Talkative"\n'


async def scraped(client: httpx.AsyncClient) -> Figures:
    """Return the figures."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.text)


async def test_every_http_request_is_counted(tmp_path: Path) -> None:
    """Refusals, unknown paths and wrong methods are counted by their status."""
    async with serving(tmp_path, "metrics.prometheus") as (_, client):
        for path in ("/nothing", "/api/nothing", "/x" * 50):
            assert (await client.get(path)).status_code == 404
        assert (await client.get("/api/chat")).status_code == 405
        assert (await client.post("/api/chat", content=b"{")).status_code == 400
        for path in ("/api/chat", "/api/chat", "/v1/chat/completions"):
            assert (await client.post(path, json=asking())).status_code == 200
        figures = await scraped(client)
    assert figures[HTTP] == {
        ("none", "GET", "404"): 3,
        ("/api/chat", "GET", "405"): 1,
        ("/api/chat", "POST", "400"): 1,
        ("/api/chat", "POST", "200"): 2,
        ("/v1/chat/completions", "POST", "200"): 1,
    }


async def test_every_call_is_counted(tmp_path: Path) -> None:
    """Answers of both formats, failures, and callers who left, by model, host and outcome."""
    async with serving(tmp_path, "metrics.prometheus") as (router, client):
        await client.post("/api/chat", json=asking())
        await client.post("/v1/chat/completions", json=asking(stream=True))
        await client.post("/api/chat", json=asking(model="made-up"))
        await client.post("/api/embed", json={"model": "localai-embed", "input": "text"})
        figures = await scraped(client)
    assert figures[ASKED] == {
        ("chat", GUIDE, "embedded", "ok"): 2,
        ("chat", OTHER, "embedded", "ModelNotFound"): 1,
        ("embed", "localai-embed:latest", "embedded", "ok"): 1,
    }
    async with serving(tmp_path, "metrics.prometheus endless", ENDLESS) as (router, client):
        await leaves(client, router)
        figures = await scraped(client)
    assert figures[ASKED] == {("chat", OTHER, "none", "canceled"): 1}


async def test_calls_of_plugins_are_counted(tmp_path: Path) -> None:
    """A call that came by no HTTP request is one all the same."""
    async with serving(tmp_path, "metrics.prometheus") as (router, client):
        await all_of(router.gateway.infer, a_call(model="localai-guide"))
        figures = await scraped(client)
    assert figures[ASKED] == {("chat", GUIDE, "embedded", "ok"): 1}
    assert HTTP not in figures


async def test_a_plugin_with_wrong_figures_costs_no_others(tmp_path: Path) -> None:
    """What a plugin tells well is there, and the rest of the router's figures too."""
    async with serving(tmp_path, "talkative metrics.prometheus", TALKATIVE) as (_, client):
        figures = await scraped(client)
    assert figures["mine_total"] == {(): 4}
    assert figures["localai_generation"] == {(): 1}
    assert "canary" not in str(figures)


async def test_pages_see_the_counters_too(tmp_path: Path) -> None:
    """`gateway.measures()` has what /metrics counts, but histograms."""
    async with serving(tmp_path, "metrics.prometheus") as (router, client):
        await client.post("/api/chat", json=asking())
        measures = {each.name: dict(each.values) for each in router.gateway.measures()}
    assert measures[ASKED] == {("chat", GUIDE, "embedded", "ok"): 1}
    assert measures["localai_generation"] == {(): 1}
    assert "localai_time_to_first_token_seconds" not in measures


async def test_counts_live_on_through_a_reload(double: OllamaDouble, tmp_path: Path) -> None:
    """Another setting elsewhere begins no counter anew; it is counted as a reload."""
    more = "[plugins.metrics.log]\nhealth = false\n"
    toml = toml_for(double.url, "metrics.log metrics.prometheus", more)
    chat = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}
    async with (
        routing(toml, tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30) as client,
    ):
        await client.post("/api/chat", json=chat)
        await router.change("health = false", "health = true")
        await client.post("/api/chat", json=chat)
        figures = await scraped(client)
    assert figures[ASKED] == {("chat", "tiny:latest", "1", "ok"): 2}
    assert figures["localai_generation"] == {(): 2}
    assert figures["localai_reloads_total"] == {("ok",): 1, ("failed",): 0}


async def test_the_figures_need_a_scope_unless_they_are_public(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/metrics is for keys with `metrics:read`, or for everybody where the file says so."""
    monkeypatch.delenv("LOCALAI_API_KEY", raising=False)
    keys = """[plugins.auth.static]
keys = [
    { name = "chats", key = "chats-0123456789" },
    { name = "reads", key = "reads-0123456789", scopes = ["metrics:read"] },
]
"""

    async def statuses(client: httpx.AsyncClient) -> list[int]:
        headers: list[dict[str, Any]] = [
            {},
            {"x-api-key": "chats-0123456789"},
            {"x-api-key": "reads-0123456789"},
        ]
        return [(await client.get("/metrics", headers=each)).status_code for each in headers]

    async with serving(tmp_path, "metrics.prometheus auth", keys) as (_, client):
        assert await statuses(client) == [401, 403, 200]
    public = f"{keys}[plugins.metrics.prometheus]\npublic = true\n"
    async with serving(tmp_path, "metrics.prometheus auth", public) as (_, client):
        assert await statuses(client) == [200, 200, 200]


async def test_routers_with_one_folder_answer_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each tells what all have counted; what one has counted that ends, the other tells."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "figures"))
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    key = ("chat", GUIDE, "embedded", "ok")
    async with serving(places[0], "metrics.prometheus") as (_, first):
        async with serving(places[1], "metrics.prometheus") as (_, second):
            for client in (first, first, second):
                await client.post("/api/chat", json=asking())
            # Who is scraped writes its own figures first.
            await scraped(second)
            assert (await scraped(first))[ASKED] == {key: 3}
            figures = await scraped(second)
            assert figures[ASKED] == {key: 3}
            assert figures["localai_generation"] == {(): 1}
            await second.post("/api/chat", json=asking())
        assert (await scraped(first))[ASKED] == {key: 4}


async def test_a_reload_with_a_folder_counts_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the plugin of the old settings has counted is added to what the new one counts."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "figures"))
    more = "[plugins.metrics.prometheus]\nmax_models = 5\n"
    async with serving(tmp_path, "talkative metrics.prometheus", more + TALKATIVE) as served:
        router, client = served
        await client.post("/api/chat", json=asking())
        await scraped(client)
        await router.change("max_models = 5", "max_models = 6")
        await client.post("/api/chat", json=asking())
        async with asyncio.timeout(30):
            while len(list((tmp_path / "figures").glob("*.alive"))) > 1:
                await scraped(client)
        figures = await scraped(client)
    assert figures[ASKED] == {("chat", GUIDE, "embedded", "ok"): 2}
    assert figures["mine_total"] == {(): 4}


async def test_a_folder_that_can_not_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start it stops the router with the variable's name; later a scrape is a 503."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER, str(tmp_path / "file"))
    with pytest.raises(SettingsError, match=FOLDER):
        async with serving(tmp_path, "metrics.prometheus"):
            pass
    folder = tmp_path / "figures"
    monkeypatch.setenv(FOLDER, str(folder))
    async with serving(tmp_path, "metrics.prometheus") as (_, client):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        assert (await client.get("/metrics")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200


def test_it_fails_open() -> None:
    """A crash here is none of the caller's business."""
    assert Prometheus.fail_mode == "open"
