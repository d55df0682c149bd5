"""`POST /api/generate`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.double.answer import Dialect, Piece, Play, perform
from tests.double.chat import without_images
from tests.double.common import (
    check_top_logprobs,
    find,
    loaded,
    may_think,
    not_found,
    now,
    read,
    require,
    send_away,
)
from tests.double.failures import Failure
from tests.double.go import omit_empty, timestamp
from tests.double.requests import GENERATE
from tests.double.script import Script
from tests.double.wire import Wire

if TYPE_CHECKING:
    from tests.double.server import OllamaDouble


async def generate(server: OllamaDouble, wire: Wire) -> None:
    """Answer natively."""
    await run_generate(server, wire, read(wire, GENERATE), Dialect())


async def run_generate(
    server: OllamaDouble, wire: Wire, request: Mapping[str, Any], dialect: Dialect
) -> None:
    """Answer a decoded request in a dialect."""
    began = now()
    check_top_logprobs(request)
    asked = request.get("model") or ""
    model = await find(server, wire, asked, not_found(asked), not_found(asked))
    if model.remote_host:
        await send_away(server, wire)
    prompt = request.get("prompt") or ""
    stream = request.get("stream") is not False
    if not prompt and request.get("keep_alive") == 0:
        server.scheduler.expire(model)
        return await dialect.single(wire, _empty(asked, "unload"), stream)
    _check(request)
    if model.can("image"):
        raise Failure(400, "image generation models are not currently supported")
    require(model, asked, "generate", *(["insert"] if request.get("suffix") else []))
    think = may_think(model, asked, request.get("think"))
    script = server.next_script(wire.received) if prompt else Script()
    if request.get("images"):
        script = without_images(script, model, server.modern)
    async with loaded(server, model, request) as runner:
        if not prompt:
            return await dialect.single(wire, _empty(asked, "load"), stream)
        template = request.get("template") or ""
        if template.count("{{") > template.count("}}"):
            raise Failure(500, "template: :1: unclosed action")
        play = Play(
            script=script,
            request=request,
            prompt=prompt,
            think=think,
            calls_at_end=True,
            began_ns=began,
            load_ns=now() - began,
        )
        raw = bool(request.get("raw"))
        async with runner.slots:
            await perform(wire, play, lambda piece: _shape(asked, piece, raw), dialect, stream)


def _check(request: Mapping[str, Any]) -> None:
    if request.get("raw") and any(request.get(key) for key in ("template", "system", "context")):
        raise Failure(400, "raw mode does not support template, system, or context")


def _shape(asked: str, piece: Piece, raw: bool) -> dict[str, Any]:
    metrics = piece.metrics or {}
    tokens = metrics.get("prompt_eval_count", 0) + metrics.get("eval_count", 0)
    return {
        "model": asked,
        "created_at": timestamp(time.time_ns()),
        "response": piece.content,
        **omit_empty(thinking=piece.thinking),
        "done": piece.done,
        **omit_empty(
            done_reason=piece.done_reason,
            context=[] if raw else list(range(1, tokens + 1)),
        ),
        **metrics,
        **omit_empty(tool_calls=piece.tool_calls, logprobs=piece.logprobs),
    }


def _empty(asked: str, reason: str) -> dict[str, Any]:
    return _shape(asked, Piece(done=True, done_reason=reason), raw=True)
