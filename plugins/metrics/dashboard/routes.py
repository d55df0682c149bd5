"""`/ui`: the page and what it is told, and the switch below `/admin`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post, route
from litestar.params import FromPath
from litestar.types import ASGIApp
from msgspec import Struct

from localai import Connection, Gateway, NotFound, read_json
from plugins.metrics.dashboard.origin import check_origin
from plugins.metrics.dashboard.rights import SEE, SWITCH, rights
from plugins.metrics.dashboard.snapshot import features
from plugins.metrics.dashboard.static import INDEX, File
from plugins.metrics.dashboard.switch import Switch

MAX_BODY = 1000
_JSON = "application/json"
_PRIVATE = {"cache-control": "no-store"}
_OPEN: dict[str, Any] = {"public": True}


class Wanted(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether a plugin is to be on."""

    enabled: bool


def page_routes(files: Mapping[str, File]) -> Sequence[Any]:
    """Return the handlers of the page's own files."""

    @route("/ui", http_method=["GET", "HEAD"], opt=_OPEN, include_in_schema=False)
    async def index(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the page; its files are found beside it, so its address ends with a slash."""
        if not request.scope["raw_path"].endswith(b"/"):
            # Relative, as a proxy may serve this below a path of its own.
            return Response(b"", status_code=307, headers={"location": "ui/"})
        return found(request, INDEX)

    @route("/ui/{name:str}", http_method=["GET", "HEAD"], opt=_OPEN, include_in_schema=False)
    async def file(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Return a file of the page."""
        return found(request, name)

    def found(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
        if name not in files:
            raise NotFound("the page has no such file: open /ui/")
        return files[name].answer(request.headers.get("if-none-match", ""))

    return [index, file]


def data_routes(
    gateway: Gateway, stream: Callable[[], ASGIApp], switch: Callable[[], Switch]
) -> Sequence[Any]:
    """Return the handlers that tell and do something.

    `stream` and `switch` give what serves them, once the plugin is started.
    """

    @get(
        "/ui/session",
        opt={"authenticated": True},
        media_type=_JSON,
        tags=["Page"],
        summary="What the caller may see on the page",
    )
    async def session(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Say who the caller is, and what the page at /ui may show them and do for them."""
        caller = request.user
        told = {
            "caller": caller.id,
            "name": caller.name,
            "scopes": sorted(caller.scopes),
            "anonymous": caller.is_anonymous,
            "can": rights(gateway, request.scope),
            "features": features(gateway),
        }
        return Response(msgspec.json.encode(told), media_type=_JSON, headers=_PRIVATE)

    @get(
        "/ui/events",
        opt={"scope": SEE},
        tags=["Page"],
        summary="What goes on, each second",
        media_type="text/event-stream",
    )
    async def events() -> ASGIApp:
        """Return server-sent events: `history` with the last minutes, then a `snapshot` each
        second, and `end` with a reason when there are no more; then connect again."""
        return stream()

    @post(
        "/admin/plugins/{name:str}",
        opt={"scope": SWITCH, "body": Wanted},
        media_type=_JSON,
        status_code=200,
        request_max_body_size=MAX_BODY,
        tags=["Router"],
        summary="Switch a plugin on or off",
    )
    async def turn(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Set `enabled` of a plugin in localai.toml and reload it; comments and order stay. What
        does not load is put back. Plugins that decide who comes in are only switched by hand."""
        scope: Any = request.scope
        check_origin(Connection(scope))
        wanted = await read_json(request, Wanted)
        plugins = await switch().turn(name, on=wanted.enabled, by=request.user.id)
        return Response(msgspec.json.encode({"plugins": plugins}), media_type=_JSON)

    return [session, events, turn]
