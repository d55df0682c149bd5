"""What the OpenAPI document says of the plugins' routes: Litestar's words, and what `opt` adds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from litestar import Litestar
from litestar.openapi import OpenAPIConfig

from core import __version__

ERROR = {"$ref": "#/components/schemas/OllamaError"}


def described(routers: Sequence[Any]) -> dict[str, Any]:
    """Return Litestar's own document of the plugins' routes."""
    config = OpenAPIConfig(
        title="plugins", version=__version__, create_examples=False, use_handler_docstrings=True
    )
    app = Litestar(route_handlers=list(routers), openapi_config=config, logging_config=None)
    return app.openapi_schema.to_schema()


def bodies(routers: Sequence[Any]) -> list[Any]:
    """Return the Structs that `opt={"body": …}` names."""
    named = (handler.opt.get("body") for _, _, handler in _operations(routers))
    return list(dict.fromkeys(body for body in named if body is not None))


def complete(
    paths: Mapping[str, Any],
    routers: Sequence[Any],
    schemas: Mapping[Any, Any],
    meanings: Mapping[int, str],
) -> None:
    """Add to each route its scope, its body, and the refusals that come of them."""
    for path, method, handler in _operations(routers):
        operation = paths.get(path, {}).get(method.lower())
        if operation is None:
            continue
        statuses = []
        scope = handler.opt.get("scope")
        if scope or handler.opt.get("authenticated"):
            statuses += [401, 403]
            operation["security"] = [{"key": []}, {}]
        if scope:
            needs = f"Needs the scope `{scope}`."
            operation["description"] = f"{needs} {operation.get('description', '')}".strip()
        if (body := handler.opt.get("body")) is not None:
            statuses += [400, 415]
            content = {"application/json": {"schema": schemas[body]}}
            operation["requestBody"] = {"required": True, "content": content}
        for status in statuses:
            operation["responses"][str(status)] = {
                "description": meanings[status],
                "content": {"application/json": {"schema": ERROR}},
            }


def _operations(routers: Sequence[Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield path, method and handler of each route."""
    for router in routers:
        for route in router.routes:
            for handler in getattr(route, "route_handlers", ()):
                for method in sorted(handler.http_methods):
                    yield route.path_format, method, handler
