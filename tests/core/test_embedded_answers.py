"""The embedded engine's answers, read by the real client of Ollama's."""

import asyncio
import json
import math
import re
import threading
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import ollama
import pytest

from core import embedded_answers
from core.embedded import EmbeddedEngine
from core.guide import WHAT_I_AM, Guide
from core.hashing import DIMENSIONS, embed

DOCUMENT = """\
# Router

## Installing

Run `pip install -e .` and then `localai serve`: it listens on port 8000 → done & “ready”.

## Keys

Create one with `localai keys create`.
"""
QUESTION = [{"role": "user", "content": "How do I install it?"}]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    """A started engine with one document."""
    (tmp_path / "README.md").write_text(DOCUMENT)
    engine = EmbeddedEngine([tmp_path / "README.md"])
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
async def client(engine: EmbeddedEngine) -> AsyncIterator[ollama.AsyncClient]:
    """Ollama's own client."""
    async with ollama.AsyncClient(engine.url, trust_env=False) as client:
        yield client


@pytest.fixture
async def http(engine: EmbeddedEngine) -> AsyncIterator[httpx.AsyncClient]:
    """A plain client, for the bytes."""
    async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as client:
        yield client


async def test_chat_answers_from_the_documentation(client: ollama.AsyncClient) -> None:
    """A plain answer quotes the passage below its heading, and has every count."""
    answer = await client.chat("localai-guide", QUESTION)
    assert answer.model == "localai-guide"
    content = answer.message.content or ""
    assert content.startswith(WHAT_I_AM)
    assert "**Router > Installing > `README.md`**\n\nRun `pip install -e .`" in content
    assert (answer.message.role, answer.done, answer.done_reason) == ("assistant", True, "stop")
    assert answer.eval_count == len(content.split())
    assert answer.prompt_eval_count == 5
    assert answer.total_duration is not None
    parts = (answer.load_duration, answer.prompt_eval_duration, answer.eval_duration)
    assert sum(part or 0 for part in parts) <= answer.total_duration


async def test_a_stream_is_the_plain_answer_word_by_word(client: ollama.AsyncClient) -> None:
    """A stream has a chunk per word, and a last chunk without text that holds the counts."""
    plain = await client.chat("LocalAI-Guide:latest", QUESTION)
    stream = await client.chat("LocalAI-Guide:latest", QUESTION, stream=True)
    *parts, last = [part async for part in stream]
    assert "".join(part.message.content or "" for part in parts) == plain.message.content
    assert len(parts) == last.eval_count == plain.eval_count
    assert not any(part.done or part.eval_count for part in parts)
    assert (last.message.content, last.done, last.done_reason) == ("", True, "stop")
    assert {part.model for part in parts} == {"LocalAI-Guide:latest"}


async def test_generate_answers_like_chat(client: ollama.AsyncClient) -> None:
    """The same question has the same answer on /api/generate, streamed and plain."""
    chat = await client.chat("localai-guide", QUESTION)
    plain = await client.generate("localai-guide", QUESTION[0]["content"])
    assert plain.response == chat.message.content
    stream = await client.generate("localai-guide", QUESTION[0]["content"], stream=True)
    assert "".join([part.response or "" async for part in stream]) == plain.response


async def test_lines_have_ollamas_bytes(http: httpx.AsyncClient) -> None:
    """Each line is one object with Ollama's keys in Ollama's order, and a moment of its own."""
    body = {"model": "localai-guide", "messages": QUESTION, "options": {"num_predict": 3}}
    answer = await http.post("/api/chat", json=body)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["transfer-encoding"] == "chunked"
    lines = answer.content.decode().split("\n")
    assert lines.pop() == ""
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z"
    head = rf'\{{"model":"localai-guide","created_at":"{moment}","message":\{{"role":"assistant",'
    for line, text in zip(lines, ["I", " am", " the"], strict=False):
        assert re.fullmatch(head + rf'"content":"{text}"\}},"done":false\}}', line)
    assert re.fullmatch(
        head + r'"content":""\},"done":true,"done_reason":"length","total_duration":\d+,'
        r'"load_duration":\d+,"prompt_eval_count":5,"prompt_eval_duration":\d+,"eval_count":3,'
        r'"eval_duration":\d+\}',
        lines[3],
    )
    moments = [json.loads(line)["created_at"] for line in lines]
    assert len(set(moments)) == 4


async def test_only_the_last_text_of_the_users_is_answered(client: ollama.AsyncClient) -> None:
    """An earlier question in the conversation has no part in the answer."""
    turns = [
        {"role": "system", "content": "You know how to install it."},
        *QUESTION,
        {"role": "assistant", "content": "Run pip."},
        {"role": "user", "content": "And how are keys created?"},
    ]
    content = (await client.chat("localai-guide", turns)).message.content or ""
    assert "localai keys create" in content
    assert "pip install" not in content


async def test_stop_and_num_predict_end_an_answer(client: ollama.AsyncClient) -> None:
    """A stop sequence is left out with all that follows, and the bound on words holds."""
    stopped = await client.chat("localai-guide", QUESTION, options={"stop": ["pip", "zzz"]})
    assert (stopped.message.content or "").endswith("Run `")
    assert stopped.done_reason == "stop"
    options = {"num_predict": 4, "seed": 1, "temperature": 0.5}
    cut = await client.generate("localai-guide", "How do I install it?", options=options)
    assert (cut.response, cut.done_reason, cut.eval_count) == ("I am the built-in", "length", 4)
    stream = await client.chat("localai-guide", QUESTION, stream=True, options={"num_predict": 2})
    assert [part.message.content async for part in stream] == ["I", " am", ""]


async def test_json_is_given_where_it_is_asked_for(client: ollama.AsyncClient) -> None:
    """With the format `json` the text of the answer is a JSON object, streamed too."""
    plain = await client.chat("localai-guide", QUESTION)
    answer = await client.chat("localai-guide", QUESTION, format="json")
    assert json.loads(answer.message.content or "") == {"answer": plain.message.content}
    stream = await client.chat("localai-guide", QUESTION, format="json", stream=True)
    text = "".join([part.message.content or "" async for part in stream])
    assert text == answer.message.content


async def test_an_empty_request_loads_and_unloads(http: httpx.AsyncClient) -> None:
    """Without a text the model is loaded or unloaded, which is one object even for a stream."""
    for path, part in (
        ("/api/chat", {"message": {"role": "assistant", "content": ""}}),
        ("/api/generate", {"response": ""}),
    ):
        for keep_alive, reason, names in (
            ("5m", "load", ["localai-guide:latest"]),
            (0, "unload", []),
        ):
            body = {"model": "localai-guide", "stream": True, "keep_alive": keep_alive}
            answer = await http.post(path, json=body)
            assert answer.headers["content-type"] == "application/json; charset=utf-8"
            found = answer.json()
            del found["created_at"]
            end = {"done": True, "done_reason": reason}
            assert list(found.items()) == [("model", "localai-guide"), *part.items(), *end.items()]
            running = (await http.get("/api/ps")).json()["models"]
            assert [model["name"] for model in running] == names


async def test_the_embedding_model_is_unloaded_like_any(client: ollama.AsyncClient) -> None:
    """`ollama stop`, which asks /api/generate, works for a model that can't generate."""
    await client.embed("localai-embed", "text")
    assert len((await client.ps()).models) == 1
    answer = await client.generate("localai-embed", keep_alive=0)
    assert answer.done_reason == "unload"
    assert not (await client.ps()).models


async def test_the_lists_describe_both_models(client: ollama.AsyncClient) -> None:
    """Tags, show and ps are read by Ollama's client, with capabilities and lengths."""
    listed = (await client.list()).models
    assert [model.model for model in listed] == ["localai-guide:latest", "localai-embed:latest"]
    assert len({model.digest for model in listed}) == 2
    assert all(model.modified_at for model in listed)
    assert (await client.show("localai-guide")).capabilities == ["completion"]
    shown = await client.show("LOCALAI-EMBED:latest")
    assert shown.capabilities == ["embedding"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["localai.embedding_length"] == DIMENSIONS
    assert not (await client.ps()).models
    await client.chat("localai-guide", QUESTION, keep_alive=-1)
    (running,) = (await client.ps()).models
    assert running.name == "localai-guide:latest"
    assert running.expires_at is not None
    assert running.expires_at.year > 2300


async def test_embeddings_come_in_order_and_normalised(client: ollama.AsyncClient) -> None:
    """Each text has its own unit vector at its own place."""
    texts = ["one text", "", "another text", "one text"]
    answer = await client.embed("localai-embed", texts)
    assert [tuple(vector) for vector in answer.embeddings] == [embed(text) for text in texts]
    for vector in answer.embeddings:
        assert math.hypot(*vector) == pytest.approx(1, abs=1e-6)
    assert answer.prompt_eval_count == 2 + 1 + 3 + 2
    (single,) = (await client.embed("localai-embed", "one text")).embeddings
    assert tuple(single) == embed("one text")


async def test_dimensions_cut_and_normalise(client: ollama.AsyncClient) -> None:
    """Fewer dimensions are the first ones, scaled; more than there are change nothing."""
    (whole,) = (await client.embed("localai-embed", "some longer text to cut")).embeddings
    (part,) = (
        await client.embed("localai-embed", "some longer text to cut", dimensions=64)
    ).embeddings
    assert len(part) == 64
    scale = math.hypot(*whole[:64])
    assert part == pytest.approx([value / scale for value in whole[:64]], abs=1e-6)
    (same,) = (
        await client.embed("localai-embed", "some longer text to cut", dimensions=999)
    ).embeddings
    assert same == whole


async def test_the_older_endpoint_embeds_one_text(http: httpx.AsyncClient) -> None:
    """/api/embeddings answers with one vector, or an empty one for no text."""
    answer = await http.post("/api/embeddings", json={"model": "localai-embed", "prompt": "text"})
    assert tuple(answer.json()["embedding"]) == embed("text")
    answer = await http.post("/api/embeddings", json={"model": "localai-embed"})
    assert answer.content == b'{"embedding":[]}'


@pytest.mark.parametrize("value", [{}, {"input": ""}, {"input": []}])
async def test_nothing_to_embed_only_loads(http: httpx.AsyncClient, value: Any) -> None:
    """Without a text the answer is an empty list, and the model is loaded."""
    answer = await http.post("/api/embed", json={"model": "localai-embed", **value})
    assert answer.content == b'{"model":"localai-embed","embeddings":[]}'
    (running,) = (await http.get("/api/ps")).json()["models"]
    assert running["name"] == "localai-embed:latest"


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("chat", {"model": "x"}, 404, "model 'x' not found"),
        ("embed", {"model": "x"}, 404, 'model "x" not found, try pulling it first'),
        ("show", {"model": "x"}, 404, "model 'x:latest' not found"),
        (
            "chat",
            {"model": "localai-embed:latest", "messages": QUESTION},
            400,
            '"localai-embed:latest" does not support chat',
        ),
        (
            "generate",
            {"model": "localai-embed", "prompt": "x"},
            400,
            '"localai-embed" does not support generate',
        ),
        (
            "chat",
            {"model": "localai-guide", "messages": QUESTION, "think": True},
            400,
            '"localai-guide" does not support thinking',
        ),
        (
            "chat",
            {"model": "localai-guide", "messages": QUESTION, "tools": [{"type": "function"}]},
            400,
            "registry.ollama.ai/library/localai-guide:latest does not support tools",
        ),
        (
            "embed",
            {"model": "localai-guide", "input": "x"},
            501,
            "this model does not support embeddings",
        ),
        ("embed", {"model": "localai-embed", "input": [1, 2]}, 400, "invalid input type"),
        (
            "embed",
            {"model": "localai-embed", "input": "x" * 70_000, "truncate": False},
            400,
            "the input length exceeds the context length",
        ),
    ],
)
async def test_errors_have_ollamas_status_and_text(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, text: str
) -> None:
    """What can't be answered is refused before a stream begins, as Ollama words it."""
    answer = await http.post(f"/api/{path}", json=body)
    assert (answer.status_code, answer.json()) == (status, {"error": text})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_ollamas_client_reads_the_errors(client: ollama.AsyncClient) -> None:
    """An error reaches a user of the client with its status and text."""
    with pytest.raises(ollama.ResponseError) as caught:
        await client.chat("llama3.2", QUESTION)
    assert (caught.value.status_code, caught.value.error) == (404, "model 'llama3.2' not found")


async def test_a_question_too_many_is_answered_by_503(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While as many requests as allowed wait, one more is refused as by a busy Ollama."""
    monkeypatch.setattr(embedded_answers, "MAX_PENDING", 1)
    began, may_end = threading.Event(), threading.Event()

    def slow(self: Guide) -> None:
        began.set()
        may_end.wait(10)

    monkeypatch.setattr(Guide, "load", slow)
    body = {"model": "localai-guide"}
    first = asyncio.create_task(http.post("/api/chat", json=body))
    try:
        assert await asyncio.to_thread(began.wait, 10)
        second = await http.post("/api/chat", json=body)
        assert second.status_code == 503
        assert second.json()["error"].startswith("server busy, please try again.  maximum pending")
        assert (await http.get("/api/tags")).status_code == 200
    finally:
        may_end.set()
        assert (await first).status_code == 200
    assert (await http.post("/api/chat", json=body)).status_code == 200


async def test_a_batch_that_is_given_up_ends(
    engine: EmbeddedEngine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its client goes, the rest of a batch is not computed."""
    began, may_end = threading.Event(), threading.Event()
    seen: list[str] = []

    def slow(text: str, dimensions: int | None) -> None:
        seen.append(text)
        began.set()
        may_end.wait(10)

    real = embedded_answers._vector
    monkeypatch.setattr(embedded_answers, "_vector", slow)
    body = {"model": "localai-embed", "input": [f"text {n}" for n in range(100)]}
    async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as leaving:
        task = asyncio.create_task(leaving.post("/api/embed", json=body))
        assert await asyncio.to_thread(began.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    # This answer comes after the server has noticed the closed connection.
    assert (await http.get("/")).status_code == 200
    monkeypatch.setattr(embedded_answers, "_vector", real)
    may_end.set()
    answer = await http.post("/api/embed", json=body | {"input": ["after"]})
    assert len(answer.json()["embeddings"]) == 1
    assert len(seen) == 1


async def test_the_loop_stays_free_while_large_texts_are_hashed(http: httpx.AsyncClient) -> None:
    """While it computes large embeddings, the engine lets other work of the process go on."""
    words = " ".join(f"word{number}" for number in range(7_000))
    body = {"model": "localai-embed", "input": [words] * 2}
    request = asyncio.create_task(http.post("/api/embed", json=body))
    moments = []
    loop = asyncio.get_running_loop()
    while not request.done():
        moments.append(loop.time())
        await asyncio.sleep(0)
    assert (await request).status_code == 200
    waits = sorted(after - before for before, after in pairwise(moments))
    assert len(waits) > 50
    # Nine of ten turns: the machine that tests may itself be busy for a moment.
    assert waits[len(waits) * 9 // 10] < 0.005
