"""Traces of a router, as a collector gets them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from localai import SettingsError
from plugins.metrics.traces.plugin import Traces
from tests.double import OllamaDouble, Script
from tests.double.faults import Status
from tests.double.received import Received
from tests.integration.box import until
from tests.integration.raw import Connection
from tests.servers.otlp import Collector, Seen, collecting
from tests.support import Router, routing, toml_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
CALLERS = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=1"}
KEY = "key-of-me-0123456789"
CHAT: dict[str, Any] = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "hi"}],
    "options": {"temperature": 0, "stop": ["never said"]},
    "stream": True,
}


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector on a free port."""
    with collecting() as running:
        yield running


@asynccontextmanager
async def traced(
    double: OllamaDouble, folder: Path, endpoint: str, chain: str = "cache", more: str = ""
) -> AsyncIterator[tuple[Router, httpx.AsyncClient]]:
    """Run a router that traces; all spans are there when it has stopped."""
    table = f'[plugins.metrics.traces]\nendpoint = "{endpoint}"\n{more}'
    toml = toml_for(double.url, f"metrics.log metrics.traces {chain}", table)
    async with (
        routing(toml, folder) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30) as client,
    ):
        yield router, client


def chats(double: OllamaDouble) -> list[Received]:
    """Return the requests that asked the model."""
    return [request for request in double.received if request.path == "/api/chat"]


def header(received: Received, name: str) -> str:
    """Return a header that Ollama got."""
    return dict(received.headers).get(name.encode(), b"").decode()


def child_of(spans: list[Seen], parent: Seen) -> list[str]:
    """Return the names of the spans right within one."""
    return [span.name for span in spans if span.parent_id == parent.span_id]


async def test_a_request_is_a_tree_of_spans(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """Request, plugins and call to Ollama are nested, with the names that GenAI's facts have."""
    with capture_logs() as logs:
        async with traced(double, tmp_path, collector.url, "routing.aliases cache") as (_, client):
            await client.post("/v1/chat/completions", json=CHAT | {"options": None})
    (server,) = collector.named("POST /v1/chat/completions")
    (aliases,) = collector.named("routing.aliases")
    (cache,) = collector.named("cache.exact")
    (ollama,) = collector.named("chat tiny")
    assert [server.kind, aliases.kind, cache.kind, ollama.kind] == [
        "SERVER",
        "INTERNAL",
        "INTERNAL",
        "CLIENT",
    ]
    chain = [span.span_id for span in (server, aliases, cache)]
    assert [aliases.parent_id, cache.parent_id, ollama.parent_id] == chain
    assert server.parent_id == ""
    assert {span.trace_id for span in collector.spans} == {server.trace_id}
    assert all(span.begun <= span.ended for span in collector.spans)
    assert server.begun <= aliases.begun <= cache.begun <= ollama.begun
    assert server.attributes["http.route"] == "/v1/chat/completions"
    assert server.attributes["http.response.status_code"] == 200
    said = ollama.attributes
    assert (said["gen_ai.operation.name"], said["gen_ai.provider.name"]) == ("chat", "ollama")
    assert (said["gen_ai.request.model"], said["gen_ai.response.model"]) == ("tiny", "tiny")
    assert said["localai.outcome"] == "ok"
    assert said["gen_ai.usage.output_tokens"] == 8
    assert said["gen_ai.response.finish_reasons"] == ["stop"]
    assert said["server.port"] == int(double.url.rpartition(":")[2])
    (received,) = chats(double)
    assert header(received, "traceparent") == f"00-{server.trace_id}-{ollama.span_id}-01"
    (line,) = [each for each in logs if each["event"] == "request"]
    assert line["trace_id"] == server.trace_id


@pytest.mark.parametrize(
    ("headers", "more", "is_continued"),
    [
        ({}, "", True),
        ({"x-forwarded-for": "192.0.2.1"}, "", False),
        ({"x-forwarded-for": "192.0.2.1"}, "trust_callers = true\n", True),
    ],
)
async def test_a_callers_trace_goes_on_if_the_caller_is_believed(
    double: OllamaDouble,
    tmp_path: Path,
    collector: Collector,
    headers: dict[str, str],
    more: str,
    is_continued: bool,
) -> None:
    """Programs on this machine are, others where the file says so; else their trace is linked."""
    key = f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{KEY}", scopes = ["*"] }}]\n'
    async with traced(double, tmp_path, collector.url, "auth.static", more + key) as (_, client):
        sent = CALLERS | headers | {"api-key": KEY}
        assert (await client.post("/api/chat", json=CHAT, headers=sent)).status_code == 200
    (server,) = collector.named("POST /api/chat")
    (received,) = chats(double)
    assert (server.trace_id == TRACE) is is_continued
    assert (server.parent_id == PARENT) is is_continued
    assert server.links == ([] if is_continued else [TRACE])
    assert header(received, "traceparent").split("-")[1] == server.trace_id
    assert header(received, "tracestate") == ("a=1" if is_continued else "")


async def test_what_is_not_sampled_is_told_to_ollama_only(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """At a ratio of 0 nothing is sent, but a believed caller who keeps its trace decides for it."""
    more = "sample_ratio = 0.0\n"
    async with traced(double, tmp_path, collector.url, "cache", more) as (_, client):
        await client.post("/api/chat", json=CHAT)
        await client.post("/api/chat", json=CHAT | {"options": {}}, headers=CALLERS)
    assert {span.trace_id for span in collector.spans} == {TRACE}
    first, second = (header(each, "traceparent") for each in chats(double))
    assert first.endswith("-00")
    assert second.endswith("-01")


async def test_each_try_is_a_span_of_its_own(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """A retry is a second call to Ollama in the same plugin; the first one says how it failed."""
    double.fail(Status(500, "the runner is gone"), "/api/chat")
    async with traced(double, tmp_path, collector.url, "routing.fallback") as (_, client):
        assert (await client.post("/api/chat", json=CHAT)).status_code == 200
    (plugin,) = collector.named("routing.fallback")
    tries = [span for span in collector.spans if span.kind == "CLIENT"]
    tries.sort(key=lambda span: span.begun)
    assert [span.parent_id for span in tries] == [plugin.span_id] * 2
    assert [span.is_error for span in tries] == [True, False]
    assert tries[0].attributes["error.type"] == "UpstreamFailed"
    assert "the runner" not in str(collector.raw)


async def test_a_load_belongs_to_the_request_that_needs_it(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """What the queue does in a task of its own is part of the trace, and so is the wait."""
    chain = "routing.catalogue routing.estimate routing.hosts routing.queue"
    async with traced(double, tmp_path, collector.url, chain) as (_, client):
        assert (await client.post("/api/chat", json=CHAT)).status_code == 200
    (server,) = collector.named("POST /api/chat")
    (queue,) = collector.named("routing.queue")
    assert sorted(child_of(collector.spans, queue)) == ["chat tiny", "load tiny"]
    assert {span.trace_id for span in collector.spans} == {server.trace_id}
    assert server.attributes["localai.queue.seconds"] > 0


async def test_those_who_join_a_run_have_a_trace_without_a_model(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """The call to Ollama is in the trace of the one who began it, also if that one leaves first."""
    gate = asyncio.Event()
    double.script(Script(gate=gate))
    async with traced(double, tmp_path, collector.url) as (router, client):
        first = await Connection.post(router.url, "/api/chat", CHAT)
        await until(lambda: bool(chats(double)))
        second = asyncio.create_task(client.post("/api/chat", json=CHAT))
        await until(lambda: router.gateway.running == 2)
        first.leave()
        await until(lambda: router.gateway.running == 1)
        gate.set()
        assert (await second).headers["x-localai-cache"] == "join"
    left, joined = collector.named("POST /api/chat")
    (model,) = [span for span in collector.spans if span.kind == "CLIENT"]
    assert model.trace_id == left.trace_id != joined.trace_id
    assert model.attributes["localai.outcome"] == "ok"
    assert left.attributes["localai.outcome"] == "canceled"
    assert joined.attributes["localai.cache"] == "join"


async def test_a_stream_that_is_left_ends_its_spans(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """Nothing stays open: request, plugin and call to Ollama are canceled, and no error."""
    double.script(Script(tokens=["word "] * 1000, pace=0.01))
    async with traced(double, tmp_path, collector.url) as (router, _):
        client = await Connection.post(router.url, "/api/chat", CHAT)
        assert await client.head() == 200
        client.leave()
        await until(lambda: router.gateway.running == 0)
    spans = collector.spans
    assert sorted(span.kind for span in spans) == ["CLIENT", "INTERNAL", "SERVER"]
    assert {span.attributes["localai.outcome"] for span in spans} == {"canceled"}
    assert not any(span.is_error for span in spans)


async def test_a_plugin_that_refuses_is_the_innermost_error(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """The trace shows which plugin it was; to the HTTP span a refusal is no error."""
    chain = "auth.limits guardrails.input"
    async with traced(double, tmp_path, collector.url, chain) as (_, client):
        body = CHAT | {"messages": [{"role": "user", "content": "x" * 20_000}]}
        assert (await client.post("/api/chat", json=body)).status_code == 400
    (server,) = collector.named("POST /api/chat")
    (guard,) = collector.named("guardrails.input")
    assert guard.is_error
    assert guard.attributes["error.type"] == "InvalidRequest"
    assert (server.is_error, server.attributes["error.type"]) == (False, "InvalidRequest")
    assert server.attributes["localai.guards"] == ["input.max_characters=block"]


async def test_probes_are_not_traced(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """What machines ask for every few seconds would hide the rest."""
    async with traced(double, tmp_path, collector.url) as (_, client):
        await client.get("/health/live")
        await client.get("/nothing")
    assert [span.name for span in collector.spans] == ["GET"]


async def test_without_spans_of_plugins_the_chain_is_left_alone(
    double: OllamaDouble, tmp_path: Path, collector: Collector
) -> None:
    """Requests and calls to Ollama are traced as before."""
    more = "plugins = false\n"
    async with traced(double, tmp_path, collector.url, "cache", more) as (_, client):
        await client.post("/api/chat", json=CHAT)
    assert [span.kind for span in sorted(collector.spans, key=lambda span: span.begun)] == [
        "SERVER",
        "CLIENT",
    ]


async def test_a_collector_that_is_away_costs_one_line(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """Requests are answered as ever, the router stops in time, and the loss is counted."""
    more = 'interval = "50ms"\ntimeout = "1s"\nflush_timeout = "500ms"\n'
    with capture_logs() as logs:
        async with traced(double, tmp_path, "http://127.0.0.1:9/v1/traces", "cache", more) as (
            router,
            client,
        ):
            for _ in range(3):
                assert (await client.post("/api/chat", json=CHAT)).status_code == 200
            traces = router.gateway.find(Traces)
            assert traces is not None
            await until(lambda: any("collector" in line["event"] for line in logs))
            (measure,) = traces.measures()
            assert dict(measure.values)[("failed",)] > 0
    assert sum("collector" in line["event"] for line in logs) == 1


def _functions(value: Any, found: set[str]) -> set[str]:
    """Return the names of all functions that one is made of."""
    if callable(value) and (name := getattr(value, "__qualname__", "")) not in found:
        found.add(name)
        for cell in getattr(value, "__closure__", None) or ():
            _functions(cell.cell_contents, found)
    return found


async def test_off_it_is_nowhere_in_the_chain(double: OllamaDouble, tmp_path: Path) -> None:
    """As shipped no plugin is followed: the handler is made of plugins and guards only."""
    async with routing(toml_for(double.url, "metrics guardrails cache"), tmp_path) as router:
        generation = router.gateway.current
        assert router.gateway.find(Traces) is None
        names = _functions(generation.handler, set())
        assert len(names) > 1
        assert not any("Tracer" in name or "follow" in name for name in names)


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named, as pip wants it."""
    monkeypatch.setitem(sys.modules, "plugins.metrics.traces.otlp", None)
    with pytest.raises(SettingsError, match=r"pip install 'localai-edge-router\[traces\]'"):
        Traces(Traces.Config())


def test_an_endpoint_must_be_a_url() -> None:
    """A host and a port alone are OTLP over gRPC, which is not spoken here."""
    with pytest.raises(SettingsError, match="is no URL"):
        Traces(Traces.Config(endpoint="collector:4317"))
