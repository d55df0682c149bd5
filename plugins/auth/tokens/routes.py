"""`/auth`: logging in and out, and who one is."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar import Request, Response, get, post

from localai import Connection, InvalidRequest, read_json
from plugins.auth.tokens.errors import UnsupportedGrant
from plugins.auth.tokens.forms import ChangePassword
from plugins.auth.tokens.logins import Logins, Tokens
from plugins.auth.tokens.oauth import MAX_FORM, answered, field, json, read_fields, read_form
from plugins.auth.tokens.own import Claims
from plugins.auth.tokens.view import me

ClaimsOf = Callable[[Request[Any, Any, Any]], Awaitable[Claims | None]]

_PUBLIC = {"public": True}
_ANYBODY = {"authenticated": True}
_JSON = "application/json"


def routes(logins: Callable[[], Logins], claims_of: ClaimsOf) -> Sequence[Any]:
    """Return the handlers.

    `logins` gives what serves them, once the plugin is started; `claims_of` reads the token that a
    request came with, if it is one of the router's own.
    """

    @post(
        "/auth/token",
        opt=_PUBLIC,
        media_type=_JSON,
        status_code=200,
        request_max_body_size=MAX_FORM,
        tags=["Login"],
        summary="Log in",
    )
    async def token(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Get an access token by OAuth 2. Form: grant_type=password with username and password,
        or grant_type=refresh_token with refresh_token; scope may ask for less."""

        async def granted() -> Tokens:
            fields = await read_form(request)
            grant, scope = field(fields, "grant_type"), fields.get("scope", "")
            if grant == "password":
                name, password = field(fields, "username"), field(fields, "password")
                return await logins().log_in(_address(request), name, password, scope)
            if grant == "refresh_token":
                return await logins().refresh(field(fields, "refresh_token"), scope)
            raise UnsupportedGrant("grant_type is 'password' or 'refresh_token' here")

        return await answered(granted)

    @post(
        "/auth/refresh",
        opt=_PUBLIC,
        media_type=_JSON,
        status_code=200,
        request_max_body_size=MAX_FORM,
        tags=["Login"],
        summary="Refresh a token",
    )
    async def refresh(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Get the next access and refresh token. Body: refresh_token, and scope to ask for less,
        as JSON or as a form."""

        async def refreshed() -> Tokens:
            fields = await read_fields(request)
            return await logins().refresh(field(fields, "refresh_token"), fields.get("scope", ""))

        return await answered(refreshed)

    @post("/auth/logout", opt=_ANYBODY, status_code=204, tags=["Login"], summary="Log out")
    async def logout(request: Request[Any, Any, Any]) -> None:
        """End the session of the token that this request comes with; the token ends too."""
        await logins().log_out(await _own(request))

    @get("/auth/me", opt=_ANYBODY, media_type=_JSON, tags=["Login"], summary="Who am I?")
    async def who(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Say who the caller is and what they may do, by key or by token."""
        return json(me(request.user))

    @post(
        "/auth/password",
        opt=_ANYBODY | {"body": ChangePassword},
        media_type=_JSON,
        status_code=200,
        request_max_body_size=MAX_FORM,
        tags=["Login"],
        summary="Change one's password",
    )
    async def password(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Change the caller's own password; all other sessions end, and the answer has a new access
        token for this one. Body: old, new."""
        claims = await _own(request)
        form = await read_json(request, ChangePassword)
        made = await logins().change_password(_address(request), claims, form.old, form.new)
        return json(made)

    async def _own(request: Request[Any, Any, Any]) -> Claims:
        claims = await claims_of(request)
        if claims is None:
            raise InvalidRequest("this is for users who have logged in here: POST /auth/token")
        return claims

    return [token, refresh, logout, who, password]


def _address(request: Request[Any, Any, Any]) -> str:
    scope: Any = request.scope
    return Connection(scope).client
