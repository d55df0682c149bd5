"""The check of answers in a router, over every wire format."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from localai import Chunk, InvalidRequest, SettingsError, Unavailable
from plugins.guardrails.schema.check import HEADER
from plugins.guardrails.schema.plugin import Schema
from tests.double import OllamaDouble, Received, Script
from tests.integration.raw import Connection
from tests.integration.trailing import post, said
from tests.plugins.guardrails.schema.support import (
    BAD,
    GOOD,
    NUMBERED,
    LocalJudge,
    Models,
    doubling,
    saying,
)
from tests.plugins.support import HELLO, Model, a_call, all_of
from tests.support import Router, routing, toml_for

SCHEMAS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "numbered", "schema": NUMBERED},
        }
    },
    "/api/chat": {"format": NUMBERED},
    "/api/generate": {"format": NUMBERED},
}
"""What asks each endpoint for an answer that fits a schema."""
PATHS = (*SCHEMAS, "/v1/completions")
GOOD_TOKENS = ('{"n"', ": ", "1", "}")
BAD_TOKENS = ('{"n"', ': "', "private", '"}')


def body_of(path: str, **more: Any) -> dict[str, Any]:
    """Return a request for an endpoint."""
    if path.endswith(("chat", "chat/completions")):
        return {"model": "tiny", "messages": [{"role": "user", "content": "n?"}]} | more
    return {"model": "tiny", "prompt": "n?"} | more


@asynccontextmanager
async def checking(double: OllamaDouble, folder: Path, settings: str) -> AsyncIterator[Router]:
    """Run a router that checks answers."""
    use = f'use = "{Schema.__module__}:Schema"'
    toml = toml_for(double.url, "schema", f"[plugins.schema]\n{use}\n{settings}\n")
    async with routing(toml, folder) as router:
        yield router


def made(config: Schema.Config, *, late: bool = False) -> Schema:
    """Return the plugin with a judge in this process."""
    plugin = Schema(config)
    plugin._judge = LocalJudge(late=late)
    return plugin


# ---- over HTTP


@pytest.mark.parametrize("stream", [True, False])
async def test_flag_tells_the_verdict_at_the_end(
    double: OllamaDouble, tmp_path: Path, stream: bool
) -> None:
    """The answer passes; its verdict is a header of a plain answer and a trailer of a stream."""
    async with checking(double, tmp_path, 'action = "flag"') as router:
        for path, schema in SCHEMAS.items():
            for tokens, verdict in (
                (GOOD_TOKENS, "schema=valid"),
                (BAD_TOKENS, 'schema=invalid;rule="type"'),
            ):
                double.script(Script(tokens=tokens))
                answer = await post(router.url, path, body_of(path, stream=stream, **schema))
                assert answer.status == 200
                assert said(path, answer.body) == "".join(tokens)
                told = (answer.trailers if stream else answer.headers)[HEADER]
                assert told.partition(", ")[0] == verdict
                assert answer.headers.get("trailer") == (HEADER if stream else None)


@pytest.mark.parametrize("stream", [True, False])
async def test_block_answers_by_an_error(
    double: OllamaDouble, tmp_path: Path, stream: bool
) -> None:
    """A valid answer comes; an invalid one is a 502 in the caller's format, without its text."""
    async with checking(double, tmp_path, 'action = "block"') as router:
        for path, schema in SCHEMAS.items():
            request = body_of(path, stream=stream, **schema)
            double.script(Script(tokens=GOOD_TOKENS), Script(tokens=BAD_TOKENS))
            answer = await post(router.url, path, request)
            assert (answer.status, said(path, answer.body)) == (200, GOOD)
            assert answer.headers[HEADER].partition(", ")[0] == "schema=valid"
            answer = await post(router.url, path, request)
            assert answer.status == 502
            told = answer.headers[HEADER].partition(", ")[0]
            assert told == 'schema=invalid;rule="type"'
            assert "private" not in answer.body
            error = json.loads(answer.body)["error"]
            assert "'type' at /properties/n/type" in (
                error["message"] if path.startswith("/v1/") else error
            )


@pytest.mark.parametrize("stream", [True, False])
async def test_repair_asks_once_more(double: OllamaDouble, tmp_path: Path, stream: bool) -> None:
    """The second answer is sent, and Ollama was told what was wrong with the first one."""
    async with checking(double, tmp_path, 'action = "repair"') as router:
        for path, schema in SCHEMAS.items():
            double.script(Script(tokens=BAD_TOKENS), Script(tokens=GOOD_TOKENS))
            answer = await post(router.url, path, body_of(path, stream=stream, **schema))
            assert (answer.status, said(path, answer.body)) == (200, GOOD)
            assert answer.headers[HEADER].partition(", ")[0] == "schema=repaired"
            asked = double.received[-1].body.decode()
            assert "is not of type" in asked
            assert "private" in asked


@pytest.mark.parametrize("stream", [True, False])
async def test_the_pattern_holds_on_every_endpoint(
    double: OllamaDouble, tmp_path: Path, stream: bool
) -> None:
    """Answers match the file's pattern whole, or do not come."""
    settings = r"""pattern = '\{"n": \d\}'""" + '\nmodels = ["tiny*"]'
    async with checking(double, tmp_path, settings) as router:
        for path in PATHS:
            double.script(Script(tokens=GOOD_TOKENS), Script(tokens=BAD_TOKENS))
            answer = await post(router.url, path, body_of(path, stream=stream))
            assert (answer.status, said(path, answer.body)) == (200, GOOD)
            answer = await post(router.url, path, body_of(path, stream=stream))
            assert answer.status == 502
            assert "does not match the pattern" in answer.body


async def test_hostile_schemas_cost_nobody_else(double: OllamaDouble, tmp_path: Path) -> None:
    """A schema that can't be used is a 400 before Ollama is asked; an endless one is a 503."""
    async with checking(double, tmp_path, 'deadline = "300ms"') as router:
        await post(router.url, "/api/chat", body_of("/api/chat", stream=False))
        before = len(double.received)
        for schema in (
            {"$ref": "http://127.0.0.1:9/"},
            {"pattern": "(?=a)"},
            {"type": "strnig"},
            {"const": "x" * 70_000},
        ):
            for path, request in SCHEMAS.items():
                text = json.dumps(request).replace(json.dumps(NUMBERED), json.dumps(schema))
                changed = json.loads(text)
                answer = await post(router.url, path, body_of(path, **changed))
                assert answer.status == 400, answer.body
                assert "can't be used" in answer.body
        assert len(double.received) == before
        double.script(Script(tokens=["1"]), Script(tokens=GOOD_TOKENS))
        endless = {"format": json.loads(doubling(60))}
        answer = await post(router.url, "/api/chat", body_of("/api/chat", **endless))
        assert answer.status == 503
        answer = await post(router.url, "/api/chat", body_of("/api/chat", format=NUMBERED))
        assert answer.status == 200


async def test_leaving_while_the_model_is_asked_again(double: OllamaDouble, tmp_path: Path) -> None:
    """A client that leaves in the middle of a repair frees Ollama."""
    async with checking(double, tmp_path, 'action = "repair"') as router:
        double.script(Script(tokens=BAD_TOKENS), Script(tokens=["x"] * 1_000, pace=0.01))
        client = await Connection.post(
            router.url, "/api/chat", body_of("/api/chat", format=NUMBERED)
        )
        second = await _call(double, "is not of type")
        client.leave()
        await second.disconnected.wait()
        await router.gateway.current.idle()


async def _call(double: OllamaDouble, words: str) -> Received:
    """Wait for a call with these words among what the router sends."""
    number = 1
    while True:
        received = (await double.wait_for(number))[number - 1]
        if words.encode() in received.body:
            return received
        number += 1


# ---- by itself


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"messages": (), "format": NUMBERED},
        {"kind": "embed", "messages": (), "inputs": ("a",), "format": NUMBERED},
    ],
    ids=["no schema", "loading only", "embeddings"],
)
async def test_calls_without_an_answer_to_check_pass(changes: dict[str, Any]) -> None:
    """Such a call goes on as it is, and its answer comes back as it is."""
    model = Model(*HELLO)
    call = a_call(**changes)
    plugin = made(Schema.Config())
    assert await all_of(plugin.around_inference(model.infer), call) == list(HELLO)
    assert model.calls == [call]
    assert HEADER not in call.headers


async def test_switched_off_it_costs_nothing() -> None:
    """With nothing to check the handler is the one inside, and no process runs."""
    plugin = Schema(Schema.Config(requests=False))
    model = Model()
    assert plugin.around_inference(model.infer) == model.infer
    assert plugin.guards == frozenset()
    async with plugin._running():
        assert not plugin._judge._idle
    assert Schema(Schema.Config()).guards == {"output"}


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "(a{1000}){1000}", "a)|(b", "(?x)a #"])
def test_a_bad_pattern_is_told_at_the_start(pattern: str) -> None:
    """The router does not start with a pattern that can't be searched in linear time."""
    with pytest.raises(SettingsError, match="pattern: this is no regular expression"):
        Schema(Schema.Config(pattern=pattern))


@pytest.mark.parametrize(
    ("models", "is_meant"),
    [((), True), (("llama3.2",), True), (("LLAMA*",), True), (("other", "llama3"), False)],
    ids=str,
)
async def test_a_pattern_is_for_the_models_that_are_named(
    models: tuple[str, ...], is_meant: bool
) -> None:
    """Names and patterns are those of other settings: without a tag, in any case."""
    plugin = made(Schema.Config(pattern="x", models=models, action="flag"))
    call = a_call()
    await all_of(plugin.around_inference(saying(GOOD).infer), call)
    assert (HEADER in call.headers) == is_meant


async def test_without_a_verdict_on_the_schema_no_model_is_asked() -> None:
    """What can't be checked beforehand is refused, and can be tried again."""
    model = saying(GOOD)
    plugin = made(Schema.Config(), late=True)
    with pytest.raises(Unavailable):
        await all_of(plugin.around_inference(model.infer), a_call(format=NUMBERED))
    assert not model.calls


async def test_parameters_of_tools_are_schemas_too() -> None:
    """Bad parameters are refused with the tool's place, if they are to be used at all."""
    tools = tuple(
        {"type": "function", "function": {"name": name, "parameters": schema}}
        for name, schema in (("good", NUMBERED), ("bad", {"type": "strnig"}))
    )
    call = a_call(tools=tools)
    off = made(Schema.Config()).around_inference(Models(saying("Hi")).infer)
    assert await all_of(off, call)
    on = made(Schema.Config(tools="flag")).around_inference(Models().infer)
    with pytest.raises(InvalidRequest) as refused:
        await all_of(on, call)
    assert refused.value.param == "tools[1].function.parameters"


async def test_the_settings_reach_the_check() -> None:
    """Attempts and the bound are those of the file."""
    config = Schema.Config(action="repair", attempts=2, max_characters=len(BAD))
    models = Models(saying(BAD), saying(BAD), saying(GOOD))
    plugin = made(config)
    chunks = await all_of(plugin.around_inference(models.infer), a_call(format=NUMBERED))
    assert chunks[0] == Chunk(content=GOOD)
    assert len(models.calls) == 3
