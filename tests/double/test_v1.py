"""The `/v1` layer, byte by byte."""

import base64
import json
import re
import struct
from typing import Any

import httpx
import pytest

from tests.double import OllamaDouble, Script
from tests.double.embed import vector

HI = [{"role": "user", "content": "Hi there"}]
CALL = {"name": "f", "arguments": {"a": 1}}
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
HEAD = (
    b'{"id":"chatcmpl-N","object":"chat.completion.chunk","created":1,"model":"tiny",'
    b'"system_fingerprint":"fp_ollama","choices":'
)
USAGE = b'"usage":{"prompt_tokens":2,"completion_tokens":2,"total_tokens":4}}'


def fixed(body: bytes) -> bytes:
    """Replace what differs from run to run."""
    body = re.sub(rb'"created":\d+', b'"created":1', body)
    return re.sub(rb'"id":"(chatcmpl|cmpl)-\d{1,3}"', rb'"id":"\1-N"', body)


async def ask(http: httpx.AsyncClient, **request: Any) -> httpx.Response:
    """Send a chat to the smallest model unless told otherwise."""
    whole = {"model": "tiny", "messages": HI, **request}
    return await http.post("/v1/chat/completions", json=whole)


def events(body: bytes) -> list[bytes]:
    """Split a stream into its events."""
    *parts, rest = body.split(b"\n\n")
    assert rest == b""
    assert all(part.startswith(b"data: ") for part in parts)
    return [part.removeprefix(b"data: ") for part in parts]


def deltas(body: bytes) -> list[dict[str, Any]]:
    """Read the deltas of a stream."""
    chunks = [json.loads(event) for event in events(body)[:-1]]
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]


async def test_a_stream_has_todays_bytes(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Since 0.32.6 the role comes once and the finish has a chunk of its own."""
    double.script(Script(tokens=[" Hello", "."]))
    answer = await ask(http, stream=True, stream_options={"include_usage": True})
    assert answer.headers["content-type"] == "text/event-stream"
    assert events(fixed(answer.content)) == [
        HEAD
        + b'[{"index":0,"delta":{"role":"assistant","content":" Hello"},"finish_reason":null}]}',
        HEAD + b'[{"index":0,"delta":{"content":"."},"finish_reason":null}]}',
        HEAD + b'[{"index":0,"delta":{},"finish_reason":"stop"}]}',
        HEAD + b"[]," + USAGE,
        b"[DONE]",
    ]


async def test_a_stream_has_the_old_profiles_bytes(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Before, every delta has role and content, and the finish sits on the last of them."""
    double.profile = "0.24"
    double.script(Script(tokens=[" Hello", "."]))
    answer = await ask(http, stream=True)
    delta = b'[{"index":0,"delta":{"role":"assistant","content":"%b"},"finish_reason":%b}]}'
    assert events(fixed(answer.content)) == [
        HEAD + delta % (b" Hello", b"null"),
        HEAD + delta % (b".", b"null"),
        HEAD + delta % (b"", b'"stop"'),
        b"[DONE]",
    ]


async def test_a_plain_answer_has_ollamas_bytes(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Without streaming the answer is one object and a line end."""
    double.script(Script(tokens=["Hi", "."]))
    answer = await ask(http)
    assert answer.headers["content-type"] == "application/json"
    assert fixed(answer.content) == (
        b'{"id":"chatcmpl-N","object":"chat.completion","created":1,"model":"tiny",'
        b'"system_fingerprint":"fp_ollama","choices":[{"index":0,"message":{"role":"assistant",'
        b'"content":"Hi."},"finish_reason":"stop"}],' + USAGE + b"\n"
    )


async def test_tool_calls_come_whole(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A call is one chunk with its arguments as JSON text, and the finish is `tool_calls`."""
    double.script(*[Script(tokens=[], tool_calls=[CALL]) for _ in range(2)])
    for model in ("tiny-think", "tiny-tools"):
        body = (await ask(http, model=model, stream=True, tools=TOOLS)).content
        first, last = deltas(body)
        (call,) = first["tool_calls"]
        assert list(call) == ["id", "index", "type", "function"]
        assert call["function"] == {"name": "f", "arguments": '{"a":1}'}
        assert (last, b'"finish_reason":"tool_calls"' in body) == ({}, True)


@pytest.mark.parametrize(("profile", "reason"), [("0.32", "length"), ("0.24", "tool_calls")])
async def test_length_with_a_call_depends_on_the_profile(
    profile: Any, reason: str, double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Only the old profile hides a cut answer behind `tool_calls`."""
    double.profile = profile
    double.script(Script(tokens=[], tool_calls=[CALL], done_reason="length"))
    body = (await ask(http, model="tiny-think", tools=TOOLS)).json()
    assert body["choices"][0]["finish_reason"] == reason


async def test_thinking_is_reasoning(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Thoughts are `reasoning`, and an effort of `none` turns them off."""
    double.script(*[Script(tokens=["4"], thinking=["Hm"]) for _ in range(3)])
    assert deltas((await ask(http, model="tiny-think", stream=True)).content) == [
        {"role": "assistant", "content": "", "reasoning": "Hm"},
        {"content": "4"},
        {},
    ]
    body = (await ask(http, model="tiny-think")).json()
    assert list(body["choices"][0]["message"].items()) == [
        ("role", "assistant"),
        ("content", "4"),
        ("reasoning", "Hm"),
    ]
    quiet = (await ask(http, model="tiny-think", reasoning_effort="none")).json()
    assert "reasoning" not in quiet["choices"][0]["message"]


async def test_logprobs_stand_in_the_choice(http: httpx.AsyncClient) -> None:
    """Log probabilities follow the finish reason."""
    body = (await ask(http, logprobs=True, top_logprobs=1)).json()
    assert list(body["choices"][0]) == ["index", "message", "finish_reason", "logprobs"]
    assert body["choices"][0]["logprobs"]["content"][0]["token"] == " Hello"


async def test_ignored_fields_change_nothing(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Fields that Ollama ignores neither fail nor reload; `max_tokens` works."""
    ignored = {"max_completion_tokens": 1, "n": 3, "tool_choice": "none", "options": {"num_ctx": 9}}
    body = (await ask(http, **ignored)).json()
    assert (len(body["choices"]), body["usage"]["completion_tokens"]) == (1, 8)
    short = (await ask(http, max_tokens=1)).json()
    assert (short["choices"][0]["finish_reason"], double.loads) == ("length", 1)


async def test_formats_are_passed_on(http: httpx.AsyncClient) -> None:
    """Both JSON response formats constrain the answer."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    for given, value in (
        ({"type": "json_object"}, {"answer": "yes"}),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}, {"n": 0}),
    ):
        body = (await ask(http, response_format=given)).json()
        assert json.loads(body["choices"][0]["message"]["content"]) == value


PNG = "data:image/png;base64,aGk="


@pytest.mark.parametrize(
    ("request_", "status", "kind", "text"),
    [
        ({"model": "x"}, 404, "not_found_error", "model 'x' not found"),
        ({"model": ""}, 400, "invalid_request_error", "model is required"),
        ({"messages": []}, 400, "invalid_request_error", "[] is too short - 'messages'"),
        (
            {"messages": [{"role": "user", "content": None}]},
            400,
            "invalid_request_error",
            "invalid message content type: <nil>",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file"}]}]},
            400,
            "invalid_request_error",
            "invalid message format",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "https://a/b"}}],
                    }
                ]
            },
            400,
            "invalid_request_error",
            "image URLs are not currently supported, please use base64 encoded data instead",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": "data:image/gif;base64,"}],
                    }
                ]
            },
            400,
            "invalid_request_error",
            "invalid image input",
        ),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "x"}}],
                    }
                ]
            },
            400,
            "invalid_request_error",
            "invalid tool call arguments",
        ),
        ({"options": 1, "tools": TOOLS}, 400, "invalid_request_error", None),
        ({"reasoning_effort": "hard"}, 400, "invalid_request_error", None),
        ({"stream": True, "model": "x"}, 404, "not_found_error", "model 'x' not found"),
    ],
)
async def test_errors_are_objects(
    request_: dict[str, Any], status: int, kind: str, text: str | None, http: httpx.AsyncClient
) -> None:
    """Each mistake is an error object with Ollama's text and type."""
    answer = await ask(http, **request_)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], list(error)) == (
        status,
        kind,
        ["message", "type", "param", "code"],
    )
    assert text in (None, error["message"])


async def test_an_empty_body_is_gos_eof(http: httpx.AsyncClient) -> None:
    """Without a body the message is `EOF`."""
    answer = await http.post("/v1/chat/completions")
    assert (answer.status_code, answer.content) == (
        400,
        b'{"error":{"message":"EOF","type":"invalid_request_error","param":null,"code":null}}',
    )


async def test_parts_reach_a_vision_model(http: httpx.AsyncClient) -> None:
    """Text and image parts are accepted by a model that sees."""
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PNG}},
    ]
    messages = [{"role": "user", "content": parts}]
    assert (await ask(http, model="tiny-vision", messages=messages)).status_code == 200
    refused = await ask(http, messages=messages)
    assert (refused.status_code, refused.json()["error"]["type"]) == (500, "api_error")


async def test_completions(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A completion has text choices; with usage every chunk carries zeros."""
    double.script(*[Script(tokens=["Hi", "."]) for _ in range(2)])
    request = {"model": "tiny", "prompt": "a b"}
    plain = await http.post("/v1/completions", json=request)
    assert fixed(plain.content) == (
        b'{"id":"cmpl-N","object":"text_completion","created":1,"model":"tiny",'
        b'"system_fingerprint":"fp_ollama",'
        b'"choices":[{"text":"Hi.","index":0,"finish_reason":"stop"}],' + USAGE + b"\n"
    )
    streaming = {**request, "stream": True, "stream_options": {"include_usage": True}}
    first, *_, usage, done = events(
        fixed((await http.post("/v1/completions", json=streaming)).content)
    )
    assert first == (
        b'{"id":"cmpl-N","object":"text_completion","created":1,'
        b'"choices":[{"text":"Hi","index":0,"finish_reason":null}],"model":"tiny",'
        b'"system_fingerprint":"fp_ollama",'
        b'"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}'
    )
    assert usage.endswith(USAGE)
    assert done == b"[DONE]"


async def test_completions_take_one_prompt(http: httpx.AsyncClient) -> None:
    """A list of prompts is refused, and an empty prompt only loads."""
    many = await http.post("/v1/completions", json={"model": "tiny", "prompt": ["a"]})
    assert many.status_code == 400
    assert many.json()["error"]["message"].startswith("json: cannot unmarshal array into Go")
    for stream in (False, True):
        none = await http.post("/v1/completions", json={"model": "tiny", "stream": stream})
        assert b'"finish_reason":"load"' in none.content


async def test_embeddings(http: httpx.AsyncClient) -> None:
    """Embeddings come as numbers or as base64 of little-endian float32."""
    request = {"model": "tiny-embed", "input": ["a", "b c"], "dimensions": 8}
    numbers = (await http.post("/v1/embeddings", json=request)).json()
    assert (numbers["object"], numbers["model"], numbers["usage"]) == (
        "list",
        "tiny-embed",
        {"prompt_tokens": 3, "total_tokens": 3},
    )
    assert list(numbers["data"][0]) == ["object", "embedding", "index"]
    packed = await http.post("/v1/embeddings", json={**request, "encoding_format": "base64"})
    raw = base64.b64decode(packed.json()["data"][1]["embedding"])
    assert list(struct.unpack("<8f", raw)) == vector("b c", 64, 8)


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"input": [1, 2]}, "invalid input type"),
        ({"input": []}, "invalid input"),
        ({}, "invalid input"),
        (
            {"input": "a", "encoding_format": "int8"},
            "Invalid value for 'encoding_format' = int8. Supported values: ['float', 'base64'].",
        ),
    ],
)
async def test_bad_embedding_requests(
    request_: dict[str, Any], text: str, http: httpx.AsyncClient
) -> None:
    """Inputs and encodings that Ollama does not know are refused."""
    answer = await http.post("/v1/embeddings", json={"model": "tiny-embed", **request_})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, text)


async def test_models(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Models are listed and found one by one; none at all is null."""
    rows = (await http.get("/v1/models")).json()["data"]
    assert {row["id"] for row in rows} >= {"tiny:latest", "tiny-embed:latest"}
    assert list(rows[0]) == ["id", "object", "created", "owned_by"]
    one = (await http.get("/v1/models/tiny")).json()
    assert (one["id"], one["owned_by"]) == ("tiny", "library")
    missing = await http.get("/v1/models/nope")
    assert (missing.status_code, missing.json()["error"]["message"]) == (
        404,
        "model 'nope:latest' not found",
    )
    for row in rows:
        double.remove(row["id"])
    assert (await http.get("/v1/models")).content == b'{"object":"list","data":null}\n'
