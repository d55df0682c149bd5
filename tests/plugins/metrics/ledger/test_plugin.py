"""Rows of usage, as a running router writes them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from localai import Caching, Call, Chunks, Gateway, Handler, hookimpl
from plugins.metrics.ledger import plugin as module
from plugins.metrics.ledger import retention
from plugins.metrics.ledger.plugin import Ledger
from tests.double import OllamaDouble, Script, faults
from tests.integration.box import until
from tests.servers.postgres import Postgres
from tests.support import Router, routing, toml_for

CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "hello there"}], "stream": False}


class Again:
    """A plugin that sends a copy of each call through the chain again, and one of its own."""

    def __init__(self) -> None:
        self.gateway: Gateway

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Know the gateway."""
        self.gateway = gateway
        yield

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Ask once more for each call that says so."""

        async def again(call: Call) -> Chunks:
            if call.cache.tags == ("own",):
                router = call.principal.on_behalf()
                own = call.apart(principal=router, connection=None, cache=Caching())
                async with aclosing(self.gateway.infer(own)) as chunks:
                    async for _ in chunks:
                        pass
            if call.cache.tags == ("copy",):
                chunks = self.gateway.infer(call.replace(cache=Caching()))
            else:
                chunks = next(call)
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk

        return again


AGAIN = f'[plugins.again]\nuse = "{__name__}:Again"\n'


@asynccontextmanager
async def booking(
    double: OllamaDouble, folder: Path, chain: str = "", more: str = ""
) -> AsyncIterator[tuple[Router, httpx.AsyncClient]]:
    """Run a router with the ledger in front of a double."""
    async with (
        routing(toml_for(double.url, f"metrics.ledger {chain}", more), folder) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30) as client,
    ):
        yield router, client


KEPT = CHAT | {"stream": True, "options": {"temperature": 0}}
"""What the cache keeps."""


@asynccontextmanager
async def asking_twice(
    client: httpx.AsyncClient,
) -> AsyncIterator[tuple[httpx.Response, Sequence[AsyncIterator[str]]]]:
    """Begin two streams of the same answer; yield the first, and the rest of the lines of both."""
    async with (
        client.stream("POST", "/api/chat", json=KEPT) as first,
        client.stream("POST", "/api/chat", json=KEPT) as second,
    ):
        lines = [answer.aiter_lines() for answer in (first, second)]
        for each in lines:
            await anext(each)
        yield first, lines


def tokens(row: Any) -> tuple[int, int, int, int]:
    """Return what was taken and what was saved, each of the prompt and of the answer."""
    saved = row.saved_prompt_tokens, row.saved_completion_tokens
    return row.prompt_tokens, row.completion_tokens, *saved


async def rows(router: Router, count: int) -> Sequence[Any]:
    """Wait for so many rows, and return them in the order in which they were written."""
    usage, database = router.gateway.usage, router.gateway.database
    found: Sequence[Any] = ()
    async with asyncio.timeout(30):
        while len(found) < count:
            await usage.flush()
            async with database.read() as connection:
                query = usage.table.select().order_by(usage.table.c.id)
                found = (await connection.execute(query)).fetchall()
    assert len(found) == count
    return found


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
async def test_each_request_is_a_row(
    double: OllamaDouble, tmp_path: Path, path: str, stream: bool
) -> None:
    """It has the counts of the Ollama, the route, the host, the caller, and its times."""
    async with booking(double, tmp_path) as (router, client):
        answer = await client.post(path, json=CHAT | {"stream": stream})
        (row,) = await rows(router, 1)
    assert row.request_id == answer.headers["x-request-id"]
    assert (row.route, row.host, row.outcome, row.kind) == (path, "1", "ok", "chat")
    assert (row.key, row.tenant, row.model) == ("anonymous", "default", "tiny:latest")
    assert (row.prompt_tokens, row.completion_tokens, row.attempts) == (2, 8, 1)
    assert 0 < row.first_token <= row.seconds < 10
    assert row.gpu_seconds > 0
    assert (row.cache, row.energy_source, row.wh) == ("", "", 0)


async def test_embeddings_are_rows_too(double: OllamaDouble, tmp_path: Path) -> None:
    """With the tokens of their texts, in every format."""
    async with booking(double, tmp_path) as (router, client):
        for path in ("/api/embed", "/v1/embeddings"):
            body = {"model": "tiny-embed", "input": ["a b", "c"]}
            assert (await client.post(path, json=body)).status_code == 200
        found = await rows(router, 2)
    assert [(row.kind, row.prompt_tokens, row.completion_tokens) for row in found] == [
        ("embed", 3, 0)
    ] * 2


async def test_hits_and_joins_say_what_they_saved(double: OllamaDouble, tmp_path: Path) -> None:
    """One of them has what the model did, and the others have that they needed none of it."""
    gate = asyncio.Event()
    double.script(Script(gate=gate, gate_at=3))
    async with booking(double, tmp_path, "cache.exact") as (router, client):
        async with asking_twice(client) as (_, lines):
            gate.set()
            assert [len([line async for line in each]) for each in lines] == [8, 8]
        await client.post("/api/chat", json=KEPT)
        found = {row.cache: row for row in await rows(router, 3)}
    assert {status: tokens(row) for status, row in found.items()} == {
        "miss": (2, 8, 0, 0),
        "join": (0, 0, 2, 8),
        "hit": (0, 0, 2, 8),
    }
    assert {status for status, row in found.items() if row.saved_seconds} == {"join", "hit"}


async def test_a_run_for_others_is_booked_to_who_began_it(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """The first caller leaves, the second hears the whole answer: its tokens are in one row."""
    gate = asyncio.Event()
    double.script(Script(gate=gate, gate_at=3))
    async with booking(double, tmp_path, "cache.exact") as (router, client):
        async with asking_twice(client) as (first, lines):
            await first.aclose()
            await until(lambda: router.gateway.running == 1)
            assert router.gateway.usage.waiting == 0
            gate.set()
            assert len([line async for line in lines[1]]) == 8
        found = {row.cache: row for row in await rows(router, 2)}
    assert (found["miss"].outcome, found["join"].outcome) == ("canceled", "ok")
    assert (tokens(found["miss"]), tokens(found["join"])) == ((2, 8, 0, 0), (0, 0, 2, 8))


async def test_what_never_reached_a_model_is_a_row(double: OllamaDouble, tmp_path: Path) -> None:
    """What a guard refuses, and a model that is not there, have their outcome and no tokens."""
    more = "[plugins.guardrails.input]\nmax_characters = 20\n"
    async with booking(double, tmp_path, "guardrails.input", more) as (router, client):
        too_long = CHAT | {"messages": [{"role": "user", "content": "x" * 21}]}
        assert (await client.post("/api/chat", json=too_long)).status_code == 400
        assert (await client.post("/api/chat", json=CHAT | {"model": "none"})).status_code == 404
        assert (await client.get("/api/tags")).status_code == 200
        found = await rows(router, 2)
    assert [(row.outcome, row.model, row.attempts) for row in found] == [
        ("InvalidRequest", "tiny:latest", 0),
        ("ModelNotFound", "none:latest", 1),
    ]
    assert {(row.prompt_tokens, row.completion_tokens) for row in found} == {(0, 0)}


async def test_a_failing_stream_is_booked_so_far(double: OllamaDouble, tmp_path: Path) -> None:
    """A runner that dies midway has said what it has said."""
    double.script(Script(fault=faults.ErrorLine(4)))
    async with booking(double, tmp_path) as (router, client):
        await client.post("/api/chat", json=CHAT | {"stream": True})
        (row,) = await rows(router, 1)
    assert (row.outcome, row.completion_tokens) == ("UpstreamFailed", 4)
    assert row.prompt_tokens == 2


async def test_calls_of_the_router_are_rows(double: OllamaDouble, tmp_path: Path) -> None:
    """What a plugin asks on behalf of a caller is the router's, and has no route."""
    async with booking(double, tmp_path, "again", AGAIN) as (router, client):
        await client.post("/api/chat", json=CHAT | {"cache": {"tags": ["own"]}})
        own, request = await rows(router, 2)
    assert (own.key, own.route, own.completion_tokens) == ("router:anonymous", "", 8)
    assert (request.key, request.route, request.completion_tokens) == ("anonymous", "/api/chat", 8)


async def test_a_copy_of_a_call_is_counted_once(double: OllamaDouble, tmp_path: Path) -> None:
    """A plugin that sends a call through the chain again works for the same request."""
    async with booking(double, tmp_path, "again", AGAIN) as (router, client):
        await client.post("/api/chat", json=CHAT | {"cache": {"tags": ["copy"]}})
        (row,) = await rows(router, 1)
    assert (row.route, row.attempts, row.completion_tokens) == ("/api/chat", 1, 8)
    assert row.saved_completion_tokens == 0


async def test_a_database_that_is_away_hurts_nobody(
    double: OllamaDouble, tmp_path: Path, postgres: Postgres
) -> None:
    """The router starts and answers without it, and the rows wait for it."""
    url = postgres.url()
    postgres.stop()
    more = f'[database]\nurl = "{url}"\ntimeout = "1s"\n'
    async with booking(double, tmp_path, "", more) as (router, client):
        assert (await client.post("/api/chat", json=CHAT)).status_code == 200
        await until(lambda: router.gateway.usage.waiting == 1)
        figures = {each.name: each.values[0][1] for each in router.gateway.measures()}
        _, reports = await router.gateway.current.health()
        assert reports == {"metrics.ledger": {"waiting": 1}}
        postgres.start()
        assert len(await rows(router, 1)) == 1
    assert figures == {
        "localai_usage_rows_waiting": 1,
        "localai_usage_rows_dropped_total": 0,
        "localai_usage_rows_forgotten_total": 0,
    }


async def test_a_crash_of_the_ledger_hurts_nobody(
    double: OllamaDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is out already, and the log has the fault."""
    monkeypatch.setattr(module, "usage_of", lambda inference, at: 1 // 0)
    with capture_logs() as logs:
        async with booking(double, tmp_path) as (_, client):
            assert (await client.post("/api/chat", json=CHAT)).status_code == 200
    (line,) = [each for each in logs if each["log_level"] == "error"]
    assert line["plugin"] == "metrics.ledger"


async def test_old_rows_are_forgotten(
    double: OllamaDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is older than `keep` goes by itself, and is counted."""
    monkeypatch.setattr(retention, "FIRST", 0.0)
    monkeypatch.setattr(retention, "EVERY", 0.02)
    more = '[plugins.metrics.ledger]\nkeep = "100ms"\n'
    async with booking(double, tmp_path, "", more) as (router, client):
        await client.post("/api/chat", json=CHAT)
        await router.gateway.usage.flush()

        def forgotten() -> float:
            figures = {each.name: each.values[0][1] for each in router.gateway.measures()}
            return figures["localai_usage_rows_forgotten_total"]

        await until(lambda: forgotten() == 1)
        assert not await rows(router, 0)


async def test_rows_may_be_kept_for_ever(double: OllamaDouble, tmp_path: Path) -> None:
    """With `keep = 0` nothing looks for old ones."""
    more = "[plugins.metrics.ledger]\nkeep = 0\n"
    async with booking(double, tmp_path, "", more) as (router, client):
        await client.post("/api/chat", json=CHAT)
        await rows(router, 1)
        await until(
            lambda: "usage retention" not in {each.get_name() for each in asyncio.all_tasks()}
        )


async def test_without_a_router_there_is_nothing_to_tell() -> None:
    """Before it runs, the plugin has no figures and writes nothing."""
    ledger = Ledger(Ledger.Config())
    assert list(ledger.measures()) == []
    assert await ledger.health() == {"waiting": 0}
