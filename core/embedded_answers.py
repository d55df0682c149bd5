"""What the embedded engine answers, endpoint by endpoint, in the shapes of Ollama's API."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from core import hashing
from core.embedded_models import EMBED, GUIDE, MODELS, Loaded
from core.embedded_requests import (
    MAX_TEXT,
    Chat,
    Embed,
    Embeddings,
    Generate,
    Options,
    Refusal,
    Show,
    check,
    decode,
    wanted,
)
from core.guide import Guide

MAX_PENDING = 64
"""Requests that compute or wait for their turn; one more is answered by 503, as by Ollama."""
VERSION = "0.0.0"
"""No release of Ollama's; clients parse three numbers."""

_T = TypeVar("_T")

_encode = msgspec.json.Encoder().encode


class Answers:
    """The handlers, with the models behind them; `close` ends their thread."""

    def __init__(self, documents: Sequence[Path]) -> None:
        self._guide = Guide(documents)
        self._loaded = Loaded()
        self._since = time.time()
        self._pending = 0
        # One thread: more would not compute faster, and the guide must be asked one at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedded engine")

    async def close(self) -> None:
        """Wait for the thread; what it has begun takes a fraction of a second."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._thread.shutdown)

    async def root(self, _: web.Request) -> web.Response:
        """Answer GET /."""
        return web.Response(text="Ollama is running")

    async def version(self, _: web.Request) -> web.Response:
        """Answer GET /api/version."""
        return encoded({"version": VERSION})

    async def tags(self, _: web.Request) -> web.Response:
        """Answer GET /api/tags."""
        return encoded({"models": [model.listed(self._since) for model in MODELS]})

    async def running(self, _: web.Request) -> web.Response:
        """Answer GET /api/ps."""
        return encoded({"models": list(self._loaded.running())})

    async def show(self, request: web.Request) -> web.Response:
        """Answer POST /api/show."""
        return encoded(wanted(decode(await request.read(), Show)).shown(self._since))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /api/chat."""
        return await self._say(request, decode(await request.read(), Chat))

    async def generate(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /api/generate."""
        return await self._say(request, decode(await request.read(), Generate))

    async def embed(self, request: web.Request) -> web.Response:
        """Answer POST /api/embed."""
        started = time.perf_counter_ns()
        body = decode(await request.read(), Embed)
        _check_embeds(body)
        seconds, texts = body.seconds(), body.texts()
        # One by one: others get their turn, and a request that is given up ends.
        vectors = [await self._compute(_vector, text, body.dimensions) for text in texts]
        self._loaded.keep(EMBED, seconds)
        answer: dict[str, Any] = {"model": body.model, "embeddings": vectors}
        if texts:
            answer["total_duration"] = time.perf_counter_ns() - started
            answer["prompt_eval_count"] = sum(map(_tokens, texts))
        return encoded(answer)

    async def embeddings(self, request: web.Request) -> web.Response:
        """Answer POST /api/embeddings, the older form for one text."""
        body = decode(await request.read(), Embeddings)
        _check_embeds(body)
        seconds = body.seconds()
        vector = msgspec.Raw(b"[]")
        if body.prompt:
            vector = await self._compute(_vector, body.prompt[:MAX_TEXT], None)
        self._loaded.keep(EMBED, seconds)
        return encoded({"embedding": vector})

    async def _say(self, request: web.Request, body: Chat | Generate) -> web.StreamResponse:
        started = time.perf_counter_ns()
        model = wanted(body)
        seconds, texts = body.seconds(), body.texts()

        def part(text: str, **more: Any) -> dict[str, Any]:
            return {"model": body.model, "created_at": _now(), **body.said(text), **more}

        if not texts and seconds == 0:
            self._loaded.keep(model, 0)
            return encoded(part("", done=True, done_reason="unload"))
        if model is not GUIDE:
            action = "chat" if isinstance(body, Chat) else "generate"
            raise Refusal(400, f'"{body.model}" does not support {action}')
        check(body)
        await self._compute(self._guide.load)
        self._loaded.keep(GUIDE, seconds)
        if not texts:
            return encoded(part("", done=True, done_reason="load"))
        loaded = time.perf_counter_ns()
        pieces, reason = await self._compute(self._compose, body)
        ready = time.perf_counter_ns()

        def last(text: str) -> dict[str, Any]:
            ended = time.perf_counter_ns()
            metrics = {
                "total_duration": ended - started,
                "load_duration": loaded - started,
                "prompt_eval_count": sum(map(_tokens, texts)),
                "prompt_eval_duration": ready - loaded,
                "eval_count": len(pieces),
                "eval_duration": ended - ready,
            }
            # As in Go, a zero is left out.
            more = {name: value for name, value in metrics.items() if value}
            return part(text, done=True, done_reason=reason, **more)

        if body.stream is False:
            return encoded(last("".join(pieces)))
        response = web.StreamResponse(headers={"content-type": "application/x-ndjson"})
        await response.prepare(request)
        # Who has left is told nothing.
        with contextlib.suppress(ConnectionResetError):
            for piece in pieces:
                await response.write(_encode(part(piece, done=False)) + b"\n")
                # A write returns at once while the client keeps up: let others have their turn.
                await asyncio.sleep(0)
            await response.write(_encode(last("")) + b"\n")
        await response.write_eof()
        return response

    def _compose(self, body: Chat | Generate) -> tuple[list[str], str]:
        """Return the pieces of the answer, and the reason for its end."""
        text = self._guide.answer(body.question())
        if body.format == "json":
            text = _encode({"answer": text}).decode()
        return (body.options or Options()).pieces(text)

    async def _compute(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Call a function in the thread; raise `Refusal` when too many wait for it."""
        if self._pending >= MAX_PENDING:
            raise Refusal(503, "server busy, please try again.  maximum pending requests exceeded")
        self._pending += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, function, *arguments)
        finally:
            self._pending -= 1


def encoded(answer: dict[str, Any], status: int = 200) -> web.Response:
    """Return a response with this body as JSON."""
    return web.Response(
        body=_encode(answer), status=status, content_type="application/json", charset="utf-8"
    )


def _check_embeds(body: Embed | Embeddings) -> None:
    if wanted(body) is not EMBED:
        raise Refusal(501, "this model does not support embeddings")


def _vector(text: str, dimensions: int | None) -> msgspec.Raw:
    """Return the vector of a text as JSON, which takes a large batch's encoding off the loop."""
    vector = hashing.embed(text)
    if dimensions is not None and 0 < dimensions < len(vector):
        vector = hashing.cut(vector, dimensions)
    return msgspec.Raw(_encode(vector))


def _tokens(text: str) -> int:
    """Count roughly, at four characters each: there is no tokenizer."""
    return max(1, len(text) // 4)


def _now() -> str:
    """Return the moment in UTC, RFC 3339 with nanoseconds and without trailing zeros."""
    seconds, fraction = divmod(time.time_ns(), 10**9)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{fraction:09d}".rstrip("0").rstrip(".") + "Z"
