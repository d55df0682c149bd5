"""The stream of events over a real socket."""

import asyncio
from pathlib import Path

import httpx
import pytest

from plugins.metrics.dashboard import hub, stream
from plugins.metrics.dashboard.plugin import Dashboard
from tests.plugins.metrics.dashboard.support import watching
from tests.plugins.routing.fleet import until
from tests.plugins.support import asking, serving
from tests.support import Router

CHAIN = "metrics.dashboard routing cache"
SECRET, OTHER = "0123456789-0123456789-0123456789", "9876543210-9876543210-9876543210"
KEYS = f"""
[[plugins.auth.static.keys]]
name = "see"
key = "{SECRET}"
scopes = ["metrics:read", "admin:routing"]
[[plugins.auth.static.keys]]
name = "chat"
key = "{OTHER}"
scopes = ["chat"]
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a second take a fifth of one."""
    monkeypatch.setattr(hub, "INTERVAL", 0.2)


def viewers(router: Router) -> int:
    """Return how many watch."""
    found = router.gateway.find(Dashboard)
    assert found is not None
    return found._hub.viewers


async def test_a_viewer_sees_what_goes_on(tmp_path: Path) -> None:
    """First comes what was, then each second what is: requests, errors and tokens."""
    async with serving(tmp_path, CHAIN) as (router, client):
        async with watching(client) as page:
            assert page.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            history = await page.event("history")
            assert history["seconds"] == 300
            await client.post("/api/chat", json=asking())
            await client.post("/api/chat", json=asking() | {"model": "nothing"})
            shown = await page.snapshot_when(lambda shown: shown["requests"]["total"] == 2)
            assert shown["requests"]["errors_total"] == 1
            assert shown["errors"][0]["model"] == "nothing"
            assert shown["errors"][0]["route"] == "/api/chat"
            assert shown["queue"] == []
        await until(lambda: viewers(router) == 0)


async def test_nothing_that_was_said_is_shown(tmp_path: Path) -> None:
    """No prompt, no answer and no key gets as far as the page, however a call ends."""
    keys = KEYS.replace('["chat"]', '["*"]')
    async with serving(
        tmp_path, f"metrics auth guardrails {CHAIN.replace('metrics.dashboard', '')}", keys
    ) as (_, client):
        headers = {"authorization": f"Bearer {OTHER}"}
        async with client.stream("GET", "/ui/events", headers=headers) as answer:
            for more in ({}, {"model": "nothing"}, {"options": "kanarienvogel"}):
                body = asking("a kanarienvogel of 4111 1111 1111 1111") | more
                await client.post(
                    "/api/chat", json=body, headers=headers | {"x-a": "kanarienvogel"}
                )
            text = ""
            async with asyncio.timeout(30):
                async for line in answer.aiter_lines():
                    text += line
                    if '"total":2' in line:
                        break
    for secret in ("kanarienvogel", "4111", OTHER, SECRET):
        assert secret not in text


async def test_only_who_may_see_is_let_in(tmp_path: Path) -> None:
    """Without a key it is a 401, without the scope a 403, and both are no streams."""
    async with serving(tmp_path, f"{CHAIN} auth.static", KEYS) as (_, client):
        assert (await client.get("/ui/events")).status_code == 401
        chat = {"authorization": f"Bearer {OTHER}"}
        assert (await client.get("/ui/events", headers=chat)).status_code == 403
        async with watching(client, authorization=f"Bearer {SECRET}") as page:
            await page.event("snapshot")


async def test_a_key_that_is_gone_ends_the_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked again whether the key still counts."""
    monkeypatch.setattr(stream, "CHECK_EVERY", 0.0)
    async with (
        serving(tmp_path, f"{CHAIN} auth.static", KEYS) as (router, client),
        watching(client, authorization=f"Bearer {SECRET}") as page,
    ):
        await page.event("snapshot")
        monkeypatch.setattr(router.gateway.current, "authenticators", [("a", _nobody)])
        assert await page.event("end") == {"reason": "unauthorised"}
        assert await page.rest() == []


async def _nobody(connection: object) -> None:
    return None


async def test_a_reload_ends_the_stream_at_once(tmp_path: Path) -> None:
    """The page is told to come again, and the old generation ends."""
    async with serving(tmp_path, CHAIN) as (router, client):
        async with watching(client) as page:
            await page.event("snapshot")
            await router.gateway.reload("a test")
            assert await page.event("end") == {"reason": "reload"}
            assert await page.rest() == []
        await until(lambda: len(router.gateway._alive) == 1)
        async with watching(client) as page:
            assert (await page.event("snapshot"))["generation"] == 2


async def test_a_shutdown_does_not_wait_for_viewers(tmp_path: Path) -> None:
    """Who watches is told that the router goes, and does not keep it."""
    more = "[server]\nport = 0\ndrain_timeout = 30\n"
    async with serving(tmp_path, CHAIN, more) as (router, client), watching(client) as page:
        await page.event("snapshot")
        router.server.leave("a test")
        assert await page.event("end") == {"reason": "shutdown"}
        async with asyncio.timeout(30):
            await router.task


async def test_one_viewer_too_many_is_told(tmp_path: Path) -> None:
    """Above the setting it is a 503 that says what to do."""
    one = "[plugins.metrics.dashboard]\nviewers = 1\n"
    async with serving(tmp_path, CHAIN, one) as (router, client):
        async with watching(client) as page:
            await page.event("history")
            answer = await client.get("/ui/events")
            assert answer.status_code == 503
            assert "viewers" in answer.text
        await until(lambda: viewers(router) == 0)


async def test_who_does_not_read_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A viewer who reads nothing holds up nobody, and goes after a while."""
    monkeypatch.setattr(stream, "STALLED", 0.5)
    async with serving(tmp_path, CHAIN) as (router, client):
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(router.url).port)
        writer.write(b"GET /ui/events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: viewers(router) == 1)
        found = router.gateway.find(Dashboard)
        assert found is not None
        (viewer,) = found._hub._viewers
        viewer.show(b"x" * 50_000_000)
        async with watching(client) as page:
            await page.event("snapshot")
            await until(lambda: viewers(router) == 1)
        writer.close()
        assert reader is not None


async def test_callers_are_for_those_who_may_know_them(tmp_path: Path) -> None:
    """Who runs is told with the scope admin:routing, and hidden without it."""
    keys = KEYS.replace('["chat"]', '["metrics:read", "chat"]')
    chain = f"{CHAIN} auth.static"
    async with serving(tmp_path, chain, keys) as (router, client):
        see, chat = f"Bearer {SECRET}", f"Bearer {OTHER}"
        async with (
            watching(client, authorization=see) as one,
            watching(client, authorization=chat) as other,
        ):
            await one.event("snapshot")
            found = router.gateway.find(Dashboard)
            assert found is not None
            assert {viewer.sees_callers for viewer in found._hub._viewers} == {True, False}
            assert (await other.event("snapshot"))["queue"] == []
