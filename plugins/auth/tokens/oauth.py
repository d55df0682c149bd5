"""The forms and errors of OAuth 2, as every client library of it knows them (RFC 6749 §5)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response
from litestar.exceptions import ClientException

from localai import GatewayError, InvalidRequest, RateLimited, Unauthenticated, Unavailable

MAX_FORM = 16 * 1024
"""Bytes of a body: a password of 1024 characters, each as `%XX` of four bytes, and the rest."""
MAX_FIELDS = 20
FORM = "application/x-www-form-urlencoded"
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
"""RFC 6749 §5.1 asks for both."""
CODES = frozenset({"invalid_grant", "invalid_scope", "unsupported_grant_type"})


async def read_form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return the fields of a form; one without a value counts as left out (§3.2).

    Raises `InvalidRequest`, for a field that comes twice too.
    """
    if _content_type(request) != FORM:
        raise InvalidRequest(f"send the body with 'content-type: {FORM}'")
    try:
        text = (await _body(request)).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:  # not ASCII, not UTF-8 behind its escapes, or too many fields
        raise InvalidRequest("the form can't be read: send its fields URL-encoded") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidRequest("a field stands twice in the form: send it once")
    return {name: value for name, value in fields.items() if value}


async def read_fields(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return the fields of a form, or the texts of a JSON object; raise `InvalidRequest`."""
    if _content_type(request) != "application/json":
        return await read_form(request)
    try:
        return msgspec.json.decode(await _body(request), type=dict[str, str])
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest('send a JSON object such as {"refresh_token": "…"}') from None


def field(fields: Mapping[str, str], name: str) -> str:
    """Return a field that must be there; raise `InvalidRequest`."""
    value = fields.get(name)
    if not value:
        raise InvalidRequest(f"{name} is required", param=name)
    return value


async def answered(work: Callable[[], Awaitable[Any]]) -> Response[bytes]:
    """Return the answer of some work, or its failure in the form that OAuth 2 has for it."""
    try:
        return json(await work())
    except GatewayError as error:
        if isinstance(error, Unauthenticated | InvalidRequest):
            code = error.code if error.code in CODES else "invalid_request"
        elif isinstance(error, RateLimited | Unavailable):
            code = "temporarily_unavailable"  # of §4.1.2.1; §5.2 has none for this
        else:
            raise
        body = {"error": code, "error_description": error.message}
        return json(body, error.status, error.headers())


def json(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """Return an answer that nobody on the way may keep."""
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers=NO_STORE | dict(headers or {}),
    )


async def _body(request: Request[Any, Any, Any]) -> bytes:
    try:
        return await request.body()
    except ClientException:
        raise InvalidRequest(f"the body has more than {MAX_FORM} bytes") from None


def _content_type(request: Request[Any, Any, Any]) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
