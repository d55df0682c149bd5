"""Endpoints that change what is installed: pull, push, create, copy, delete, blobs."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.double.common import find, not_found, read
from tests.double.failures import Failure, RunnerFailure
from tests.double.go import dumps, quote
from tests.double.models import Model
from tests.double.names import BadNameError, BothSourcesError, NoNameError, parse, refer
from tests.double.requests import COPY, CREATE, DELETE, PULL, PUSH
from tests.double.wire import JSON, NDJSON, Wire

if TYPE_CHECKING:
    from tests.double.server import OllamaDouble

_DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}")
_INVALID_NAME = "invalid model name"

Progress = AsyncGenerator[dict[str, Any], None]


async def pull(server: OllamaDouble, wire: Wire) -> None:
    """Pretend to download a model that `server.remote` has."""
    request = read(wire, PULL)
    asked = request.get("model") or request.get("name") or ""
    try:
        refer(asked)
    except BothSourcesError as error:
        raise Failure(400, str(error)) from None
    except (NoNameError, BadNameError):
        raise Failure(400, _INVALID_NAME) from None
    await _report(wire, _pull(server, asked), request.get("stream") is not False)


async def _pull(server: OllamaDouble, asked: str) -> Progress:
    yield {"status": "pulling manifest"}
    model = server.remote.find(parse(asked))
    if model is None:
        raise RunnerFailure(500, "pull model manifest: file does not exist")
    layer = {"status": f"pulling {model.digest[:12]}", "digest": f"sha256:{model.digest}"}
    yield {**layer, "total": model.size}
    yield {**layer, "total": model.size, "completed": model.size // 2}
    yield {**layer, "total": model.size, "completed": model.size}
    yield {"status": "verifying sha256 digest"}
    yield {"status": "writing manifest"}
    server.models.add(replace(model, modified_ns=time.time_ns()))
    yield {"status": "success"}


async def push(server: OllamaDouble, wire: Wire) -> None:
    """Pretend to upload a model."""
    request = read(wire, PUSH)
    asked = request.get("model") or request.get("name") or ""
    if not asked:
        raise Failure(400, "model is required")
    await _report(wire, _push(server, asked), request.get("stream") is not False)


async def _push(server: OllamaDouble, asked: str) -> Progress:
    yield {"status": "retrieving manifest"}
    model = server.models.find(parse(asked))
    if model is None:
        yield {"status": "couldn't retrieve manifest"}
        raise RunnerFailure(500, "file does not exist")
    layer = {"status": f"pushing {model.digest[:12]}", "digest": f"sha256:{model.digest}"}
    yield {**layer, "total": model.size, "completed": model.size}
    yield {"status": "pushing manifest"}
    yield {"status": "success"}


async def create(server: OllamaDouble, wire: Wire) -> None:
    """Make a model from another one or from an uploaded GGUF file."""
    request = read(wire, CREATE)
    name = parse(request.get("model") or request.get("name") or "")
    if not name.valid:
        raise Failure(400, _INVALID_NAME)
    await _report(wire, _create(server, request), request.get("stream") is not False)


async def _create(server: OllamaDouble, request: dict[str, Any]) -> Progress:
    name = parse(request.get("model") or request.get("name") or "")
    files = request.get("files") or {}
    if request.get("from"):
        base = server.models.find(parse(request["from"]))
        if base is None:
            raise RunnerFailure(500, "pull model manifest: file does not exist")
    elif files:
        blobs = [server.blobs.get(str(digest)) for digest in files.values()]
        if not all(blob and blob.startswith(b"GGUF") for blob in blobs):
            raise RunnerFailure(400, "supplied file was not in GGUF format")
        yield {"status": "parsing GGUF"}
        base = Model(name=name.short)
    else:
        raise RunnerFailure(400, "neither 'from' or 'files' was specified")
    yield {"status": f"using existing layer sha256:{base.digest}"}
    made = replace(
        base,
        name=name.short,
        digest=hashlib.sha256(dumps(request)).hexdigest(),
        template=request.get("template") or base.template,
        system=request.get("system") or base.system,
        parameters={**base.parameters, **(request.get("parameters") or {})},
        modified_ns=time.time_ns(),
    )
    yield {"status": "writing manifest"}
    server.models.add(made)
    yield {"status": "success"}


async def copy(server: OllamaDouble, wire: Wire) -> None:
    """Install a model under a second name."""
    request = read(wire, COPY)
    names = {key: request.get(key) or "" for key in ("source", "destination")}
    for key, text in names.items():
        if not parse(text).valid:
            raise Failure(400, f"{key} {quote(text)} is invalid")
    source = server.models.find(parse(names["source"]))
    if source is None:
        raise Failure(404, f"model {quote(names['source'])} not found")
    server.models.copy(source, parse(names["destination"]))
    await wire.send(200, b"", "")


async def delete(server: OllamaDouble, wire: Wire) -> None:
    """Remove a model."""
    request = read(wire, DELETE)
    asked = request.get("model") or request.get("name") or ""
    if asked and not parse(asked).valid:
        raise Failure(400, f"name {quote(asked)} is invalid")
    required = Failure(400, "model is required")
    model = await find(server, wire, asked, required, not_found(asked))
    server.scheduler.expire(model)
    server.models.remove(model.name)
    await wire.send(200, b"", "")


async def has_blob(server: OllamaDouble, wire: Wire) -> None:
    """Tell whether a blob is there."""
    digest = _digest(wire)
    if digest not in server.blobs:
        raise Failure(404, f"blob {quote(digest)} not found")
    await wire.send(200, b"", "")


async def add_blob(server: OllamaDouble, wire: Wire) -> None:
    """Keep a blob."""
    digest = _digest(wire)
    if digest in server.blobs:
        return await wire.send(200, b"", "")
    got = f"sha256:{hashlib.sha256(wire.received.body).hexdigest()}"
    if got != digest:
        raise Failure(400, f"digest mismatch, expected {quote(digest)}, got {quote(got)}")
    server.blobs[digest] = wire.received.body
    await wire.send(201, b"", "")


def _digest(wire: Wire) -> str:
    digest = wire.received.path.rpartition("/")[2]
    if not _DIGEST.fullmatch(digest):
        raise Failure(400, "invalid digest format")
    return digest


async def _report(wire: Wire, progress: Progress, stream: bool) -> None:
    latest: dict[str, Any] = {}
    wire.start(NDJSON)
    try:
        async with aclosing(progress):
            async for latest in progress:
                if stream:
                    await wire.line(dumps(latest) + b"\n")
    except RunnerFailure as failure:
        body = dumps({"error": failure.text})
        if not wire.started:
            return await wire.send(failure.status, body, JSON)
        await wire.line(body + b"\n")
    if stream:
        await wire.end()
    else:
        await wire.send(200, dumps(latest), JSON)
