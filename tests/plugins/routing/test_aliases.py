"""Names that stand for models."""

from pathlib import Path
from typing import Any, cast

import pytest

from localai import Call, Gateway, Listing, ModelNotFound, Principal
from localai import Models as Models_
from plugins.routing import aliases
from plugins.routing.aliases import Aliases
from tests.plugins.support import a_call, asking, serving

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
    """A gateway with these models, and without a catalogue."""

    def __init__(self, models: Models) -> None:
        self.models = models

    def find(self, kind: type) -> None:
        """Have no other plugin."""


async def asked_for(
    models: Models, *calls: Call, config: Aliases.Config | None = None
) -> list[str]:
    """Return the models that would be asked; the header of each call must say the same."""
    plugin = Aliases(config or Aliases.Config())
    async with plugin.lifespan(cast(Gateway, Router(models))):
        names = [(await plugin.before_inference(call)).model for call in calls]
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
    call = a_call(model="mine", think=True, keep_alive="5m")
    assert await plugin.before_inference(call) == call.replace(model="llama3.2")
    assert call.headers["x-localai-route"] == "alias mine"


async def test_other_names_stay() -> None:
    """A call that names its model is passed on as it is."""
    plugin = Aliases(Aliases.Config())
    call = a_call(model="llama3.2")
    assert await plugin.before_inference(call) is call
    assert "x-localai-route" not in call.headers


async def test_aliases_are_listed() -> None:
    """Each alias whose model is there is listed as that is, and hides a model of its name."""
    aliases = {"gpt-4o": "llama3.2", "gone": "missing", "qwen2.5:14b": "LLAMA3.2"}
    listed = await listing_of(Aliases.Config(aliases=aliases), GUIDE, LARGE)
    names = ["gpt-4o", "qwen2.5:14b", "default", "llama3.2:latest"]
    assert [each["name"] for each in listed] == names
    assert listed[0]["capabilities"] == GUIDE["capabilities"]
    assert listed[0]["localai"] == {"model": "llama3.2:latest", "alias_of": "llama3.2"}


async def test_the_default_is_listed_where_there_is_one() -> None:
    """As the model that it stands for; an alias or a model of that name comes before it."""
    (default, _) = await listing_of(Aliases.Config(), GUIDE)
    assert (default["name"], default["localai"]) == ("default", {"model": "llama3.2:latest"})
    assert await listing_of(Aliases.Config()) == []
    assert await listing_of(Aliases.Config(default="missing"), GUIDE) == [GUIDE]
    own = {**GUIDE, "name": "default:latest"}
    assert await listing_of(Aliases.Config(), own) == [own]
    listed = await listing_of(Aliases.Config(aliases={"default": "llama3.2"}), GUIDE)
    assert listed[0]["localai"] == {"model": "llama3.2:latest", "alias_of": "llama3.2"}
    assert len(listed) == 2


async def listing_of(config: Aliases.Config, *installed: dict[str, Any]) -> Models_:
    """Return the list of models with a plugin of these settings."""
    plugin = Aliases(config)

    async def models(listing: Listing) -> Models_:
        return list(installed)

    async with plugin.lifespan(cast(Gateway, Router(Models(*installed)))):
        return await plugin.around_models(models)(Listing(principal=Principal(id="someone")))


@pytest.mark.parametrize(
    ("name", "target"),
    [("Mine", "auto"), ("mine:latest", "auto"), ("X", "X")],
)
def test_what_a_name_leads_to(name: str, target: str) -> None:
    """Other plugins may ask for the target of a name."""
    assert Aliases(Aliases.Config(aliases={"mine": "auto"})).target(name) == target


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
