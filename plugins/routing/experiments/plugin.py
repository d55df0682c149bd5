"""Compare models on real requests: each user has one of them, and what comes of it is counted.
Fails closed.

It looks at requests before and after; in the way of an answer it does not stand.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct

from localai import (
    Call,
    Duration,
    Gateway,
    Handler,
    Measure,
    SettingsError,
    full_name,
    hookimpl,
    inference_of,
)
from plugins.routing.experiments import routes
from plugins.routing.experiments.measures import measures
from plugins.routing.experiments.settings import Experiment, Name
from plugins.routing.experiments.shadows import Shadows
from plugins.routing.experiments.tally import Tally
from plugins.routing.experiments.trial import Trial

HEADER = "x-localai-variant"
MOST = 16
"""Experiments at a time."""


class Experiments:
    """Deals requests to variants, and counts what becomes of them."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.experiments]."""

        experiments: Annotated[dict[Name, Experiment], Meta(max_length=MOST)] = {}
        """By name: { answers = { model = "chat", variants = { "qwen2.5:7b" = 0.8, … } } }."""
        shadows: Annotated[int, Meta(ge=0, le=100)] = 2
        """Most requests to shadows that run at a time; what is above that has none."""
        shadow_deadline: Duration = Duration(120)
        """How long a request to a shadow may take."""

    def __init__(self, config: Config) -> None:
        self._trials: dict[str, Trial] = {}
        self._tallies: dict[str, Tally] = {}
        """By what the header of an answer says."""
        self.shadows = Shadows(running=config.shadows, deadline=config.shadow_deadline)
        self._gateway: Gateway
        self._next: Handler | None = None
        self._since = datetime.now(UTC).isoformat(timespec="seconds")
        for name, settings in config.experiments.items():
            key = _key(settings.model)
            if key in self._trials:
                both = f"'{self._trials[key].name}' and '{name}'"
                raise SettingsError(f"experiments: {both} are for the same model: leave one out")
            if not any(settings.variants.values()):
                raise SettingsError(f"experiments: '{name}' has no variant with a weight above 0")
            self._trials[key] = trial = Trial(name, settings)
            for variant, tally in trial.tallies.items():
                self._tallies[f"{name}={variant}"] = tally

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """End what runs in the shadow."""
        self._gateway = gateway
        try:
            yield
        finally:
            await self.shadows.close()

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Remember whom shadows are asked of."""
        self._next = next
        return next

    @hookimpl
    async def before_inference(self, call: Call) -> Call:
        """Give a call its variant. Embeddings have none: vectors of two models never mix."""
        trial = self._trials.get(_key(call.model)) if self._trials else None
        if trial is None or call.kind == "embed" or call.principal.is_router:
            return call
        variant = trial.variant_of(call)
        if variant is None:
            return call
        if not call.loads_only:
            trial.tallies[variant].exposures += 1
            call.headers[HEADER] = f"{trial.name}={variant}"
            if self._next is not None:
                # By the gateway, so that whoever looks at calls sees these too.
                ask = partial(self._gateway.infer, handler=self._next)
                for model in trial.shadows_of(call):
                    self.shadows.cast(call, model, ask, trial.shadows[model])
        return call.replace(model=variant)

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Count how an answer has ended."""
        if not self._trials:
            return app

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                inference = inference_of(scope)
                if inference is not None:
                    tally = self._tallies.get(inference.call.headers.get(HEADER, ""))
                    if tally is not None:
                        tally.saw(inference)

        return counted

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return the counts of all variants."""
        return measures(list(self._trials.values()))

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve what has come of each experiment."""
        return routes.routes(list(self._trials.values()), self._since)


def _key(model: str) -> str:
    return full_name(model).lower()
