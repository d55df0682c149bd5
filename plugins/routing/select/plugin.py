"""Chooses the model of requests for `auto` and other policies. Fails closed."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from localai import (
    Call,
    Duration,
    Gateway,
    Lister,
    Listing,
    Measure,
    Models,
    SettingsError,
    full_name,
    hookimpl,
)
from plugins.routing.aliases import Aliases
from plugins.routing.select.listing import with_policies
from plugins.routing.select.policy import Bounds, Policy, Share
from plugins.routing.select.room import Rules
from plugins.routing.select.route import Router
from plugins.routing.select.routes import routes
from plugins.routing.select.selector import Selector

MODEL = "x-localai-model"
ROUTE = "x-localai-route"
AUTO = "auto"
"""The policy that is there without settings."""
MOST_COUNTED = 500
"""Policies and models that are counted apart."""
OTHER = "other"
ASKED = "asked"
"""The route of a request that named its model."""


class Select:
    """Puts a model in place of a policy's name, and says in `x-localai-route` why this one."""

    fail_mode = "closed"
    needs = ("routing.catalogue", "routing.estimate")

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.select]."""

        moderate: Share = 0.3
        """Complexity from which a request is moderate; below, it is simple."""
        complex: Share = 0.6
        """Complexity from which a request is complex."""
        horizon: Duration = Duration(300)
        """Time for which what was asked counts as a forecast of what will be."""
        min_residency: Duration = Duration(30)
        """Time in memory before a model is driven out for one that is only cheaper."""
        max_latency: dict[str, Duration] = {}
        """Time for answers by key, user or tenant, if the request says none: { team = "2s" }."""
        policies: dict[str, Policy] = {}
        """Names for requests, and how a model is chosen for each; "auto" is always there."""

    def __init__(self, config: Config) -> None:
        if config.moderate > config.complex:
            raise SettingsError("moderate must not be above complex")
        if not config.horizon:
            raise SettingsError("horizon must be longer than 0s")
        policies = {AUTO: Policy()} | config.policies
        self._policies = {_key(name): policy for name, policy in policies.items()}
        self._names = {_key(name): name for name in policies}
        bounds = Bounds(moderate=config.moderate, complex=config.complex)
        rules = Rules(keep=config.horizon, min_residency=config.min_residency)
        self._selector = Selector(config.horizon, rules)
        self._router = Router(self._policies, bounds, self._selector, config.max_latency)
        self._chosen: dict[tuple[str, str], float] = {}

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Remember whom to ask for models, hosts and costs."""
        self._router.gateway = gateway
        yield

    @hookimpl
    async def before_inference(self, call: Call) -> Call:
        """Choose the model, if the call names a policy."""
        headers = call.headers
        name = _key(call.model)
        if name not in self._policies:
            headers.setdefault(MODEL, call.model)
            headers.setdefault(ROUTE, ASKED)
            self._selector.demand.named(full_name(call.model))
            return call
        route = await self._router.route(call, name)
        self._count(name, route.model)
        headers[MODEL] = route.model
        before = headers.get(ROUTE)
        headers[ROUTE] = f"{before}; {route.reason}" if before else route.reason
        return call.replace(model=route.model)

    @hookimpl
    def around_models(self, next: Lister) -> Lister:
        """List the policies too, each as what its candidates can do."""

        async def listed(listing: Listing) -> Models:
            models = await next(listing)
            return with_policies(models, listing.principal, self._names, self._policies)

        return listed

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return how often each model was chosen."""
        yield Measure(
            name="localai_routed_total",
            help="Requests by the policy that chose their model, and the model.",
            kind="counter",
            labels=("policy", "model"),
            values=list(self._chosen.items()),
        )

    def _count(self, policy: str, model: str) -> None:
        key = (policy, model)
        if key not in self._chosen and len(self._chosen) >= MOST_COUNTED:
            key = (policy, OTHER)
        self._chosen[key] = self._chosen.get(key, 0.0) + 1

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve what explains a choice."""

        def policy_of(name: str) -> str:
            aliases = gateway.find(Aliases)
            return _key(aliases.target(name) if aliases is not None else name)

        return routes(self._router, policy_of, self._policies)


def _key(name: str) -> str:
    return name.lower().removesuffix(":latest")
