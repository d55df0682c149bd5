"""Ollama's own endpoints over real sockets, in front of an Ollama double."""

import json
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
    """Ask for a chat."""
    return await http.post("/api/chat", json={"model": "tiny", "messages": HI} | more)


def lines(answer: httpx.Response) -> list[Any]:
    """Return the objects of a stream, checked for its framing."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.content.isascii()
    *found, rest = answer.content.split(b"\n")
    assert rest == b""
    return [json.loads(line) for line in found]


def refused(answer: httpx.Response, status: int) -> str:
    """Return the error of an answer, checked for its shape."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert set(body) == {"error"}
    assert isinstance(body["error"], str)
    text: str = body["error"]
    return text


async def test_a_chat_streams_unless_told_not_to(http: httpx.AsyncClient) -> None:
    """Streaming is the default, and the whole answer is one object."""
    got = lines(await chat(http))
    assert "".join(line["message"]["content"] for line in got) == SENTENCE
    assert [line["done"] for line in got] == [False] * 8 + [True]
    assert got[-1]["done_reason"] == "stop"
    assert got[-1]["eval_count"] == 8
    assert "eval_count" not in got[0]
    whole = await chat(http, stream=False)
    assert whole.headers["content-type"] == "application/json; charset=utf-8"
    assert whole.json()["message"]["content"] == SENTENCE


async def test_lines_survive_clients_that_split_anywhere(
    http: httpx.AsyncClient, double: OllamaDouble
) -> None:
    """U+0085, U+2028 and emoji inside a token leave one ASCII line each."""
    tokens = ["a\u0085b", "\u2028", "😀", "\u2029\x1c", "ü"]
    for _ in range(2):
        double.script(Script(tokens=tokens))
    answer = await chat(http)
    assert len(answer.text.splitlines()) == len(lines(answer)) == 6
    assert "".join(line["message"]["content"] for line in lines(answer)) == "".join(tokens)
    whole = await chat(http, stream=False)
    assert whole.content.isascii()
    assert whole.json()["message"]["content"] == "".join(tokens)


async def test_generate(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """A completion answers with `response`, streamed and whole."""
    body = {"model": "tiny", "prompt": "hi", "system": "s", "options": {"num_predict": 2}}
    got = lines(await http.post("/api/generate", json=body))
    assert "".join(line["response"] for line in got) == " Hello from"
    assert got[-1]["done_reason"] == "length"
    sent = double.received[-1].json
    assert (sent["prompt"], sent["system"], sent["options"]) == ("hi", "s", {"num_predict": 2})


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/chat", {"message": {"role": "assistant", "content": ""}}),
        ("/api/generate", {"response": ""}),
    ],
)
@pytest.mark.parametrize(("keep_alive", "reason"), [(None, "load"), (0, "unload"), ("1m", "load")])
async def test_loading_and_unloading(
    http: httpx.AsyncClient,
    double: OllamaDouble,
    path: str,
    said: Any,
    keep_alive: Any,
    reason: str,
) -> None:
    """An empty request loads, with `keep_alive` 0 unloads, and is answered by one object."""
    answer = await http.post(path, json={"model": "tiny", "keep_alive": keep_alive})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert (body["done"], body["done_reason"]) == (True, reason)
    assert body.items() >= said.items()
    assert ("tiny:latest" in double.loaded) == (reason == "load")


@pytest.mark.parametrize("keep_alive", [-1, "-1m", 1.5, "1h"])
async def test_keep_alive_reaches_ollama(
    http: httpx.AsyncClient, double: OllamaDouble, keep_alive: Any
) -> None:
    """Numbers and durations are passed on as they are."""
    assert (await chat(http, keep_alive=keep_alive)).status_code == 200
    assert double.received[-1].json["keep_alive"] == keep_alive


async def test_thinking_format_and_tools(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """What a chat may ask for has its effect."""
    call = {"name": "weather", "arguments": {"city": "Köln"}}
    double.script(Script(thinking=["hm"], tool_calls=[call]))
    got = lines(await chat(http, model="tiny-think", think=True, tools=[WEATHER]))
    assert got[0]["message"]["thinking"] == "hm"
    calls = [each for line in got for each in line["message"].get("tool_calls", ())]
    assert calls[0]["function"] == {"index": 0, "name": "weather", "arguments": {"city": "Köln"}}
    assert calls[0]["id"].startswith("call_")
    assert double.received[-1].json["tools"] == [WEATHER]
    whole = (await chat(http, format="json", stream=False)).json()
    assert json.loads(whole["message"]["content"])
    whole = (await chat(http, logprobs=True, top_logprobs=1, stream=False)).json()
    assert whole["logprobs"][0]["token"] == " Hello"


async def test_images(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """Images are base64, and anything else is refused before it is sent."""
    for data, status in (("AAAA", 200), ("data:image/png;base64,AAAA", 400)):
        messages = [{"role": "user", "content": "look", "images": [data]}]
        answer = await chat(http, model="tiny-vision", messages=messages)
        assert answer.status_code == status
    assert double.received[-1].json["messages"][0]["images"] == ["AAAA"]


async def test_embed(http: httpx.AsyncClient) -> None:
    """Texts give vectors in their order; nothing to embed gives none."""
    body = {"model": "tiny-embed", "input": ["a", "b"]}
    both = (await http.post("/api/embed", json=body)).json()["embeddings"]
    one = (await http.post("/api/embed", json=body | {"input": "b"})).json()["embeddings"]
    assert both[1] == pytest.approx(one[0])
    assert (await http.post("/api/embed", json=body | {"input": []})).json()["embeddings"] == []
    old = await http.post("/api/embeddings", json={"model": "tiny-embed", "prompt": "b"})
    assert old.json() == {"embedding": pytest.approx(one[0])}


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("/api/chat", {"model": ""}, 400, "model is required"),
        ("/api/chat", {"model": "../x"}, 400, "invalid model name"),
        (
            "/api/chat",
            {"model": "absent", "messages": HI},
            404,
            "model 'absent' is not here: ollama pull absent",
        ),
        ("/api/generate", {"model": ""}, 404, "model '' not found"),
        ("/api/generate", {"model": "x y"}, 400, "invalid model name"),
        (
            "/api/generate",
            {"model": "absent", "prompt": "x"},
            404,
            "model 'absent' is not here: ollama pull absent",
        ),
        ("/api/embed", {}, 404, "model '' not found"),
        (
            "/api/embed",
            {"model": "absent", "input": "x"},
            404,
            "model 'absent' is not here: ollama pull absent",
        ),
        ("/api/embed", {"model": "tiny-embed", "input": [1]}, 400, "invalid input type"),
        ("/api/embeddings", {"model": ""}, 400, "model is required"),
        ("/api/show", {}, 400, "model is required"),
        ("/api/show", {"model": "absent"}, 404, "model 'absent' is not here: ollama pull absent"),
        (
            "/api/chat",
            {"model": "tiny", "keep_alive": "-1"},
            400,
            'time: missing unit in duration "-1"',
        ),
        (
            "/api/chat",
            {"model": "tiny", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
            400,
            "messages[0].content",
        ),
        (
            "/api/chat",
            {"model": "tiny", "options": {"num_ctx": "x"}},
            400,
            'option "num_ctx" must be of type integer',
        ),
        (
            "/api/chat",
            {"model": "tiny-embed", "messages": HI},
            400,
            '"tiny-embed" does not support chat',
        ),
        (
            "/api/chat",
            {"model": "tiny", "messages": HI, "think": True},
            400,
            '"tiny" does not support thinking',
        ),
    ],
)
async def test_bad_requests(
    http: httpx.AsyncClient, path: str, body: Any, status: int, text: str
) -> None:
    """Refusals have Ollama's status and text, in an object with a string."""
    assert text in refused(await http.post(path, json=body), status)


async def test_a_body_needs_no_content_type(http: httpx.AsyncClient) -> None:
    """`curl -d` works, as with Ollama itself; an empty body is told."""
    content = json.dumps({"model": "tiny", "messages": HI, "stream": False})
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await http.post("/api/chat", content=content, headers=form)
    assert answer.json()["message"]["content"] == SENTENCE
    assert refused(await http.post("/api/chat"), 400) == "missing request body"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        (faults.busy(), 503, "server busy"),
        (faults.runner_gone(), 500, "unexpectedly stopped"),
        (faults.context_overflow(), 400, "raise num_ctx"),
        (faults.no_embeddings(), 400, "does not support embeddings"),
        (faults.Status(499, "request canceled"), 503, "try again"),
        (faults.bad_gateway(), 502, "[ollama] hosts"),
        (faults.redirect("http://127.0.0.1:1/"), 502, "[ollama] hosts"),
        (faults.ContentType(), 502, "[ollama] hosts"),
        (faults.Gzip(), 502, "[ollama] hosts"),
        (faults.Reset(None), 502, "try again"),
    ],
)
async def test_failures_before_the_first_byte(
    http: httpx.AsyncClient, double: OllamaDouble, fault: Any, status: int, says: str, stream: bool
) -> None:
    """A failure has its status and Ollama's string, streamed or not."""
    double.fail(fault, "/api/chat")
    answer = await chat(http, stream=stream)
    assert says in refused(answer, status)
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    "fault", [faults.ErrorLine(2, "runner died"), faults.EndWithoutDone(2), faults.Reset(2)]
)
async def test_a_failure_in_a_stream_is_its_last_line(
    http: httpx.AsyncClient, double: OllamaDouble, fault: Any
) -> None:
    """After the first byte an error is a line with a string, and nothing says `done`."""
    double.script(Script(fault=fault))
    *before, last = lines(await chat(http))
    assert set(last) == {"error"}
    assert isinstance(last["error"], str)
    assert not any(line["done"] for line in before)


# ---- listing


async def test_tags_and_ps(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """Local models are listed with all keys, loaded ones with their expiry; cloud stubs are not."""
    double.add(Model(name="stub", remote_host="https://ollama.com", remote_model="big"))
    tags = (await http.get("/api/tags")).json()["models"]
    assert {model["name"] for model in tags} == {model.short for model in double.models} - {
        "stub:latest"
    }
    assert all(len(model["digest"]) == 64 for model in tags)
    assert (await http.get("/api/ps")).json() == {"models": []}
    await chat(http)
    (loaded,) = (await http.get("/api/ps")).json()["models"]
    assert loaded["model"] == "tiny:latest"
    assert loaded["expires_at"]


@pytest.mark.parametrize("key", ["model", "name"])
async def test_show_takes_both_spellings(http: httpx.AsyncClient, key: str) -> None:
    """`model` and `name` both work, and `model_info` is always there."""
    shown = (await http.post("/api/show", json={key: "tiny"})).json()
    assert shown["model_info"]["llama.context_length"] == 4096
    assert shown["capabilities"] == ["completion"]


async def test_version_status_and_root(http: httpx.AsyncClient, double: OllamaDouble) -> None:
    """What clients look for at their start is what Ollama says."""
    assert (await http.get("/api/version")).json() == {"version": double.version}
    assert (await http.get("/api/status")).json()["cloud"]["disabled"] is True
    root = await http.get("/")
    assert (root.text, root.headers["content-type"]) == (
        "Ollama is running",
        "text/plain; charset=utf-8",
    )
    for path in ("/", "/api/version", "/api/tags"):
        head = await http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) > 0


# ---- what is closed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/pull"),
        ("POST", "/api/push"),
        ("POST", "/api/create"),
        ("POST", "/api/copy"),
        ("DELETE", "/api/delete"),
        ("POST", "/api/blobs/sha256:00"),
    ],
)
async def test_models_cannot_be_changed(
    http: httpx.AsyncClient, double: OllamaDouble, method: str, path: str
) -> None:
    """Management is a 403 that says where it is done, and nothing reaches Ollama."""
    before = len(double.received)
    answer = await http.request(method, path, json={"model": "tiny"})
    assert "use ollama on the machine itself" in refused(answer, 403)
    assert len(double.received) == before


async def test_a_blob_is_not_told(http: httpx.AsyncClient) -> None:
    """Whether a blob is there can't be asked."""
    assert (await http.head("/api/blobs/sha256:00")).status_code == 403


@pytest.mark.parametrize("model", ["x:cloud", "x:120b-cloud", "stub", "library/stub:latest"])
@pytest.mark.parametrize(
    "path", ["/api/chat", "/api/generate", "/api/embed", "/api/embeddings", "/api/show"]
)
async def test_nothing_goes_to_a_cloud(
    http: httpx.AsyncClient, double: OllamaDouble, path: str, model: str
) -> None:
    """Cloud names and stubs are a 403 on every endpoint, and nothing leaks."""
    double.add(Model(name="stub", remote_host="https://ollama.com", remote_model="big"))
    body = {"model": model, "messages": HI, "prompt": "x", "input": "x"}
    assert "cloud" in refused(await http.post(path, json=body), 403)
    assert double.leaked == []
