"""`/admin/users`: the accounts over HTTP."""

from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath

from localai import read_count, read_json
from plugins.auth.tokens.accounts import Accounts
from plugins.auth.tokens.forms import Change, Create, SetPassword
from plugins.auth.tokens.oauth import json
from plugins.auth.tokens.view import view

PAGE = 50
"""Users in an answer, unless the request asks for another number."""
MAX_PAGE = 200

_OPT = {"scope": "admin:users"}
_JSON = "application/json"
_PATH = "/admin/users"
_ONE = "/admin/users/{name:str}"


def routes(accounts: Callable[[], Accounts]) -> Sequence[Any]:
    """Return the handlers; `accounts` gives what serves them, once the plugin is started."""

    @post(
        _PATH,
        opt=_OPT | {"body": Create},
        media_type=_JSON,
        tags=["Users"],
        summary="Make a user",
    )
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Make a user. Body: name, password, full_name, email, tenant, scopes, models, tools,
        limits, budgets."""
        user = await accounts().create(request.user, await read_json(request, Create))
        return json(view(user), 201, {"location": f"{_PATH}/{user.name}"})

    @get(_PATH, opt=_OPT, media_type=_JSON, tags=["Users"], summary="List users")
    async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List users by name; `next` is the `after` of the next page."""
        most = read_count(request.query_params.get("limit"), "limit", PAGE, MAX_PAGE)
        found = await accounts().page(request.user, request.query_params.get("after"), most + 1)
        shown = [view(user) for user in found[:most]]
        return json({"users": shown, "next": shown[-1].name if len(found) > most else None})

    @get(_ONE, opt=_OPT, media_type=_JSON, tags=["Users"], summary="Show a user")
    async def show(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Show a user."""
        return json(view(await accounts().get(request.user, name)))

    @patch(
        _ONE,
        opt=_OPT | {"body": Change},
        media_type=_JSON,
        tags=["Users"],
        summary="Change a user",
    )
    async def change(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Change a user: full_name, email, disabled, tenant, scopes, models, tools, limits,
        budgets."""
        form = await read_json(request, Change)
        return json(view(await accounts().change(request.user, name, form)))

    @post(
        f"{_ONE}/password",
        opt=_OPT | {"body": SetPassword},
        media_type=_JSON,
        status_code=200,
        tags=["Users"],
        summary="Set a password",
    )
    async def set_password(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Give a user another password; all of the user's sessions end. Body: password."""
        form = await read_json(request, SetPassword)
        return json(view(await accounts().set_password(request.user, name, form)))

    @delete(_ONE, opt=_OPT, status_code=204, tags=["Users"], summary="Remove a user")
    async def remove(request: Request[Any, Any, Any], name: FromPath[str]) -> None:
        """Remove a user, with all sessions; keys that the user has made end too."""
        await accounts().remove(request.user, name)

    return [create, page, show, change, set_password, remove]
