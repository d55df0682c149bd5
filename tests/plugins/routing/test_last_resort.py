"""A text for when nothing else can answer."""

from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import ollama
import openai
import pytest
from structlog.testing import capture_logs

from localai import (
    Chunk,
    ContextTooLong,
    Forbidden,
    GatewayError,
    Handler,
    InvalidRequest,
    ModelNotFound,
    RateLimited,
    Unavailable,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugins.routing.last_resort import LastResort
from tests.double import OllamaDouble, faults
from tests.plugins.support import HELLO, Model, a_call, all_of
from tests.support import routing, toml_for

TEXT = "I'm unable to process your request at the moment."
FAILURES = [
    (UpstreamFailed("crashed"), "error"),
    (UpstreamUnreachable("away"), "error"),
    (Unavailable("resting", code="circuit_open"), "error"),
    (UpstreamBusy("full"), "busy"),
    (Unavailable("full", code="queue_full"), "busy"),
    (UpstreamTimeout("too slow"), "timeout"),
]


def handler(failure: Exception, *before: Chunk, **settings: Any) -> Handler:
    """Return a model that fails, behind the plugin."""
    plugin = LastResort(LastResort.Config(**settings))
    return plugin.around_inference(Model(*before, failure=failure).infer)


@pytest.mark.parametrize(("failure", "cause"), FAILURES)
async def test_the_text_answers_what_failed_on_the_server_side(
    failure: GatewayError, cause: str
) -> None:
    """As an ordinary answer, marked in a header, with one line in the log."""
    call = a_call(stream=False, headers={"x-localai-model": "llama3.2", "x-other": "1"})
    with capture_logs() as entries:
        (answer,) = await all_of(handler(failure), call)
    assert (answer.content, answer.model) == (TEXT, call.model)
    assert (answer.done, answer.done_reason) == (True, "stop")
    assert answer.created_at
    assert call.headers == {"x-localai-fallback": "default", "x-other": "1"}
    assert [each["error"] for each in entries] == [type(failure).__name__]
    with pytest.raises(type(failure)):
        await all_of(handler(failure, causes=tuple({"busy", "error", "timeout"} - {cause})), call)


async def test_a_stream_says_the_text_before_its_end() -> None:
    """Clients look for what is said before the last chunk."""
    first, last = await all_of(handler(UpstreamFailed("crashed"), text="Sorry."), a_call())
    assert (first.content, first.done) == ("Sorry.", False)
    assert (last.content, last.done, last.done_reason) == ("", True, "stop")


@pytest.mark.parametrize(
    "failure",
    [
        InvalidRequest("wrong"),
        ContextTooLong("too long"),
        Forbidden("no"),
        ModelNotFound("not here"),
        RateLimited("too fast"),
        Unavailable("not checked", code="plugin_failed"),
        ValueError("a bug"),
    ],
)
async def test_what_is_not_the_servers_failure_is_told(failure: Exception) -> None:
    """The caller can do something about it, or a guard has crashed."""
    with pytest.raises(type(failure)):
        await all_of(handler(failure), a_call())


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "embed", "inputs": ("x",), "messages": ()},
        {"messages": ()},
        {"format": "json"},
        {"format": {"type": "object"}},
    ],
)
async def test_a_text_does_not_do_for_every_call(changes: dict[str, Any]) -> None:
    """Not for vectors, not for what must have a form, not for loading a model."""
    with pytest.raises(UpstreamFailed):
        await all_of(handler(UpstreamFailed("crashed")), a_call(**changes))


async def test_an_answer_that_has_begun_is_not_ended_by_the_text() -> None:
    """Its failure is the caller's to see."""
    async with aclosing(handler(UpstreamFailed("crashed"), HELLO[0])(a_call())) as chunks:
        assert await anext(chunks) == HELLO[0]
        with pytest.raises(UpstreamFailed):
            await anext(chunks)


async def test_a_good_answer_is_left_alone_and_the_others_are_counted() -> None:
    """Only the text's answers count."""
    plugin = LastResort(LastResort.Config())
    call = a_call()
    assert await all_of(plugin.around_inference(Model(*HELLO).infer), call) == list(HELLO)
    assert not call.headers
    assert [each.values for each in plugin.measures()] == [(((), 0),)]
    failing = Model(failure=UpstreamFailed("crashed"))
    await all_of(plugin.around_inference(failing.infer), call)
    assert [each.values for each in plugin.measures()] == [(((), 1),)]


async def test_every_client_reads_it_as_an_answer(tmp_path: Path) -> None:
    """The official clients get the text with status 200, streamed and plain."""
    use = 'use = "plugins.routing.last_resort:LastResort"'
    async with OllamaDouble() as double:
        toml = toml_for(double.url, "resort", f"[plugins.resort]\n{use}")
        async with routing(toml, tmp_path) as router:
            for _ in range(5):
                double.fail(faults.runner_gone(), "/api/chat")
            messages: Any = [{"role": "user", "content": "Hello"}]
            async with ollama.AsyncClient(router.url, trust_env=False) as native:
                plain = await native.chat(model="tiny", messages=messages)
                assert (plain.message.content, plain.done_reason) == (TEXT, "stop")
                pieces = await native.chat(model="tiny", messages=messages, stream=True)
                assert "".join([each.message.content or "" async for each in pieces]) == TEXT
            async with openai.AsyncOpenAI(base_url=f"{router.url}/v1", api_key="x") as client:
                chats = client.chat.completions
                whole = await chats.create(model="tiny", messages=messages)
                assert whole.choices[0].message.content == TEXT
                async with await chats.create(
                    model="tiny", messages=messages, stream=True
                ) as stream:
                    said = [each.choices[0] async for each in stream]
                assert "".join(each.delta.content or "" for each in said) == TEXT
                assert said[-1].finish_reason == "stop"
            async with httpx.AsyncClient(base_url=router.url, trust_env=False) as raw:
                body = {"model": "tiny", "messages": messages}
                answer = await raw.post("/v1/chat/completions", json=body)
                assert answer.status_code == 200
                assert answer.headers["x-localai-fallback"] == "default"
