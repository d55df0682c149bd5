"""The hooks that a plugin may implement. `docs/plugins.md` is generated from this file.

pluggy gives discovery, signature checks and order; nothing of it runs per request: hooks are
resolved once, when a generation is built.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pluggy

from core.attempt import Attempt
from core.inference import Inference
from core.listing import Lister
from core.measures import Measure
from core.messages import Call, Handler
from core.principal import Principal

if TYPE_CHECKING:
    import click
    from litestar.types import ASGIApp, ControllerRouterHandler

    from core.connection import Connection
    from core.gateway import Gateway

PROJECT = "localai"

_F = TypeVar("_F", bound=Callable[..., Any])

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = cast("Callable[[_F], _F]", pluggy.HookimplMarker(PROJECT))
"""Marks a method of a plugin as the implementation of the hook of the same name."""


class Hooks:
    """The specifications. In each, the plugin that stands first in the chain comes first."""

    @hookspec
    def around_inference(self, next: Handler) -> Handler:  # type: ignore[empty-body]
        """Wrap the one inference call; called at load, returns an async generator function."""

    @hookspec
    async def before_inference(self, call: Call) -> Call:  # type: ignore[empty-body]
        """Check a call or change it, before anything further in sees it; raise to refuse it."""

    @hookspec
    def around_plugin(self, name: str, next: Handler) -> Handler:  # type: ignore[empty-body]
        """Wrap the handler of each plugin, by its name, to watch it; called at load."""

    @hookspec
    def watch_attempt(self, attempt: Attempt) -> Callable[[], None] | None:
        """Look at a call to an Ollama as it begins; what you return is called when it has ended."""

    @hookspec
    def after_inference(self, inference: Inference) -> None:
        """Look at a call that has ended, over HTTP or not, once no model works for it any more."""

    @hookspec
    def around_models(self, next: Lister) -> Lister:  # type: ignore[empty-body]
        """Wrap the listing of models; called at load, returns an async function."""

    @hookspec
    def around_app(self, app: "ASGIApp") -> "ASGIApp":  # type: ignore[empty-body]
        """Wrap the ASGI application; called at load, sees every request, 404 and 405 too."""

    @hookspec
    async def authenticate(self, connection: "Connection") -> Principal | None:
        """Say who calls: a `Principal`, `None` for "not mine", or raise; `UNCLAIMED` if unused."""

    @hookspec
    def route_handlers(  # type: ignore[empty-body]
        self, gateway: "Gateway"
    ) -> "Sequence[ControllerRouterHandler]":
        """Return Litestar handlers for endpoints of your own, each with `opt={"scope": …}`."""

    @hookspec
    def lifespan(  # type: ignore[empty-body]
        self, gateway: "Gateway"
    ) -> AbstractAsyncContextManager[None]:
        """Start and stop what the plugin needs; entered in order, left in reverse."""

    @hookspec
    async def health(self) -> dict[str, Any] | None:
        """Report details for `/health`; raise to say that the router is not ready."""

    @hookspec
    def measures(self) -> "Iterable[Measure]":  # type: ignore[empty-body]
        """Return the figures that the plugin keeps, as they are now, for /metrics and pages."""

    @hookspec
    def commands(self, cli: "click.Group") -> None:
        """Add subcommands to `localai`."""


ASYNC_HOOKS = frozenset({"authenticate", "before_inference", "health"})
"""Hooks that must be `async def`; all others must be plain `def`."""
