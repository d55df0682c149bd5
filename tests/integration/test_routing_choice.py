"""Which model answers: `auto`, deadlines, capabilities, keys, aliases, and what is told of it."""

from pathlib import Path
from typing import Any

import httpx
from ollama import AsyncClient
from openai import AsyncOpenAI

from tests.integration.box import (
    EMBEDDING,
    LARGE,
    MIDDLE,
    MIXTURE,
    SEEING,
    SMALL,
    WIRES,
    a_box,
    asked,
    said,
)

HARD = (
    "Analyze and compare in detail the time complexity of these two functions, prove by induction "
    "that both are right, and evaluate which one scales better and why:\n"
    "```python\ndef f(n):\n    return sum(i * i for i in range(n))\n"
    "def g(n):\n    return (n - 1) * n * (2 * n - 1) // 6\n```\n"
) * 3
MODEL, ROUTE = "x-localai-model", "x-localai-route"
SENTENCE = " Hello from the tiny test model today."
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}
KEYS = """
[plugins.auth.static]
environment = ""
keys = [
    { name = "all", key = "key-of-all-0123456789", scopes = ["*"] },
    { name = "few", key = "key-of-few-0123456789", models = ["qwen2.5:3b", "qwen2.5:7b", "auto"] },
]
"""
ALIASES = f"""
[plugins.routing.aliases]
[plugins.routing.aliases.aliases]
"gpt-4o" = "{LARGE}"
"gpt-4o-mini" = "auto"
"text-embedding-3-small" = "nomic-embed-text"
[plugins.cache.exact]
enabled = true
"""
ALL, FEW = "key-of-all-0123456789", "key-of-few-0123456789"


async def test_auto_takes_as_good_a_model_as_a_request_needs(tmp_path: Path) -> None:
    """Simple questions go to the small model, hard ones to a large one, pictures to who sees."""
    async with a_box(tmp_path) as box:
        for path in WIRES:
            simple = await box.ask("What is the capital of France?", path, model="auto")
            assert (simple.status_code, simple.headers[MODEL]) == (200, SMALL)
            assert simple.headers[ROUTE].startswith("auto; complexity=0.")
            hard = await box.ask(HARD, path, model="auto", stream=True)
            assert hard.headers[MODEL] in (LARGE, MIXTURE)
            assert said(hard.text) == SENTENCE

        picture = {"role": "user", "content": "What is this?", "images": [PIXEL]}
        seen = await box.ask(model="auto", messages=[picture])
        assert (seen.status_code, seen.headers[MODEL]) == (200, SEEING)
        parts = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
        ]
        seen = await box.ask(
            path=WIRES[1], model="auto", messages=[{"role": "user", "content": parts}]
        )
        assert (seen.status_code, seen.headers[MODEL]) == (200, SEEING)
        tools = await box.ask("What is the weather?", model="auto", tools=[TOOL])
        assert tools.headers[MODEL] in (SMALL, MIDDLE, LARGE, MIXTURE)
        vectors = await box.client.post("/v1/embeddings", json={"model": "auto", "input": "x"})
        assert (vectors.status_code, vectors.headers[MODEL]) == (200, EMBEDDING)
        assert box.double.reloads == 0


async def test_a_deadline_counts(tmp_path: Path) -> None:
    """x-localai-max-latency takes a quicker model for the same question, and must be a time."""
    async with a_box(tmp_path) as box:
        patient = await box.ask(HARD, model="auto", options={"num_predict": 400})
        hurried = await box.ask(
            HARD,
            model="auto",
            options={"num_predict": 400},
            headers={"x-localai-max-latency": "6s"},
        )
        assert patient.headers[MODEL] in (LARGE, MIXTURE)
        assert hurried.status_code == 200
        assert "max_latency=6s" in hurried.headers[ROUTE]
        for path in WIRES:
            headers = {"x-localai-max-latency": "soon"}
            wrong = await box.ask("Hello", path, model="auto", headers=headers)
            assert wrong.status_code == 400
            assert "must be a time such as '2s'" in wrong.text


async def test_a_key_sees_and_gets_only_its_models(tmp_path: Path) -> None:
    """A key for two models gets these by auto and in lists, and 403 or 404 for others."""
    async with a_box(tmp_path, tables=KEYS) as box:
        for key, best in ((ALL, (LARGE, MIXTURE)), (FEW, (MIDDLE,))):
            hard = await box.ask(HARD, model="auto", key=key)
            assert (hard.status_code, hard.headers[MODEL] in best) == (200, True), hard.text
        assert "best available" in hard.headers[ROUTE]
        refused = await box.ask("Hello", WIRES[1], model=LARGE, key=FEW)
        assert refused.status_code in (403, 404)
        headers = {"authorization": f"Bearer {FEW}"}
        tags = (await box.client.get("/api/tags", headers=headers)).json()["models"]
        listed = (await box.client.get("/v1/models", headers=headers)).json()["data"]
        assert {each["name"] for each in tags} == {"auto", SMALL, MIDDLE}
        assert {each["id"] for each in listed} == {"auto", SMALL, MIDDLE}
        shown = await box.client.post("/api/show", json={"model": "auto"}, headers=headers)
        assert shown.status_code == 200
        assert "vision" not in shown.json()["capabilities"]


async def test_names_that_stand_for_models_work_everywhere(tmp_path: Path) -> None:
    """Aliases and auto are listed, shown and answered in both formats, by the real clients too."""
    async with a_box(tmp_path, tables=ALIASES) as box:
        made = await box.ask("Hello", WIRES[1], model="gpt-4o", temperature=0)
        assert (made.headers[MODEL], made.headers[ROUTE]) == (LARGE, "alias gpt-4o")
        kept = await box.ask("Hello", WIRES[1], model="gpt-4o", temperature=0)
        assert (kept.headers[MODEL], kept.headers[ROUTE]) == (LARGE, "alias gpt-4o")
        assert kept.headers["x-localai-cache"] == "hit"
        both = await box.ask("Hello", model="gpt-4o-mini")
        assert both.headers[MODEL] == SMALL
        assert both.headers[ROUTE].startswith("alias gpt-4o-mini; auto; complexity=")

        openai = AsyncOpenAI(base_url=f"{box.router.url}/v1", api_key="none", max_retries=0)
        async with openai:
            names = [model.id async for model in openai.models.list()]
            assert {"auto", "gpt-4o", "gpt-4o-mini", "text-embedding-3-small", SMALL} <= set(names)
            assert len(names) == len(set(names))
            assert (await openai.models.retrieve("gpt-4o")).id == "gpt-4o"
            vector = await openai.embeddings.create(model="text-embedding-3-small", input="x")
            assert len(vector.data[0].embedding) == 768
        ollama = AsyncClient(host=box.router.url, trust_env=False)
        assert {each.model for each in (await ollama.list()).models} == set(names)
        for name in ("gpt-4o", "gpt-4o-mini", "auto"):
            shown = await ollama.show(name)
            assert "completion" in (shown.capabilities or [])
            assert any(key.endswith(".context_length") for key in shown.modelinfo or {})
        answer = await ollama.chat("auto", [{"role": "user", "content": "Hello"}])
        await ollama.close()  # type: ignore[no-untyped-call]
        assert answer.message.content == SENTENCE
        assert asked(box.double) == [LARGE, SMALL, SMALL]


async def test_a_choice_is_explained_without_being_made(tmp_path: Path) -> None:
    """The explain endpoint names the model that auto then takes, all terms, and asks no model."""
    async with a_box(tmp_path) as box:
        told: httpx.Response
        for text in ("Hello", HARD):
            wanted = {"messages": [{"role": "user", "content": text}]}
            told = await box.client.post("/admin/route/explain", json=wanted)
            assert told.status_code == 200
            before = len(asked(box.double))
            report = told.json()
            taken = await box.ask(text, model="auto")
            assert len(asked(box.double)) == before + 1
            assert report["model"] == taken.headers[MODEL]
            (chosen,) = [each for each in report["candidates"] if each["chosen"]]
            assert chosen["model"] == report["model"]
            assert {each["model"] for each in report["candidates"]} == {
                *(SMALL, MIDDLE, LARGE, MIXTURE, SEEING)
            }
            assert all("total" in each["seconds"] for each in report["candidates"])
        other = await box.client.post("/admin/route/explain", json={"model": LARGE, "prompt": "x"})
        assert other.status_code == 404
        assert "is no policy" in other.text
