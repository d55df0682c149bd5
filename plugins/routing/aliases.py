"""Names that stand for models: aliases, and `default` for the one to use. Fails closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from msgspec import Struct

from localai import Call, Chunks, Gateway, Handler, ModelNotFound, full_name, hookimpl

DEFAULT = "default"
FRESH = 5.0
"""Seconds that a choice of the default model is kept."""


class Aliases:
    """Replaces an alias by its model, and says in `x-localai-model` which one it took."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.aliases]."""

        default: str = ""
        """Model for the name "default"; empty takes a loaded or else the newest chat model."""
        aliases: dict[str, str] = {}
        """Other names for models: { "gpt-4o" = "llama3.2" }."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._aliases = {name.lower(): model for name, model in config.aliases.items()}
        self._chosen: dict[str, tuple[float, str]] = {}

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Remember whom to ask for the models."""
        self._gateway = gateway
        yield

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Put the model's own name in place of the alias."""

        async def renamed(call: Call) -> Chunks:
            model = await self._model(call)
            if model != call.model:
                call = call.replace(model=model)
            call.headers["x-localai-model"] = model
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

        return renamed

    async def _model(self, call: Call) -> str:
        name = call.model.lower()
        for spelling in (name, name.removesuffix(":latest")):
            if spelling in self._aliases:
                return self._aliases[spelling]
        if name.removesuffix(":latest") != DEFAULT:
            return call.model
        capability = "embedding" if call.kind == "embed" else "completion"
        if self._config.default and capability == "completion":
            return self._config.default
        now = asyncio.get_running_loop().time()
        until, model = self._chosen.get(capability, (0.0, ""))
        if until <= now:
            model = await self._choose(capability)
            self._chosen[capability] = (now + FRESH, model)
        return model

    async def _choose(self, capability: str) -> str:
        """Return a model in memory, or else the newest one."""
        models = self._gateway.models
        fitting: list[str] = [
            each["name"] for each in await models.installed() if _can(each, capability)
        ]
        if not fitting:
            example = "nomic-embed-text" if capability == "embedding" else "llama3.2"
            raise ModelNotFound(f"no fitting model is here yet: ollama pull {example}")
        loaded = {full_name(each["name"]) for each in await models.loaded()}
        return next((name for name in fitting if full_name(name) in loaded), fitting[0])


def _can(model: dict[str, Any], capability: str) -> bool:
    """Say whether a model can do it; Ollama before 0.30 does not tell, so its family must."""
    if capabilities := model.get("capabilities"):
        return capability in capabilities
    family = str((model.get("details") or {}).get("family", ""))
    return ("bert" in family) == (capability == "embedding")
