"""Vectors of questions, made by a model through the whole chain, so that they are cached too."""

import asyncio
from contextlib import aclosing
from contextvars import Context

import structlog

from localai import Call, Gateway, GatewayError, Principal, full_name
from plugins.cache.seldom import Seldom
from plugins.cache.semantic.vectors import Vector, unit

log = structlog.get_logger("cache")


class Embedder:
    """Asks a model for vectors; one that fails or takes too long gives none."""

    def __init__(self, gateway: Gateway, model: str, timeout: float) -> None:
        self._gateway = gateway
        self.model = full_name(model).lower()
        self._timeout = timeout
        self._report = Seldom()
        self.failures = 0
        """Questions that got no vector."""

    async def vector(self, text: str, call: Call) -> Vector | None:
        """Return the vector of a call's question, or `None`."""
        # What plugins note of the request that runs, such as its model, stays that request's.
        asking = asyncio.create_task(
            embed(self._gateway, self.model, (text,), call.principal.on_behalf(), call.request_id),
            name="embed a question",
            context=Context(),
        )
        try:
            async with asyncio.timeout(self._timeout):
                (vector,) = await asking
        except TimeoutError:
            self._failed(f"no vector within {self._timeout:g} s")
            return None
        except GatewayError as error:
            self._failed(error.message)
            return None
        if vector is None:
            self._failed("a vector with nothing in it")
        return vector

    def _failed(self, reason: str) -> None:
        self.failures += 1
        if self._report.is_due():
            log.warning("questions can't be compared", model=self.model, reason=reason)


async def embed(
    gateway: Gateway, model: str, texts: tuple[str, ...], principal: Principal, request_id: str
) -> list[Vector | None]:
    """Return the vector of each text, `None` for one that is unusable; raise `GatewayError`."""
    call = Call(
        kind="embed",
        model=model,
        inputs=texts,
        stream=False,
        dialect="ollama",
        request_id=request_id,
        principal=principal,
    )
    found: list[Vector | None] = []
    async with aclosing(gateway.infer(call)) as chunks:
        async for chunk in chunks:
            found += [unit(values) for values in chunk.embeddings]
    return found if len(found) == len(texts) else [None] * len(texts)
