"""`POST /api/chat`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.double.answer import Dialect, Piece, Play, perform
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
from tests.double.faults import runner_status
from tests.double.go import omit_empty, timestamp
from tests.double.models import Model
from tests.double.requests import CHAT
from tests.double.script import Script
from tests.double.wire import Wire

if TYPE_CHECKING:
    from tests.double.server import OllamaDouble

_NO_IMAGES = (
    "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
)


async def chat(server: OllamaDouble, wire: Wire) -> None:
    """Answer natively."""
    await run_chat(server, wire, read(wire, CHAT), Dialect())


async def run_chat(
    server: OllamaDouble, wire: Wire, request: Mapping[str, Any], dialect: Dialect
) -> None:
    """Answer a decoded request in a dialect."""
    began = now()
    check_top_logprobs(request)
    asked = request.get("model") or ""
    model = await find(server, wire, asked, Failure(400, "model is required"), not_found(asked))
    messages = request.get("messages") or []
    stream = request.get("stream") is not False
    if not messages and request.get("keep_alive") == 0:
        server.scheduler.expire(model)
        return await dialect.single(wire, _empty(asked, "unload"), stream)
    if model.remote_host:
        await send_away(server, wire)
    require(model, asked, "chat", *(["tools"] if request.get("tools") else []))
    think = may_think(model, asked, request.get("think"))
    script = server.next_script(wire.received) if messages else Script()
    if any(message.get("images") for message in messages):
        script = without_images(script, model, server.modern)
    async with loaded(server, model, request) as runner:
        if not messages:
            return await dialect.single(wire, _empty(asked, "load"), stream)
        play = Play(
            script=script,
            request=request,
            prompt=" ".join(message.get("content", "") for message in messages),
            think=think,
            calls_at_end=model.native and server.modern,
            began_ns=began,
            load_ns=now() - began,
        )
        async with runner.slots:
            await perform(wire, play, lambda piece: shape(asked, piece), dialect, stream)


def without_images(script: Script, model: Model, modern: bool) -> Script:
    """Make the runner of a text model refuse images, as it does since 0.30."""
    if model.can("vision") or not modern:
        return script
    return replace(script, fault=runner_status(500, "server_error", _NO_IMAGES))


def shape(asked: str, piece: Piece) -> dict[str, Any]:
    """Make a chat object of a piece."""
    return {
        "model": asked,
        "created_at": timestamp(time.time_ns()),
        "message": {
            "role": "assistant",
            "content": piece.content,
            **omit_empty(thinking=piece.thinking, tool_calls=piece.tool_calls),
        },
        "done": piece.done,
        **omit_empty(done_reason=piece.done_reason, logprobs=piece.logprobs),
        **(piece.metrics or {}),
    }


def _empty(asked: str, reason: str) -> dict[str, Any]:
    return shape(asked, Piece(done=True, done_reason=reason))
