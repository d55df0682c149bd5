"""Which requests the strict front door lets in, over raw sockets."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.front import (
    CHUNKED,
    GOOD,
    Front,
    get,
    post,
    read_one,
    running_front,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front() -> AsyncIterator[Front]:
    """Yield a server with the default limits, which all tests of the module use."""
    async with running_front() as running:
        yield running


REFUSED = {
    # the head's size
    "1 MB header": (431, get(b"/a", b"Host: a", b"X: " + b"x" * 1_000_000)),
    "1 MB header, never ended": (431, b"GET /a HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1_000_000),
    "many headers": (431, get(b"/a", b"Host: a", *[b"X: y"] * 5000)),
    "101 headers": (431, get(b"/a", b"Host: a", *[b"X: y"] * 100)),
    "40 KB of headers": (431, get(b"/a", b"Host: a", *[b"X: " + b"y" * 1000] * 40)),
    "empty lines": (431, b"\r\n" * 200_000),
    "long URL": (414, get(b"/" + b"a" * 9000)),
    "1 MB URL": (414, get(b"/" + b"a" * 1_000_000)),
    # Host
    "no host": (400, b"GET /v1/models HTTP/1.1\r\n\r\n"),
    "two hosts": (400, get(b"/", b"Host: a", b"Host: b")),
    "the same host twice": (400, get(b"/", b"Host: a", b"Host: a")),
    "empty host": (400, get(b"/", b"Host: ")),
    "host with path": (400, get(b"/", b"Host: a/b")),
    "host with user": (400, get(b"/", b"Host: u@a")),
    "host list": (400, get(b"/", b"Host: a, b")),
    "host with bad port": (400, get(b"/", b"Host: a:b")),
    "host with long port": (400, get(b"/", b"Host: a:123456")),
    # versions
    "HTTP/0.9": (400, b"GET /rss\r\n"),
    "HTTP/0.9 and empty line": (400, b"GET /rss\r\n\r\n"),
    "named HTTP/0.9": (400, get(b"/rss", version=b"HTTP/0.9")),
    "HTTP/1.2": (400, get(b"/", version=b"HTTP/1.2")),
    "HTTP/2 by name": (400, get(b"/", version=b"HTTP/2.0")),
    "HTTP/3": (400, get(b"/", version=b"HTTP/3.0")),
    "h2c preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS hello": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    # forms of the target
    "absolute form": (400, get(b"http://other/v1/models")),
    "absolute form, own host": (400, get(b"http://a/v1/models")),
    "CONNECT": (400, b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "OPTIONS *": (400, b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no slash": (400, get(b"v1/models")),
    # second names of a path
    "two slashes": (404, get(b"//v1/models")),
    "two slashes inside": (404, get(b"/v1//models")),
    "two slashes at the end": (404, get(b"/v1/models//")),
    "%2f": (404, get(b"/v1%2fmodels")),
    "%2F": (404, get(b"/v1/models%2F")),
    "%5c": (404, get(b"/v1%5cmodels")),
    "backslash": (404, get(b"/v1\\models")),
    "dot dot": (404, get(b"/v1/../admin")),
    "dot": (404, get(b"/v1/./models")),
    "dot dot at the end": (404, get(b"/v1/..")),
    "dot dot before query": (404, get(b"/v1/..?a=b")),
    "encoded dots": (404, get(b"/v1/%2e%2E/admin")),
    "half-encoded dots": (404, get(b"/v1/.%2e/admin")),
    "encoded letter": (404, get(b"/%61dmin")),
    "encoded underscore": (404, get(b"/a%5Fb")),
    "%00": (400, get(b"/v1/models%00")),
    "%0a": (400, get(b"/v1/models%0a")),
    "%7f": (400, get(b"/v1/models%7f")),
    "bad percent-encoding": (400, get(b"/v1/%zz")),
    "half a percent-encoding": (400, get(b"/v1/%4")),
    "NUL": (400, get(b"/v1/\x00")),
    "tab": (400, get(b"/v1/\t")),
    "non-ASCII": (400, get("/v1/é".encode())),
    "fragment": (400, get(b"/v1/models#x")),
    "fragment in query": (400, get(b"/v1/models?a#x")),
    "raw bracket": (400, get(b"/v1/{model}")),
    # framing
    "length and chunked": (400, post(b"Content-Length: 3", CHUNKED, body=b"0\r\n\r\n")),
    "chunked and length": (400, post(CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n")),
    "two lengths": (400, post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd")),
    "signed length": (400, post(b"Content-Length: +3", body=b"abc")),
    "length list": (400, post(b"Content-Length: 3, 3", body=b"abc")),
    "endless length": (400, post(b"Content-Length: 99999999999999999999999")),
    "gzip, chunked": (400, post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
    "gzip only": (400, post(b"Transfer-Encoding: gzip", body=b"abc")),
    "chunked in 1.0": (
        400,
        post(CHUNKED, body=b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ),
    "bad chunk size": (400, post(CHUNKED, body=b"zz\r\nabc\r\n0\r\n\r\n")),
    "bad chunk end": (400, post(CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n")),
    "LF only": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "CR only": (400, b"GET / HTTP/1.1\rHost: a\r\r"),
    "folded header": (400, get(b"/", b"Host: a", b"X: a", b" b")),
    "space before colon": (400, get(b"/", b"Host : a")),
    "no colon": (400, get(b"/", b"Host: a", b"X")),
    "NUL in header": (400, get(b"/", b"Host: a", b"X: \x00")),
    "long trailer": (431, post(CHUNKED, body=b"0\r\nX: " + b"y" * 1_000_000)),
    "many trailers": (431, post(CHUNKED, body=b"0\r\n" + b"X: y\r\n" * 200 + b"\r\n")),
    "unknown expectation": (417, post(b"Expect: 200-ok", b"Content-Length: 3")),
    "made-up method": (400, b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n"),
}


@pytest.mark.parametrize(("status", "request_bytes"), REFUSED.values(), ids=REFUSED.keys())
async def test_refuses(front: Front, status: int, request_bytes: bytes) -> None:
    """What is over a limit or ambiguous gets one readable refusal, and the server serves on."""
    (answer,) = await front.send(request_bytes)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"
    assert len(answer.headers["x-request-id"]) == 32
    assert "date" in answer.headers
    assert "server" not in answer.headers
    assert json.loads(answer.body)["error"]
    assert await front.serves()


SERVED = {
    "plain": (GOOD, "/v1/models"),
    "query": (get(b"/a?x=//../%2f"), "/a"),
    "root": (get(b"/"), "/"),
    "encoded colon and space": (get(b"/m/qwen3%3A8b%20x"), "/m/qwen3:8b x"),
    "encoded UTF-8": (get(b"/m/%C3%A9"), "/m/é"),
    "dots in a name": (get(b"/m/.well-known/a..b/..."), "/m/.well-known/a..b/..."),
    "IPv6 host": (get(b"/a", b"Host: [::1]:8000"), "/a"),
    "space after host": (get(b"/a", b"Host: a \t"), "/a"),
    "100 headers": (get(b"/a", b"Host: a", *[b"X: y"] * 99), "/a"),
    "HTTP/1.0 without host": (b"GET /a HTTP/1.0\r\n\r\n", "/a"),
    "offer of websocket": (
        get(b"/a", b"Host: a", b"Upgrade: websocket", b"Connection: upgrade"),
        "/a",
    ),
}


@pytest.mark.parametrize(("request_bytes", "path"), SERVED.values(), ids=SERVED.keys())
async def test_serves(front: Front, request_bytes: bytes, path: str) -> None:
    """A plain request reaches the app, in whatever pieces it arrives."""
    for size in (len(request_bytes), 1):
        reader, writer = await front.connect()
        for at in range(0, len(request_bytes), size):
            writer.write(request_bytes[at : at + size])
            await writer.drain()
        answer = await read_one(reader)
        assert answer.status == 200
        assert json.loads(answer.body)["path"] == path
        writer.close()


async def test_error_dialects(front: Front) -> None:
    """A refusal has OpenAI's shape below /v1 and Ollama's elsewhere."""
    (openai,) = await front.send(get(b"/v1//models"))
    error = json.loads(openai.body)["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, None)
    (unparsed,) = await front.send(get(b"/v1/\x00"))
    assert isinstance(json.loads(unparsed.body)["error"], dict)
    (ollama,) = await front.send(get(b"/api//tags"))
    assert isinstance(json.loads(ollama.body)["error"], str)


async def test_head_has_no_body(front: Front) -> None:
    """The refusal of a HEAD request is a head only."""
    reader, writer = await front.connect()
    writer.write(b"HEAD //x HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b"\r\n\r\n")
    writer.close()


PIECES = [
    b"GET ", b"POST ", b"HEAD ", b"/", b"/v1", b"%2f", b"%zz", b"..", b"?", b"#", b"*",
    b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\n", b"\r\n\r\n", b"Host: a", b"Host:", b"abc",
    b"Content-Length: 3", b"Content-Length: ", CHUNKED, b"3\r\nabc\r\n", b"0\r\n\r\n",
    b"Connection: upgrade, close", b"Upgrade: h2c", b"Expect: 100-continue", b" ", b":",
    b"\x00", b"\xff", b"http://x",
]  # fmt: skip
JUNK = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=30).map(b"".join)
REQUESTS = st.builds(
    lambda path, headers, body: post(*headers, body=body, path=b"/" + path),
    JUNK,
    st.lists(JUNK, max_size=4),
    JUNK,
)


async def test_any_bytes(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    """No bytes on a fresh connection lead to a 5xx or a traceback, or stop the server."""
    loop = asyncio.get_running_loop()
    broken: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: broken.append(context))

    async def attack(parts: list[bytes]) -> None:
        reader, writer = await front.connect()
        for part in parts:
            writer.write(part)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        assert not re.search(rb"HTTP/1\.1 5\d\d", answer)
        assert not broken

    @settings(
        max_examples=300,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        database=None,
    )
    @given(st.lists(JUNK | REQUESTS | st.binary(max_size=100), max_size=4))
    def attack_any(parts: list[bytes]) -> None:
        asyncio.run_coroutine_threadsafe(attack(parts), loop).result(10)

    with caplog.at_level(logging.INFO):
        await asyncio.to_thread(attack_any)
    loop.set_exception_handler(None)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert await front.serves()
