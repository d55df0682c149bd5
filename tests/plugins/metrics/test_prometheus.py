"""The figures at /metrics."""

from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from localai import Call, Chunk, Inference, ModelNotFound, UpstreamFailed
from plugins.metrics.prometheus import OTHER, Prometheus
from tests.plugins.support import (
    ENDLESS,
    HELLO,
    Model,
    a_call,
    asking,
    leaves,
    serving,
)

INFERENCE = "localai_inference_requests_total"
HTTP = "localai_http_requests_total"


@pytest.fixture
def plugin() -> Prometheus:
    """The plugin with its default settings."""
    return Prometheus(Prometheus.Config())


def value(plugin: Prometheus, name: str, **labels: str) -> float:
    """Return a figure, 0 when it is not there."""
    return plugin.registry.get_sample_value(name, labels) or 0


def outcomes(plugin: Prometheus) -> dict[tuple[str, str], float]:
    """Return how many inferences ended how, by model and outcome."""
    return {
        (sample.labels["model"], sample.labels["outcome"]): sample.value
        for family in plugin.registry.collect()
        for sample in family.samples
        if sample.name == INFERENCE
    }


def series(plugin: Prometheus) -> int:
    """Return the number of figures."""
    return sum(len(family.samples) for family in plugin.registry.collect())


async def asked(plugin: Prometheus, model: Model, call: Call, most: int = 99) -> Inference:
    """Have a model answer, or as many chunks of it, and the plugin count that."""
    inference = Inference(call)
    try:
        async with aclosing(model.infer(call)) as chunks:
            async for chunk in chunks:
                inference.saw(chunk)
                most -= 1
                if not most:
                    break
    except Exception as error:
        inference.error = type(error).__name__
    plugin.count(inference)
    return inference


async def test_an_answer_is_counted_with_its_tokens_and_times(plugin: Prometheus) -> None:
    """A whole answer is one `ok`, its tokens in both directions, and one of each time."""
    await asked(plugin, Model(*HELLO), a_call())
    labels = {"kind": "chat", "model": "llama3.2:latest"}
    assert value(plugin, INFERENCE, **labels, outcome="ok") == 1
    assert value(plugin, "localai_tokens_total", **labels, direction="input") == 5
    assert value(plugin, "localai_tokens_total", **labels, direction="output") == 2
    for name in ("localai_time_to_first_token_seconds", "localai_inference_duration_seconds"):
        assert value(plugin, f"{name}_count", **labels) == 1


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (UpstreamFailed("broken"), "UpstreamFailed"),
        (ModelNotFound("not here"), "ModelNotFound"),
        (ValueError("a bug"), "ValueError"),
    ],
)
async def test_a_failure_is_counted_by_its_class(
    plugin: Prometheus, failure: Exception, outcome: str
) -> None:
    """A failure before or after the first chunk is counted once."""
    for chunks in ((), HELLO[:1]):
        await asked(plugin, Model(*chunks, failure=failure), a_call())
    assert outcomes(plugin) == {(OTHER, outcome): 2}


async def test_a_caller_that_leaves_is_counted_as_canceled(plugin: Prometheus) -> None:
    """An answer that is closed early is `canceled`; one whose last chunk was taken is `ok`."""
    for taken in (1, 2, 3):
        await asked(plugin, Model(*HELLO), a_call(), most=taken)
    assert outcomes(plugin) == {(OTHER, "canceled"): 2, ("llama3.2:latest", "ok"): 1}


async def test_a_model_that_never_answered_has_no_label_of_its_own(plugin: Prometheus) -> None:
    """Names that callers made up fold into one; a known model keeps its label when it fails."""
    missing = Model(failure=ModelNotFound("not here"))
    for name in ("made-up", "llama3.2"):
        await asked(plugin, missing, a_call(model=name))
    await asked(plugin, Model(*HELLO), a_call())
    await asked(plugin, missing, a_call(model="LLama3.2"))
    known = "llama3.2:latest"
    assert outcomes(plugin) == {
        (OTHER, "ModelNotFound"): 2,
        (known, "ok"): 1,
        (known, "ModelNotFound"): 1,
    }


async def test_a_thousand_models_make_a_bounded_number_of_figures() -> None:
    """Above `max_models` every further model is counted under one label."""
    plugin = Prometheus(Prometheus.Config(max_models=3))
    sizes = []
    for at in range(1000):
        model = Model(Chunk(done=True, model=f"model-{at}", eval_count=1))
        await asked(plugin, model, a_call(model=f"model-{at}"))
        sizes.append(series(plugin))
    assert len(set(sizes[3:])) == 1
    names = {"model-0:latest", "model-1:latest", "model-2:latest", OTHER}
    assert {name for name, _ in outcomes(plugin)} == names
    assert sum(outcomes(plugin).values()) == 1000


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text(), st.booleans()), max_size=20))
async def test_no_name_makes_more_labels_than_allowed(names: list[tuple[str, str, bool]]) -> None:
    """Whatever names are asked for and answered, the labels stay within their bound."""
    plugin = Prometheus(Prometheus.Config(max_models=2))
    for name, answered, done in names:
        model = Model(Chunk(done=done, model=answered))
        await asked(plugin, model, a_call(model=name))
    assert len({name for name, _ in outcomes(plugin)} - {OTHER}) <= 2
    assert sum(outcomes(plugin).values()) == len(names)


async def test_http_requests_are_counted_by_route_not_by_path(plugin: Prometheus) -> None:
    """A thousand paths of one route are one figure, and so are a thousand of none."""
    sent: list[Any] = []

    async def receive() -> None:
        raise AssertionError("nothing is read here")

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/items"):
            scope["path_template"] = "/items/{item}"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    counted = plugin.around_app(app)
    for at in range(1000):
        for path in (f"/items/{at}", f"/nothing/{at}"):
            await counted({"type": "http", "method": "GET", "path": path}, receive, send)
    assert len(sent) == 4000
    for route in ("/items/{item}", "none"):
        assert value(plugin, HTTP, route=route, method="GET", status="200") == 1000
    assert series(plugin) == 2


async def test_every_http_request_is_counted(tmp_path: Path) -> None:
    """Refusals, unknown paths and wrong methods are counted by their status."""
    async with serving(tmp_path, "metrics") as (_, client):
        for path in ("/nothing", "/api/nothing", "/x" * 50):
            assert (await client.get(path)).status_code == 404
        assert (await client.get("/api/chat")).status_code == 405
        assert (await client.post("/api/chat", content=b"{")).status_code == 400
        for path in ("/api/chat", "/api/chat", "/v1/chat/completions"):
            assert (await client.post(path, json=asking())).status_code == 200
        figures = await scraped(client)
    assert {tuple(labels.values()): number for labels, number in figures[HTTP]} == {
        ("GET", "none", "404"): 3,
        ("GET", "/api/chat", "405"): 1,
        ("POST", "/api/chat", "400"): 1,
        ("POST", "/api/chat", "200"): 2,
        ("POST", "/v1/chat/completions", "200"): 1,
    }


async def test_the_figures_can_be_parsed(tmp_path: Path) -> None:
    """What is served is Prometheus' text format, with the outcomes of what was asked."""
    async with serving(tmp_path, "metrics endless", ENDLESS) as (router, client):
        await leaves(client, router)
        canceled = await scraped(client)
    async with serving(tmp_path, "metrics") as (_, client):
        await client.post("/api/chat", json=asking())
        await client.post("/v1/chat/completions", json=asking(stream=True))
        await client.post("/api/chat", json=asking(model="made-up"))
        body = {"model": "localai-embed", "input": "text"}
        await client.post("/api/embed", json=body)
        figures = await scraped(client)
    assert ended(canceled) == {("chat", OTHER, "canceled"): 1}
    assert ended(figures) == {
        ("chat", "localai-guide:latest", "ok"): 2,
        ("chat", OTHER, "ModelNotFound"): 1,
        ("embed", "localai-embed:latest", "ok"): 1,
    }
    tokens = [number for labels, number in figures["localai_tokens_total"]]
    assert min(tokens) >= 0 < max(tokens)


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
        headers = [{}, {"x-api-key": "chats-0123456789"}, {"x-api-key": "reads-0123456789"}]
        return [(await client.get("/metrics", headers=each)).status_code for each in headers]

    async with serving(tmp_path, "metrics auth", keys) as (_, client):
        assert await statuses(client) == [401, 403, 200]
    public = f"{keys}[plugins.metrics.prometheus]\npublic = true\n"
    async with serving(tmp_path, "metrics auth", public) as (_, client):
        assert await statuses(client) == [200, 200, 200]


Figures = dict[str, list[tuple[dict[str, str], float]]]


async def scraped(client: httpx.AsyncClient) -> Figures:
    """Return the figures, by name, each with its labels."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    figures: Figures = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = dict(sorted(sample.labels.items()))
            figures.setdefault(sample.name, []).append((labels, sample.value))
    return figures


def ended(figures: Figures) -> dict[Any, float]:
    """Return how many inferences ended how, by kind, model and outcome."""
    return {tuple(labels.values()): number for labels, number in figures[INFERENCE]}
