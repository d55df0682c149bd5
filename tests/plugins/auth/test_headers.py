"""Every answer tells browsers what they may do with it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Response, get

from core.config import parse
from core.errors import SettingsError
from core.loader import load
from localai import Gateway, hookimpl
from tests.plugins.support import asking, serving

DEFAULTS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-xss-protection": "1; mode=block",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "geolocation=(), microphone=(), camera=()",
}
HSTS = "strict-transport-security"
CHAIN = "auth.headers auth.static"
KEY = "a-key-of-32-characters-or-so-1234"
KEYS = f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{KEY}" }}]\n'
OFF = "[plugins.auth.headers]\nenabled = false\n"
PROXIED = '[server]\nport = 0\ntrusted_proxies = ["127.0.0.1"]\n'


class Routes:
    """A plugin with a route that sets headers itself, and one that crashes."""

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> list[Any]:
        """Return both."""

        @get("/own", opt={"public": True})
        async def own() -> Response[bytes]:
            headers = {"X-Frame-Options": "SAMEORIGIN", "vary": "accept"}
            return Response(b"", media_type="text/plain", headers=headers)

        @get("/crash", opt={"public": True})
        async def crash() -> None:
            raise RuntimeError("a fault")

        return [own, crash]


class Crash:
    """A plugin that crashes around each request."""

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Crash."""

        async def around(scope: Any, receive: Any, send: Any) -> None:
            raise RuntimeError("a fault")

        return around


ROUTES = f'[plugins.routes]\nuse = "{__name__}:Routes"\n'
CRASH = f'[plugins.crash]\nuse = "{__name__}:Crash"\n'


def added(answer: httpx.Response) -> dict[str, str]:
    """Return those of an answer's headers that this plugin sets."""
    return {name: value for name, value in answer.headers.items() if name in {*DEFAULTS, HSTS}}


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key, of a router with all defaults."""
    async with serving(tmp_path, CHAIN, KEYS, x_api_key=KEY) as (_, client):
        yield client


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/health/live", {}, 200),
        ("HEAD", "/v1/models", {}, 200),
        ("GET", "/v1/models", {}, 200),
        ("GET", "/schema/openapi.json", {}, 200),
        ("GET", "/nothing", {}, 404),
        ("GET", "/v1/models/", {}, 404),
        ("PUT", "/api/tags", {}, 405),
        ("OPTIONS", "/api/tags", {}, 405),
        ("POST", "/v1/chat/completions", {}, 415),
        ("GET", "/v1/models", {"x-api-key": "wrong"}, 401),
        ("POST", "/admin/reload", {}, 403),
    ],
)
async def test_every_answer_has_them(
    http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Good answers and errors of every kind carry all of them, once, and no Server header."""
    answer = await http.request(method, path, headers=headers)
    assert answer.status_code == status
    assert added(answer) == DEFAULTS
    assert len(answer.headers.multi_items()) == len(answer.headers)
    assert "server" not in answer.headers


async def test_a_stream_has_them(http: httpx.AsyncClient) -> None:
    """They stand in a stream's head, and its pieces come through unchanged."""
    body = asking(stream=True)
    async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = [line async for line in answer.aiter_lines()]
    assert added(answer) == DEFAULTS
    assert lines[-2] == "data: [DONE]"


async def test_refusals_at_the_door_have_them(tmp_path: Path) -> None:
    """A foreign host, and a request to a router that shuts down, are answered with them."""
    more = '[server]\nport = 0\nallowed_hosts = ["box.lan"]\n'
    async with serving(tmp_path, "auth.headers", more) as (router, client):
        foreign = await client.get("/v1/models", headers={"host": "evil.com"})
        router.gateway.draining = True
        late = await client.get("/v1/models")
    assert (foreign.status_code, late.status_code) == (421, 503)
    assert added(foreign) == added(late) == DEFAULTS


async def test_what_crashes_has_them(tmp_path: Path) -> None:
    """The answers for a route and for a plugin further in that crash carry them too."""
    async with serving(tmp_path, "auth.headers routes", ROUTES) as (_, client):
        answer = await client.get("/crash")
    assert (answer.status_code, added(answer)) == (500, DEFAULTS)
    async with serving(tmp_path, "auth.headers crash", CRASH) as (_, client):
        answer = await client.get("/v1/models")
    assert (answer.status_code, added(answer)) == (503, DEFAULTS)


async def test_what_a_route_has_set_stays(tmp_path: Path) -> None:
    """A route's own value wins, the others are added, and `vary` is there twice if need be."""
    more = ROUTES + '[plugins.auth.headers]\ncors_origins = ["https://a.example"]\n'
    async with serving(tmp_path, "auth.headers routes", more) as (_, client):
        own = await client.get("/own")
        page = await client.get("/schema")
    assert added(own) == DEFAULTS | {"x-frame-options": "SAMEORIGIN"}
    assert own.headers.get_list("vary") == ["accept", "origin"]
    assert len(page.headers.get_list("content-security-policy")) == 1
    assert "data:" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("server", "headers", "expected"),
    [
        (PROXIED, {"x-forwarded-proto": "https"}, True),
        (PROXIED, {"x-forwarded-proto": "http, HTTPS"}, True),
        (PROXIED, {"x-forwarded-proto": "http"}, False),
        (PROXIED, {}, False),
        ("", {"x-forwarded-proto": "https"}, False),
        ("", {}, False),
    ],
)
async def test_strict_transport_is_for_callers_by_tls(
    tmp_path: Path, server: str, headers: dict[str, str], expected: bool
) -> None:
    """Only what a trusted proxy has taken over TLS is told to stay there."""
    async with serving(tmp_path, "auth.headers", server) as (_, client):
        answer = await client.get("/health/live", headers=headers)
    assert answer.headers.get(HSTS) == ("max-age=31536000; includeSubDomains" if expected else None)
    assert added(answer).items() >= DEFAULTS.items()


async def test_each_is_a_setting_and_can_be_left_out(tmp_path: Path) -> None:
    """A value of the file is sent as it is, an empty one sends nothing."""
    more = '[plugins.auth.headers]\nframe_options = "SAMEORIGIN"\nxss_protection = ""\n'
    async with serving(tmp_path, "auth.headers", more) as (_, client):
        answer = await client.get("/health/live")
    expected = DEFAULTS | {"x-frame-options": "SAMEORIGIN"}
    del expected["x-xss-protection"]
    assert added(answer) == expected


async def test_without_the_plugin_there_are_none(tmp_path: Path) -> None:
    """Switched off it adds nothing, and the server still does not name itself."""
    async with serving(tmp_path, CHAIN, OFF) as (_, client):
        answer = await client.get("/health/live")
    assert added(answer) == {}
    assert "server" not in answer.headers


@pytest.mark.parametrize("value", ["a\\nb", "a\\r\\nx: y", "ü", "a\\u0000"])
def test_no_value_can_start_another_header(value: str) -> None:
    """Control characters and others that no header can carry are refused at the start."""
    toml = (
        f'[chain]\nplugins = ["auth.headers"]\n[plugins.auth.headers]\nframe_options = "{value}"\n'
    )
    with pytest.raises(SettingsError, match=r"\[plugins\.auth\.headers\] frame_options"):
        load(parse(toml, Path("localai.toml")))
