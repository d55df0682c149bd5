"""Run a call through the chain, and send what comes in the caller's wire format."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from core.api import dialects
from core.api.coalesce import send_pieces
from core.api.exchange import Exchange
from core.api.heartbeat import Heartbeat
from core.errors import UpstreamInvalid
from core.inference import Inference
from core.messages import Call, Chunk, Chunks

STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""Keep proxies from storing or holding back a stream."""


class Form(Protocol):
    """How one endpoint writes its answers."""

    def whole(self, answer: Chunk) -> bytes:
        """Return a plain answer's body."""

    def begin(self, first: Chunk) -> bytes:
        """Return what a stream starts with; empty for nothing."""

    def piece(self, chunk: Chunk) -> bytes:
        """Return the frames of one chunk, the last one (`done`) too; empty for nothing."""

    def end(self) -> bytes:
        """Return what closes a stream that ended well; empty for nothing."""

    def beat(self, text: str) -> bytes:
        """Return a sign of life, which is no part of the answer; `text` may be empty."""


async def answer(exchange: Exchange, call: Call, form: Form) -> None:
    """Answer a call, streamed or whole as it asks. Raises `GatewayError` before the first byte."""
    if not call.stream:
        body = form.whole(await whole(exchange, call))
        await exchange.send_json(body, headers=exchange.inference.headers())
        return

    async def begin() -> None:
        media = dialects.STREAM[exchange.dialect]
        exchange.guard_writes()
        await exchange.start(200, media, STREAM_HEADERS | exchange.inference.headers())

    silence = exchange.generation.settings.server.heartbeat
    heartbeat = Heartbeat(exchange, begin, form.beat, silence)
    async with aclosing(exchange.infer(call)) as chunks, heartbeat:
        first = await anext(chunks, None)
        if first is None:
            raise UpstreamInvalid("the answer is empty: try again")
        if not exchange.started:
            await begin()
        async with aclosing(_frames(form, first, chunks, exchange.inference)) as frames:
            await send_pieces(frames, exchange.write)
    await exchange.write(b"", more=False)


async def whole(exchange: Exchange, call: Call) -> Chunk:
    """Run a call through the chain, and return its answer as one chunk."""
    async with aclosing(exchange.infer(call)) as chunks:
        answer = await collect(chunks)
    return exchange.inference.saw(answer)


async def _frames(
    form: Form, first: Chunk, chunks: Chunks, inference: Inference
) -> AsyncGenerator[bytes, None]:
    first = inference.saw(first)
    if head := form.begin(first):
        yield head
    if frame := form.piece(first):
        yield frame
    async for chunk in chunks:
        chunk = inference.saw(chunk)
        if frame := form.piece(chunk):
            yield frame
    if inference.last is None:
        raise UpstreamInvalid("the answer stopped before its end: try again")
    if tail := form.end():
        yield tail


async def collect(chunks: Chunks) -> Chunk:
    """Return all chunks as one; raise `UpstreamInvalid` when the last one is missing."""
    parts = [chunk async for chunk in chunks]
    if not parts or not parts[-1].done:
        raise UpstreamInvalid("the answer stopped before its end: try again")
    if len(parts) == 1:
        return parts[0]
    return parts[-1].replace(
        content="".join(part.content for part in parts),
        thinking="".join(part.thinking for part in parts),
        tool_calls=tuple(call for part in parts for call in part.tool_calls),
        logprobs=tuple(each for part in parts for each in part.logprobs),
        embeddings=tuple(vector for part in parts for vector in part.embeddings),
    )
