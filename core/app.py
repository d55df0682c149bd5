"""The ASGI application of a generation: Litestar with all routes, wrapped by the plugins."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Litestar, Router
from litestar.connection import ASGIConnection, Request
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.response import Response

from core.api import dialects, ollama, openai, operations, schema
from core.api.dialects import send_error
from core.api.routes import handlers
from core.connection import Connection
from core.door import ADMIN, at_the_door, is_below, nothing_at
from core.errors import (
    GatewayError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    PluginFailed,
    SettingsError,
)
from core.handlers import failed
from core.loader import Plugin
from core.response import note, response_of

if TYPE_CHECKING:
    from core.gateway import Gateway
    from core.generation import Generation

log = structlog.get_logger("app")


class _Litestar(Litestar):
    """Litestar, which brings its support for pydantic only where a plugin uses pydantic.

    It would import that in every router where it is installed: 6 MB, and a tenth of the start.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        if "pydantic" in sys.modules:
            return Litestar._get_default_plugins(plugins)
        return [*plugins, MsgspecDIPlugin()]


def build_app(
    generation: "Generation",
    gateway: "Gateway",
    routes: Sequence[tuple[str, Sequence[Any]]],
    wraps: Sequence[tuple[str, Any]],
    plugins: Mapping[str, Plugin],
) -> Any:
    """Return the application; raise `SettingsError` for a route that can't be served."""
    routers = [_router(name, made, generation) for name, made in routes if made]
    own = [*openai.OPERATIONS, *ollama.OPERATIONS, *operations.operations(gateway)]
    own += schema.operations(own)
    try:
        app: Any = _Litestar(
            route_handlers=[*handlers(own, generation), *routers],
            exception_handlers={Exception: _failed},
            openapi_config=None,  # core/api/schema.py makes one document of all routes
            logging_config=None,
            request_max_body_size=generation.settings.server.max_body,
        )
    except Exception as error:
        names = ", ".join(name for name, made in routes if made)
        raise SettingsError(
            f"the routes of these plugins can't be served: {names}: {type(error).__name__}: {error}"
        ) from error
    generation.routers = routers
    generation.paths = frozenset(route.path for route in app.routes)
    app = at_the_door(generation, gateway, app)
    for name, wrap in reversed(wraps):
        app = _guarded(plugins[name], wrap, app)
    return app


def _router(name: str, made: Sequence[Any], generation: "Generation") -> Router:
    """Put a plugin's handlers behind the check of their scopes."""

    async def authorise(connection: ASGIConnection[Any, Any, Any, Any], handler: Any) -> None:
        scope = handler.opt.get("scope")
        if scope is not None or handler.opt.get("authenticated"):
            caller: Any = connection.scope
            await generation.authorise(Connection(caller, generation.trust), scope)

    router = Router(path="/", route_handlers=made, guards=[authorise])
    for route in router.routes:
        for handler in _handlers_of(route):
            if getattr(handler, "http_methods", None) == {"OPTIONS"}:
                continue  # Litestar's own, which says what the path allows
            if not any(handler.opt.get(each) for each in ("scope", "authenticated", "public")):
                raise SettingsError(
                    f"plugin '{name}': the route {route.path} names no scope: give its handler "
                    'opt={"scope": "…"}, or opt={"authenticated": True} for every known caller, '
                    'or opt={"public": True} to open it to everybody'
                )
            scope = str(handler.opt.get("scope", ""))
            if scope.startswith("admin:") and not is_below(route.path, ADMIN):
                raise SettingsError(
                    f"plugin '{name}': the route {route.path} needs the scope '{scope}', so it "
                    f"must be below {ADMIN}/, which [server] admin moves to its own address"
                )
    return router


def _handlers_of(route: Any) -> list[BaseRouteHandler]:
    found = getattr(route, "route_handlers", None)
    return list(found) if found is not None else [route.route_handler]


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an error that Litestar or a plugin's handler raised, in the caller's dialect."""
    path = request.scope["path"]
    known = _as_gateway_error(error, path)
    note(known, request.scope)
    if isinstance(known, InternalError):
        log.error("request failed", path=path, exc_info=error)
    dialect = dialects.dialect_of(path)
    return Response(
        dialects.error_body(known, dialect),
        status_code=known.status,
        headers=known.headers(),
        media_type=dialects.JSON[dialect].decode(),
    )


def _as_gateway_error(error: Exception, path: str) -> GatewayError:
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, NotFoundException):
        return nothing_at(path)
    if isinstance(error, MethodNotAllowedException):
        # Litestar spells the name as it likes, and knows no order.
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        allow = ", ".join(sorted(headers.get("allow", "").split(", ")))
        return MethodNotAllowed(f"use {allow} here", allow=allow)
    if isinstance(error, HTTPException) and error.status_code < 500:
        known = InvalidRequest(error.detail)
        known.status = error.status_code  # type: ignore[misc]
        return known
    return InternalError("the router failed; its log has the details")


def _guarded(plugin: Plugin, wrap: Any, app: Any) -> Any:
    """Wrap the application by a plugin, and keep the plugin's crashes to its fail mode."""
    name = plugin.name
    try:
        wrapped = wrap(app)
    except Exception as error:
        raise failed("around_app", name, error) from error
    if not callable(wrapped):
        raise SettingsError(
            f"plugin '{name}': around_app must return an ASGI application, not {wrapped!r}"
        )

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        try:
            await wrapped(scope, receive, send)
        except Exception:
            log.exception("plugin crashed around a request", plugin=name)
            if response_of(scope).started:
                return  # too late for another answer; the server ends the connection
            if plugin.fail_mode == "open":
                await app(scope, receive, send)
            else:
                await send_error(PluginFailed(name), scope, send)

    return guarded
