"""Which Ollama answers: the first that does, another when it fails, the engine when none does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core import hosts as hosts_module
from core.config import Ollama as OllamaSettings
from core.errors import GatewayError, UpstreamInvalid, UpstreamUnreachable
from core.messages import Call, Chunk, Message
from core.ollama import Ollama
from core.principal import Principal
from tests.double import OllamaDouble, Script, faults
from tests.support import routing

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
async def opened(*urls: str, embedded: Any = "never") -> AsyncIterator[Ollama]:
    """Open the call to these addresses."""
    ollama = Ollama(OllamaSettings(hosts=urls, embedded=embedded))
    async with ollama.lifespan():
        yield ollama


async def ask(ollama: Ollama, call: Call = CHAT) -> list[Chunk]:
    """Return the whole answer."""
    async with aclosing(ollama.infer(call)) as chunks:
        return [chunk async for chunk in chunks]


async def found_again(ollama: Ollama) -> None:
    """Wait for the prober, which ends when it has found an Ollama."""
    assert ollama.hosts._prober is not None
    async with asyncio.timeout(5):
        await asyncio.shield(ollama.hosts._prober)
    assert not ollama.hosts.uses_embedded


def calls(double: OllamaDouble) -> int:
    """Count the chats that a double received."""
    return sum(request.path == "/api/chat" for request in double.received)


async def test_the_first_host_that_answers_is_used() -> None:
    """With all there the first is used; one that is not there at the start is passed over."""
    async with OllamaDouble() as first, OllamaDouble() as second:
        async with opened(first.url, second.url) as ollama:
            await ask(ollama)
            assert (calls(first), calls(second)) == (1, 0)
        await first.stop()
        async with opened(first.url, second.url + "/") as ollama:
            assert ollama.hosts.current == second.url
            await ask(ollama)
            assert calls(second) == 1


async def test_another_host_takes_over_and_gives_back() -> None:
    """When the host in use refuses connections, the call goes to another within itself."""
    async with (
        OllamaDouble() as first,
        OllamaDouble() as second,
        opened(first.url, second.url) as ollama,
    ):
        await ask(ollama)
        await first.stop()
        assert (await ask(ollama))[-1].done
        assert calls(second) == 1
        await first.start()
        await second.stop()
        assert (await ask(ollama))[-1].done
        assert calls(first) == 2


async def test_a_failure_of_the_model_is_no_reason_for_another_host() -> None:
    """Only a connection that can't be made moves a call; an answered error is an answer."""
    async with (
        OllamaDouble() as first,
        OllamaDouble() as second,
        opened(first.url, second.url) as ollama,
    ):
        first.script(Script(fault=faults.runner_gone()))
        with pytest.raises(GatewayError):
            await ask(ollama)
        assert calls(second) == 0


async def test_what_answers_without_being_ollama_is_not_chosen() -> None:
    """A host whose version can't be read is no host."""
    async with OllamaDouble() as first, OllamaDouble() as second:
        first.fail(faults.bad_gateway(), "/api/version")
        async with opened(first.url, second.url) as ollama:
            assert ollama.hosts.current == second.url


async def test_the_report_names_every_host_without_its_password() -> None:
    """Each host is listed with whether it answers, and no user or password."""
    async with OllamaDouble() as first, OllamaDouble() as gone:
        await gone.stop()
        place = first.url.removeprefix("http://")
        async with opened(f"http://user:secret@{place}", gone.url) as ollama:
            assert await ollama.hosts.report() == [
                {"host": place, "answers": True},
                {"host": gone.url.removeprefix("http://"), "answers": False},
            ]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://user:secret@localhost:1", "http://localhost:1"),
        ("http://[::1]:1", "http://[::1]:1"),
        ("http://10.1.2.3:11434", "its configured address"),
        ("http://gpu.example.org", "its configured address"),
    ],
)
def test_only_addresses_of_this_machine_are_told(url: str, place: str) -> None:
    """Callers learn no address of another machine, and no password."""
    hosts = hosts_module.Hosts(OllamaSettings(hosts=(url,)), None, ())  # type: ignore[arg-type]
    error = hosts.unreachable()
    assert error.message == f"Ollama does not answer at {place}: start it with 'ollama serve'"


# ---- the embedded engine


async def test_the_engine_stands_in_and_hands_back() -> None:
    """With no Ollama the engine answers, marked by a header; 5 s after Ollama comes, it does."""
    async with OllamaDouble() as double:
        await double.stop()
        async with opened(double.url, embedded="auto") as ollama:
            assert ollama.hosts.uses_embedded
            call = CHAT.replace(model="localai-guide", headers={})
            assert (await ask(ollama, call))[-1].done
            assert call.headers == {"x-localai-engine": "embedded"}

            await double.start()
            await found_again(ollama)
            call = CHAT.replace(headers={})
            await ask(ollama, call)
            assert calls(double) == 1
            assert call.headers == {}


async def test_the_engine_stands_in_when_ollama_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Ollama that goes away is replaced within the call that notices."""
    monkeypatch.setattr(hosts_module, "PROBE_INTERVAL", 0.05)
    async with OllamaDouble() as double, opened(double.url, embedded="auto") as ollama:
        assert not ollama.hosts.uses_embedded
        await double.stop()
        assert (await ask(ollama, CHAT.replace(model="localai-guide")))[-1].done
        await double.start()
        await found_again(ollama)
        assert (await ask(ollama))[-1].done


async def test_a_model_of_ollamas_is_not_missing_while_the_engine_stands_in() -> None:
    """Asked for another model, the engine says that Ollama is down, not to pull the model."""
    async with OllamaDouble() as double:
        await double.stop()
        async with opened(double.url, embedded="auto") as ollama:
            with pytest.raises(GatewayError) as caught:
                await ask(ollama)
    assert caught.value.status == 503
    assert "start it with 'ollama serve' (meanwhile the built-in model" in caught.value.message


async def test_always_uses_the_engine_though_ollama_answers(double: OllamaDouble) -> None:
    """`always` never asks Ollama, and there a missing model is missing."""
    async with opened(double.url, embedded="always") as ollama:
        assert ollama.hosts.uses_embedded
        with pytest.raises(GatewayError) as caught:
            await ask(ollama)
    assert caught.value.status == 404
    assert double.received == []


async def test_never_has_no_engine() -> None:
    """`never` leaves the call unanswered."""
    async with OllamaDouble() as double:
        await double.stop()
        async with opened(double.url) as ollama:
            assert not ollama.hosts.uses_embedded
            assert ollama.hosts.current == double.url


async def test_the_engine_stands_in_only_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ollama is on another machine, the engine does not hide that it is down."""

    async def silent(self: hosts_module.Hosts, url: str) -> bool:
        return False

    monkeypatch.setattr(hosts_module.Hosts, "_answers", silent)
    async with opened("http://192.0.2.1:11434", embedded="auto") as ollama:
        assert not ollama.hosts.uses_embedded


async def test_the_router_starts_without_ollama(tmp_path: Path) -> None:
    """A first run without Ollama serves at once, from the engine."""
    async with OllamaDouble() as double:
        await double.stop()
        toml = f'[ollama]\nhosts = ["{double.url}"]\n'
        async with routing(toml, tmp_path) as router:
            assert router.gateway.current.ollama.hosts.uses_embedded


EMBED = Call(
    kind="embed",
    dialect="ollama",
    model="localai-embed",
    stream=False,
    request_id="r",
    principal=Principal(id="me"),
    inputs=("hi",),
)


@pytest.mark.parametrize("model", ["localai-embed", "LocalAI-Embed:latest"])
async def test_the_engine_embeds_beside_ollama(double: OllamaDouble, model: str) -> None:
    """Its own model for embeddings is there with its first use, and Ollama keeps all others."""
    async with opened(double.url, embedded="auto") as ollama:
        with capture_logs() as logs:
            call = EMBED.replace(model=model, headers={})
            (chunk,) = await ask(ollama, call)
        assert len(chunk.embeddings[0]) == 384
        assert call.headers == {"x-localai-engine": "embedded"}
        assert not ollama.hosts.uses_embedded
        assert ollama.hosts.current == double.url
        assert logs == []
        call = CHAT.replace(headers={})
        await ask(ollama, call)
        assert call.headers == {}
    assert [each.path for each in double.received if each.path != "/api/tags"] == [
        "/api/version",
        "/api/chat",
    ]


async def test_one_engine_starts_for_all_who_ask_at_once(double: OllamaDouble) -> None:
    """The first uses of the model for embeddings, at the same time, share one engine."""
    async with opened(double.url, embedded="auto") as ollama:
        urls = await asyncio.gather(*(ollama.hosts.serving("localai-embed") for _ in range(8)))
    assert len(set(urls)) == 1
    assert urls[0] != double.url


async def test_never_means_that_the_engine_does_not_embed_either(double: OllamaDouble) -> None:
    """With `never`, the model for embeddings is one that Ollama doesn't have."""
    async with opened(double.url) as ollama:
        with pytest.raises(GatewayError) as caught:
            await ask(ollama, EMBED)
    assert caught.value.status == 404


async def test_an_engine_that_embeds_does_not_stand_in_for_another_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where Ollama is on another machine and down, embeddings are answered, and chats are not."""

    async def silent(self: hosts_module.Hosts, url: str) -> bool:
        return False

    monkeypatch.setattr(hosts_module.Hosts, "_answers", silent)
    async with opened("http://192.0.2.1:11434", embedded="auto") as ollama:
        assert (await ask(ollama, EMBED))[-1].done
        assert not ollama.hosts.uses_embedded
        assert ollama.hosts.current == "http://192.0.2.1:11434"


async def test_each_time_that_the_engine_stands_in_is_logged_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also when the engine runs already; the line says that Ollama is away, and how to start it."""
    monkeypatch.setattr(hosts_module, "PROBE_INTERVAL", 0.05)
    async with OllamaDouble() as double, opened(double.url, embedded="auto") as ollama:
        await ask(ollama, EMBED)
        for _ in range(2):
            await double.stop()
            with capture_logs() as logs:
                guide = CHAT.replace(model="localai-guide")
                await asyncio.gather(ask(ollama, guide), ask(ollama, guide))
                lines = [line["event"] for line in logs if line["log_level"] == "warning"]
            assert len(lines) == 1
            assert lines[0].startswith("no Ollama answers: the embedded engine does")
            await double.start()
            await found_again(ollama)


async def test_a_host_is_asked_about_itself() -> None:
    """`ask` returns what that host says, by GET or with a body by POST."""
    async with (
        OllamaDouble() as first,
        OllamaDouble(models=[]) as second,
        opened(first.url, second.url) as ollama,
    ):
        assert ollama.hosts.urls == [first.url, second.url]
        assert await ollama.hosts.ask(second.url, "/api/tags") == {"models": []}
        shown = await ollama.hosts.ask(first.url, "/api/show", {"model": "tiny"})
        assert "completion" in shown["capabilities"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (faults.Reset(None), UpstreamUnreachable),
        (faults.Reply(200, b"<html>", "application/json"), UpstreamInvalid),
        (faults.bad_gateway(), UpstreamInvalid),
        (faults.redirect("http://127.0.0.1:1/"), UpstreamInvalid),
    ],
)
async def test_what_a_host_does_not_answer_is_an_error(
    reply: faults.Fault, kind: type[GatewayError]
) -> None:
    """Whatever else comes back is refused with an error of the gateway's own."""
    async with OllamaDouble() as double, opened(double.url) as ollama:
        for _ in range(2):  # a GET on a connection that was open already is sent again
            double.fail(reply, "/api/ps")
        with pytest.raises(kind):
            await ollama.hosts.ask(double.url, "/api/ps")


async def test_a_call_goes_to_the_host_that_it_names() -> None:
    """`Call.host` is asked and no other one, also when it does not answer."""
    async with (
        OllamaDouble() as first,
        OllamaDouble() as second,
        opened(first.url, second.url) as ollama,
    ):
        await ask(ollama, CHAT.replace(host=second.url))
        chats = [sum(r.path == "/api/chat" for r in each.received) for each in (first, second)]
        assert chats == [0, 1]
        await second.stop()
        with pytest.raises(UpstreamUnreachable, match=f"127.0.0.1:{second.port}"):
            await ask(ollama, CHAT.replace(host=second.url))
    assert not any(received.path == "/api/chat" for received in first.received)
