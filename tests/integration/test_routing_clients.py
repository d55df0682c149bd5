"""Requests as real tools send them, through the whole chain: no model is ever loaded twice."""

from itertools import product
from pathlib import Path
from typing import Any

from tests.integration.box import EMBEDDING, LARGE, MIDDLE, WIRES, Box, a_box, said

SENTENCE = " Hello from the tiny test model today."
TURNS = 4


def conversation(turn: int, words: int = 400) -> list[dict[str, Any]]:
    """Return the messages of a conversation that grows with each turn."""
    messages = [{"role": "system", "content": "You help with code."}]
    for number in range(turn + 1):
        messages.append({"role": "user", "content": f"Question {number}: " + "why? " * words})
        if number < turn:
            messages.append({"role": "assistant", "content": "Because. " * 50})
    return messages


async def llama_index(box: Box, model: str) -> None:
    """Ask for the context length, and send all of it as `num_ctx` with each request."""
    shown = (await box.client.post("/api/show", json={"model": model})).json()["model_info"]
    (length,) = [value for key, value in shown.items() if key.endswith(".context_length")]
    for turn in range(TURNS):
        answer = await box.client.post(
            "/api/chat",
            json={
                "model": model,
                "messages": conversation(turn),
                "options": {"temperature": 0.75, "num_ctx": length},
                "stream": turn % 2 == 0,
            },
        )
        assert said(answer.text) == SENTENCE
    vectors = {"model": EMBEDDING, "input": ["a", "b"], "options": {"num_ctx": 2048}}
    assert (await box.client.post("/api/embed", json=vectors)).status_code == 200


async def aider(box: Box, model: str) -> None:
    """Send another `num_ctx` with each turn: a quarter more than the tokens so far, and 8192."""
    assert (await box.client.post("/api/show", json={"name": model})).status_code == 200
    for turn in range(TURNS):
        messages = conversation(turn)
        tokens = sum(len(each["content"]) for each in messages) // 4
        wanted = {"model": model, "messages": messages, "stream": True}
        answer = await box.client.post(
            "/api/chat", json=wanted | {"options": {"num_ctx": int(tokens * 1.25) + 8192}}
        )
        assert said(answer.text) == SENTENCE


async def continue_dev(box: Box, model: str) -> None:
    """Send its own `num_ctx` and `keep_alive`, chats, completions and embeddings by turns."""
    assert (await box.client.get("/api/tags")).status_code == 200
    assert (await box.client.post("/api/show", json={"name": model})).status_code == 200
    options = {"num_ctx": 8192, "num_predict": 4096, "num_thread": 8, "mirostat": 0}
    for turn in range(TURNS):
        more = {"model": model, "keep_alive": 1800, "options": options}
        wanted = {"messages": conversation(turn), "stream": turn % 2 == 0}
        answer = await box.client.post("/api/chat", json=wanted | more)
        assert said(answer.text) == SENTENCE
        filled = {"prompt": "def f(", "raw": True, "stream": False}
        answer = await box.client.post("/api/generate", json=filled | more)
        assert answer.status_code == 200, answer.text
        vector = {"model": EMBEDDING, "input": ["text"], "keep_alive": 1800}
        assert (await box.client.post("/api/embed", json=vector)).status_code == 200


async def openai(box: Box, model: str) -> None:
    """Say nothing of the context, and how long the answer may be."""
    for turn in range(TURNS):
        wanted = {"model": model, "messages": conversation(turn), "max_tokens": 512 * (turn + 1)}
        answer = await box.client.post(WIRES[1], json=wanted | {"stream": turn % 2 == 0})
        assert said(answer.text) == SENTENCE


async def test_no_tool_has_a_model_loaded_anew(tmp_path: Path) -> None:
    """LlamaIndex, aider, Continue and OpenAI's clients share each model as it is in memory."""
    async with a_box(tmp_path) as box:
        for tool in (llama_index, aider, continue_dev, openai):
            await tool(box, MIDDLE)
            assert box.double.reloads == 0, tool.__name__
        assert box.double.loads == 2
        await aider(box, LARGE)
        assert (box.double.loads, box.double.reloads) == (3, 0)


async def test_what_is_too_long_is_refused_and_never_cut(tmp_path: Path) -> None:
    """A prompt that no context of a model holds is a 400 with its size; Ollama is not asked."""
    long = "[plugins.guardrails.input]\nmax_characters = 1000000\nmax_total_tokens = 1000000\n"
    async with a_box(tmp_path, tables=long) as box:
        for path, model in product(WIRES, (MIDDLE, "auto")):
            answer = await box.ask("word " * 60_000, path, model=model)
            assert answer.status_code == 400, answer.text
            error = answer.json()["error"]
            assert "tokens" in (error if isinstance(error, str) else error["message"])
            if path == WIRES[1]:
                assert error["code"] == "context_length_exceeded"
        assert box.double.loads == 0
        for path in WIRES:
            assert (await box.ask("word " * 16_000, path, model=MIDDLE)).status_code == 200
        assert box.double.loaded[MIDDLE].options["num_ctx"] == 32_768
        assert box.double.reloads == 0
