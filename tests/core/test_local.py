"""Nothing leaves the box: cloud names and models with a remote host are refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from core import local
from core.errors import Forbidden, UpstreamInvalid
from core.local import LocalOnly, refuse_cloud_name
from tests.double import Fault, Model, OllamaDouble, faults


@asynccontextmanager
async def checking() -> AsyncIterator[LocalOnly]:
    """Return a check with a session of its own."""
    async with aiohttp.ClientSession() as session:
        yield LocalOnly(session, connect_timeout=1)


def lists(double: OllamaDouble) -> int:
    """Count how often the double was asked for its models."""
    return sum(request.path == "/api/tags" for request in double.received)


@pytest.mark.parametrize(
    "model",
    ["x:cloud", "x:CLOUD", "x:120b-cloud", "ns/x:120b-Cloud", "host/ns/x:cloud", "x-cloud"],
)
def test_cloud_names_are_refused(model: str) -> None:
    """A name that Ollama would send to its cloud is a 403 that names the model."""
    with pytest.raises(Forbidden, match="nothing leaves this machine") as caught:
        refuse_cloud_name(model)
    assert model in caught.value.message
    assert (caught.value.code, caught.value.param) == ("cloud_model", "model")


@pytest.mark.parametrize("model", ["x", "cloudy", "cloud:7b", "x:cloud-7b", "cloud/x", "x:local"])
def test_names_that_only_look_like_a_cloud_are_fine(model: str) -> None:
    """The word elsewhere in a name means nothing."""
    refuse_cloud_name(model)


@pytest.mark.parametrize(
    "model",
    [
        "stub",
        "stub:latest",
        "STUB",
        "library/stub",
        "registry.ollama.ai/library/stub",
        "Registry.Ollama.AI/Library/Stub:Latest",
        "alias",
    ],
)
async def test_models_with_a_remote_host_are_refused(double: OllamaDouble, model: str) -> None:
    """A cloud stub is refused under every name that Ollama knows it by."""
    double.add(Model(name="stub", remote_host="https://ollama.com:443", remote_model="big"))
    double.add(Model(name="alias", remote_model="big"))
    async with checking() as check:
        with pytest.raises(Forbidden):
            await check.check(double.url, model)
        await check.check(double.url, "tiny")
        await check.check(double.url, "other/stub")


async def test_many_calls_share_one_list(double: OllamaDouble) -> None:
    """Ollama is asked once, also by calls that come at the same time."""
    async with checking() as check:
        await asyncio.gather(*(check.check(double.url, "tiny") for _ in range(20)))
    assert lists(double) == 1


async def test_an_old_list_is_asked_for_again(
    double: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that became remote is refused once the list is old."""
    monkeypatch.setattr(local, "FRESH", 0.0)
    async with checking() as check:
        await check.check(double.url, "tiny")
        double.add(Model(name="tiny", remote_host="https://ollama.com"))
        with pytest.raises(Forbidden):
            await check.check(double.url, "tiny")


async def test_each_host_has_its_own_list(double: OllamaDouble) -> None:
    """A name that is local on one host may be remote on another."""
    async with OllamaDouble() as other, checking() as check:
        other.add(Model(name="tiny", remote_host="https://ollama.com"))
        await check.check(double.url, "tiny")
        with pytest.raises(Forbidden):
            await check.check(other.url, "tiny")


@pytest.mark.parametrize(
    "fault",
    [
        faults.bad_gateway(),
        faults.Status(500, "broken"),
        faults.Reply(200, b"<html>", "text/html"),
        faults.Reply(200, b'{"models": "many"}', "application/json"),
        faults.Reply(200, b"\xff", "application/json"),
        faults.redirect("http://127.0.0.1:1/"),
    ],
)
async def test_without_a_list_nothing_is_sent(double: OllamaDouble, fault: Fault) -> None:
    """When nobody knows which models are local the call is refused, and the next one asks again."""
    double.fail(fault, "/api/tags")
    async with checking() as check:
        with pytest.raises(UpstreamInvalid, match=r"\[ollama\] hosts"):
            await check.check(double.url, "tiny")
        await check.check(double.url, "tiny")


async def test_a_list_is_bounded(double: OllamaDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless list does not fill the memory."""
    monkeypatch.setattr(local, "MAX_LIST", 1000)
    double.fail(faults.Reply(200, b" " * 100_000 + b"{}", "application/json"), "/api/tags")
    async with checking() as check:
        with pytest.raises(UpstreamInvalid):
            await check.check(double.url, "tiny")


async def test_an_ollama_without_models_is_fine() -> None:
    """An empty list refuses nothing; the call itself says that the model is missing."""
    async with OllamaDouble([]) as double, checking() as check:
        await check.check(double.url, "tiny")
