"""`/admin/keys`: the service over HTTP."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath

from localai import read_count, read_json
from plugins.auth.keys.forms import Change, Create, Rotate
from plugins.auth.keys.service import KeyService
from plugins.auth.keys.view import issued, view

PAGE = 50
"""Keys in an answer, unless the request asks for another number."""
MAX_PAGE = 200

_OPT = {"scope": "admin:keys"}
_JSON = "application/json"
_PRIVATE = {"cache-control": "no-store"}
"""For answers that have a secret in them."""


def routes(service: Callable[[], KeyService]) -> Sequence[Any]:
    """Return the handlers; `service` gives what serves them, once the plugin is started."""

    @post(
        "/admin/keys",
        opt=_OPT | {"body": Create},
        media_type=_JSON,
        tags=["Keys"],
        summary="Make a key",
    )
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Make a key; no later answer has its text. Body: name, owner, tenant, scopes, models,
        tools, limits, budgets, expires_in or expires_at, forwards_users."""
        form = await read_json(request, Create)
        text, key = await service().create(request.user, form)
        headers = _PRIVATE | {"location": f"/admin/keys/{key.kid}"}
        return _answer(issued(text, key, time.time()), 201, headers)

    @get("/admin/keys", opt=_OPT, media_type=_JSON, tags=["Keys"], summary="List keys")
    async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List keys, the oldest first; `next` is the `after` of the next page."""
        most = read_count(request.query_params.get("limit"), "limit", PAGE, MAX_PAGE)
        found = await service().page(request.user, request.query_params.get("after"), most + 1)
        now = time.time()
        shown = [view(key, now) for key in found[:most]]
        return _answer({"keys": shown, "next": shown[-1].kid if len(found) > most else None})

    @get("/admin/keys/{kid:str}", opt=_OPT, media_type=_JSON, tags=["Keys"], summary="Show a key")
    async def show(request: Request[Any, Any, Any], kid: FromPath[str]) -> Response[bytes]:
        """Show a key, without its secret."""
        return _answer(view(await service().get(request.user, kid), time.time()))

    @patch(
        "/admin/keys/{kid:str}",
        opt=_OPT | {"body": Change},
        media_type=_JSON,
        tags=["Keys"],
        summary="Change a key",
    )
    async def change(request: Request[Any, Any, Any], kid: FromPath[str]) -> Response[bytes]:
        """Change a key: name, owner, scopes, models, tools, limits, budgets, or its end."""
        form = await read_json(request, Change)
        return _answer(view(await service().change(request.user, kid, form), time.time()))

    @post("/admin/keys/{kid:str}/rotate", opt=_OPT, media_type=_JSON, tags=["Keys"])
    async def rotate(request: Request[Any, Any, Any], kid: FromPath[str]) -> Response[bytes]:
        """Give a key a new secret; the old one works for `grace` more, a day unless it is said."""
        form = await read_json(request, Rotate) if await request.body() else Rotate()
        text, key = await service().rotate(request.user, kid, form)
        return _answer(issued(text, key, time.time()), headers=_PRIVATE)

    @delete("/admin/keys/{kid:str}", opt=_OPT, media_type=_JSON, status_code=200, tags=["Keys"])
    async def revoke(request: Request[Any, Any, Any], kid: FromPath[str]) -> Response[bytes]:
        """Revoke a key; it stays on record, and what was made with it ends too."""
        return _answer(view(await service().revoke(request.user, kid), time.time()))

    return [create, page, show, change, rotate, revoke]


def _answer(
    value: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    return Response(
        msgspec.json.encode(value), status_code=status, media_type=_JSON, headers=headers
    )
