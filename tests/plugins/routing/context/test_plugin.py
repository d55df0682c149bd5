"""The context that models are loaded with."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plugins.routing.catalogue.plugin import Catalogue
from tests.double import Model, OllamaDouble, Script, faults
from tests.support import routing, toml_for

MODELS = [
    Model(name="small:latest", context_length=8192),
    Model(name="large:latest", context_length=131_072, capabilities=("completion", "insert")),
    Model(name="own:latest", context_length=131_072, parameters={"num_ctx": 12_288}),
    Model(name="pinned:latest", context_length=131_072),
    Model(name="embed:latest", capabilities=("embedding",), pooling="MEAN", context_length=512),
]
DECLARED = "[plugins.routing.catalogue]\nmodels = { pinned = { num_ctx = 4096 } }\n"
CHAIN = "routing.hosts routing.catalogue routing.context"


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[tuple[OllamaDouble, httpx.AsyncClient, Catalogue]]:
    """An Ollama with these models, and a client and the catalogue of the router in front of it."""
    async with OllamaDouble(MODELS) as double:
        toml = toml_for(double.url, CHAIN, DECLARED)
        async with (
            routing(toml, tmp_path) as router,
            httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
        ):
            catalogue = router.gateway.find(Catalogue)
            assert catalogue is not None
            yield double, client, catalogue


def words(count: int) -> list[dict[str, Any]]:
    """Return a conversation of about so many tokens."""
    return [{"role": "user", "content": "word " * int(count / 1.3)}]


async def chat(client: httpx.AsyncClient, model: str, tokens: int = 10, **more: Any) -> Any:
    """Return the answer to a chat in Ollama's format."""
    body = {"model": model, "messages": words(tokens), "stream": False} | more
    return await client.post("/api/chat", json=body)


def asked(double: OllamaDouble) -> dict[str, Any]:
    """Return what Ollama was asked last."""
    last = [each for each in double.received if each.method == "POST" and "show" not in each.path]
    return dict(last[-1].json)


@pytest.mark.parametrize(
    ("model", "num_ctx"), [("small", 8192), ("large", 16_384), ("own", 12_288), ("pinned", 4096)]
)
async def test_each_model_has_its_size(box: Any, model: str, num_ctx: int) -> None:
    """What the owner declares counts, else the model's file, else the setting; never more than
    the training allows."""
    double, client, _ = box
    assert (await chat(client, model)).status_code == 200
    sent = asked(double)
    assert sent["options"]["num_ctx"] == num_ctx
    assert (sent["truncate"], sent["shift"]) == (False, False)


async def test_what_callers_ask_for_causes_no_reload(box: Any) -> None:
    """Five turns of LlamaIndex, aider and Continue, and of OpenAI's client, load a model once.

    LlamaIndex sends the full length that /api/show tells, aider a length that grows with each
    turn, Continue its own number and for completions another one.
    """
    double, client, _ = box
    shown = (await client.post("/api/show", json={"name": "large"})).json()
    full = shown["model_info"]["llama.context_length"]
    for turn in range(1, 6):
        history = words(200 * turn)
        for body in (
            {"options": {"num_ctx": full, "temperature": 0.75}},
            {"options": {"num_ctx": int(200 * turn * 1.25) + 8192}},
            {"options": {"num_ctx": 8096, "num_batch": 1024}, "keep_alive": 1800},
        ):
            sent = {"model": "large", "messages": history, "stream": True} | body
            assert (await client.post("/api/chat", json=sent)).status_code == 200
        middle = {"model": "large", "prompt": "def f(", "suffix": "return 1", "stream": False}
        answer = await client.post("/api/generate", json=middle | {"options": {"num_ctx": 4096}})
        assert answer.status_code == 200
        plain = {"model": "large", "messages": history}
        assert (await client.post("/v1/chat/completions", json=plain)).status_code == 200
    assert (double.loads, double.reloads) == (1, 0)


async def test_a_long_request_gets_a_larger_size_once(box: Any) -> None:
    """What does not fit the usual size loads the next bucket, which then stays for short ones."""
    double, client, catalogue = box
    for tokens, num_ctx in ((100, 16_384), (20_000, 32_768), (100, 32_768), (60_000, 65_536)):
        assert (await chat(client, "large", tokens)).status_code == 200
        assert asked(double)["options"]["num_ctx"] == num_ctx
        await catalogue.refresh()
    assert double.reloads == 2


async def test_what_fits_nothing_is_refused(box: Any) -> None:
    """Too long a request is a 400 that says how long it is, in both formats; nobody is asked."""
    double, client, _ = box
    answer = await chat(client, "pinned", 5000)
    assert answer.status_code == 400
    assert "takes 4096" in answer.json()["error"]
    body = {"model": "large", "messages": words(70_000)}
    error = (await client.post("/v1/chat/completions", json=body)).json()["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
    assert "about 67323 tokens" in error["message"]
    embed = {"model": "embed", "input": ["a", "word " * 600]}
    answer = await client.post("/v1/embeddings", json=embed)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")
    inference = ("/api/chat", "/api/generate", "/api/embed")
    assert not any(received.path in inference for received in double.received)


async def test_an_answer_that_may_be_long_gets_room(box: Any) -> None:
    """What the caller allows for the answer counts too, as far as there is room for it."""
    double, client, _ = box
    for most, num_ctx in ((1000, 16_384), (20_000, 32_768), (500_000, 65_536)):
        assert (await chat(client, "large", 100, options={"num_predict": most})).status_code == 200
        assert asked(double)["options"]["num_ctx"] == num_ctx


@pytest.mark.parametrize("stream", [True, False])
async def test_when_ollama_finds_it_too_long_it_gets_the_largest_size(
    box: Any, stream: bool
) -> None:
    """An estimate that was too small costs a reload, and no failure that a larger size mends."""
    double, client, _ = box
    double.script(Script(fault=faults.context_overflow()), Script(tokens=["fits"]))
    answer = await chat(client, "large", 100, stream=stream)
    assert "fits" in answer.text
    assert asked(double)["options"]["num_ctx"] == 65_536
    double.script(Script(fault=faults.context_overflow()))
    answer = await chat(client, "small", 100, stream=stream)
    assert answer.status_code == 400
    assert "exceeds the available context size" in answer.json()["error"]


async def test_cutting_off_is_only_for_who_asks_for_it(box: Any) -> None:
    """`truncate` and `shift` of a caller are given on; without them Ollama cuts nothing off."""
    double, client, _ = box
    await chat(client, "large", truncate=True, shift=True)
    assert (asked(double)["truncate"], asked(double)["shift"]) == (True, True)
    await client.post("/api/embed", json={"model": "embed", "input": "a"})
    assert asked(double)["truncate"] is False
    assert not asked(double)["options"]


async def test_what_is_not_in_the_catalogue_is_left_alone(box: Any) -> None:
    """A model that nobody has is Ollama's to refuse."""
    _, client, _ = box
    answer = await chat(client, "nobody", options={"num_ctx": 999})
    assert answer.status_code == 404
    assert "ollama pull nobody" in answer.json()["error"]
