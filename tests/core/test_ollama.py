"""The one inference call: what it believes, how long it waits, and what it leaves behind."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import Ollama as OllamaSettings
from core.errors import (
    GatewayError,
    ModelNotFound,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from core.messages import Call, Chunk, Message
from core.ollama import Ollama
from core.principal import Principal
from core.units import Duration, Size
from tests.double import Fault, Model, OllamaDouble, Script, faults

CHAT = Call(
    kind="chat",
    dialect="openai",
    model="tiny",
    stream=True,
    request_id="req_secret",
    principal=Principal(id="secret"),
    messages=(Message(role="user", content="hi"),),
)
SENT_HEADERS = ("host", "content-type", "accept-encoding", "accept", "user-agent", "content-length")
SENTENCE = " Hello from the tiny test model today."


@asynccontextmanager
async def opened(*urls: str, **changes: Any) -> AsyncIterator[Ollama]:
    """Open the call to these addresses, without the embedded engine."""
    ollama = Ollama(OllamaSettings(hosts=urls, embedded="never", **changes))
    async with ollama.lifespan():
        yield ollama


async def ask(ollama: Ollama, call: Call = CHAT) -> list[Chunk]:
    """Return the whole answer."""
    async with aclosing(ollama.infer(call)) as chunks:
        return [chunk async for chunk in chunks]


async def fails(ollama: Ollama, call: Call = CHAT) -> tuple[GatewayError, list[Chunk]]:
    """Return the failure, and the chunks before it."""
    got: list[Chunk] = []

    async def collect() -> None:
        async with aclosing(ollama.infer(call)) as chunks:
            async for chunk in chunks:
                got.append(chunk)

    with pytest.raises(GatewayError) as caught:
        await collect()
    return caught.value, got


def text(chunks: list[Chunk]) -> str:
    """Return what the chunks say."""
    return "".join(chunk.content for chunk in chunks)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", ["chat", "generate"])
async def test_an_answer_ends_with_done_and_its_counts(
    double: OllamaDouble, kind: str, stream: bool
) -> None:
    """Streamed or whole, the last chunk is done and has the counts, and only the last."""
    call = CHAT.replace(kind=kind, prompt="hi", stream=stream)
    async with opened(double.url) as ollama:
        chunks = await ask(ollama, call)
    assert text(chunks) == SENTENCE
    assert [chunk.done for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].eval_count == 8
    assert len(chunks) == (9 if stream else 1)


async def test_embeddings_are_one_chunk(double: OllamaDouble) -> None:
    """An embedding is an answer of one chunk with a vector for each text."""
    async with opened(double.url) as ollama:
        call = CHAT.replace(kind="embed", model="tiny-embed", stream=False, inputs=("a", "b"))
        (chunk,) = await ask(ollama, call)
    assert [len(vector) for vector in chunk.embeddings] == [64, 64]
    assert chunk.done


# ---- any chunking


class _Cuts(Fault):
    def __init__(self, sizes: list[int], gather: int) -> None:
        self._sizes = itertools.cycle(sizes)
        self.gather = gather

    def writes(self, framed: bytes) -> Iterator[tuple[bytes, float]]:
        """Cut at the sizes."""
        start = 0
        while start < len(framed):
            size = next(self._sizes)
            yield framed[start : start + size], 0.0
            start += size


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.integers(1, 5), st.booleans())
async def test_any_chunking_of_the_answer_says_the_same(
    sizes: list[int], gather: int, stream: bool
) -> None:
    """However TCP cuts the answer, objects, characters and framing are put together again."""
    tokens = ("a\u0085b", "😀", "\u2028", "x" * 300, '{"done":true}\n')
    async with OllamaDouble() as double, opened(double.url) as ollama:
        double.script(Script(tokens=tokens, fault=_Cuts(sizes, gather)))
        chunks = await ask(ollama, CHAT.replace(stream=stream))
    assert text(chunks) == "".join(tokens)
    assert chunks[-1].done


# ---- failures


@pytest.mark.parametrize(
    ("fault", "kind", "says", "before"),
    [
        (faults.ErrorLine(3, "llama runner died"), UpstreamFailed, "llama runner died", 3),
        (faults.EndWithoutDone(), UpstreamInvalid, "stopped before its end", 8),
        (faults.EndWithoutDone(2), UpstreamInvalid, "stopped before its end", 2),
        (faults.EndWithoutDone(2, clean=False), UpstreamInvalid, "broke", 2),
        (faults.EndWithoutDone(0), UpstreamInvalid, "stopped before its end", 0),
        (faults.Reset(2), UpstreamInvalid, "broke", None),
        (faults.Reset(None), UpstreamInvalid, "try again", 0),
        (faults.RawLine(b"<html>\n", 1), UpstreamInvalid, "not an answer of its own", 1),
        (faults.RawLine(b"[]\n", 0), UpstreamInvalid, "not an answer of its own", 0),
        (faults.RawLine(b"\xff\xfe\n", 0), UpstreamInvalid, "not an answer of its own", 0),
        (faults.ContentType(), UpstreamInvalid, "[ollama] hosts", 0),
        (faults.Gzip(), UpstreamInvalid, "[ollama] hosts", 0),
        (faults.bad_gateway(), UpstreamInvalid, "[ollama] hosts", 0),
        (faults.Reply(200, b"<html>", "text/html"), UpstreamInvalid, "[ollama] hosts", 0),
        (faults.Reply(200, b"", "application/json"), UpstreamInvalid, "before its end", 0),
        (faults.runner_gone(), UpstreamFailed, "unexpectedly stopped", 0),
    ],
)
async def test_failures_of_an_answer(
    double: OllamaDouble, fault: Fault, kind: type, says: str, before: int | None
) -> None:
    """What breaks is an error of its kind, after exactly the chunks that came before it."""
    double.script(Script(fault=fault))
    async with opened(double.url) as ollama:
        error, chunks = await fails(ollama)
        assert type(error) is kind
        assert says in error.message
        assert before in (None, len(chunks))
        assert text(await ask(ollama)) == SENTENCE  # the next call is well


async def test_a_blank_line_is_no_answer_and_no_error(double: OllamaDouble) -> None:
    """Empty lines between objects are passed over."""
    double.script(Script(fault=faults.RawLine(b"\n\n", 2)))
    async with opened(double.url) as ollama:
        assert text(await ask(ollama)) == SENTENCE


async def test_a_connection_that_breaks_between_two_reads(double: OllamaDouble) -> None:
    """A reset that arrives while nobody reads is the same error as one during a read."""
    double.script(Script(fault=faults.Reset(1)))
    async with opened(double.url) as ollama, aclosing(ollama.infer(CHAT)) as chunks:
        assert (await anext(chunks)).content == " Hello"
        await double.received[-1].finished.wait()
        connection = next(iter(ollama._session.connector._acquired))  # type: ignore[union-attr]
        if (closed := connection.closed) is not None:
            await asyncio.wait([closed], timeout=5)
        with pytest.raises(UpstreamInvalid, match="broke"):
            await anext(chunks)


async def test_a_redirect_is_not_followed(double: OllamaDouble) -> None:
    """A redirect is a 502, and its target is never asked."""
    async with OllamaDouble() as elsewhere, opened(double.url) as ollama:
        double.fail(faults.redirect(f"{elsewhere.url}/api/chat"), "/api/chat")
        error, _ = await fails(ollama)
        assert elsewhere.received == []
    assert error.status == 502


async def test_an_error_in_many_pieces_is_read_whole(double: OllamaDouble) -> None:
    """The body of a failure may arrive in any number of reads."""
    double.fail(faults.Split(5, pause=0.001), "/api/chat")
    async with opened(double.url) as ollama:
        error, _ = await fails(ollama, CHAT.replace(model="absent"))
    assert isinstance(error, ModelNotFound)
    assert error.message == "model 'absent' is not here: ollama pull absent"


@pytest.mark.parametrize(("stream", "limit"), [(True, "max_line"), (False, "max_answer")])
async def test_a_long_line_is_not_believed(double: OllamaDouble, stream: bool, limit: str) -> None:
    """A line is bounded, in a plain answer by the bound of the whole, so memory is too."""
    double.script(
        Script(fault=faults.long_line("tiny", 600_000))
        if stream
        else Script(tokens=["x" * 600_000])
    )
    async with opened(double.url, **{limit: Size(100_000)}) as ollama:
        error, _ = await fails(ollama, CHAT.replace(stream=stream))
    assert error.message.endswith(f"longer than [ollama] {limit}")


async def test_a_long_answer_is_cut(double: OllamaDouble) -> None:
    """A whole answer is bounded, and Ollama is told to stop."""
    double.script(Script(tokens=["x" * 10_000] * 1000))
    async with opened(double.url, max_answer=Size(100_000)) as ollama:
        error, _ = await fails(ollama)
        await double.received[-1].disconnected.wait()
    assert error.message == "Ollama's answer is longer than [ollama] max_answer"


# ---- nobody there


async def free_url() -> str:
    """Return an address where nothing listens."""
    async with OllamaDouble() as gone:
        return gone.url


async def test_a_refused_connection_says_what_to_do() -> None:
    """No Ollama is a 503 with the command that starts it, and a time to try again."""
    url = await free_url()
    async with opened(url) as ollama:
        error, _ = await fails(ollama)
    assert isinstance(error, UpstreamUnreachable)
    assert error.message == f"Ollama does not answer at {url}: start it with 'ollama serve'"
    assert error.headers()["retry-after"] == "5"


async def test_clock_1_a_connection_that_does_not_stand() -> None:
    """An address that takes no connection in time counts as one where nothing answers."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for each in (first, second):  # which fill the queue that nobody accepts from
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        async with asyncio.timeout(10), opened(url, connect_timeout=Duration(0.1)) as ollama:
            error, _ = await fails(ollama)
    assert isinstance(error, UpstreamUnreachable)


# ---- the other three clocks


async def test_clock_2_a_loaded_model_that_says_nothing(double: OllamaDouble) -> None:
    """A model in memory has `first_token_timeout` for its first token."""
    async with opened(double.url, first_token_timeout=Duration(0.2)) as ollama:
        await ask(ollama)
        double.script(Script(fault=faults.Stall()))
        async with asyncio.timeout(10):
            error, _ = await fails(ollama)
        await double.received[-1].finished.wait()
    assert isinstance(error, UpstreamTimeout)
    assert "sent no first token in time" in error.message


async def test_clock_2_waits_longer_while_the_model_loads(double: OllamaDouble) -> None:
    """A load may take longer than a first token may."""
    double.add(Model(name="slow", load_seconds=0.5))
    async with opened(double.url, first_token_timeout=Duration(0.1)) as ollama:
        assert text(await ask(ollama, CHAT.replace(model="slow"))) == SENTENCE


async def test_clock_2_ends_a_load_too(double: OllamaDouble) -> None:
    """A load has `load_timeout`."""
    double.add(Model(name="slow", load_seconds=60))
    clocks = {"first_token_timeout": Duration(0.1), "load_timeout": Duration(0.4)}
    async with (
        opened(double.url, **clocks) as ollama,
        asyncio.timeout(10),
    ):
        error, _ = await fails(ollama, CHAT.replace(model="slow"))
    assert isinstance(error, UpstreamTimeout)
    assert "load_timeout" in error.message


async def test_clock_3_between_two_tokens(double: OllamaDouble) -> None:
    """Silence between tokens ends the answer, after what came."""
    double.script(Script(fault=faults.Stall(2)))
    async with opened(double.url, token_timeout=Duration(0.2)) as ollama:
        error, chunks = await fails(ollama)
        await double.received[-1].disconnected.wait()
    assert isinstance(error, UpstreamTimeout)
    assert error.message.startswith("no token came for 0.2 s")
    assert (error.status, error.code, len(chunks)) == (504, "timeout", 2)


async def test_clock_3_is_set_anew_by_each_token(double: OllamaDouble) -> None:
    """An answer may be far longer than the pause that is allowed within it."""
    double.script(Script(tokens=["x"] * 12, pace=0.05))
    async with opened(double.url, token_timeout=Duration(0.4)) as ollama:
        assert text(await ask(ollama)) == "x" * 12


@pytest.mark.parametrize(
    ("stream", "fault"), [(True, faults.Stall(1)), (True, faults.Stall()), (False, faults.Stall())]
)
async def test_clock_4_the_whole_answer(double: OllamaDouble, stream: bool, fault: Fault) -> None:
    """The total counts for streams and whole answers, also before the first token."""
    double.script(Script(fault=fault))
    async with opened(double.url, total_timeout=Duration(0.3)) as ollama:
        error, _ = await fails(ollama, CHAT.replace(stream=stream))
    assert isinstance(error, UpstreamTimeout)
    assert error.message.startswith("the answer took longer than 0.3 s")


async def test_a_whole_answer_has_no_first_token(double: OllamaDouble) -> None:
    """Only the total clock runs for an answer that is not streamed."""
    double.script(Script(tokens=["x"] * 5, pace=0.1))
    clocks = {"first_token_timeout": Duration(0.1), "token_timeout": Duration(0.1)}
    async with opened(double.url, load_timeout=Duration(0.1), **clocks) as ollama:
        assert text(await ask(ollama, CHAT.replace(stream=False))) == "x" * 5


# ---- what is left behind


class _Counted(OllamaDouble):
    connections = 0

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        super()._connect(reader, writer)


@pytest.mark.parametrize("stream", [True, False])
async def test_connections_are_used_again(stream: bool) -> None:
    """One connection serves call after call, also after Ollama said no."""
    async with _Counted() as double, opened(double.url) as ollama:
        await ask(ollama)
        before = double.connections
        for _ in range(5):
            await ask(ollama, CHAT.replace(stream=stream))
        await fails(ollama, CHAT.replace(model="absent"))
        await ask(ollama)
        assert double.connections == before


@pytest.mark.parametrize("after", [None, 1], ids=["before the head", "mid-answer"])
async def test_closing_the_answer_closes_the_connection(
    double: OllamaDouble, after: int | None
) -> None:
    """A caller that stops early has Ollama stop at once."""
    double.script(Script(fault=faults.Stall(after)))
    async with opened(double.url) as ollama:
        chunks = ollama.infer(CHAT)
        reading = asyncio.ensure_future(anext(chunks))
        await double.wait_for(3)  # the probe, the list of models and the call
        if after:
            await reading
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await chunks.aclose()
        async with asyncio.timeout(1):
            await double.received[-1].disconnected.wait()


async def test_nothing_of_the_caller_leaks(double: OllamaDouble) -> None:
    """Ollama sees its own host name, JSON, and nothing that names a caller."""
    async with opened(double.url) as ollama:
        await ask(ollama)
    request = double.received[-1]
    names = {name.decode().lower() for name, _ in request.headers}
    assert sorted(names) == sorted(SENT_HEADERS)
    assert request.header("host") == double.url.removeprefix("http://")
    assert request.header("accept-encoding") == "identity"
    assert not any(b"secret" in value for _, value in request.headers)
    assert b"secret" not in request.body


async def test_proxies_of_the_environment_are_ignored(
    double: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts go to Ollama itself, whatever HTTP_PROXY says."""
    nowhere = await free_url()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nowhere)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with opened(double.url) as ollama:
        assert text(await ask(ollama)) == SENTENCE
        assert await ollama.models.version() == double.version
