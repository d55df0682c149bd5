"""Asking a router, or what is in its place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from core import admin_client as module
from core.admin_client import AdminClient
from core.errors import (
    Forbidden,
    GatewayError,
    InvalidRequest,
    NotFound,
    Unauthenticated,
    Unavailable,
    UpstreamInvalid,
)

KEY = "canary-key-0123456789"
KEY_ENV = "SOME_KEY"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a key into the environment."""
    monkeypatch.setenv(KEY_ENV, KEY)


def client_of(url: str) -> AdminClient:
    """Return a client for what the cache administers."""
    return AdminClient(
        url=url, key_env=KEY_ENV, path="/admin/cache", scope="admin:cache", plugin="cache"
    )


@asynccontextmanager
async def serving(
    handle: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[AdminClient]:
    """Serve every request by this; yield a client of it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        yield client_of(f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()


@asynccontextmanager
async def answering(
    status: int, body: bytes
) -> AsyncIterator[tuple[AdminClient, list[web.Request]]]:
    """Serve one answer to everything; yield a client of it, and the requests that came."""
    seen: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request)
        headers = {"location": "/admin/cache"} if 300 <= status < 400 else {}
        return web.Response(status=status, body=body, headers=headers)

    async with serving(handle) as client:
        yield client, seen


async def refused(client: AdminClient, kind: type[GatewayError]) -> str:
    """Ask in vain; return what is said, in which the key may not be."""
    with pytest.raises(kind) as error:
        await client.ask("GET")
    assert type(error.value) is kind
    assert KEY not in error.value.message
    return error.value.message


async def test_the_key_goes_where_it_is_asked_for() -> None:
    """The request has the key of the variable, and the parameters."""
    async with answering(200, b'{"removed":1}') as (client, seen):
        assert await client.ask("DELETE", {"tag": "a b&c=é"}) == {"removed": 1}
    (request,) = seen
    assert (request.method, request.path) == ("DELETE", "/admin/cache")
    assert dict(request.query) == {"tag": "a b&c=é"}
    assert request.headers["authorization"] == f"Bearer {KEY}"


async def test_what_stands_below_is_asked_for_by_its_path() -> None:
    """A part of what a plugin serves has its own path."""
    async with answering(200, b"{}") as (client, seen):
        await client.ask("POST", below="/one/drain")
    assert (seen[0].method, seen[0].path) == ("POST", "/admin/cache/one/drain")


async def test_without_a_variable_there_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody is set up yet, none is needed."""
    monkeypatch.delenv(KEY_ENV)
    async with answering(200, b"{}") as (client, seen):
        await client.ask("GET")
    assert "authorization" not in seen[0].headers


@pytest.mark.parametrize("text", ["a\nb-0123456789", "schlüssel-0123456789"])
async def test_what_no_header_can_carry_is_no_key(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A variable that has no key in it is named, without what is in it."""
    monkeypatch.setenv(KEY_ENV, text)
    message = await refused(client_of("http://127.0.0.1:1"), InvalidRequest)
    assert message == "what is in SOME_KEY is no key: copy it again"


REFUSALS = [
    (401, b'{"error":"send a key"}', Unauthenticated, "variable SOME_KEY"),
    (403, b'{"error":"this needs the scope"}', Forbidden, "'admin:cache' will: this needs"),
    (404, b'{"error":"there is nothing at /admin/cache: x"}', NotFound, "switch 'cache' on"),
    (
        404,
        b'{"error":"there is no such tenant here"}',
        Unavailable,
        "says: there is no such tenant",
    ),
    (503, b'{"error":"the storage is away"}', Unavailable, "says: the storage is away"),
    (500, b"Internal Server Error", UpstreamInvalid, "is no router"),
    (404, b'{"detail":"Not Found"}', UpstreamInvalid, "is no router"),
    (200, b"<html></html>", UpstreamInvalid, "is no router"),
    (200, b"[]", UpstreamInvalid, "is no router"),
    (200, b"\xff", UpstreamInvalid, "is no router"),
    (200, b'"' + b"x" * module.MAX_ANSWER + b'"', UpstreamInvalid, "is no router"),
    (302, b"", UpstreamInvalid, "is no router"),
]


@pytest.mark.parametrize(("status", "body", "kind", "message"), REFUSALS)
async def test_a_refusal_says_what_to_do(
    status: int, body: bytes, kind: type[GatewayError], message: str
) -> None:
    """Whatever is answered, the error says what to change; no redirection is followed."""
    async with answering(status, body) as (client, seen):
        assert message in await refused(client, kind)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "unix:", "ftp://x", "http://a:canary@b", "http://[", "http://"]
)
async def test_what_is_no_address_is_told(url: str) -> None:
    """The error says how to write one, without repeating what may be a password."""
    message = await refused(client_of(url), InvalidRequest)
    assert message.startswith("--url: expected http://HOST:PORT or unix:PATH")


async def test_where_nobody_answers_it_says_how_to_start(tmp_path: Path) -> None:
    """A closed port and a missing socket are one message each."""
    for url, reason in (
        ("http://127.0.0.1:1", "Connection refused"),
        (f"unix:{tmp_path}/none.sock", "No such file or directory"),
    ):
        message = await refused(client_of(url), Unavailable)
        assert f"no router answers at {url} ({reason})" in message
        assert "start it with 'localai serve'" in message


async def test_a_server_that_hangs_is_left() -> None:
    """After the deadline the answer is not waited for any more."""

    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(hang) as found:
        client = replace(found, deadline=0.05)
        assert "has not answered in 0.05 s" in await refused(client, Unavailable)


async def test_a_server_that_hangs_up_is_told() -> None:
    """A connection that ends without an answer is no traceback."""

    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(hang_up) as client:
        assert f"no router answers at {client.url}" in await refused(client, Unavailable)
