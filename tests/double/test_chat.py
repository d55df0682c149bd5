"""`POST /api/chat`, byte by byte."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.double import Model, OllamaDouble, Script

HI = [{"role": "user", "content": "Hi there"}]
MOMENT = re.compile(rb'"created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z"')
TOTAL = re.compile(rb'_duration":\d+')
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
CALL = {"name": "f", "arguments": {"b": "<x>", "a": 1}}


def fixed(body: bytes) -> bytes:
    """Replace what differs from run to run."""
    return TOTAL.sub(b'_duration":1', MOMENT.sub(b'"created_at":"T"', body))


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    """Read an NDJSON body."""
    return [json.loads(line) for line in answer.content.splitlines()]


async def ask(http: httpx.AsyncClient, **request: Any) -> httpx.Response:
    """Send a chat to the smallest model unless told otherwise."""
    return await http.post("/api/chat", json={"model": "tiny", "messages": HI, **request})


async def test_a_stream_has_ollamas_bytes(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Each token is one object, and the metrics stand on the last one only."""
    double.script(Script(tokens=["<a>", "b"], prompt_tokens=22))
    answer = await ask(http)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["transfer-encoding"] == "chunked"
    head = b'{"model":"tiny","created_at":"T","message":{"role":"assistant","content":"'
    assert fixed(answer.content).splitlines() == [
        head + b'\\u003ca\\u003e"},"done":false}',
        head + b'b"},"done":false}',
        head + b'"},"done":true,"done_reason":"stop","total_duration":1,"load_duration":1,'
        b'"prompt_eval_count":22,"prompt_eval_duration":1,"eval_count":2,"eval_duration":1}',
    ]


async def test_a_plain_answer_is_one_object(http: httpx.AsyncClient) -> None:
    """Without streaming the whole text stands in one object."""
    answer = await ask(http, stream=False)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert fixed(answer.content) == (
        b'{"model":"tiny","created_at":"T","message":{"role":"assistant",'
        b'"content":" Hello from the tiny test model today."},"done":true,"done_reason":"stop",'
        b'"total_duration":1,"load_duration":1,"prompt_eval_count":2,"prompt_eval_duration":1,'
        b'"eval_count":8,"eval_duration":1}'
    )


async def test_empty_counts_are_absent(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A count of zero and an empty reason are not written."""
    double.script(Script(tokens=[], prompt_tokens=0, done_reason=""))
    (last,) = lines(await ask(http))
    assert not {"prompt_eval_count", "eval_count", "done_reason"} & set(last)


async def test_durations_can_be_chosen(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A script names the nanoseconds that it reports."""
    double.script(Script(prompt_ns=7, eval_ns=9))
    body = (await ask(http, stream=False)).json()
    assert (body["prompt_eval_duration"], body["eval_duration"]) == (7, 9)


async def test_thinking_comes_first(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A thinking model thinks unless told not to, in objects before the content."""
    double.script(*[Script(tokens=["4"], thinking=["Let ", "me"]) for _ in range(2)])
    thought, more, said, _ = lines(await ask(http, model="tiny-think"))
    assert thought["message"] == {"role": "assistant", "content": "", "thinking": "Let "}
    assert more["message"]["thinking"] == "me"
    assert said["message"] == {"role": "assistant", "content": "4"}
    plain = await ask(http, model="tiny-think", think=False, stream=False)
    assert plain.json()["message"] == {"role": "assistant", "content": "4"}


async def test_rendered_tool_calls_come_before_the_end(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A model with a template sends its calls on an object of their own."""
    double.script(Script(tokens=[], tool_calls=[CALL]))
    call, last = lines(await ask(http, model="tiny-think", tools=TOOLS))
    (sent,) = call["message"]["tool_calls"]
    assert re.fullmatch(r"call_[a-z0-9]{8}", sent["id"])
    assert list(sent["function"].items()) == [
        ("index", 0),
        ("name", "f"),
        ("arguments", {"b": "<x>", "a": 1}),
    ]
    assert (last["done_reason"], "tool_calls" in last["message"]) == ("stop", False)


async def test_native_tool_calls_come_at_the_end(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A model with the GGUF's template sends its calls on the last object."""
    double.script(Script(tokens=["x"], tool_calls=[CALL]))
    _, last = lines(await ask(http, model="tiny-tools", tools=TOOLS))
    assert last["done"]
    assert re.fullmatch(r"[a-z0-9]{32}", last["message"]["tool_calls"][0]["id"])


async def test_the_old_profile_has_rendered_calls_only() -> None:
    """Version 0.24 sends every call before the last object."""
    async with (
        OllamaDouble(profile="0.24") as double,
        httpx.AsyncClient(base_url=double.url) as http,
    ):
        double.script(Script(tokens=[], tool_calls=[CALL]))
        call, last = lines(await ask(http, model="tiny-tools", tools=TOOLS))
    assert "tool_calls" in call["message"]
    assert "tool_calls" not in last["message"]


async def test_logprobs_are_given_when_asked_for(http: httpx.AsyncClient) -> None:
    """Each object carries its token's log probability and the alternatives."""
    first, *_ = lines(await ask(http, logprobs=True, top_logprobs=2))
    (entry,) = first["logprobs"]
    assert list(entry) == ["token", "logprob", "bytes", "top_logprobs"]
    assert (entry["token"], len(entry["top_logprobs"])) == (" Hello", 2)


async def test_num_predict_ends_with_length(http: httpx.AsyncClient) -> None:
    """A bounded answer ends with the reason `length`."""
    body = (await ask(http, stream=False, options={"num_predict": 3})).json()
    assert (body["message"]["content"], body["done_reason"]) == (" Hello from the", "length")


async def test_stop_cuts_the_answer(http: httpx.AsyncClient) -> None:
    """The answer ends before a stop text."""
    body = (await ask(http, stream=False, options={"stop": ["the"]})).json()
    assert body["message"]["content"] == " Hello from "


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("json", {"answer": "yes"}),
        (
            {"type": "object", "properties": {"a": {"type": "boolean"}, "n": {"type": "integer"}}},
            {"a": False, "n": 0},
        ),
    ],
)
async def test_a_format_is_kept(wanted: Any, value: Any, http: httpx.AsyncClient) -> None:
    """An answer with a format is valid for it."""
    body = (await ask(http, stream=False, format=wanted)).json()
    assert json.loads(body["message"]["content"]) == value


@pytest.mark.parametrize(
    ("request_", "status", "error"),
    [
        ({"model": ""}, 400, "model is required"),
        ({"model": "a b"}, 400, "invalid model name"),
        ({"model": "Nope"}, 404, "model 'Nope' not found"),
        ({"model": "tiny-embed"}, 400, '"tiny-embed" does not support chat'),
        (
            {"tools": TOOLS},
            400,
            "registry.ollama.ai/library/tiny:latest does not support tools",
        ),
        ({"think": True}, 400, '"tiny" does not support thinking'),
        ({"top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
        ({"options": {"num_ctx": "x"}}, 500, 'option "num_ctx" must be of type integer'),
        ({"options": {"stop": "x"}}, 500, 'option "stop" must be of type array'),
        ({"keep_alive": "-1"}, 400, 'time: missing unit in duration "-1"'),
        (
            {"format": "xml"},
            500,
            'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object',
        ),
    ],
)
async def test_errors_have_ollamas_text(
    request_: dict[str, Any], status: int, error: str, http: httpx.AsyncClient
) -> None:
    """Each mistake gets its own status and text."""
    answer = await ask(http, **request_)
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert answer.headers["content-type"].startswith("application/json")


async def test_no_body_is_named(http: httpx.AsyncClient) -> None:
    """A request without a body gets its own text."""
    answer = await http.post("/api/chat")
    assert (answer.status_code, answer.content) == (400, b'{"error":"missing request body"}')


async def test_images_need_a_vision_model(http: httpx.AsyncClient) -> None:
    """A text model's runner refuses images with its own JSON inside the error's text."""
    seen = [{"role": "user", "content": "What?", "images": ["aGk="]}]
    refused = await ask(http, messages=seen)
    assert refused.status_code == 500
    assert refused.headers["content-type"] == "application/json"
    assert json.loads(refused.json()["error"])["error"]["type"] == "server_error"
    assert (await ask(http, model="tiny-vision", messages=seen)).status_code == 200


async def test_load_and_unload_are_single_objects(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Without messages a model is loaded, or with `keep_alive` 0 unloaded."""
    load = await ask(http, messages=[])
    assert fixed(load.content) == (
        b'{"model":"tiny","created_at":"T","message":{"role":"assistant","content":""},'
        b'"done":true,"done_reason":"load"}'
    )
    assert list(double.loaded) == ["tiny:latest"]
    unload = await ask(http, messages=[], keep_alive=0)
    assert unload.headers["content-type"] == "application/json; charset=utf-8"
    assert unload.json()["done_reason"] == "unload"
    assert not double.loaded


async def test_cloud_models_would_leave_the_machine(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A cloud name is kept as leaked, or refused when the cloud is off."""
    double.add(Model(name="stub", remote_host="https://ollama.com", remote_model="big"))
    for name in ("big:cloud", "big:120b-Cloud", "stub"):
        answer = await ask(http, model=name)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert [received.json["model"] for received in double.leaked][-1] == "stub"
    double.cloud_disabled = True
    answer = await ask(http, model="big:cloud")
    assert (answer.status_code, answer.json()["error"]) == (
        403,
        "ollama cloud is disabled: remote model is unavailable",
    )
    assert len(double.leaked) == 3


async def test_a_script_may_depend_on_the_request(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """`answer` sees the request and makes its script."""
    double.answer = lambda received: Script(tokens=[received.json["messages"][-1]["content"]])
    body = (await ask(http, stream=False)).json()
    assert body["message"]["content"] == "Hi there"
