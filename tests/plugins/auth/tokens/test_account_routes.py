"""`/admin/users` over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.plugins.auth.tokens.support import ON
from tests.plugins.support import serving

PASSWORD = "correct horse"


@pytest.fixture
async def client(prepared: None, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a router whose keys are `root-…`, `lab-…` and `chat-…`."""
    keys = """
    [[plugins.auth.static.keys]]
    name = "root"
    key = "root-0123456789abc"
    scopes = ["*"]
    [[plugins.auth.static.keys]]
    name = "lab"
    key = "lab-0123456789abcd"
    scopes = ["admin:users", "chat"]
    tenant = "lab"
    [[plugins.auth.static.keys]]
    name = "chat"
    key = "chat-0123456789abc"
    """
    key = "root-0123456789abc"
    async with serving(tmp_path, "auth.static auth.tokens", ON + keys, x_api_key=key) as (_, http):
        yield http


LAB = {"x-api-key": "lab-0123456789abcd"}
CHAT = {"x-api-key": "chat-0123456789abc"}


async def make(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    """Make a user."""
    return await client.post("/admin/users", json={"name": "anna", "password": PASSWORD} | fields)


async def test_a_user_from_the_first_to_the_last_day(client: httpx.AsyncClient) -> None:
    """Made, shown, changed, given a password, disabled, and removed."""
    made = await make(client, email="a@b.c", scopes=["chat"], limits={"requests": "5/second"})
    assert made.status_code == 201
    assert made.headers["location"] == "/admin/users/anna"
    assert made.headers["cache-control"] == "no-store"
    body = made.json()
    assert (body["scopes"], body["limits"]) == (["chat"], {"requests": "5/second"})
    assert PASSWORD not in made.text
    assert (await client.get("/admin/users/anna")).json() == body
    change = {"full_name": "Anna", "limits": None, "disabled": True}
    changed = await client.patch("/admin/users/anna", json=change)
    assert changed.status_code == 200
    assert changed.json()["disabled"]
    assert changed.json() == body | {
        "full_name": "Anna",
        "limits": None,
        "disabled": True,
        "disabled_at": changed.json()["disabled_at"],
    }
    answer = await client.post("/admin/users/anna/password", json={"password": "other-pass"})
    assert answer.status_code == 200
    removed = await client.delete("/admin/users/anna")
    assert (removed.status_code, removed.content) == (204, b"")
    for answer in (
        await client.get("/admin/users/anna"),
        await client.delete("/admin/users/anna"),
        await client.patch("/admin/users/anna", json={}),
    ):
        assert answer.status_code == 404
        assert answer.json() == {
            "error": "there is no such user here: GET /admin/users lists those that there are"
        }


async def test_users_come_in_pages(client: httpx.AsyncClient) -> None:
    """Each page says where the next one begins; a tenant's caller sees the tenant's users."""
    for name in ("c", "a", "d", "b"):
        assert (await make(client, name=name, tenant="lab")).status_code == 201
    assert (await make(client, name="e")).status_code == 201
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = await client.get("/admin/users", params={"limit": 2, "after": after})
        seen += [user["name"] for user in answer.json()["users"]]
        after = answer.json()["next"]
    assert seen == ["a", "b", "c", "d", "e"]
    answer = await client.get("/admin/users", headers=LAB)
    assert [user["name"] for user in answer.json()["users"]] == ["a", "b", "c", "d"]
    for limit in ("0", "201", "x", "-1", "9" * 30):
        answer = await client.get("/admin/users", params={"limit": limit})
        assert answer.status_code == 400


async def test_the_scope_is_asked_for(client: httpx.AsyncClient) -> None:
    """Who may not manage users gets 403 with the scope that is missing, at every path."""
    await make(client)
    for method, path in (
        ("GET", "/admin/users"),
        ("POST", "/admin/users"),
        ("GET", "/admin/users/anna"),
        ("PATCH", "/admin/users/anna"),
        ("POST", "/admin/users/anna/password"),
        ("DELETE", "/admin/users/anna"),
    ):
        answer = await client.request(method, path, headers=CHAT)
        assert answer.status_code == 403
        assert "'admin:users'" in answer.json()["error"]


NEW_USERS: list[tuple[dict[str, Any], int]] = [
    ({"scopes": ["*"]}, 403),
    ({"scopes": ["chat"], "tenant": "default"}, 403),
    ({"scopes": ["nonsense!"]}, 400),
    ({"scopes": ["chat"], "name": "../etc"}, 400),
    ({"scopes": ["chat"], "role": "admin"}, 400),
    ({"scopes": ["chat"], "password": "short"}, 400),
    ({"scopes": ["chat"], "password": 12345678}, 400),
    ({"scopes": ["chat"]}, 201),
]


async def test_a_user_that_may_not_be_made_is_not(client: httpx.AsyncClient) -> None:
    """More than the maker has is 403, what is malformed 400, and neither leaves a user."""
    for fields, status in NEW_USERS:
        body = {"name": "ben", "password": PASSWORD} | fields
        answer = await client.post("/admin/users", json=body, headers=LAB)
        assert answer.status_code == status, answer.text
        there = await client.get("/admin/users/ben")
        assert there.status_code == (200 if status == 201 else 404)


async def test_a_user_of_another_tenant_is_not_there(client: httpx.AsyncClient) -> None:
    """404, as if there were none, for each method."""
    await make(client)
    answers = [
        await client.get("/admin/users/anna", headers=LAB),
        await client.patch("/admin/users/anna", json={"disabled": True}, headers=LAB),
        await client.post("/admin/users/anna/password", json={"password": "x" * 9}, headers=LAB),
        await client.delete("/admin/users/anna", headers=LAB),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert (await client.get("/admin/users/anna")).json()["disabled"] is False
