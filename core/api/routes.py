"""Endpoints as data: path, method, scope and documentation in one place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from litestar import asgi
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import ASGIApp

from core.api.dialects import dialect_of
from core.api.exchange import Exchange, Receive, Run, Scope, Send
from core.errors import MethodNotAllowed
from core.messages import Kind

if TYPE_CHECKING:
    from core.generation import Generation


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One method of one path. `scope` is what a caller must hold; `None` is open to all."""

    method: str
    path: str
    run: Run
    scope: str | None
    tag: str
    summary: str
    body: Any = None
    """The Struct of the request's body."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """An example of the request's body."""
    answer: Mapping[str, Any] = field(default_factory=dict)
    """An example of the answer."""
    kind: Kind | None = None
    """What it asks a model for; `None` where it asks none."""
    streams: str | None = None
    """The content type of a streamed answer."""
    errors: tuple[int, ...] = ()


def handlers(operations: Iterable[Operation], generation: "Generation") -> list[BaseRouteHandler]:
    """Return a Litestar handler for each path, bound to a generation."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        methods = paths.setdefault(operation.path, {})
        methods[operation.method] = operation
        if operation.method == "GET":
            methods["HEAD"] = operation
    return [_handler(path, methods, generation) for path, methods in paths.items()]


def _handler(
    path: str, methods: Mapping[str, Operation], generation: "Generation"
) -> BaseRouteHandler:
    dialect = dialect_of(path)
    allow = ", ".join(sorted(methods))

    async def refuse(exchange: Exchange) -> None:
        raise MethodNotAllowed(f"use {allow} here", allow=allow)

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(generation, dialect, scope, receive, send)
        operation = methods.get(scope["method"])
        if operation is None:
            await exchange.run(refuse, None)
        else:
            await exchange.run(operation.run, operation.scope)

    handle.__annotations__ = {"scope": Any, "receive": Any, "send": Any, "return": None}
    if "{" not in path:
        return asgi(path, name=path, copy_scope=False)(handle)

    # Litestar 2.25 can't route to an ASGI handler whose path has parameters (KeyError).
    async def find() -> ASGIApp:
        return handle

    return HTTPRouteHandler(path, name=path, http_method=_METHODS, status_code=200)(find)


_METHODS: list[Any] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
