"""An answer is sent whole or as it comes, and never passes for complete when it is not."""

from types import SimpleNamespace
from typing import Any

import pytest

from core.api.answer import STREAM_HEADERS, answer, collect
from core.config import parse
from core.errors import InvalidRequest, UpstreamInvalid
from core.inference import Inference
from core.messages import Call, Chunk, Chunks, Function, ToolCall
from core.principal import Principal

CALL = Call(
    kind="chat",
    dialect="openai",
    model="m",
    stream=True,
    request_id="r",
    principal=Principal(id="me"),
)
DONE = Chunk(done=True, eval_count=3)


async def chunks_of(*chunks: Chunk | Exception) -> Chunks:
    """Yield chunks; raise what is an exception."""
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


class _Form:
    def whole(self, answer: Chunk) -> bytes:
        return f"whole:{answer.content}".encode()

    def begin(self, first: Chunk) -> bytes:
        return b"<"

    def piece(self, chunk: Chunk) -> bytes:
        return chunk.content.encode()

    def end(self) -> bytes:
        return b">"

    def beat(self, text: str) -> bytes:
        return b"."


class _Exchange:
    """Notes what is sent, in order."""

    dialect = "openai"
    generation = SimpleNamespace(settings=parse("", None))
    started = False

    def __init__(self, *chunks: Chunk | Exception) -> None:
        self.sent: list[Any] = []
        self.closed = False
        self.inference = Inference(CALL)
        self._chunks = chunks

    def infer(self, call: Call) -> Chunks:
        self.inference = Inference(call)
        return self._handler(call)

    async def _handler(self, call: Call) -> Chunks:
        call.headers["x-cache"] = "miss"
        try:
            async for chunk in chunks_of(*self._chunks):
                yield chunk
        finally:
            self.closed = True

    async def send_json(self, body: bytes, status: int = 200, headers: Any = None) -> None:
        self.sent += [dict(headers), body]

    async def start(self, status: int, kind: bytes, headers: Any) -> None:
        self.sent += [(status, kind), dict(headers)]

    async def write(self, body: bytes, *, more: bool = True) -> None:
        self.sent.append((body, more))

    def guard_writes(self) -> None:
        pass


async def test_parts_are_collected_into_one() -> None:
    """Texts join, tool calls and vectors are kept in order, and the last chunk's counts stay."""
    tool = ToolCall(function=Function(name="f", arguments={}))
    whole = await collect(
        chunks_of(
            Chunk(content="a", thinking="x", logprobs=({"token": "a"},)),
            Chunk(content="b", tool_calls=(tool,)),
            DONE.replace(content="c", tool_calls=(tool,), embeddings=((1.0,),)),
        )
    )
    assert (whole.content, whole.thinking, whole.eval_count) == ("abc", "x", 3)
    assert whole.tool_calls == (tool, tool)
    assert (whole.logprobs, whole.embeddings) == (({"token": "a"},), ((1.0,),))


@pytest.mark.parametrize("chunks", [(), (Chunk(content="a"),)])
async def test_an_answer_without_its_end_is_an_error(chunks: tuple[Chunk, ...]) -> None:
    """Chunks without `done` are no answer."""
    with pytest.raises(UpstreamInvalid):
        await collect(chunks_of(*chunks))


async def test_a_whole_answer_is_sent_at_once() -> None:
    """With `stream` off one body is sent, with the headers that plugins have set."""
    exchange = _Exchange(Chunk(content="a"), DONE.replace(content="b"))
    await answer(exchange, CALL.replace(stream=False, headers={}), _Form())  # type: ignore[arg-type]
    assert exchange.sent == [{"x-cache": "miss"}, b"whole:ab"]
    assert exchange.closed


async def test_a_stream_begins_with_its_first_chunk() -> None:
    """Head, pieces and end are sent in order, with headers against buffering."""
    exchange = _Exchange(Chunk(content="a"), Chunk(content="b"), DONE)
    await answer(exchange, CALL.replace(headers={}), _Form())  # type: ignore[arg-type]
    (status, kind), headers, *writes = exchange.sent
    assert (status, kind) == (200, b"text/event-stream; charset=utf-8")
    assert headers == STREAM_HEADERS | {"x-cache": "miss"}
    assert writes == [(b"<ab>", True), (b"", False)]


@pytest.mark.parametrize("chunks", [(), (InvalidRequest("no"),)])
async def test_a_failure_before_the_first_chunk_sends_nothing(
    chunks: tuple[Exception, ...],
) -> None:
    """Until the first chunk a failure can still have its own status."""
    exchange = _Exchange(*chunks)
    with pytest.raises((UpstreamInvalid, InvalidRequest)):
        await answer(exchange, CALL, _Form())  # type: ignore[arg-type]
    assert exchange.sent == []
    assert exchange.closed


@pytest.mark.parametrize("last", [(), (InvalidRequest("midway"),)])
async def test_a_stream_that_breaks_has_no_end(last: tuple[Exception, ...]) -> None:
    """What came is sent, the failure is raised, and the closing frame is not sent."""
    exchange = _Exchange(Chunk(content="a"), *last)
    with pytest.raises((UpstreamInvalid, InvalidRequest)):
        await answer(exchange, CALL, _Form())  # type: ignore[arg-type]
    assert exchange.sent[2:] == [(b"<a", True)]
    assert exchange.closed
