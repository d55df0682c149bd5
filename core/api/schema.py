"""The OpenAPI document of all routes, and a page to try them that works without internet."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import msgspec

from core import __version__
from core.api import plugin_schema
from core.api.exchange import Exchange
from core.api.routes import Operation
from core.errors import NotFound

DESCRIPTION = """\
One process in front of Ollama that makes a box with local models safe and pleasant to share.

**Key.** Send `authorization: Bearer KEY` (or `x-api-key: KEY`). On loopback, with no key set up,
none is needed. **Errors.** `/v1/*` answers `{"error": {"message", "type", "param", "code"}}`, all
other paths `{"error": "text"}`; each says what to do. 429 and 503 carry `retry-after`. In a stream
that has begun an error is an event, and no `[DONE]` follows. **Request id.** Every answer has
`x-request-id`; quote it when you ask for help."""

MEANINGS = {
    400: "The request is wrong; the message names the parameter",
    401: "No valid key came with the request",
    403: "This key may not do that",
    404: "There is no such model or path",
    413: "The body is above the limit",
    415: "The body is not declared as JSON",
    429: "A limit is used up; see retry-after",
    500: "The router or Ollama failed",
    502: "What Ollama answered is broken",
    503: "Ollama does not answer, or the router is busy; see retry-after",
    504: "A clock ran out; the message says which",
}

PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LocalAI edge router: API</title>
<link rel="stylesheet" href="/schema/swagger-ui.css">
<div id="page"></div>
<script src="/schema/swagger-ui-bundle.js"></script>
<script src="/schema/start.js"></script>
</html>
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load; Swagger UI has its icons in its style sheet, as `data:`."""

START = b"""SwaggerUIBundle({
  url: "/schema/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null,
});
"""
STATIC = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
}


def operations(documented: Sequence[Operation]) -> tuple[Operation, ...]:
    """Return the endpoints that serve the document of `documented`, and the page."""
    made: list[bytes] = []

    async def page(exchange: Exchange) -> None:
        headers = {"content-security-policy": POLICY}
        await _send(exchange, PAGE, b"text/html; charset=utf-8", headers)

    async def openapi(exchange: Exchange) -> None:
        if not made:
            whole = await asyncio.to_thread(document, documented, exchange.generation.routers)
            made.append(msgspec.json.encode(whole))
        await exchange.send_json(made[0])

    async def static(exchange: Exchange) -> None:
        name = exchange.scope["path"].rpartition("/")[2]
        if name == "start.js":
            await _send(exchange, START, b"text/javascript; charset=utf-8")
        elif name in STATIC:
            file = resources.files("swagger_ui") / "static" / name
            await _send(exchange, await asyncio.to_thread(file.read_bytes), STATIC[name])
        else:
            raise NotFound(f"there is no file '{name}' here")

    def get(path: str, run: Any, summary: str) -> Operation:
        return Operation(
            method="GET", path=path, run=run, scope=None, tag="Documentation", summary=summary
        )

    return (
        get("/schema", page, "A page to try the API"),
        get("/schema/openapi.json", openapi, "This document"),
        get("/schema/{file:str}", static, "Files of the page"),
    )


async def _send(
    exchange: Exchange, body: bytes, content_type: bytes, headers: Mapping[str, str] | None = None
) -> None:
    await exchange.start(200, content_type, headers, length=len(body))
    await exchange.write(body, more=False)


def document(documented: Sequence[Operation], routers: Sequence[Any]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the core's operations and the plugins' routes."""
    whole = plugin_schema.described(routers)
    bodies = list(dict.fromkeys(each.body for each in documented if each.body is not None))
    bodies += plugin_schema.bodies(routers)
    references, components = msgspec.json.schema_components(
        bodies, ref_template="#/components/schemas/{name}"
    )
    schemas = dict(zip(bodies, references, strict=True))
    whole["info"] = {
        "title": "LocalAI edge router",
        "version": __version__,
        "description": DESCRIPTION,
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    own = whole.setdefault("components", {})
    own.setdefault("schemas", {}).update(components | _ERRORS)
    own["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    paths = whole.setdefault("paths", {})
    plugin_schema.complete(paths, routers, schemas, MEANINGS)
    for operation in documented:
        path = operation.path.replace(":path}", "}").replace(":str}", "}")
        paths.setdefault(path, {})[operation.method.lower()] = _described(operation, path, schemas)
    return whole


def _described(operation: Operation, path: str, schemas: dict[Any, Any]) -> dict[str, Any]:
    openai = path.startswith("/v1")
    error = {"$ref": f"#/components/schemas/{'OpenAIError' if openai else 'OllamaError'}"}
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "summary": operation.summary,
        "operationId": f"{operation.method.lower()}{path.title()}".translate(_NAME),
        "responses": {"200": _success(operation)},
    }
    statuses = set(operation.errors) | ({401, 403} if operation.scope else set())
    for status in sorted(statuses):
        described["responses"][str(status)] = {
            "description": MEANINGS[status],
            "content": {"application/json": {"schema": error}},
        }
    if operation.scope is not None:
        described["description"] = f"Needs the scope `{operation.scope}`."
        described["security"] = [{"key": []}, {}]
    if operation.body is not None:
        content = {"schema": schemas[operation.body], "example": dict(operation.example)}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    if names:
        described["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    return described


def _success(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.answer:
        content["application/json"] = {
            "schema": {"type": "object"},
            "example": dict(operation.answer),
        }
    if operation.streams:
        content[operation.streams] = {"schema": {"type": "string"}}
    return {"description": "Done"} | ({"content": content} if content else {})


_NAME = {ord(character): None for character in "/{}._-"}

_ERRORS = {
    "OpenAIError": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type", "param", "code"],
                "properties": {
                    "message": {"type": "string"},
                    "type": {"type": "string"},
                    "param": {"type": ["string", "null"]},
                    "code": {"type": ["string", "null"]},
                },
            }
        },
    },
    "OllamaError": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}},
    },
}
