"""Pins the context that models are loaded with, and refuses what does not fit it. Fails closed.

Ollama loads a model anew when a request names another `num_ctx`, and forgets the beginning of a
prompt that is too long without a word. Here each model has one size, which grows by a bucket when
a request needs that; whatever fits no bucket is refused.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from localai import Call, Chunks, ContextTooLong, Gateway, Handler, hookimpl
from plugins.routing.catalogue.model import Model
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.context.size import bucket, prompt_size

ANSWER = 256
"""Tokens that must be left for an answer, where the caller does not say how many it may have."""
UNPINNED = {
    "num_batch": None,
    "num_gpu": None,
    "main_gpu": None,
    "use_mmap": None,
    "num_thread": None,
    "draft_num_predict": None,
}
"""Options that make Ollama load a model anew, as `num_ctx` does (`needsReload` in sched.go)."""


class Bounds(NamedTuple):
    """What a model may be loaded with, in tokens."""

    usual: int
    most: int


class ContextGuard:
    """Replaces what callers say of the context by what the model has or needs."""

    fail_mode = "closed"
    needs = ("routing.catalogue",)

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.context]."""

        usual: Annotated[int, Meta(ge=512)] = 16_384
        """Tokens that models are loaded with, unless the catalogue or their file says otherwise."""
        most: Annotated[int, Meta(ge=512)] = 65_536
        """Tokens that a long request may raise that to; a model's training may allow less."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Remember whom to ask for the models."""
        self._gateway = gateway
        yield

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Give each call the size of its model, and one that Ollama finds too long the largest."""

        async def fitting(call: Call) -> Chunks:
            fitted, most = await self._fitted(call)
            begun = False
            try:
                async with aclosing(next(fitted)) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
                return
            except ContextTooLong:
                # The estimate was too small: Ollama has counted.
                if begun or (fitted.options.num_ctx or most) >= most:
                    raise
            options = fitted.options.replace(num_ctx=most)
            async with aclosing(next(fitted.replace(options=options))) as chunks:
                async for chunk in chunks:
                    yield chunk

        return fitting

    def bounds(self, model: Model) -> Bounds:
        """Return the size that a model is loaded with, and the largest one that it may get."""
        trained = model.facts.context_length or self._config.most
        usual = min(model.num_ctx or model.facts.num_ctx or self._config.usual, trained)
        pinned = model.num_ctx or max(usual, self._config.most)
        return Bounds(usual, min(pinned, trained))

    async def _fitted(self, call: Call) -> tuple[Call, int]:
        """Return a call with its size, and the largest size; raise `ContextTooLong`."""
        catalogue = self._gateway.find(Catalogue)
        if catalogue is None:
            return call, 0
        if not catalogue.models:
            await catalogue.ready()
        model = catalogue.find(call.model)
        if model is None:
            return call, 0  # the embedded engine's, or none that is here
        bounds = self.bounds(model)
        prompt = prompt_size(call)
        wanted = call.options.num_predict
        answer = wanted if wanted is not None and wanted > 0 else ANSWER
        if call.kind == "embed":
            answer = 0
        if prompt + min(answer, ANSWER) > bounds.most:
            raise ContextTooLong(
                f"this is about {prompt} tokens, and model '{model.name}' takes {bounds.most} "
                "with its answer: shorten it, or choose a model with a longer context",
                param={"embed": "input", "generate": "prompt"}.get(call.kind, "messages"),
            )
        size: int | None = model.num_ctx or None
        if call.kind != "embed":
            size = self._size(min(prompt + answer, bounds.most), model, bounds, catalogue)
        return call.replace(
            options=call.options.replace(**UNPINNED, num_ctx=size),
            # What is cut off in silence is what the answer needed: Ollama must say so, or stop.
            truncate=False if call.truncate is None else call.truncate,
            shift=False if call.shift is None and call.kind != "embed" else call.shift,
        ), bounds.most

    def _size(self, need: int, model: Model, bounds: Bounds, catalogue: Catalogue) -> int:
        """Return the context to ask for: what is loaded, if that will do."""
        loaded = [catalogue.loaded(host, model.name) for host in model.hosts]
        enough = [each.num_ctx for each in loaded if each is not None and each.num_ctx >= need]
        if enough:
            return min(enough)
        return bounds.usual if need <= bounds.usual else bucket(need, bounds.most)
