"""Fields after a body: only for clients that take them, and read alike by a strict client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import h11
import pytest

from core.http_trailers import EXTENSION, takes_trailers
from tests.core.front import LAST, Front, get, read_one, running_front

FIELDS = [(b"x-localai-one", b"1"), (b"x-localai-two", b"2; b")]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer by a stream with trailers where they are taken; `/bad` has a field of two lines."""
    if scope["path"] == "/last":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    takes = EXTENSION in scope.get("extensions", {})
    start = {"type": "http.response.start", "status": 200, "headers": []}
    await send(start | ({"trailers": True} if takes and scope["path"] != "/none" else {}))
    await send(
        {"type": "http.response.body", "body": b"yes" if takes else b"no", "more_body": True}
    )
    await send({"type": "http.response.body", "body": b"0\r\n\r\n"})
    if takes and scope["path"] != "/none":
        bad = [(b"x-localai-bad", b"a\r\nset-cookie: b")]
        await send({"type": EXTENSION, "headers": bad if scope["path"] == "/bad" else FIELDS})


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    """A server of that application."""
    async with running_front(answering=app) as running:
        yield running


async def ask(front: Front, request: bytes) -> bytes:
    """Return all bytes of the answer to a request, after which the connection is closed."""
    reader, writer = await front.connect()
    writer.write(request)
    try:
        return await reader.read()
    finally:
        writer.close()


def parsed(answer: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the body and the trailers of an answer, as h11 reads it."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(answer)
    body = b""
    while True:
        event = client.next_event()
        if isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return body, list(event.headers)


@pytest.mark.parametrize("te", [b"trailers", b"deflate;q=0.5, Trailers", b"gzip , trailers"])
async def test_a_client_that_takes_trailers_gets_them(front: Front, te: bytes) -> None:
    """They come after the last chunk, and bytes in the body that look like an end are none."""
    answer = await ask(front, get(b"/", b"Host: a", b"TE: " + te, b"Connection: close, TE"))
    assert parsed(answer) == (b"yes0\r\n\r\n", FIELDS)
    assert answer.endswith(b"\r\n0\r\nx-localai-one: 1\r\nx-localai-two: 2; b\r\n\r\n")


@pytest.mark.parametrize(
    ("path", "te", "version"),
    [
        (b"/", b"X: trailers", b"HTTP/1.1"),
        (b"/", b"TE: trailersss", b"HTTP/1.1"),
        (b"/", b"TE: trailers", b"HTTP/1.0"),
        (b"/none", b"TE: trailers", b"HTTP/1.1"),
    ],
    ids=["no TE", "another TE", "HTTP/1.0", "none to send"],
)
async def test_others_get_none(front: Front, path: bytes, te: bytes, version: bytes) -> None:
    """An answer without trailers ends as ever."""
    request = get(path, b"Host: a", b"Connection: close", te, version=version)
    assert (await ask(front, request)).endswith(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n")


async def test_a_connection_is_kept_after_trailers(front: Front) -> None:
    """What was pipelined behind an answer with trailers is answered next."""
    answer = await ask(front, get(b"/", b"Host: a", b"TE: trailers") + LAST)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b"x-localai-two: 2; b\r\n\r\nHTTP/1.1 200 OK" in answer


async def test_a_field_of_two_lines_is_not_sent(front: Front) -> None:
    """A field that would begin another one ends the connection without an end of the body."""
    answer = await ask(front, get(b"/bad", b"Host: a", b"TE: trailers"))
    assert answer.endswith(b"5\r\n0\r\n\r\n\r\n")
    assert b"set-cookie" not in answer
    assert (await asyncio.wait_for(_plain(front), 5)).status == 200


async def _plain(front: Front) -> Any:
    reader, writer = await front.connect()
    writer.write(LAST)
    answer = await read_one(reader)
    writer.close()
    return answer


def test_a_scope_says_whether_trailers_are_taken() -> None:
    """It takes `TE: trailers` in a request of HTTP/1.1."""
    scope = {"http_version": "1.1", "headers": [(b"host", b"a"), (b"te", b"trailers")]}
    assert takes_trailers(scope)
    assert not takes_trailers(scope | {"http_version": "1.0"})
    assert not takes_trailers(scope | {"headers": []})
