"""Limits on HTTP requests, by address, whatever the routes say."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from core.trust import NOBODY
from plugins.auth.limits.door import Door
from plugins.auth.limits.limiter import Limiter
from plugins.auth.limits.rules import Rule, Rules, rate
from tests.plugins.support import asking, serving

KEY = "my-own-key-0123456789"
GOOD = {"authorization": f"Bearer {KEY}"}
WRONG = {"authorization": "Bearer another-key-0123456789"}
KEYS = f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{KEY}", scopes = ["*"] }}]\n'
FEW = f'{KEYS}[plugins.auth.limits]\nfailures = "4/minute"\n'
CHAIN = "auth.limits auth.static"


async def statuses(client: httpx.AsyncClient, *asked: tuple[str, dict[str, str]]) -> list[int]:
    """Return the statuses of requests, each a path and headers."""
    return [(await client.get(path, headers=headers)).status_code for path, headers in asked]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/v1/nothing", WRONG, 404),
        ("GET", "/api/chat/", {}, 404),
        ("PUT", "/api/chat", {}, 405),
        ("GET", "/v1/models", {}, 401),
        ("GET", "/api/tags", WRONG, 401),
    ],
)
async def test_failures_are_counted_whatever_the_path(
    tmp_path: Path, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Wrong keys, paths and methods count alike; above the limit they are 429 with a wait."""
    async with serving(tmp_path, CHAIN, FEW) as (_, client):
        found = [await client.request(method, path, headers=headers) for _ in range(6)]
    assert [each.status_code for each in found] == [status] * 4 + [429] * 2
    refused = found[-1]
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert int(refused.headers["retry-after-ms"]) <= 60_000
    error = refused.json()["error"]
    message = error["message"] if path.startswith("/v1") else error
    assert message.startswith("more than 4 requests per minute from your network failed")


async def test_a_scan_does_not_lock_out_who_has_a_key(tmp_path: Path) -> None:
    """From the same address a valid key is served, and what it does not find stays 404."""
    async with serving(tmp_path, CHAIN, FEW) as (_, client):
        assert await statuses(client, *[(f"/{n}", {}) for n in range(5)]) == [404] * 4 + [429]
        assert (await client.post("/api/chat", json=asking(), headers=GOOD)).status_code == 200
        missing = asking() | {"model": "gone"}
        answer = await client.post("/v1/chat/completions", json=missing, headers=GOOD)
        assert answer.status_code == 404
        assert await statuses(client, ("/health/live", {}), ("/api/tags", {})) == [200, 429]


async def test_who_has_a_key_may_miss(tmp_path: Path) -> None:
    """The 404 of an authenticated caller is no failure of its network."""
    missing = asking() | {"model": "gone"}
    async with serving(tmp_path, CHAIN, FEW) as (_, client):
        for _ in range(9):
            answer = await client.post("/api/chat", json=missing, headers=GOOD)
            assert answer.status_code == 404


async def test_forged_addresses_do_not_get_round_it(tmp_path: Path) -> None:
    """What a caller writes into X-Forwarded-For is not who it is."""
    async with serving(tmp_path, CHAIN, FEW) as (_, client):
        forged = [("/x", {"x-forwarded-for": f"203.0.113.{n}"}) for n in range(100)]
        assert await statuses(client, *forged) == [404] * 4 + [429] * 96


async def test_behind_a_proxy_its_callers_are_told_apart(tmp_path: Path) -> None:
    """A trusted proxy's last entry is who calls; what the caller put before it is nothing."""
    more = f'[server]\nport = 0\ntrusted_proxies = ["127.0.0.1"]\n{FEW}'
    async with serving(tmp_path, CHAIN, more) as (_, client):
        forged = [("/x", {"x-forwarded-for": f"203.0.113.{n}, 192.0.2.{n}"}) for n in range(50)]
        assert await statuses(client, *forged) == [404] * 4 + [429] * 46
        assert await statuses(client, ("/x", {"x-forwarded-for": "198.51.100.1"})) == [404]


async def test_every_request_of_an_address_may_be_limited(tmp_path: Path) -> None:
    """A rule per address for any kind is held before anything else, but for health checks."""
    rule = '{ per = "address", requests = "3/minute" }'
    more = f"{KEYS}[plugins.auth.limits]\nrules = [{rule}]\n"
    async with serving(tmp_path, CHAIN, more) as (_, client):
        asked = [("/health", GOOD), ("/v1/models", GOOD), ("/nothing", {}), ("/api/tags", WRONG)]
        assert await statuses(client, *asked) == [200, 200, 404, 401]
        answer = await client.get("/v1/models", headers=GOOD)
        assert answer.status_code == 429
        assert answer.headers["x-ratelimit-limit-requests"] == "3"
        assert answer.json()["error"]["message"].startswith(
            "3 requests per minute are used up for your address"
        )
        assert await statuses(client, ("/health/live", {}), ("/healthy", {})) == [200, 429]


async def test_failures_may_be_unlimited(tmp_path: Path) -> None:
    """An empty setting counts nothing."""
    more = f'{KEYS}[plugins.auth.limits]\nfailures = ""\n'
    async with serving(tmp_path, CHAIN, more) as (_, client):
        assert await statuses(client, *[("/x", {})] * 50) == [404] * 50


async def answered(door: Door, status: int, client: str, **scope: Any) -> list[Any]:
    """Return what is sent when the application answers so to somebody."""
    sent = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        for more in (True, False):
            await send({"type": "http.response.body", "body": b"x", "more_body": more})

    async def send(message: Any) -> None:
        sent.append(message)

    connection = {"path": "/", "headers": [], "client": (client, 1), "localai.trust": NOBODY}
    await door.around(app)(connection | scope, None, send)
    return sent


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.200", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.7", True),
    ],
)
async def test_neighbours_are_one(one: str, other: str, same: bool) -> None:
    """A network has one number of failures, however many addresses it has."""
    door = Door(Limiter(max_keys=10), Rules([]), rate("1/minute"))
    assert (await answered(door, 404, one))[0]["status"] == 404
    assert ((await answered(door, 404, other))[0]["status"] == 429) is same


async def test_an_answer_is_replaced_as_a_whole() -> None:
    """Nothing of the first answer is sent after the 429."""
    door = Door(Limiter(max_keys=10), Rules([]), rate("1/minute"))
    assert len(await answered(door, 401, "192.0.2.1")) == 3
    start, body = await answered(door, 401, "192.0.2.1")
    assert start["status"] == 429
    assert body["more_body"] is False
    assert b"failed" in body["body"]


@pytest.mark.parametrize("status", [200, 400, 403, 404, 405, 429, 500, 503])
async def test_what_is_no_failure_is_not_counted(status: int) -> None:
    """Of callers that something has authenticated, only a 401 counts."""
    door = Door(Limiter(max_keys=10), Rules([]), rate("1/minute"))
    for _ in range(3):
        sent = await answered(door, status, "192.0.2.1", user="somebody")
        assert sent[0]["status"] == status
    limiter = Limiter(max_keys=10)
    await answered(Door(limiter, Rules([Rule(requests="9/day")]), None), status, "192.0.2.1")
    assert limiter.report()["addresses"] == 0
