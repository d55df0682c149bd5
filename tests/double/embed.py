"""`POST /api/embed` and the older `POST /api/embeddings`."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.double.common import find, loaded, not_found, not_pulled, now, read
from tests.double.failures import Failure
from tests.double.faults import no_embeddings
from tests.double.go import Floats, dumps, omit_empty
from tests.double.models import Model
from tests.double.requests import EMBED, EMBEDDINGS
from tests.double.wire import JSON_UTF8, Wire

if TYPE_CHECKING:
    from tests.double.server import OllamaDouble

_OLD_REFUSAL = "this model does not support embeddings"


async def embed(server: OllamaDouble, wire: Wire) -> None:
    """Answer natively."""
    answer = await run_embed(server, wire, read(wire, EMBED))
    await wire.send(200, dumps(answer), JSON_UTF8)
    wire.received.tell(answer)


async def run_embed(server: OllamaDouble, wire: Wire, request: Mapping[str, Any]) -> dict[str, Any]:
    """Make the native answer to a decoded request."""
    began = now()
    asked = request.get("model") or ""
    model = await find(server, wire, asked, not_found(asked), not_pulled(asked))
    texts = _texts(request.get("input"))
    async with loaded(server, model, request) as runner:
        load = now() - began
        if not texts:
            return {"model": asked, "embeddings": []}
        _require(server, model)
        context = min(runner.options["num_ctx"], model.context_length)
        if request.get("truncate") is False and any(len(t.split()) > context for t in texts):
            raise Failure(400, "the input length exceeds the context length")
        dimensions = request.get("dimensions") or 0
        async with runner.slots:
            vectors = [vector(text, model.embedding_length, dimensions) for text in texts]
        counts = omit_empty(
            total_duration=now() - began,
            load_duration=load,
            prompt_eval_count=sum(len(text.split()) for text in texts),
        )
        return {"model": asked, "embeddings": vectors, **counts}


async def embeddings(server: OllamaDouble, wire: Wire) -> None:
    """Answer in the older shape: one vector, not normalised."""
    request = read(wire, EMBEDDINGS)
    asked = request.get("model") or ""
    empty = Failure(400, "model is required")
    model = await find(server, wire, asked, empty, not_pulled(asked))
    prompt = request.get("prompt") or ""
    async with loaded(server, model, request) as runner:
        answer: list[float] = []
        if prompt:
            try:
                _require(server, model)
            except Failure as failure:
                raise Failure(500, failure.text) from None
            async with runner.slots:
                answer = list(raw_vector(prompt, model.embedding_length))
        await wire.send(200, dumps({"embedding": answer}), JSON_UTF8)


def vector(text: str, size: int, dimensions: int = 0) -> Floats:
    """Make a text's unit vector, cut to `dimensions` if these are fewer, as float32."""
    full = _unit(raw_vector(text, size))
    return _unit(full[:dimensions]) if 0 < dimensions < size else full


def raw_vector(text: str, size: int) -> Floats:
    """Make a text's vector before it is normalised: numbers from -1 to 1 out of a hash."""
    stream = hashlib.shake_256(text.encode()).digest(2 * size)
    return _float32(number / 2**15 for number in struct.unpack(f"<{size}h", stream))


def _unit(values: Sequence[float]) -> Floats:
    length = math.sqrt(math.fsum(value * value for value in values))
    return _float32(value / length for value in values)


def _float32(values: Any) -> Floats:
    packed = list(values)
    layout = f"<{len(packed)}f"
    return Floats(struct.unpack(layout, struct.pack(layout, *packed)))


def _texts(given: Any) -> list[str]:
    if given is None or given == "":
        return []
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and all(isinstance(item, str) for item in given):
        return given
    raise Failure(400, "invalid input type")


def _require(server: OllamaDouble, model: Model) -> None:
    if not model.pooling:
        raise Failure(501, no_embeddings().text if server.modern else _OLD_REFUSAL)
