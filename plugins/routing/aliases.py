"""Names that stand for models: aliases, and `default` for the one to use. Fails closed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from localai import Call, Gateway, GatewayError, Lister, Listing, Models, full_name, hookimpl
from plugins.routing.default import default_model
from plugins.routing.listing import ABOUT, standing_for

DEFAULT = "default"
FRESH = 5.0
"""Seconds that a choice of the default model is kept."""
MODEL = "x-localai-model"
ROUTE = "x-localai-route"


class Aliases:
    """Replaces an alias by its model, and says in `x-localai-model` which one it took."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.aliases]."""

        default: str = ""
        """Model for the name "default"; empty takes a loaded or else the newest chat model."""
        aliases: dict[str, str] = {}
        """Other names for models or policies: { "gpt-4o" = "llama3.2" }."""

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
    async def before_inference(self, call: Call) -> Call:
        """Put the model's own name in place of the alias."""
        model = await self._model(call)
        call.headers[MODEL] = model
        if model == call.model:
            return call
        call.headers[ROUTE] = f"alias {call.model}"
        return call.replace(model=model)

    @hookimpl
    def around_models(self, next: Lister) -> Lister:
        """List the aliases too, and `default`, each described as its model is."""

        async def listed(listing: Listing) -> Models:
            models = await next(listing)
            by_name = {full_name(model["name"]).lower(): model for model in models}
            made = []
            for name, target in self._config.aliases.items():
                model = by_name.get(full_name(target).lower())
                if model is not None:
                    about = model.get(ABOUT) or {"model": model["name"]}
                    made.append(standing_for(name, model, {**about, "alias_of": target}))
            made += await self._listed_default(by_name)
            taken = {full_name(entry["name"]).lower() for entry in made}
            return made + [
                model for model in models if full_name(model["name"]).lower() not in taken
            ]

        return listed

    async def _listed_default(self, by_name: Mapping[str, Any]) -> Models:
        """Return the entry of `default`; none where the name is taken, or there is no model."""
        if full_name(DEFAULT) in by_name or self.target(DEFAULT) != DEFAULT:
            return []
        try:
            name = await self._default("completion")
        except GatewayError:
            return []
        model = by_name.get(full_name(name).lower())
        return [] if model is None else [standing_for(DEFAULT, model, {"model": model["name"]})]

    def target(self, name: str) -> str:
        """Return what an alias stands for; any other name as it is."""
        name_given, name = name, name.lower()
        for spelling in (name, name.removesuffix(":latest")):
            if spelling in self._aliases:
                return self._aliases[spelling]
        return name_given

    async def _model(self, call: Call) -> str:
        target = self.target(call.model)
        if target is not call.model:
            return target
        if call.model.lower().removesuffix(":latest") != DEFAULT:
            return call.model
        return await self._default("embedding" if call.kind == "embed" else "completion")

    async def _default(self, capability: str) -> str:
        """Return the model for who names none; raise `ModelNotFound`."""
        if self._config.default and capability == "completion":
            return self._config.default
        now = asyncio.get_running_loop().time()
        until, model = self._chosen.get(capability, (0.0, ""))
        if until <= now:
            model = await default_model(self._gateway, capability)
            self._chosen[capability] = (now + FRESH, model)
        return model
