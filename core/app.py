"""The ASGI application of a generation: Litestar with all routes, wrapped by the plugins."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Litestar, Router
from litestar.connection import ASGIConnection, Request
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.response import Response

from core.api import dialects, ollama, openai, operations, schema
from core.api.routes import handlers
from core.connection import Connection
from core.errors import (
    GatewayError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PluginFailed,
    SettingsError,
    ShuttingDown,
)
from core.loader import Plugin

if TYPE_CHECKING:
    from core.gateway import Gateway
    from core.generation import Generation

log = structlog.get_logger("app")


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
        app: Any = Litestar(
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
    app = _at_the_door(gateway, app)
    for name, wrap in reversed(wraps):
        app = _guarded(plugins[name], wrap, app)
    return app


def _at_the_door(gateway: "Gateway", app: Any) -> Any:
    """Turn away what no route should see; plugins around the application see that too."""

    async def at_the_door(scope: Any, receive: Any, send: Any) -> None:
        path: str = scope["path"]
        if gateway.draining and not path.startswith("/health"):
            error: GatewayError = ShuttingDown("the router shuts down: try again", retry_after=5)
            await send_error(error, scope, send)
        elif path.endswith("/") and path != "/":
            error = NotFound(f"there is nothing at {path}: leave out the '/' at its end")
            await send_error(error, scope, send)
        else:
            await app(scope, receive, send)

    return at_the_door


def _router(name: str, made: Sequence[Any], generation: "Generation") -> Router:
    """Put a plugin's handlers behind the check of their scopes."""

    async def authorise(connection: ASGIConnection[Any, Any, Any, Any], handler: Any) -> None:
        scope = handler.opt.get("scope")
        if scope is not None:
            caller: Any = connection.scope
            await generation.authorise(Connection(caller, generation.trust), scope)

    router = Router(path="/", route_handlers=made, guards=[authorise])
    for route in router.routes:
        for handler in _handlers_of(route):
            if getattr(handler, "http_methods", None) == {"OPTIONS"}:
                continue  # Litestar's own, which says what the path allows
            if not (handler.opt.get("scope") or handler.opt.get("public")):
                raise SettingsError(
                    f"plugin '{name}': the route {route.path} names no scope: give its handler "
                    'opt={"scope": "…"}, or opt={"public": True} to open it to everybody'
                )
    return router


def _handlers_of(route: Any) -> list[BaseRouteHandler]:
    found = getattr(route, "route_handlers", None)
    return list(found) if found is not None else [route.route_handler]


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an error that Litestar or a plugin's handler raised, in the caller's dialect."""
    path = request.scope["path"]
    known = _as_gateway_error(error, path)
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
        return NotFound(f"there is nothing at {path}: GET /schema lists what there is")
    if isinstance(error, MethodNotAllowedException):
        allow = (error.headers or {}).get("Allow", "")
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
        raise SettingsError(
            f"plugin '{name}': around_app failed: {type(error).__name__}: {error}"
        ) from error
    if not callable(wrapped):
        raise SettingsError(
            f"plugin '{name}': around_app must return an ASGI application, not {wrapped!r}"
        )

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        try:
            await wrapped(scope, receive, send)
        except Exception:
            log.exception("plugin crashed around a request", plugin=name)
            if scope["localai.answer"].started:
                return  # too late for another answer; the server ends the connection
            if plugin.fail_mode == "open":
                await app(scope, receive, send)
            else:
                await send_error(PluginFailed(name), scope, send)

    return guarded


async def send_error(error: GatewayError, scope: Any, send: Any) -> None:
    """Answer a request with an error, outside of Litestar."""
    dialect = dialects.dialect_of(scope["path"])
    body = dialects.error_body(error, dialect)
    headers = {
        "content-type": dialects.JSON[dialect].decode(),
        "content-length": str(len(body)),
    } | error.headers()
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})
