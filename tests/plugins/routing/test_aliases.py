"""Names that stand for models."""

from pathlib import Path
from typing import Any, cast

import pytest

from localai import Call, Chunk, Gateway, GatewayError, ModelNotFound
from plugins.routing import aliases
from plugins.routing.aliases import Aliases
from tests.plugins.support import HELLO, Model, a_call, all_of, asking, serving

GUIDE = {"name": "llama3.2:latest", "capabilities": ["completion", "tools"]}
LARGE = {"name": "qwen2.5:14b", "capabilities": ["completion"]}
EMBED = {"name": "nomic-embed-text:latest", "capabilities": ["embedding"]}
OLD_CHAT = {"name": "old-chat:latest", "details": {"family": "llama"}}
OLD_EMBED = {"name": "old-embed:latest", "details": {"family": "nomic-bert"}}
BARE = {"name": "bare:latest", "details": None}


class Models:
    """Stands for Ollama's management calls, and counts them."""

    def __init__(self, *installed: dict[str, Any], loaded: tuple[str, ...] = ()) -> None:
        self.all = list(installed)
        self.names = loaded
        self.asked = 0

    async def installed(self) -> list[dict[str, Any]]:
        """Return the models, newest first."""
        self.asked += 1
        return self.all

    async def loaded(self) -> list[dict[str, Any]]:
        """Return the models in memory."""
        return [{"name": name} for name in self.names]


class Router:
    """A gateway with these models."""

    def __init__(self, models: Models) -> None:
        self.models = models


async def asked_for(
    models: Models, *calls: Call, config: Aliases.Config | None = None
) -> list[str]:
    """Return the models that were asked; the header of each call must say the same."""
    plugin = Aliases(config or Aliases.Config())
    ollama = Model(*HELLO)
    async with plugin.lifespan(cast(Gateway, Router(models))):
        handler = plugin.around_inference(ollama.infer)
        for call in calls:
            assert await all_of(handler, call) == list(HELLO)
    names = [call.model for call in ollama.calls]
    assert [call.headers["x-localai-model"] for call in calls] == names
    return names


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4o", "llama3.2"),
        ("GPT-4o", "llama3.2"),
        ("gpt-4o:latest", "llama3.2"),
        ("tagged:1", "qwen2.5:14b"),
        ("tagged", "tagged"),
        ("gpt-4o:mini", "gpt-4o:mini"),
        ("one", "two"),
        ("Unknown:Tag", "Unknown:Tag"),
    ],
)
async def test_an_alias_is_replaced_by_its_model(name: str, model: str) -> None:
    """An alias is found in any spelling of its name, once, and other names stay as they are."""
    config = Aliases.Config(
        aliases={"gpt-4o": "llama3.2", "Tagged:1": "qwen2.5:14b", "one": "two", "two": "three"}
    )
    assert await asked_for(Models(), a_call(model=name), config=config) == [model]


async def test_only_the_name_changes() -> None:
    """The rest of the call reaches the model as it came."""
    plugin = Aliases(Aliases.Config(aliases={"mine": "llama3.2"}))
    ollama = Model(*HELLO)
    call = a_call(model="mine", think=True, keep_alive="5m")
    await all_of(plugin.around_inference(ollama.infer), call)
    assert ollama.calls == [call.replace(model="llama3.2")]


@pytest.mark.parametrize("name", ["default", "Default", "default:latest"])
@pytest.mark.parametrize(
    ("models", "model"),
    [
        (Models(GUIDE, LARGE), "llama3.2:latest"),
        (Models(LARGE, GUIDE), "qwen2.5:14b"),
        (Models(EMBED, LARGE, GUIDE, loaded=("llama3.2:latest",)), "llama3.2:latest"),
        (Models(LARGE, GUIDE, loaded=("nomic-embed-text:latest",)), "qwen2.5:14b"),
        (Models(EMBED, OLD_EMBED, OLD_CHAT), "old-chat:latest"),
        (Models(BARE), "bare:latest"),
    ],
)
async def test_the_default_is_a_loaded_or_else_the_newest_chat_model(
    name: str, models: Models, model: str
) -> None:
    """What is in memory answers at once, so it comes first; embedding models never chat."""
    assert await asked_for(models, a_call(model=name)) == [model]


@pytest.mark.parametrize(
    ("models", "model"),
    [
        (Models(GUIDE, EMBED, loaded=("llama3.2:latest",)), "nomic-embed-text:latest"),
        (Models(OLD_CHAT, OLD_EMBED), "old-embed:latest"),
        (Models(EMBED, OLD_EMBED, loaded=("old-embed:latest",)), "old-embed:latest"),
    ],
)
async def test_the_default_for_embeddings_is_an_embedding_model(models: Models, model: str) -> None:
    """Where Ollama is too old to say what a model can do, its family does."""
    call = a_call(model="default", kind="embed", inputs=("x",), messages=())
    assert await asked_for(models, call) == [model]


async def test_the_default_of_the_file_is_for_chats_only() -> None:
    """A configured default is taken unseen for chats and completions, and never embeds."""
    config = Aliases.Config(default="qwen2.5:14b")
    models = Models(EMBED, GUIDE)
    chat = a_call(model="default")
    generate = a_call(model="default", kind="generate", prompt="x", messages=())
    assert await asked_for(models, chat, generate, config=config) == ["qwen2.5:14b"] * 2
    assert models.asked == 0
    embed = a_call(model="default", kind="embed", inputs=("x",), messages=())
    assert await asked_for(models, embed, config=config) == ["nomic-embed-text:latest"]


async def test_default_may_be_an_alias() -> None:
    """An alias named `default` is what the file's author wants it to be."""
    config = Aliases.Config(aliases={"default": "mine"}, default="other")
    assert await asked_for(Models(GUIDE), a_call(model="default"), config=config) == ["mine"]


@pytest.mark.parametrize(
    ("models", "kind", "remedy"),
    [
        (Models(), "chat", "ollama pull llama3.2"),
        (Models(EMBED, OLD_EMBED), "chat", "ollama pull llama3.2"),
        (Models(GUIDE, OLD_CHAT), "embed", "ollama pull nomic-embed-text"),
    ],
)
async def test_without_a_fitting_model_the_answer_says_what_to_do(
    models: Models, kind: str, remedy: str
) -> None:
    """Nothing to choose from is a 404 with the command that helps."""
    with pytest.raises(ModelNotFound) as caught:
        await asked_for(models, a_call(model="default", kind=kind))
    assert remedy in caught.value.message
    assert caught.value.status == 404


async def test_a_choice_is_kept_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many requests for the default ask Ollama once, each kind apart, until the choice is old."""
    models = Models(GUIDE, EMBED)
    chat = a_call(model="default")
    embed = a_call(model="default", kind="embed", inputs=("x",), messages=())
    await asked_for(models, chat, chat, embed, chat, embed)
    assert models.asked == 2
    monkeypatch.setattr(aliases, "FRESH", 0.0)
    await asked_for(models, chat, chat)
    assert models.asked == 4


async def test_a_failure_reaches_the_caller() -> None:
    """What the model's answer ends with is what the caller gets, under an alias too."""
    plugin = Aliases(Aliases.Config(aliases={"mine": "llama3.2"}))
    ollama = Model(Chunk(content="x"), failure=ModelNotFound("gone"))
    with pytest.raises(GatewayError, match="gone"):
        await all_of(plugin.around_inference(ollama.infer), a_call(model="mine"))
    assert ollama.closed == 1


async def test_names_work_over_http(tmp_path: Path) -> None:
    """`default` and aliases answer on every endpoint, with the model's own name in the header."""
    file = '[plugins.routing.aliases.aliases]\n"gpt-4o" = "localai-guide"\n'
    async with serving(tmp_path, "routing", file) as (_, client):
        for path, body, model in (
            ("/api/chat", asking(model="default"), "localai-guide:latest"),
            ("/v1/chat/completions", asking(model="default", stream=True), "localai-guide:latest"),
            ("/v1/chat/completions", asking(model="gpt-4o"), "localai-guide"),
            ("/api/embed", {"model": "default", "input": "x"}, "localai-embed:latest"),
            ("/v1/embeddings", {"model": "default", "input": "x"}, "localai-embed:latest"),
        ):
            answer = await client.post(path, json=body)
            assert (answer.status_code, answer.headers["x-localai-model"]) == (200, model)
