"""Forms and errors of OAuth 2."""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request

from localai import Forbidden, GatewayError, InvalidRequest, RateLimited, Unavailable
from plugins.auth.tokens.errors import InvalidScope, LoginFailed, UnsupportedGrant
from plugins.auth.tokens.oauth import FORM, MAX_FIELDS, answered, field, read_fields, read_form


def request(body: bytes, content_type: str = FORM) -> Request[Any, Any, Any]:
    """Return a request with this body."""

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    scope: Any = {
        "type": "http",
        "method": "POST",
        "headers": [(b"content-type", content_type.encode())],
        "litestar_app": None,
        "state": {},
    }
    made: Request[Any, Any, Any] = Request(scope, receive)
    made._body = body
    return made


async def test_a_form_is_read_as_browsers_write_it() -> None:
    """Escapes and blanks are undone, fields that nobody knows are there too."""
    body = urlencode({"username": "a&b=c", "password": " pä+ß%\n"}).encode()
    fields = await read_form(request(body + b"&client_id=x&empty=", f"{FORM}; charset=utf-8"))
    assert fields == {"username": "a&b=c", "password": " pä+ß%\n", "client_id": "x"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"username":"a"}', "application/json"),
        (b"username=a", ""),
        (b"username=a", "text/plain"),
        (b"username=a", "multipart/form-data; boundary=x"),
        (b"username=a&username=b", FORM),
        (b"password=a&password=", FORM),
        (b"username=%ff", FORM),
        ("username=ä".encode(), FORM),
        ("&".join(f"f{n}=1" for n in range(MAX_FIELDS + 1)).encode(), FORM),
    ],
)
async def test_a_form_in_doubt_is_refused(body: bytes, content_type: str) -> None:
    """Other types, doubled fields, bad escapes and floods of fields are no form."""
    with pytest.raises(InvalidRequest):
        await read_form(request(body, content_type))


async def test_a_refresh_may_come_as_json() -> None:
    """An object of texts is read like a form; nothing else is."""
    assert await read_fields(request(b'{"a":"b"}', "application/json")) == {"a": "b"}
    assert await read_fields(request(b"a=b")) == {"a": "b"}
    for body in (b"", b"[]", b'{"a":7}', b'{"a":', b"[" * 5000, b'"a"'):
        with pytest.raises(InvalidRequest, match="send a JSON object"):
            await read_fields(request(body, "application/json"))


@given(st.dictionaries(st.text("abc", min_size=1), st.text(min_size=1), max_size=MAX_FIELDS))
async def test_what_is_written_is_read(fields: dict[str, str]) -> None:
    """Whatever the values are, they come out as they went in."""
    try:
        body = urlencode(fields, quote_via=quote).encode()
    except UnicodeEncodeError:  # a lone surrogate, which has no UTF-8
        return
    assert await read_form(request(body)) == fields


def test_a_field_that_is_missing_is_named() -> None:
    """Without it, or without a value, nothing can be done."""
    assert field({"a": "b"}, "a") == "b"
    with pytest.raises(InvalidRequest, match="username is required"):
        field({"username": ""}, "username")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (LoginFailed(), 401, "invalid_grant"),
        (InvalidRequest("no"), 400, "invalid_request"),
        (InvalidRequest("no", code="other"), 400, "invalid_request"),
        (InvalidScope("no"), 400, "invalid_scope"),
        (UnsupportedGrant("no"), 400, "unsupported_grant_type"),
        (RateLimited("no", retry_after=7), 429, "temporarily_unavailable"),
        (Unavailable("no", retry_after=7), 503, "temporarily_unavailable"),
    ],
)
async def test_errors_have_the_form_that_clients_know(
    error: GatewayError, status: int, code: str
) -> None:
    """An error has its code and a description, and nobody may keep the answer."""

    async def fail() -> None:
        raise error

    answer = await answered(fail)
    assert answer.status_code == status
    assert msgspec.json.decode(answer.content) == {
        "error": code,
        "error_description": error.message,
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("retry-after") == ("7" if status in (429, 503) else None)
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


async def test_other_errors_are_not_told() -> None:
    """What is no mistake of the client's goes on to the router's own errors."""

    async def fail() -> None:
        raise Forbidden("no")

    with pytest.raises(Forbidden):
        await answered(fail)
