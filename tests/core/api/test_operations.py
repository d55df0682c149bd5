"""Endpoints for those who run the router: live, ready, health and reload."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.double import OllamaDouble
from tests.support import Router, routing, toml_for

ME = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
async def http(router: Router) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the router."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as client:
        yield client


async def test_live_says_nothing_of_ollama(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """The process is alive also when Ollama is not."""
    await double.stop()
    answer = await http.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_ready_follows_ollama(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """Readiness is a 503 with what to do while no Ollama answers, and comes back with it."""
    assert (await http.get("/health/ready")).json() == {"status": "ready"}
    await double.stop()
    answer = await http.get("/health/ready")
    assert answer.status_code == 503
    assert "ollama serve" in answer.json()["error"]
    assert answer.headers["retry-after"]
    await double.start()
    assert (await http.get("/health/ready")).status_code == 200


async def test_health_reports_what_runs(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """Generation, engine, hosts, loaded models, plugins and running requests are told."""
    await http.post("/api/chat", json=ME)
    report = (await http.get("/health")).json()
    assert report == {
        "status": "ready",
        "generation": 1,
        "engine": "ollama",
        "hosts": [{"host": double.url.removeprefix("http://"), "answers": True}],
        "loaded_models": ["tiny:latest"],
        "running_requests": 1,
        "plugins": [],
        "reload_error": None,
    }
    await double.stop()
    report = (await http.get("/health")).json()
    assert report["status"] == "not ready"
    assert report["hosts"][0]["answers"] is False


async def test_health_names_the_callers_models_only(double: OllamaDouble, tmp_path: Path) -> None:
    """A key that is for some models does not learn which others are loaded."""
    key = "a-key-for-one-model-only"
    keys = f'[{{ name = "one", key = "{key}", models = ["tiny"], scopes = ["*"] }}]'
    more = f"[plugins.auth.static]\nkeys = {keys}\n"
    async with (
        routing(toml_for(double.url, "auth.static", more), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
        httpx.AsyncClient(base_url=double.url, trust_env=False) as ollama,
    ):
        for name in ("tiny", "tiny-tools"):
            await ollama.post("/api/chat", json=ME | {"model": name, "stream": False})
        report = (await http.get("/health", headers={"x-api-key": key})).json()
    assert report["loaded_models"] == ["tiny:latest"]


async def test_the_engine_makes_the_router_ready(tmp_path: Path) -> None:
    """While the embedded engine stands in, the router is ready and says so."""
    async with OllamaDouble() as double:
        await double.stop()
        async with (
            routing(f'[ollama]\nhosts = ["{double.url}"]\n', tmp_path) as router,
            httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
        ):
            assert (await http.get("/health/ready")).status_code == 200
            assert (await http.get("/health")).json()["engine"] == "embedded"
            tags = await http.get("/api/tags")
            assert tags.headers["x-localai-engine"] == "embedded"


async def test_reload_over_http(http: httpx.AsyncClient, router: Router) -> None:
    """A reload makes a new generation; a bad file is a 400 with the file's name and no folder."""
    answer = await http.post("/admin/reload")
    assert (answer.status_code, answer.json()) == (200, {"generation": 2})
    text = router.file.read_text()
    router.file.write_text(text.replace("embedded =", "embeded ="))
    answer = await http.post("/admin/reload")
    assert answer.status_code == 400
    assert "localai.toml" in answer.json()["error"]
    assert str(router.file.parent) not in answer.text
    report = (await http.get("/health")).json()
    assert report["generation"] == 2
    assert "embeded" in report["reload_error"]
    assert str(router.file.parent) not in json.dumps(report)
