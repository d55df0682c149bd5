"""Web pages of other origins call only where the file says so."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import parse
from core.errors import SettingsError
from core.loader import load
from plugins.auth.cors import Cors
from tests.plugins.support import asking, serving

PAGE = "https://chat.example.org"
SETTINGS = '[plugins.auth.headers]\ncors_origins = ["https://chat.example.org", "app://ui"]\n'
CHAIN = "auth.headers auth.static"
KEY = "a-key-of-32-characters-or-so-1234"
KEYS = f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{KEY}" }}]\n'
ASKING = {"access-control-request-method": "POST"}


def cors(*origins: str, **changes: Any) -> Cors:
    """Return rules for these origins."""
    rules: dict[str, Any] = {
        "origins": origins,
        "methods": ("GET", "POST"),
        "headers": (),
        "expose": ("*",),
        "credentials": False,
        "max_age": 60.0,
    }
    return Cors(**(rules | changes))


def granted(answer: httpx.Response) -> dict[str, str]:
    """Return what an answer says about CORS."""
    prefix = "access-control-"
    return {
        name.removeprefix(prefix): value
        for name, value in answer.headers.items()
        if name.startswith(prefix)
    }


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a router that needs a key and lets two origins call."""
    async with serving(tmp_path, CHAIN, KEYS + SETTINGS) as (_, client):
        yield client


async def test_a_preflight_is_answered_before_a_key_is_asked_for(http: httpx.AsyncClient) -> None:
    """Browsers send no key with it, and learn methods, headers and how long that holds."""
    asked = "authorization,content-type,x-stainless-retry-count"
    headers = ASKING | {"origin": PAGE, "access-control-request-headers": asked}
    answer = await http.options("/v1/chat/completions", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert granted(answer) == {
        "allow-origin": PAGE,
        "allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "allow-headers": asked,
        "expose-headers": "*",
        "max-age": "7200",
    }
    assert answer.headers["vary"] == "origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]
    assert "content-length" not in answer.headers


async def test_a_page_calls_with_a_key(http: httpx.AsyncClient) -> None:
    """Good answers, streams and errors can be read by a page of a named origin."""
    headers = {"origin": PAGE, "x-api-key": KEY}
    good = await http.get("/v1/models", headers=headers)
    refused = await http.get("/v1/models", headers={"origin": "app://ui"})
    assert (good.status_code, refused.status_code) == (200, 401)
    assert granted(good) == {"allow-origin": PAGE, "expose-headers": "*"}
    assert granted(refused)["allow-origin"] == "app://ui"
    body = asking(stream=True)
    async with http.stream("POST", "/v1/chat/completions", json=body, headers=headers) as stream:
        await stream.aread()
    assert granted(stream) == granted(good)


@pytest.mark.parametrize("origin", ["https://evil.com", "null", "", f"{PAGE}.evil.com"])
async def test_other_pages_are_refused(http: httpx.AsyncClient, origin: str) -> None:
    """Their preflight is a 403 that says what to do; answers to them can't be read by them."""
    preflight = await http.options("/v1/models", headers=ASKING | {"origin": origin})
    assert preflight.status_code == 403
    assert preflight.json()["error"]["code"] == "origin_not_allowed"
    assert "add the origin to cors_origins" in preflight.json()["error"]["message"]
    answer = await http.get("/v1/models", headers={"origin": origin, "x-api-key": KEY})
    assert granted(preflight) == granted(answer) == {}
    assert preflight.headers["vary"] == answer.headers["vary"] == "origin"


async def test_every_answer_varies_by_origin(http: httpx.AsyncClient) -> None:
    """A cache must not give a page what it has kept for another, also without an Origin."""
    for path in ("/health/live", "/nothing"):
        assert (await http.get(path)).headers["vary"] == "origin"


async def test_other_options_requests_are_as_before(http: httpx.AsyncClient) -> None:
    """OPTIONS without the headers of a preflight reaches the route."""
    for headers in ({}, {"origin": PAGE}, ASKING):
        answer = await http.options("/v1/models", headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_without_origins_nothing_is_added(tmp_path: Path) -> None:
    """By default there is no CORS: a preflight is refused by the route, and no header is there."""
    async with serving(tmp_path, CHAIN) as (_, client):
        preflight = await client.options("/v1/models", headers=ASKING | {"origin": PAGE})
        answer = await client.get("/health/live", headers={"origin": PAGE})
    assert preflight.status_code == 405
    assert granted(preflight) == granted(answer) == {}
    assert "vary" not in answer.headers


async def test_any_origin_is_a_star(tmp_path: Path) -> None:
    """Where every page may call, the answer is the same for all of them."""
    more = KEYS + '[plugins.auth.headers]\ncors_origins = ["*"]\n'
    async with serving(tmp_path, CHAIN, more) as (_, client):
        for headers in ({"origin": "https://evil.com"}, {"origin": "null"}, {}):
            answer = await client.get("/health/live", headers=headers)
            assert granted(answer) == {"allow-origin": "*", "expose-headers": "*"}
            assert answer.headers["vary"] == "origin"
        preflight = await client.options("/v1/models", headers=ASKING | {"origin": "null"})
    assert (preflight.status_code, granted(preflight)["allow-origin"]) == (204, "*")


async def test_a_page_needs_a_key_or_an_allowed_host(tmp_path: Path) -> None:
    """CORS alone opens no door: without a key the page's host must be an allowed one, too."""
    more = '[server]\nport = 0\nallowed_hosts = ["chat.example.org"]\n'
    for opened, status in (("", 403), (more, 200)):
        async with serving(tmp_path, CHAIN, opened + SETTINGS) as (_, client):
            answer = await client.get("/v1/models", headers={"origin": PAGE})
            assert (answer.status_code, granted(answer)["allow-origin"]) == (status, PAGE)


async def test_cookies_need_names(tmp_path: Path) -> None:
    """With credentials the answer names the one origin, and never `*`."""
    more = SETTINGS + 'cors_credentials = true\ncors_expose = ["x-request-id"]\n'
    more += 'cors_headers = ["authorization", "content-type"]\n'
    async with serving(tmp_path, CHAIN, more) as (_, client):
        headers = ASKING | {"origin": PAGE, "access-control-request-headers": "x-other"}
        answer = await client.options("/v1/models", headers=headers)
    assert granted(answer).items() >= {
        ("allow-credentials", "true"),
        ("allow-origin", PAGE),
        ("allow-headers", "authorization, content-type"),
        ("expose-headers", "x-request-id"),
    }


@pytest.mark.parametrize(
    ("asked", "told"),
    [("x-a, X-B,x-c", True), ("x-a; x-b", False), ("x" * 3000, False), ("ü", False)],
)
async def test_headers_that_are_asked_for_are_told_if_they_can_be(asked: str, told: bool) -> None:
    """Only a list of names, of a sensible length, is repeated."""
    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    wanted = (b"access-control-request-headers", asked.encode("latin-1"))
    scope = {"headers": [(b"origin", b"https://a.org"), wanted], "path": "/v1/models"}
    await cors("https://a.org").answer(scope, send)
    names = [name for name, _ in sent[0]["headers"]]
    assert sent[0]["status"] == 204
    assert (b"access-control-allow-headers" in names) is told


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("https://a.org", "https://a.org HTTPS://A.org", "http://a.org https://a.org:8443"),
        ("https://a.org:8443", "https://a.org:8443", "https://a.org https://a.org:84430"),
        ("https://*.a.org", "https://b.a.org https://c.b.a.org", "https://a.org https://ba.org"),
        ("https://*.a.org:*", "https://b.a.org https://b.a.org:1", "https://b.a.org:x"),
        ("http://localhost:*", "http://localhost http://localhost:3000", "http://localhost.b:1"),
        ("http://[::1]:3000", "http://[::1]:3000", "http://[::2]:3000"),
        ("HTTPS://A.Org", "https://a.org", "https://axorg"),
    ],
)
def test_patterns_of_origins(pattern: str, good: str, bad: str) -> None:
    """A `*` stands for whole labels in front, or for any port; everything else is itself."""
    rules = cors(pattern)
    assert all(rules.allows(origin.encode()) for origin in good.split())
    tricks = f"https://evil.com/{pattern} https://evil.com#.a.org https://x@b.a.org:1/ null"
    assert not any(rules.allows(origin.encode()) for origin in [*bad.split(), *tricks.split(), ""])


LABELS = st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True)


@given(st.lists(LABELS, min_size=1, max_size=4), st.text(st.characters(max_codepoint=255)))
def test_only_the_host_of_a_pattern_is_let_in(labels: list[str], text: str) -> None:
    """Every name below a pattern's is let in, and whatever is let in is such a name."""
    rules = cors("https://*.a.org")
    assert rules.allows(f"https://{'.'.join(labels)}.a.org".encode())
    for origin in (text, f"https://{text}.a.org", f"https://{text}"):
        if rules.allows(origin.encode("latin-1")):
            host = httpx.URL(origin.lower()).host
            assert host.endswith(".a.org")
            assert origin.lower() == f"https://{host}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('cors_origins = ["https://a.org/"]', "is no origin: write one as"),
        ('cors_origins = ["a.org"]', "is no origin"),
        ('cors_origins = ["null"]', "is no origin"),
        ('cors_origins = ["https://a.*.org"]', "is no origin"),
        ('cors_origins = ["*"]\ncors_credentials = true', "by name, without '\\*'"),
        ('cors_origins = ["https://a.org"]\ncors_credentials = true', "cors_expose by name"),
        ('cors_origins = ["https://a.org"]\ncors_methods = ["GET, PUT"]', "no name of a method"),
        ('cors_origins = ["https://a.org"]\ncors_expose = ["a\\r\\nb"]', "no name of a method"),
    ],
)
def test_mistakes_are_told(settings: str, message: str) -> None:
    """What browsers would not accept, or would be too open, is an error of the plugin's table."""
    toml = f'[chain]\nplugins = ["auth.headers"]\n[plugins.auth.headers]\n{settings}\n'
    with pytest.raises(SettingsError, match=message) as caught:
        load(parse(toml, Path("localai.toml")))
    assert "[plugins.auth.headers]" in str(caught.value)
