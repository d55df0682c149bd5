"""Listing and describing models: whole answers, local models only, failures in our words."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from core.config import Ollama as OllamaSettings
from core.errors import ModelNotFound, UpstreamInvalid, UpstreamUnreachable
from core.management import Management
from core.messages import Call, Message
from core.ollama import Ollama
from core.principal import Principal
from tests.double import Fault, Model, OllamaDouble, Script, faults

CHAT = Call(
    kind="chat",
    dialect="openai",
    model="tiny",
    stream=True,
    request_id="r",
    principal=Principal(id="me"),
    messages=(Message(role="user", content="hi"),),
)


@asynccontextmanager
async def opened(*urls: str) -> AsyncIterator[Ollama]:
    """Open the call, which has the management calls."""
    ollama = Ollama(OllamaSettings(hosts=urls, embedded="never"))
    async with ollama.lifespan():
        yield ollama


@pytest.fixture
async def models(double: OllamaDouble) -> AsyncIterator[Management]:
    """The management calls of a router in front of the double."""
    async with opened(double.url) as ollama:
        yield ollama.models


async def test_installed_models_keep_every_key(double: OllamaDouble, models: Management) -> None:
    """The list has Ollama's own objects, with keys that its Python package would drop."""
    found = {model["name"]: model for model in await models.installed()}
    assert set(found) == {model.short for model in double.models}
    assert found["tiny:latest"]["capabilities"] == ["completion"]
    assert len(found["tiny:latest"]["digest"]) == 64


async def test_models_of_a_cloud_are_hidden(double: OllamaDouble, models: Management) -> None:
    """A stub that runs elsewhere is not listed."""
    double.add(Model(name="stub", remote_host="https://ollama.com:443", remote_model="big"))
    assert "stub:latest" not in [model["name"] for model in await models.installed()]


async def test_identities_are_the_names_and_digests(
    double: OllamaDouble, models: Management
) -> None:
    """What identifies the local models is told without the package, and as fresh as the list."""
    double.add(Model(name="stub", remote_host="https://ollama.com:443", remote_model="big"))
    listed = await models.installed()
    wanted = {model["name"]: model["digest"] for model in listed}
    assert {each["name"]: each["digest"] for each in await models.identities()} == wanted
    assert all(each["details"]["format"] == "gguf" for each in await models.identities())
    double.add(Model(name="new", digest="ab" * 32))
    assert {"name": "new:latest", "digest": "ab" * 32, "details": {"format": "gguf"}} in (
        await models.identities()
    )


async def test_identities_of_nobody_are_unreachable() -> None:
    """Where nobody answers, that is said as for every other call."""
    async with opened("http://127.0.0.1:9") as ollama:
        with pytest.raises(UpstreamUnreachable, match="ollama serve"):
            await ollama.models.identities()


async def test_the_source_is_where_models_are_asked_for(double: OllamaDouble) -> None:
    """The source is the address that answers, of several."""
    async with opened("http://127.0.0.1:9", double.url) as ollama:
        assert ollama.models.source == double.url


async def test_show_is_whole(models: Management) -> None:
    """Everything about a model comes as Ollama says it, and a missing one says how to get it."""
    shown = await models.show("tiny")
    assert shown["model_info"]["general.architecture"] == "llama"
    assert shown["details"]["family"] == "llama"
    with pytest.raises(ModelNotFound, match="ollama pull absent"):
        await models.show("absent")


async def test_version(double: OllamaDouble, models: Management) -> None:
    """The version is Ollama's."""
    assert await models.version() == double.version


async def test_loaded_models_and_those_that_have_answered(double: OllamaDouble) -> None:
    """A model is listed from the start of its load, and has answered after its first answer."""
    async with opened(double.url) as ollama:
        assert await ollama.models.loaded() == []
        assert not await ollama.models.has_answered("tiny")
        double.script(Script(fault=faults.Stall(1)))
        async with aclosing(ollama.infer(CHAT)) as chunks:
            await anext(chunks)
            assert [model["name"] for model in await ollama.models.loaded()] == ["tiny:latest"]
            assert not await ollama.models.has_answered("tiny")
        await double.received[-2].finished.wait()
        async with aclosing(ollama.infer(CHAT)) as chunks:
            assert [chunk async for chunk in chunks][-1].done
        assert await ollama.models.has_answered("Tiny:latest")


@pytest.mark.parametrize(
    "fault",
    [
        faults.bad_gateway(),
        faults.redirect("http://127.0.0.1:1/"),
        faults.Reply(404, b"404 page not found", "text/plain"),
        faults.Reply(500, b"[]", "application/json"),
        faults.Reply(200, b"<html>", "text/html"),
        faults.Reply(200, b"[]", "application/json"),
        faults.Reply(200, b"\xff", "application/json"),
        faults.Reply(200, b'{"models": [1]}', "application/json"),
        faults.Reply(200, b'{"models": {"a": 1}}', "application/json"),
        faults.Reply(200, b'{"models": [{"size": 1}]}', "application/json"),
        faults.Reset(None),
    ],
)
async def test_what_is_no_list_of_ollamas_is_refused(
    double: OllamaDouble, models: Management, fault: Fault
) -> None:
    """Answers of somebody else are a 502 that says what to check, and are not repeated."""
    double.fail(fault, "/api/tags")
    with pytest.raises(UpstreamInvalid, match=r"\[ollama\] hosts") as caught:
        await models.installed()
    assert "<" not in caught.value.message


async def test_another_host_takes_over() -> None:
    """When the host is gone the next one is asked, and with none the error says what to do."""
    async with (
        OllamaDouble() as first,
        OllamaDouble([]) as second,
        opened(first.url, second.url) as ollama,
    ):
        assert await ollama.models.installed()
        await first.stop()
        assert await ollama.models.installed() == []
        await second.stop()
        with pytest.raises(UpstreamUnreachable, match="ollama serve"):
            await ollama.models.installed()


async def test_no_key_of_the_environment_is_sent(
    double: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`OLLAMA_API_KEY` and `OLLAMA_HOST` are for Ollama's own client."""
    monkeypatch.setenv("OLLAMA_API_KEY", "secret")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    async with opened(double.url) as ollama:
        await ollama.models.installed()
    assert double.received[-1].path == "/api/tags"
    assert double.received[-1].header("authorization") is None


async def test_one_host_is_asked_for_what_it_has_loaded() -> None:
    """`loaded` of a host is that one's answer; one that is gone is not replaced by another."""
    async with OllamaDouble() as first, OllamaDouble() as second, opened(first.url) as ollama:
        async with aclosing(ollama.infer(CHAT.replace(host=second.url))) as chunks:
            assert [chunk async for chunk in chunks][-1].done
        assert await ollama.models.loaded() == []
        assert [each["name"] for each in await ollama.models.loaded(second.url)] == ["tiny:latest"]
        await second.stop()
        with pytest.raises(UpstreamUnreachable):
            await ollama.models.loaded(second.url)
