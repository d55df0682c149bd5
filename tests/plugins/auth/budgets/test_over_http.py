"""Budgets as clients meet them, over real sockets in front of the Ollama double."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import ollama
import openai
import pytest

from tests.double import OllamaDouble, Script, faults
from tests.plugins.auth.budgets.support import until
from tests.servers.postgres import Postgres
from tests.support import Router, routing, toml_for

POOR, RICH = "poor-key-0123456789", "rich-key-0123456789"
KEYS = f"""
[plugins.auth.static]
keys = [{{ name = "poor", key = "{POOR}" }}, {{ name = "rich", key = "{RICH}" }}]
"""
HI = {"role": "user", "content": "hi"}
"""1 token, by the router's estimate and by the double."""
BODY = {"model": "tiny", "messages": [HI]}


def rule(amount: float, unit: str = "tokens", name: str = "poor") -> str:
    """Return the settings by which the poor have a budget."""
    entry = (
        f'{{ per = "key", name = "{name}", amount = {amount}, unit = "{unit}", period = "day" }}'
    )
    return f"[plugins.auth.budgets]\nrules = [{entry}]\n"


@asynccontextmanager
async def budgeting(
    double: OllamaDouble, folder: Path, rules: str, more: str = ""
) -> AsyncIterator[Router]:
    """Run a router with these budgets."""
    toml = toml_for(double.url, "metrics.ledger auth.static auth.budgets", KEYS + rules + more)
    async with routing(toml, folder) as router:
        yield router


def client_of(router: Router, key: str = POOR) -> openai.AsyncOpenAI:
    """Return OpenAI's client, with its usual retries."""
    return openai.AsyncOpenAI(
        base_url=f"{router.url}/v1",
        api_key=key,
        http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
    )


def http_of(router: Router, key: str = POOR) -> httpx.AsyncClient:
    """Return a plain client."""
    headers = {"authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=router.url, headers=headers, trust_env=False)


def asked(double: OllamaDouble) -> int:
    """Return how often the model was asked."""
    return sum(received.path == "/api/chat" for received in double.received)


def rows(folder: Path, columns: str) -> list[Any]:
    """Return what is booked in a router's file."""
    with sqlite3.connect(folder / "data" / "localai.db") as connection:
        return connection.execute(f"SELECT {columns} FROM usage ORDER BY at").fetchall()


async def test_openais_client_sees_a_stream_end(double: OllamaDouble, tmp_path: Path) -> None:
    """A stream that is at the end of its budget has an error event, and no [DONE]."""
    async with budgeting(double, tmp_path, rule(5)) as router:
        async with client_of(router) as client:
            stream = await client.chat.completions.create(
                model="tiny", messages=[{"role": "user", "content": "hi"}], stream=True
            )
            said = []

            async def read() -> None:
                async for event in stream:
                    said.append(event.choices[0].delta.content)

            with pytest.raises(openai.APIError, match=r"5 tokens per day for your key is used up"):
                await read()
        assert said == ["", " Hello", " from", " the", " tiny"]
        async with http_of(router) as http:
            double.script(Script())
            refused = await http.post("/v1/chat/completions", json=BODY | {"stream": True})
        assert refused.status_code == 429
    assert rows(tmp_path, "outcome, completion_tokens")[0] == ("BudgetSpent", 5)


async def test_a_cut_stream_has_no_end_mark(double: OllamaDouble, tmp_path: Path) -> None:
    """What comes last is the error, in each wire format as its clients read it."""
    async with (
        budgeting(double, tmp_path, rule(5, name="*")) as router,
        http_of(router, RICH) as rich,
        http_of(router, POOR) as poor,
    ):
        events = await rich.post("/v1/chat/completions", json=BODY | {"stream": True})
        assert events.status_code == 200
        last = json.loads(events.text.strip().rpartition("data: ")[2])
        assert last["error"]["type"] == last["error"]["code"] == "insufficient_quota"
        assert "[DONE]" not in events.text
        lines = await poor.post("/api/chat", json=BODY)
        assert lines.status_code == 200
        assert "is used up" in json.loads(lines.text.splitlines()[-1])["error"]
        assert '"done":true' not in lines.text


async def test_openais_client_does_not_repeat_a_plain_answer(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """A plain answer is ended midway, as a quota's end, which the client does not try again."""
    double.answer = lambda received: Script(tokens=["word"] * 1000, pace=0.001)
    async with budgeting(double, tmp_path, rule(9)) as router, client_of(router) as client:
        with pytest.raises(openai.RateLimitError, match="is used up") as spent:
            await client.chat.completions.create(
                model="tiny", messages=[{"role": "user", "content": "hi"}]
            )
        assert (spent.value.code, spent.value.type) == ("insufficient_quota",) * 2
        assert spent.value.response.headers["x-should-retry"] == "false"
        assert 0 < int(spent.value.response.headers["retry-after"]) <= 86_400
        assert asked(double) == 1
        async with asyncio.timeout(5):
            await double.received[-1].disconnected.wait()
        assert double.received[-1].tokens_sent < 500
    assert rows(tmp_path, "outcome, prompt_tokens, completion_tokens") == [("BudgetSpent", 1, 9)]


async def test_ollamas_client_sees_a_budget_end(double: OllamaDouble, tmp_path: Path) -> None:
    """It raises its own error with the message, from a plain answer and from a stream."""
    for folder, stream in (("plain", False), ("stream", True)):
        (tmp_path / folder).mkdir()
        async with budgeting(double, tmp_path / folder, rule(5)) as router:
            client = ollama.AsyncClient(router.url, headers={"authorization": f"Bearer {POOR}"})

            async def ask(client: Any = client, stream: bool = stream) -> None:
                answer = await client.chat("tiny", [HI], stream=stream)
                if stream:
                    async for _ in answer:
                        pass

            async with client:
                with pytest.raises(ollama.ResponseError, match="is used up") as cut:
                    await ask()
                assert stream or cut.value.status_code == 429
                with pytest.raises(ollama.ResponseError, match="is used up") as refused:
                    await ask()
                assert refused.value.status_code == 429


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
TOOL_SCRIPT = Script(
    tokens=["So", "."],
    thinking=["Hm", " yes"],
    tool_calls=[{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}],
    eval_ns=7,
)
CALLS: dict[str, tuple[str, dict[str, Any], Script]] = {
    "a chat": ("/api/chat", BODY, Script(eval_ns=7)),
    "tools and thinking": (
        "/api/chat",
        BODY | {"model": "tiny-think", "think": True, "tools": TOOLS},
        TOOL_SCRIPT,
    ),
    "probabilities": ("/api/chat", BODY | {"logprobs": True, "top_logprobs": 2}, Script(eval_ns=7)),
    "a schema": ("/api/chat", BODY | {"format": SCHEMA}, Script(eval_ns=7)),
    "a short chat": ("/api/chat", BODY | {"options": {"num_predict": 3}}, Script(eval_ns=7)),
    "a text": ("/api/generate", {"model": "tiny", "prompt": "hi"}, Script(eval_ns=7)),
    "a raw text in JSON": (
        "/api/generate",
        {"model": "tiny", "prompt": "hi", "raw": True, "format": "json"},
        Script(eval_ns=7),
    ),
    "OpenAI's chat": ("/v1/chat/completions", BODY, Script(eval_ns=7)),
    "OpenAI's tools": (
        "/v1/chat/completions",
        BODY | {"model": "tiny-think", "tools": TOOLS, "reasoning_effort": "low"},
        TOOL_SCRIPT,
    ),
    "OpenAI's probabilities": (
        "/v1/chat/completions",
        BODY | {"logprobs": True, "top_logprobs": 1},
        Script(eval_ns=7),
    ),
    "OpenAI's schema": (
        "/v1/chat/completions",
        BODY
        | {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "person", "schema": SCHEMA},
            }
        },
        Script(eval_ns=7),
    ),
    "OpenAI's text": (
        "/v1/completions",
        {"model": "tiny", "prompt": "hi", "logprobs": 1},
        Script(eval_ns=7),
    ),
    "a model that is missing": ("/api/chat", BODY | {"model": "nowhere"}, Script()),
    "a runner that fails": (
        "/api/chat",
        BODY,
        Script(fault=faults.runner_status(500, "server_error", "boom")),
    ),
}


async def test_a_budget_changes_nothing_of_a_plain_answer(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """Read as a stream inside, it is the answer that it would have been, to the last field."""
    async with (
        budgeting(double, tmp_path, rule(1e6)) as router,
        http_of(router, RICH) as rich,
        http_of(router, POOR) as poor,
    ):
        for name, (path, body, script) in CALLS.items():
            answers = []
            double.received.clear()
            for http in (rich, poor):
                double.script(script)
                answer = await http.post(path, json=body | {"stream": False})
                answers.append((name, answer.status_code, same(answer.json())))
            assert answers[0] == answers[1]
            inside = [each.json["stream"] for each in double.received if each.method == "POST"]
            assert inside == [False, True], name


VARYING = {"id", "created", "created_at", "total_duration", "load_duration", "eval_duration"}
"""What differs between two answers to the same request."""


def same(value: Any) -> Any:
    """Return an answer without what varies."""
    if isinstance(value, dict):
        return {key: same(each) for key, each in value.items() if key not in VARYING}
    return [same(each) for each in value] if isinstance(value, list) else value


async def test_what_is_left_is_on_every_answer(double: OllamaDouble, tmp_path: Path) -> None:
    """Callers with a budget see it in a header, others do not."""
    async with budgeting(double, tmp_path, rule(1000)) as router:
        for stream in (True, False):
            for key, left in ((POOR, str), (RICH, type(None))):
                async with http_of(router, key) as http:
                    answer = await http.post("/api/chat", json=BODY | {"stream": stream})
                header = answer.headers.get("x-localai-budget-remaining")
                assert isinstance(header, left)
                assert header is None or header.endswith(" tokens")


async def test_who_leaves_has_paid_for_what_came(double: OllamaDouble, tmp_path: Path) -> None:
    """A client that goes away midway is booked, and so is one that is cut by the router's end."""
    double.answer = lambda received: Script(gate=asyncio.Event(), gate_at=3)
    async with budgeting(double, tmp_path, rule(1e6, name="*")) as router:
        async with (
            http_of(router) as http,
            http.stream("POST", "/api/chat", json=BODY) as answer,
        ):
            lines = answer.aiter_lines()
            for _ in range(3):
                await anext(lines)
        async with asyncio.timeout(5):
            await router.gateway.current.idle()
        async with (
            http_of(router, RICH) as http,
            http.stream("POST", "/api/chat", json=BODY | {"model": "tiny-think"}) as answer,
        ):
            router.server.leave("SIGTERM")
            assert b"shuts down" in await answer.aread()
        async with asyncio.timeout(10):
            await router.task
    booked = rows(tmp_path, "key, outcome, completion_tokens")
    assert booked == [("static:poor", "canceled", 3), ("static:rich", "ShuttingDown", 3)]
    with sqlite3.connect(tmp_path / "data" / "localai.db") as connection:
        spent = connection.execute("SELECT subject, amount FROM spending ORDER BY 1").fetchall()
    assert spent == [("static:poor", 4), ("static:rich", 4)]


async def test_without_the_database_only_budgets_are_refused(
    double: OllamaDouble, tmp_path: Path, postgres: Postgres
) -> None:
    """Callers with a budget get a 503 while it is away, others are served, and booked later."""
    more = f'[database]\nurl = "{postgres.url()}"\ntimeout = "1s"\n'
    async with budgeting(double, tmp_path, rule(1000), more) as router:
        async with http_of(router, POOR) as poor, http_of(router, RICH) as rich:
            body = BODY | {"stream": False}
            assert (await poor.post("/api/chat", json=body)).status_code == 200
            postgres.stop()
            refused = await poor.post("/api/chat", json=body)
            assert refused.status_code == 503
            assert (await rich.post("/api/chat", json=body)).status_code == 200
            postgres.start()
            assert (await poor.post("/api/chat", json=body)).status_code == 200
        table = router.gateway.usage.table
        await router.gateway.usage.flush()
        async with router.gateway.database.read() as connection:
            booked = (await connection.execute(table.select().order_by(table.c.at))).fetchall()
        assert [row.outcome for row in booked] == ["ok", "Unavailable", "ok", "ok"]


async def test_two_routers_share_a_budget(tmp_path: Path, postgres: Postgres) -> None:
    """Of 50 parallel calls to two routers on one database, as many pass as the budget holds."""
    more = f'[database]\nurl = "{postgres.url()}"\n'
    (tmp_path / "other").mkdir()
    gate = asyncio.Event()
    # Each reserves 1 for its prompt and 9 for its answer.
    body = BODY | {"stream": False, "options": {"num_predict": 9}}
    async with (
        OllamaDouble(num_parallel=50) as double,
        budgeting(double, tmp_path, rule(100), more) as one,
        budgeting(double, tmp_path / "other", rule(100), more) as other,
        http_of(one) as first,
        http_of(other) as second,
    ):
        double.answer = lambda received: Script(gate=gate)
        calls = [
            asyncio.create_task((first, second)[n % 2].post("/api/chat", json=body))
            for n in range(50)
        ]
        await until(lambda: sum(call.done() for call in calls) == 40)
        gate.set()
        answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429] * 40
