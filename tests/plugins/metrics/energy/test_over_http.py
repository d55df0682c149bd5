"""What callers are told of energy, over real sockets, in both wire formats."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import ollama
import openai
import pytest

from localai import PowerMeter
from plugins.metrics.energy.plugin import Energy
from tests.double import OllamaDouble, Script, faults
from tests.integration.trailing import post
from tests.plugins.routing.hardware.machines import HALO_LARGE, HWMON, write
from tests.plugins.support import a_call, all_of
from tests.support import Router, routing, toml_for

CHAIN = "metrics.energy routing.fallback cache.exact"
MESSAGES = [{"role": "user", "content": "hi"}]
OPENAI: dict[str, Any] = {"model": "tiny", "messages": MESSAGES, "temperature": 0}
OLLAMA: dict[str, Any] = {"model": "tiny", "messages": MESSAGES, "options": {"temperature": 0}}
USAGE = {"stream": True, "stream_options": {"include_usage": True}}
HEADER = "x-localai-energy"


@asynccontextmanager
async def telling(
    double: OllamaDouble, folder: Path, chain: str = CHAIN, more: str = ""
) -> AsyncIterator[tuple[Router, httpx.AsyncClient]]:
    """Run a router that keeps books of energy; yield it and a client."""
    async with (
        routing(toml_for(double.url, chain, more), folder) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30) as client,
    ):
        yield router, client


def told(body: str) -> dict[str, Any]:
    """Return what an answer says of energy, wherever in it that is said."""
    found = []
    for line in body.splitlines():
        text = line.removeprefix("data: ")
        if text and text != "[DONE]":
            event = json.loads(text)
            found += [(event.get("usage") or event).get("x_localai")]
    (said,) = [each for each in found if each is not None]
    assert isinstance(said, dict)
    return said


def in_header(said: dict[str, Any]) -> str:
    """Return what the header says then."""
    return ", ".join(f"{name}={value}" for name, value in said.items())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", OPENAI),
        ("/v1/completions", {"model": "tiny", "prompt": "hi"}),
        ("/v1/embeddings", {"model": "tiny-embed", "input": ["a", "b"]}),
        ("/api/chat", OLLAMA | {"stream": False}),
        ("/api/generate", {"model": "tiny", "prompt": "hi", "stream": False}),
        ("/api/embed", {"model": "tiny-embed", "input": ["a", "b"]}),
    ],
)
async def test_plain_answers_tell_it_in_usage_and_header(
    double: OllamaDouble, tmp_path: Path, path: str, body: dict[str, Any]
) -> None:
    """Watt-hours, money and CO2 are in the usage, and the header says the same."""
    async with telling(double, tmp_path) as (_, client):
        answer = await client.post(path, json=body)
    assert answer.status_code == 200
    said = told(json.dumps(answer.json()))
    assert said["wh"] > 0
    assert said["money"] == pytest.approx(said["wh"] / 1000 * 0.3, rel=1e-3)
    assert said["co2_grams"] == pytest.approx(said["wh"] / 1000 * 363, rel=1e-3)
    assert said["source"] == "modelled"
    assert answer.headers[HEADER] == in_header(said)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/chat/completions", OPENAI | USAGE), ("/api/chat", OLLAMA | {"stream": True})],
)
async def test_streams_tell_it_at_their_end(
    double: OllamaDouble, tmp_path: Path, path: str, body: dict[str, Any]
) -> None:
    """It is in the usage of the last event, and in a trailer for those who take trailers."""
    async with telling(double, tmp_path) as (router, _):
        answer = await post(router.url, path, body)
    assert HEADER not in answer.headers
    said = told(answer.body)
    assert said["wh"] > 0
    assert answer.trailers[HEADER] == in_header(said)


async def test_nothing_is_told_where_nobody_keeps_books(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """Without the plugin, answers are as they were."""
    async with telling(double, tmp_path, "cache.exact") as (_, client):
        answer = await client.post("/v1/chat/completions", json=OPENAI)
    assert "x_localai" not in answer.text
    assert HEADER not in answer.headers


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
async def test_a_kept_answer_tells_what_it_saved(
    double: OllamaDouble, tmp_path: Path, path: str
) -> None:
    """It took nothing, in usage and header; what it took the first time is what it saved."""
    body = OPENAI if path.startswith("/v1") else OLLAMA | {"stream": False}
    async with telling(double, tmp_path) as (_, client):
        first = told((await client.post(path, json=body)).text)
        answer = await client.post(path, json=body)
        again = told(answer.text)
        report = (await client.get("/admin/cache")).json()["statistics"]
    assert answer.headers["x-localai-cache"] == "hit"
    assert (again["wh"], again["source"]) == (0.0, "cache")
    assert (again["saved_wh"], again["saved_money"]) == (first["wh"], first["money"])
    assert answer.headers[HEADER] == in_header(again)
    assert report["chat"]["saved_wh"] == round(first["wh"], 4)


async def test_a_batch_that_is_known_in_part_tells_both(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """The texts that were embedded now have their cost, the known ones what they saved."""
    body = {"model": "tiny-embed", "input": ["a", "b"]}
    async with telling(double, tmp_path) as (_, client):
        first = told((await client.post("/v1/embeddings", json=body)).text)
        body["input"] = ["b", "c"]
        said = told((await client.post("/v1/embeddings", json=body)).text)
        known = told((await client.post("/v1/embeddings", json=body)).text)
    assert said["wh"] > 0
    assert said["saved_wh"] == pytest.approx(first["wh"] / 2, rel=1e-3)
    assert known["saved_wh"] == pytest.approx(said["wh"] + first["wh"] / 2, rel=1e-3)


async def test_who_joins_an_answer_has_taken_nothing(double: OllamaDouble, tmp_path: Path) -> None:
    """The one who asked first has the cost, the other has saved as much."""
    gate = asyncio.Event()
    double.script(Script(gate=gate, gate_at=2))
    async with telling(double, tmp_path) as (_, client):
        body = OLLAMA | {"stream": True}
        async with (
            client.stream("POST", "/api/chat", json=body) as first,
            client.stream("POST", "/api/chat", json=body) as second,
        ):
            assert second.headers["x-localai-cache"] == "join"
            gate.set()
            costs = [told((await answer.aread()).decode()) for answer in (first, second)]
    assert costs[0]["wh"] > 0
    assert (costs[1]["wh"], costs[1]["source"]) == (0.0, "cache")
    assert costs[1]["saved_wh"] == costs[0]["wh"]


async def test_attempts_that_failed_are_part_of_the_cost(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """What a model did before it broke off is told with the answer of the next try."""
    double.fail(faults.runner_gone(), "/api/chat")
    retrying = '[plugins.routing.fallback]\nbackoff = "1ms"\n'
    async with telling(double, tmp_path, more=retrying) as (router, client):
        answer = await client.post("/api/chat", json=OLLAMA | {"stream": False})
        plugin = router.gateway.find(Energy)
        assert plugin is not None
        joules = {name: sum(v for _, v in each) for name, each in sums(plugin).items()}
    assert answer.status_code == 200
    said = told(answer.text)
    assert said["wh"] * 3600 == pytest.approx(
        joules["localai_energy_attributed_joules_total"], rel=1e-3
    )
    assert len([each for each in double.received if each.path == "/api/chat"]) == 2


def sums(plugin: Energy) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    """Return the plugin's figures."""
    return {each.name: list(each.values) for each in plugin.measures()}


async def test_calls_of_the_router_itself_are_booked(double: OllamaDouble, tmp_path: Path) -> None:
    """A plugin's own call has its cost in the last chunk, and in the books."""
    async with telling(double, tmp_path) as (router, _):
        chunks = await all_of(router.gateway.infer, a_call(model="tiny"))
        plugin = router.gateway.find(Energy)
        assert plugin is not None
        ((labels, joules),) = sums(plugin)["localai_energy_attributed_joules_total"]
    assert chunks[-1].cost is not None
    assert (labels, joules) == (("tiny:latest", "1", "modelled"), chunks[-1].cost.joules)


async def test_who_leaves_is_booked_too(double: OllamaDouble, tmp_path: Path) -> None:
    """An answer that nobody waits for any more has taken what it took until then."""
    double.script(Script(tokens=["x"] * 100, pace=0.02))
    async with telling(double, tmp_path) as (router, client):
        async with client.stream("POST", "/api/chat", json=OLLAMA) as answer:
            await anext(answer.aiter_lines())
        async with asyncio.timeout(30):
            await router.gateway.current.idle()
        plugin = router.gateway.find(Energy)
        assert plugin is not None
        ((labels, joules),) = sums(plugin)["localai_energy_attributed_joules_total"]
    assert labels == ("other", "1", "modelled")
    assert joules > 0


async def test_where_a_card_is_energy_is_measured(double: OllamaDouble, tmp_path: Path) -> None:
    """With sensors, an answer that they have seen is measured, and all adds up to the chip's."""
    root = tmp_path / "machine"
    root.mkdir()
    write(root, HALO_LARGE, {f"{HWMON}/power1_average": "90000000"})
    more = f'[plugins.routing.hardware]\nroot = "{root}"\ninterval = "100ms"\n'
    double.script(Script(tokens=["x"] * 20, pace=0.02))
    chain = "metrics.energy routing.hardware"
    async with telling(double, tmp_path, chain, more) as (router, client):
        said = told((await client.post("/api/chat", json=OLLAMA | {"stream": False})).text)
        plugin, meter = (
            router.gateway.find(Energy),
            router.gateway.find(PowerMeter),
        )
        assert plugin is not None
        assert meter is not None
        figures = {name: sum(v for _, v in each) for name, each in sums(plugin).items()}
        sample = meter.sample()
    assert said["source"] == "measured"
    # 0.4 s at 90 W less 15 W, at the wall; the machine of the test may be slower.
    assert 0.4 * 75 * 1.4 < said["wh"] * 3600 < 20 * 0.4 * 75 * 1.4
    assert sample is not None
    chip = figures["localai_energy_attributed_joules_total"]
    chip += figures["localai_energy_idle_joules_total"]
    assert chip / 1.4 <= sample.joules + 90 * 1.0


async def test_the_books_outlive_a_reload(double: OllamaDouble, tmp_path: Path) -> None:
    """With other settings, what was booked stays, and what comes is booked on top."""
    body = OLLAMA | {"stream": False}
    more = "[plugins.metrics.energy]\nwall_factor = 1.4\n"
    async with telling(double, tmp_path, "metrics.energy", more) as (router, client):
        costs = [told((await client.post("/api/chat", json=body)).text)["wh"]]
        await router.change("wall_factor = 1.4", "wall_factor = 3.0")
        costs.append(told((await client.post("/api/chat", json=body)).text)["wh"])
        plugin = router.gateway.find(Energy)
        assert plugin is not None
        ((_, joules),) = sums(plugin)["localai_energy_attributed_joules_total"]
    assert joules == pytest.approx(sum(costs) * 3600, rel=1e-3)


async def test_clients_of_both_formats_do_not_mind(double: OllamaDouble, tmp_path: Path) -> None:
    """The libraries of OpenAI and Ollama read answers with energy, streamed and not."""
    async with telling(double, tmp_path) as (router, _):
        client = openai.AsyncOpenAI(
            base_url=f"{router.url}/v1",
            api_key="none",
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
        )
        async with client:
            plain = await client.chat.completions.create(
                model="tiny", messages=[{"role": "user", "content": "hi"}]
            )
            assert plain.usage is not None
            assert plain.usage.model_extra is not None
            assert plain.usage.model_extra["x_localai"]["wh"] > 0
            stream = await client.chat.completions.create(
                model="tiny",
                messages=[{"role": "user", "content": "hi"}],
                stream=True,
                stream_options={"include_usage": True},
            )
            *_, last = [event async for event in stream]
            assert last.usage is not None
            assert last.usage.total_tokens > 0
            vectors = await client.embeddings.create(model="tiny-embed", input="a")
            assert len(vectors.data) == 1
        async with ollama.AsyncClient(host=router.url, trust_env=False) as other:
            whole = await other.chat(model="tiny", messages=MESSAGES)
            assert whole.message.content
            pieces = await other.chat(model="tiny", messages=MESSAGES, stream=True)
            assert [each async for each in pieces][-1].done
            assert (await other.embed(model="tiny-embed", input="a")).embeddings


async def test_an_answer_that_is_left_midway_ends_its_attempt(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """Nobody stays in the books as running when a plugin's own call is closed early."""
    async with telling(double, tmp_path, "metrics.energy") as (router, _):
        async with aclosing(router.gateway.infer(call := a_call(model="tiny"))) as chunks:
            await anext(chunks)
        (attempt,) = call.work.attempts
    assert attempt.cost is not None
    assert attempt.outcome == "canceled"
