"""OpenAI's endpoints over real sockets, in front of an Ollama double."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.double import Model, OllamaDouble, Script, faults
from tests.support import Router

HI = [{"role": "user", "content": "hi"}]
SENTENCE = " Hello from the tiny test model today."
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture
async def http(router: Router) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the router."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as client:
        yield client


async def chat(http: httpx.AsyncClient, **more: Any) -> httpx.Response:
    """Ask for a chat completion."""
    return await http.post("/v1/chat/completions", json={"model": "tiny", "messages": HI} | more)


def events(answer: httpx.Response) -> list[Any]:
    """Return the events of a stream that ended well."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    *frames, last, rest = answer.text.split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return the error of an answer, checked for its shape."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


async def test_a_whole_answer(http: httpx.AsyncClient) -> None:
    """A plain chat has content, finish and usage."""
    answer = await chat(http)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["choices"][0]["message"]["content"] == SENTENCE
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"] == {"prompt_tokens": 1, "completion_tokens": 8, "total_tokens": 9}


async def test_a_stream(http: httpx.AsyncClient) -> None:
    """A stream names the role once, says all, finishes apart, and closes with `[DONE]`."""
    got = events(await chat(http, stream=True, stream_options={"include_usage": True}))
    deltas = [event["choices"][0]["delta"] for event in got if event["choices"]]
    assert [delta for delta in deltas if "role" in delta] == [{"role": "assistant", "content": ""}]
    assert "".join(delta.get("content", "") for delta in deltas) == SENTENCE
    assert got[-2]["choices"][0]["finish_reason"] == "stop"
    assert got[-1]["usage"]["total_tokens"] == 9
    assert all(event["usage"] is None for event in got[:-1])
    assert len({event["id"] for event in got}) == len({event["created"] for event in got}) == 1


async def test_a_token_is_sent_before_the_next_one_comes(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """What is ready reaches the client though the answer is not done."""
    gate = asyncio.Event()
    double.script(Script(gate=gate, gate_at=1))
    body = {"model": "tiny", "messages": HI, "stream": True}
    async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = answer.aiter_lines()
        async with asyncio.timeout(5):
            async for line in lines:
                if " Hello" in line:
                    break
        gate.set()
        assert [line async for line in lines][-2] == "data: [DONE]"


@pytest.mark.parametrize("model", ["tiny-tools", "tiny-think"], ids=["on done", "mid-stream"])
async def test_tool_calls_of_both_shapes(
    double: OllamaDouble, http: httpx.AsyncClient, model: str
) -> None:
    """Wherever Ollama puts its tool calls, clients get the same."""
    calls = [{"name": "weather", "arguments": {"city": city}} for city in ("Bonn", "Köln")]
    for _ in range(2):
        double.script(Script(tokens=[], tool_calls=calls))
    got = events(await chat(http, model=model, tools=[WEATHER], stream=True))
    streamed = [
        call for event in got for call in event["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert [call["index"] for call in streamed] == [0, 1]
    assert [json.loads(call["function"]["arguments"])["city"] for call in streamed] == [
        "Bonn",
        "Köln",
    ]
    assert got[-1]["choices"][0]["finish_reason"] == "tool_calls"
    choice = (await chat(http, model=model, tools=[WEATHER])).json()["choices"][0]
    assert [call["function"]["name"] for call in choice["message"]["tool_calls"]] == ["weather"] * 2
    assert choice["finish_reason"] == "tool_calls"
    assert double.received[-1].json["tools"] == [WEATHER]


async def test_a_tools_result_reaches_ollama_by_name(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """The result of a call has the tool's name, which OpenAI's clients do not send."""
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"a":1}'}}
    messages = [
        *HI,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "wet"},
    ]
    assert (await chat(http, model="tiny-tools", messages=messages)).status_code == 200
    sent = double.received[-1].json["messages"]
    assert sent[1]["tool_calls"][0]["function"] == {"name": "weather", "arguments": {"a": 1}}
    assert sent[2] == {
        "role": "tool",
        "content": "wet",
        "tool_name": "weather",
        "tool_call_id": "c1",
    }


async def test_parameters_reach_ollama(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Limits, seed, stop, format and logprobs have their effect."""
    answer = await chat(http, max_completion_tokens=2, max_tokens=9, seed=7, stop=["zzz"], user="u")
    assert answer.json()["choices"][0]["finish_reason"] == "length"
    sent = double.received[-1].json
    assert sent["options"] == {"num_predict": 2, "seed": 7, "stop": ["zzz"]}
    assert "user" not in sent
    answer = await chat(http, response_format={"type": "json_object"})
    assert json.loads(answer.json()["choices"][0]["message"]["content"])
    answer = await chat(http, logprobs=True, top_logprobs=1)
    content = answer.json()["choices"][0]["logprobs"]["content"]
    assert [each["token"] for each in content][:2] == [" Hello", " from"]
    assert len(content[0]["top_logprobs"]) == 1


async def test_thinking_is_asked_for_and_told_apart(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """`reasoning_effort` becomes `think`, and thoughts come as `reasoning`."""
    double.script(Script(thinking=["hm"]))
    answer = await chat(http, model="tiny-think", reasoning_effort="high")
    assert answer.json()["choices"][0]["message"]["reasoning"] == "hm"
    assert double.received[-1].json["think"] == "high"


async def test_images_are_sent_and_never_fetched(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A data URI reaches the model; a remote address is a 400, and nobody asks there."""
    async with OllamaDouble() as elsewhere:
        for url, status in ((f"{elsewhere.url}/cat.png", 400), ("data:image/png;base64,AAAA", 200)):
            part = {"type": "image_url", "image_url": {"url": url}}
            messages = [{"role": "user", "content": [part]}]
            assert (await chat(http, model="tiny-vision", messages=messages)).status_code == status
        assert elsewhere.received == []
    assert double.received[-1].json["messages"][0]["images"] == ["AAAA"]


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"temperature": 9}, "temperature"),
        ({"model": ""}, "model"),
        ({"model": "../x"}, "model"),
        ({"messages": []}, "messages"),
    ],
)
async def test_bad_requests_name_their_parameter(
    http: httpx.AsyncClient, double: OllamaDouble, more: dict[str, Any], param: str
) -> None:
    """What can't be done is a 400 with the parameter, and does not reach Ollama."""
    before = len(double.received)
    answer = await chat(http, **more)
    error = refused(answer, 400)
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert answer.headers["x-should-retry"] == "false"
    assert len(double.received) == before


# ---- failures

FAILURES = [
    (faults.busy(), 503, "server_is_overloaded", "server busy"),
    (faults.runner_gone(), 500, None, "unexpectedly stopped"),
    (faults.context_overflow(), 400, "context_length_exceeded", "raise num_ctx"),
    (faults.Status(400, '"tiny" does not support chat'), 400, None, "does not support chat"),
    (faults.Status(500, 'option "num_ctx" must be of type integer'), 400, None, "num_ctx"),
    (faults.Status(499, "request canceled"), 503, "load_canceled", "try again"),
    (faults.bad_gateway(), 502, None, "[ollama] hosts"),
    (faults.Reset(None), 502, None, "try again"),
    (faults.Reply(200, b"", "application/json"), 502, None, "try again"),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("fault", "status", "code", "says"), FAILURES)
async def test_failures_before_the_first_byte(
    http: httpx.AsyncClient,
    double: OllamaDouble,
    fault: Any,
    status: int,
    code: str | None,
    says: str,
    stream: bool,
) -> None:
    """A failure has its status and OpenAI's object, streamed or not."""
    double.fail(fault, "/api/chat")
    answer = await chat(http, stream=stream)
    error = refused(answer, status)
    assert error["code"] == code
    assert says in error["message"]
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_missing_model_says_how_to_get_it(http: httpx.AsyncClient) -> None:
    """404 with OpenAI's code and the command that mends it."""
    error = refused(await chat(http, model="qwen2.5:14b"), 404)
    assert error["message"] == "model 'qwen2.5:14b' is not here: ollama pull qwen2.5:14b"
    assert error["code"] == "model_not_found"


@pytest.mark.parametrize(
    "fault", [faults.ErrorLine(2, "runner died"), faults.EndWithoutDone(2), faults.Reset(2)]
)
async def test_a_failure_in_a_stream_is_its_last_event(
    http: httpx.AsyncClient, double: OllamaDouble, fault: Any
) -> None:
    """After the first byte an error is an event, and no `[DONE]` follows."""
    double.script(Script(fault=fault))
    answer = await chat(http, stream=True)
    assert answer.status_code == 200
    *_, last, rest = answer.text.split("\n\n")
    assert rest == ""
    assert set(json.loads(last.removeprefix("data: "))["error"]) == {
        "message",
        "type",
        "param",
        "code",
    }
    assert "[DONE]" not in answer.text


async def test_an_ollama_that_is_gone(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """503 with the command that starts it."""
    await double.stop()
    error = refused(await chat(http), 503)
    assert (
        error["message"] == f"Ollama does not answer at {double.url}: start it with 'ollama serve'"
    )
    assert error["code"] == "ollama_unreachable"


# ---- completions, embeddings, models


async def test_completions(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """The older endpoint answers, streamed and whole."""
    body = {"model": "tiny", "prompt": "Once", "max_tokens": 4, "echo": True}
    answer = (await http.post("/v1/completions", json=body)).json()
    assert answer["choices"][0]["text"] == "Once Hello from the tiny"
    got = events(await http.post("/v1/completions", json=body | {"stream": True}))
    assert "".join(event["choices"][0]["text"] for event in got) == "Once Hello from the tiny"
    assert double.received[-1].path == "/api/generate"


async def test_embeddings(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """Base64 and numbers are the same vectors, of the size asked for."""
    body = {"model": "tiny-embed", "input": ["a", "b"], "dimensions": 8}
    plain = (await http.post("/v1/embeddings", json=body)).json()
    packed = (await http.post("/v1/embeddings", json=body | {"encoding_format": "base64"})).json()
    for number, code in zip(plain["data"], packed["data"], strict=True):
        raw = base64.b64decode(code["embedding"])
        assert list(struct.unpack("<8f", raw)) == pytest.approx(number["embedding"])
    assert double.received[-1].json["dimensions"] == 8


async def test_token_ids_name_the_way_out(http: httpx.AsyncClient) -> None:
    """LangChain's token arrays are refused with the setting that mends it."""
    answer = await http.post("/v1/embeddings", json={"model": "tiny-embed", "input": [[1, 2]]})
    assert "check_embedding_ctx_length=False" in refused(answer, 400)["message"]


async def test_models(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """All local models are listed, none of a cloud, each with its four keys."""
    double.add(Model(name="stub", remote_host="https://ollama.com", remote_model="big"))
    body = (await http.get("/v1/models")).json()
    ids = {model["id"] for model in body["data"]}
    assert body["object"] == "list"
    assert ids == {model.short for model in double.models} - {"stub:latest"}
    assert all(set(model) == {"id", "object", "created", "owned_by"} for model in body["data"])
    assert all(model["created"] > 1_600_000_000 for model in body["data"])


@pytest.mark.parametrize("name", ["tiny", "tiny:latest", "TINY", "ns/name:tag", "ns%2Fname:tag"])
async def test_a_model_by_name(http: httpx.AsyncClient, double: OllamaDouble, name: str) -> None:
    """Names may have slashes and colons, and are found in any case."""
    double.add(Model(name="ns/name:tag"))
    answer = await http.get(f"/v1/models/{name}")
    assert answer.status_code == 200
    assert answer.json()["id"] == name.replace("%2F", "/")


async def test_a_missing_model_is_404(http: httpx.AsyncClient) -> None:
    """A model that is not here says how to get it; a cloud one is refused."""
    error = refused(await http.get("/v1/models/absent"), 404)
    assert error["message"] == "model 'absent' is not here: ollama pull absent"
    assert refused(await http.get("/v1/models/x:cloud"), 403)["code"] == "cloud_model"
