"""Logging in and out over HTTP, as clients of OAuth 2 do it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from plugins.auth.tokens.cost import Cost
from plugins.auth.tokens.local import opened
from plugins.auth.tokens.passwords import Passwords
from tests.plugins.auth.tokens.support import ON
from tests.plugins.support import asking, serving

PASSWORD = "correct horse canary"
FORM = {"grant_type": "password", "username": "anna", "password": PASSWORD}


@pytest.fixture
async def client(prepared: None, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a router with one user."""
    async with serving(tmp_path, "auth.tokens", ON) as (_, http):
        user = {"name": "anna", "password": PASSWORD, "full_name": "Anna A."}
        assert (await http.post("/admin/users", json=user)).status_code == 201
        yield http


async def log_in(client: httpx.AsyncClient, **fields: str) -> dict[str, Any]:
    """Log in, and return the answer."""
    answer = await client.post("/auth/token", data=FORM | fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    """Return the header for an access token."""
    return {"authorization": f"Bearer {tokens['access_token']}"}


async def test_a_login_is_answered_as_oauth_2_has_it(client: httpx.AsyncClient) -> None:
    """The fields and headers of RFC 6749 §5.1; unknown fields and a client's id are ignored."""
    form = FORM | {"client_id": "app", "client_secret": "x", "scope": "", "other": "1"}
    answer = await client.post("/auth/token", data=form, auth=("app", "secret"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 1800)
    assert body["scope"] == "chat embeddings models:read"


async def test_a_token_opens_what_its_scopes_say(client: httpx.AsyncClient) -> None:
    """It is sent as a bearer token or in place of a key, and a missing scope is named."""
    tokens = await log_in(client)
    for headers in (bearer(tokens), {"x-api-key": tokens["access_token"]}):
        answer = await client.post("/v1/chat/completions", json=asking(), headers=headers)
        assert answer.status_code == 200
    answer = await client.get("/admin/users", headers=bearer(tokens))
    assert answer.status_code == 403
    assert "admin:users" in answer.json()["error"]
    narrow = await log_in(client, scope="models:read")
    answer = await client.post("/api/chat", json=asking(), headers=bearer(narrow))
    assert answer.status_code == 403
    assert (await client.get("/api/tags", headers=bearer(narrow))).status_code == 200


async def test_a_token_that_does_not_count_is_a_401(client: httpx.AsyncClient) -> None:
    """The answer has the challenge of RFC 6750, in the shape of the API called."""
    token = (await log_in(client))["access_token"]
    for wrong in (token[:-2] + "xx", token + "x", f"{token}.x", "a.b.c", "x" * 9000 + ".b.c"):
        is_token = wrong.count(".") == 2
        challenge = 'Bearer error="invalid_token"' if is_token else "Bearer"
        for path in ("/v1/chat/completions", "/api/chat"):
            headers = {"authorization": f"Bearer {wrong}"}
            answer = await client.post(path, json=asking(), headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == challenge
            error = answer.json()["error"]
            message = error["message"] if path.startswith("/v1") else error
            assert not is_token or message.startswith("could not validate credentials: this")


FAILING: list[tuple[dict[str, str], int, str]] = [
    (FORM | {"password": "wrong"}, 401, "invalid_grant"),
    (FORM | {"username": "nobody"}, 401, "invalid_grant"),
    (FORM | {"username": "' OR 1=1; --"}, 401, "invalid_grant"),
    (FORM | {"password": "x" * 1100}, 401, "invalid_grant"),
    (FORM | {"scope": "admin:users"}, 400, "invalid_scope"),
    (FORM | {"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ({"username": "anna", "password": PASSWORD}, 400, "invalid_request"),
    ({"grant_type": "password", "username": "anna"}, 400, "invalid_request"),
    ({"grant_type": "refresh_token"}, 400, "invalid_request"),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, 401, "invalid_grant"),
    (FORM | {"password": "x" * 20_000}, 400, "invalid_request"),
]


async def test_a_login_that_fails_says_how(client: httpx.AsyncClient) -> None:
    """Wrong credentials are 401 with a challenge, malformed ones 400, all in OAuth 2's form."""
    for form, status, error in FAILING:
        answer = await client.post("/auth/token", data=form)
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert body.keys() == {"error", "error_description"}
        assert body["error"] == error
        assert answer.headers["cache-control"] == "no-store"
        assert ("www-authenticate" in answer.headers) == (status == 401)
        assert PASSWORD not in answer.text


async def test_credentials_in_the_address_count_for_nothing(client: httpx.AsyncClient) -> None:
    """What stands in a query string ends up in logs, so it is not read."""
    answer = await client.post("/auth/token", params=FORM)
    assert answer.status_code == 400
    token = (await log_in(client))["access_token"]
    assert (await client.get("/auth/me", params={"access_token": token})).status_code == 401


async def test_a_refresh_token_is_new_at_every_use(client: httpx.AsyncClient) -> None:
    """By either path; one that comes twice ends the session at once."""
    first = await log_in(client)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await client.post("/auth/token", data=form)).json()
    body = {"refresh_token": second["refresh_token"], "scope": "chat"}
    third = (await client.post("/auth/refresh", json=body)).json()
    assert third["scope"] == "chat"
    assert len({each["refresh_token"] for each in (first, second, third)}) == 3
    assert (await client.get("/auth/me", headers=bearer(third))).status_code == 200
    for spent in (first, third):
        answer = await client.post("/auth/refresh", data={"refresh_token": spent["refresh_token"]})
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_grant"
    assert (await client.get("/auth/me", headers=bearer(third))).status_code == 401


async def test_who_one_is(client: httpx.AsyncClient) -> None:
    """Every known caller may ask, whatever their scopes; a stranger may not."""
    tokens = await log_in(client, scope="embeddings")
    answer = await client.get("/auth/me", headers=bearer(tokens))
    assert answer.json() == {
        "id": "user:anna",
        "name": "Anna A.",
        "user": "anna",
        "tenant": "default",
        "scopes": ["embeddings"],
        "models": None,
        "tools": None,
        "limits": None,
        "budgets": [],
    }
    assert answer.headers["cache-control"] == "no-store"
    assert (await client.get("/auth/me")).status_code == 401


async def test_logging_out(client: httpx.AsyncClient) -> None:
    """The session ends, and with it the token that asked for it."""
    tokens, other = await log_in(client), await log_in(client)
    answer = await client.post("/auth/logout", headers=bearer(tokens))
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get("/auth/me", headers=bearer(tokens))).status_code == 401
    body = {"refresh_token": tokens["refresh_token"]}
    assert (await client.post("/auth/refresh", json=body)).status_code == 401
    assert (await client.get("/auth/me", headers=bearer(other))).status_code == 200
    assert (await client.post("/auth/logout")).status_code == 401


async def test_changing_ones_password(client: httpx.AsyncClient) -> None:
    """The other sessions end, this one goes on with the token of the answer."""
    tokens, other = await log_in(client), await log_in(client)
    change = {"old": PASSWORD, "new": "battery staple"}
    for wrong, status in (
        (change | {"old": "wrong"}, 401),
        (change | {"new": "short"}, 400),
        (change | {"user": "root"}, 400),
    ):
        answer = await client.post("/auth/password", json=wrong, headers=bearer(tokens))
        assert answer.status_code == status
    answer = await client.post("/auth/password", json=change, headers=bearer(tokens))
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    for each, status in ((tokens, 401), (other, 401), (answer.json(), 200)):
        assert (await client.get("/auth/me", headers=bearer(each))).status_code == status
    await log_in(client, password="battery staple")


async def test_the_command_line_is_heard_at_once(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """Who is disabled by another process is out with the next request, and in when enabled."""
    tokens = await log_in(client)
    async with opened(tmp_path / "localai.toml", Cost()) as users:
        await users.disable("anna")
        assert (await client.get("/auth/me", headers=bearer(tokens))).status_code == 401
        answer = await client.post("/auth/token", data=FORM)
        assert answer.status_code == 401
        assert "disabled" in answer.json()["error_description"]
        await users.enable("anna")
    assert (await client.get("/auth/me", headers=bearer(await log_in(client)))).status_code == 200


async def test_a_key_has_no_session(tmp_path: Path) -> None:
    """A key of the file may ask who it is, but can't log out or change a password."""
    key = "the-key-of-the-file"
    static = f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{key}", scopes = [] }}]\n'
    async with serving(tmp_path, "auth.static auth.tokens", ON + static, x_api_key=key) as (
        _,
        http,
    ):
        assert (await http.get("/auth/me")).json()["id"] == "static:me"
        for path in ("/auth/logout", "/auth/password"):
            answer = await http.post(path, json={"old": "x", "new": "y"})
            assert answer.status_code == 400
            assert "POST /auth/token" in answer.json()["error"]


async def test_too_many_tries_are_told_to_wait(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The eleventh is 429 with the time to wait, and a 429 is no oracle for the password."""
    # No hash is computed: on a slow machine ten take so long that another try is due.
    monkeypatch.setattr(Passwords, "matches", lambda *arguments: False)
    for _ in range(10):
        answer = await client.post("/auth/token", data=FORM | {"password": "wrong"})
        assert answer.status_code == 401
    for password in ("wrong", PASSWORD):
        answer = await client.post("/auth/token", data=FORM | {"password": password})
        assert answer.status_code == 429
        assert answer.json()["error"] == "temporarily_unavailable"
        assert 1 <= int(answer.headers["retry-after"]) <= 6


async def test_logins_do_not_hold_up_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While fifty people log in, no password is checked in the event loop, and nobody is lost."""
    threads: set[threading.Thread] = set()
    check = Passwords.matches

    def noted(self: Passwords, stored: str | None, password: str) -> bool:
        threads.add(threading.current_thread())
        return check(self, stored, password)

    monkeypatch.setattr(Passwords, "matches", noted)
    more = f"{ON}logins_per_address = 1000\nlogins_per_user = 1000\n"
    async with serving(tmp_path, "auth.tokens", more) as (_, client):
        user = {"name": "anna", "password": PASSWORD}
        assert (await client.post("/admin/users", json=user)).status_code == 201
        answers = await asyncio.gather(*(client.post("/auth/token", data=FORM) for _ in range(50)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 18
    assert all(each.headers["retry-after"] == "1" for each in answers if each.status_code == 503)
    assert 1 <= len(threads) <= 2
    assert threading.current_thread() not in threads


async def test_nothing_secret_is_in_the_log(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """After logins, failures, refreshes and a new password, no log line has any of it."""
    with capture_logs() as entries:
        tokens = await log_in(client)
        await client.post("/auth/token", data=FORM | {"password": "canary-1"})
        await client.post("/auth/token", data=FORM | {"username": "canary-2"})
        await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        await client.get("/auth/me", headers={"authorization": "Bearer canary-3.a.b"})
        fresh = await log_in(client)
        change = {"old": PASSWORD, "new": "canary-4 canary-4"}
        await client.post("/auth/password", json=change, headers=bearer(fresh))
    assert len(entries) >= 5
    for secret in ("canary", tokens["access_token"][-20:], tokens["refresh_token"][-60:]):
        assert secret not in str(entries)
    for file in (tmp_path / "data").iterdir():
        content = file.read_bytes()
        assert PASSWORD.encode() not in content
        assert tokens["refresh_token"][-66:].encode() not in content
