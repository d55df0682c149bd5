"""Keys fetched over a real socket, and kept."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from localai import Unavailable
from plugins.auth.tokens.errors import InvalidToken
from plugins.auth.tokens.jwks import MAX_SET, KeySet, Pace
from tests.plugins.auth.tokens.issuing import KeyServer, key_server
from tests.plugins.auth.tokens.support import as_json, jwk

ALGORITHMS = ("RS256", "ES256")
PACE = Pace(timeout=0.5)


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    """A key server with one key."""
    async with key_server() as running:
        yield running


def made(server: KeyServer, pace: Pace = PACE) -> tuple[KeySet, Clock]:
    """Return a key set of that server, with its clock."""
    clock = Clock()
    return KeySet(server.url, ALGORITHMS, pace, clock=clock), clock


async def test_keys_are_fetched_once_for_many_who_ask_at_once(server: KeyServer) -> None:
    """A hundred first tokens make one request, and later ones none."""
    keys, clock = made(server)
    found = await asyncio.gather(*(keys.find("key-RS256", "RS256") for _ in range(100)))
    assert {key.kid for key in found} == {"key-RS256"}
    clock.now += 10_000
    await keys.find("key-RS256", "RS256")
    assert len(server.requests) == 1


async def test_a_request_has_nothing_to_follow(server: KeyServer) -> None:
    """It is a plain GET of the fixed address, without cookies, and asks for no compression."""
    keys, _ = made(server)
    await keys.find("key-RS256", "RS256")
    (request,) = server.requests
    assert (request.method, request.path_qs) == ("GET", "/keys")
    assert request.headers["accept-encoding"] == "identity"
    assert "cookie" not in request.headers


async def test_proxies_of_the_environment_are_ignored(
    server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable can't send the router to somebody else for its keys."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    keys, _ = made(server)
    assert await keys.find("key-RS256", "RS256")


async def test_a_new_key_is_fetched_when_a_token_names_it(server: KeyServer) -> None:
    """After a rotation the first token of the new key is verified, and the old key is gone."""
    keys, clock = made(server)
    await keys.find("key-RS256", "RS256")
    server.keys = [jwk("RS256", kid="new")]
    clock.now += PACE.unknown
    assert (await keys.find("new", "RS256")).kid == "new"
    with pytest.raises(InvalidToken):
        await keys.find("key-RS256", "RS256")


async def test_unknown_keys_make_one_request_a_minute(server: KeyServer) -> None:
    """However many tokens with invented keys come, the issuer is not flooded."""
    keys, clock = made(server)
    await keys.find("key-RS256", "RS256")
    for minute in range(1, 4):
        clock.now += PACE.unknown
        for number in range(50):
            with pytest.raises(InvalidToken):
                await keys.find(f"invented-{number}", "RS256")
        assert len(server.requests) == 1 + minute


async def test_a_key_is_for_its_own_algorithm(server: KeyServer) -> None:
    """The name of a key for another algorithm is no key, and no name means the only one."""
    server.keys = [jwk("RS256"), jwk("ES256"), jwk("ES256", kid="second")]
    keys, _ = made(server)
    assert (await keys.find(None, "RS256")).kid == "key-RS256"
    for kid, algorithm in (("key-RS256", "ES256"), (None, "ES256"), ("key-RS256", "HS256")):
        with pytest.raises(InvalidToken):
            await keys.find(kid, algorithm)


async def redirect(request: web.Request) -> web.Response:
    """Send the caller to good keys elsewhere."""
    if request.path == "/elsewhere":
        return web.json_response({"keys": [jwk("RS256")]})
    raise web.HTTPFound("/elsewhere")


async def failing(request: web.Request) -> web.Response:
    """Answer good keys with a bad status."""
    return web.json_response({"keys": [jwk("RS256")]}, status=500)


async def page(request: web.Request) -> web.Response:
    """Answer a page."""
    return web.Response(text="<html>canary</html>", content_type="text/html")


async def empty(request: web.Request) -> web.Response:
    """Answer a set without keys."""
    return web.json_response({"keys": []})


async def huge(request: web.Request) -> web.Response:
    """Answer good keys in a text that is too long."""
    return web.Response(text=as_json({"keys": [jwk("RS256")], "more": "x" * MAX_SET}))


async def endless(request: web.Request) -> web.StreamResponse:
    """Answer blanks for ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 65_536)


async def compressed(request: web.Request) -> web.Response:
    """Answer good keys compressed, though nobody asked for that."""
    body = gzip.compress(as_json({"keys": [jwk("RS256")]}).encode())
    return web.Response(body=body, headers={"content-encoding": "gzip"})


async def slow(request: web.Request) -> web.StreamResponse:
    """Answer one byte and then nothing."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"{")
    await asyncio.sleep(60)
    return response


async def cut(request: web.Request) -> web.StreamResponse:
    """Break off in the middle."""
    response = web.StreamResponse(headers={"content-length": "1000"})
    await response.prepare(request)
    await response.write(b'{"keys":')
    assert request.transport is not None
    request.transport.abort()
    return response


Misbehaving = Callable[[web.Request], Awaitable[web.StreamResponse]]
EVIL = [redirect, failing, page, empty, huge, endless, compressed, slow, cut]


@pytest.mark.parametrize("answer", EVIL)
async def test_an_issuer_that_misbehaves_gives_no_keys(
    server: KeyServer, answer: Misbehaving
) -> None:
    """Nothing of a redirect, an error, a page or a flood is taken; the token may be good: 503."""
    server.answer = answer
    keys, _ = made(server)
    with capture_logs() as entries, pytest.raises(Unavailable, match="does not answer"):
        async with asyncio.timeout(3):
            await keys.find("key-RS256", "RS256")
    assert [request.path for request in server.requests] == ["/keys"]
    assert [entry["event"] for entry in entries] == ["no keys from an issuer"]
    assert "canary" not in str(entries)


@pytest.mark.parametrize("answer", EVIL)
async def test_the_last_good_keys_are_kept_for_a_day(
    server: KeyServer, answer: Misbehaving
) -> None:
    """While an issuer misbehaves its last keys count, for a day and no longer."""
    keys, clock = made(server)
    await keys.find("key-RS256", "RS256")
    server.answer = answer
    clock.now += PACE.keep - 1
    with capture_logs():
        with pytest.raises(InvalidToken):
            await keys.find("new", "RS256")
        assert await keys.find("key-RS256", "RS256")
        clock.now += 5
        with pytest.raises(Unavailable):
            await keys.find("key-RS256", "RS256")
    server.answer = None
    clock.now += PACE.empty
    assert await keys.find("key-RS256", "RS256")


async def test_an_issuer_that_is_away_is_asked_again_after_seconds(server: KeyServer) -> None:
    """While there is no key at all, callers are told to come back, and the next try is soon."""
    keys, clock = made(server)
    server.answer = failing
    with capture_logs():
        for _ in range(20):
            with pytest.raises(Unavailable) as caught:
                await keys.find("key-RS256", "RS256")
    assert caught.value.headers()["retry-after"] == "5"
    assert len(server.requests) == 1
    server.answer = None
    clock.now += PACE.empty
    assert await keys.find("key-RS256", "RS256")


async def test_keys_are_fetched_in_the_background(server: KeyServer) -> None:
    """They are there before the first token, and are fetched again before they are old."""
    keys = KeySet(server.url, ALGORITHMS, Pace(refresh=0.01))
    async with keys.running():
        await server.was_asked(3)
        before = len(server.requests)
        await keys.find("key-RS256", "RS256")
        assert len(server.requests) - before <= 2
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if server.url in task.get_name()]


async def test_stopping_does_not_wait_for_an_issuer(server: KeyServer) -> None:
    """A fetch that is under way ends with the router."""
    server.answer = slow
    keys = KeySet(server.url, ALGORITHMS, Pace(timeout=60))
    async with asyncio.timeout(3):
        async with keys.running():
            await server.was_asked(1)
    assert not [task for task in asyncio.all_tasks() if server.url in task.get_name()]


async def test_nobody_there_is_no_key() -> None:
    """An address where nothing listens, or that is no host, is an issuer that is away."""
    for url in ("http://127.0.0.1:9/keys", "http://localhost:1/", "https://127.0.0.1:9/"):
        with capture_logs(), pytest.raises(Unavailable):
            await KeySet(url, ALGORITHMS, PACE).find("k", "RS256")
