"""`/admin/keys` over real sockets."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.plugins.support import asking, serving
from tests.support import Router

CHAIN = "metrics.log auth.static auth.keys"
SQL = "'; DROP TABLE keys; --"


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own key out of the tests."""
    monkeypatch.delenv("LOCALAI_API_KEY", raising=False)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Router, httpx.AsyncClient]]:
    """A router that nobody is set up on, and a client."""
    async with serving(tmp_path, CHAIN) as (router, client):
        yield router, client


@pytest.fixture
async def client(served: tuple[Router, httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client with a key that may do everything."""
    _, client = served
    key = (await make(client, scopes=["*"]))["key"]
    client.headers["authorization"] = f"Bearer {key}"
    return client


async def make(client: httpx.AsyncClient, *, by: str = "", **fields: Any) -> dict[str, Any]:
    """Make a key, with the key `by` if there is one; return the answer."""
    headers = {"authorization": f"Bearer {by}"} if by else {}
    answer = await client.post("/admin/keys", json={"name": "me", **fields}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_the_first_key_shuts_the_door(served: tuple[Router, httpx.AsyncClient]) -> None:
    """Callers on this machine need no key until one of them makes the first; from the next
    request on they do."""
    _, client = served
    assert (await client.post("/api/chat", json=asking())).status_code == 200
    made = await make(client, scopes=["*"])
    for method, path in (("GET", "/api/tags"), ("GET", "/admin/keys"), ("POST", "/admin/keys")):
        refused = await client.request(method, path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
    client.headers["x-api-key"] = made["key"]
    assert (await client.post("/api/chat", json=asking())).status_code == 200
    await client.delete(f"/admin/keys/{made['kid']}")
    assert (await client.get("/api/tags")).status_code == 401
    del client.headers["x-api-key"]
    assert (await client.get("/api/tags")).status_code == 401


async def test_a_key_is_shown_once(client: httpx.AsyncClient) -> None:
    """The answer that makes a key has its text, is stored nowhere, and says where the key is."""
    answer = await client.post("/admin/keys", json={"name": "shop", "owner": "anna"})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert answer.headers["location"] == f"/admin/keys/{made['kid']}"
    secret = made.pop("key")
    shown = (await client.get(f"/admin/keys/{made['kid']}")).json()
    assert shown == made
    assert (shown["name"], shown["owner"], shown["state"]) == ("shop", "anna", "active")
    listed = (await client.get("/admin/keys")).text
    assert secret[15:58] not in listed
    used = await client.get("/api/tags", headers={"authorization": f"Bearer {secret}"})
    assert used.status_code == 200


async def test_a_rotated_key_has_a_new_text(client: httpx.AsyncClient) -> None:
    """Both texts work in the grace; with none the old one ends at once."""
    made = await make(client)
    path = f"/admin/keys/{made['kid']}/rotate"
    first = await client.post(path)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-store"
    assert first.json()["old_secret_until"]
    second = await client.post(path, json={"grace": 0})
    texts = [made["key"], first.json()["key"], second.json()["key"]]
    found = [
        (await client.get("/api/tags", headers={"authorization": f"Bearer {text}"})).status_code
        for text in texts
    ]
    assert found == [401, 401, 200]
    assert (await client.post(path, json={"grace": "1y"})).status_code == 400
    assert (await client.post(path, json={"gracious": 1})).status_code == 400


async def test_a_key_is_changed_and_revoked(client: httpx.AsyncClient) -> None:
    """Changes count for the next request; a revoked key stays on record."""
    made = await make(client)
    path = f"/admin/keys/{made['kid']}"
    mine = {"authorization": f"Bearer {made['key']}"}
    changed = await client.patch(path, json={"scopes": ["models:read"], "models": ["localai-e*"]})
    assert (changed.status_code, changed.json()["scopes"]) == (200, ["models:read"])
    assert (await client.post("/api/chat", json=asking(), headers=mine)).status_code == 403
    models = (await client.get("/v1/models", headers=mine)).json()["data"]
    assert [model["id"].partition(":")[0] for model in models] == ["localai-embed"]
    gone = await client.delete(path)
    assert (gone.status_code, gone.json()["state"]) == (200, "revoked")
    refused = await client.get("/api/tags", headers=mine)
    assert refused.status_code == 401
    assert "revoked" in refused.json()["error"]
    assert (await client.get(path)).json()["revoked_at"]
    assert (await client.patch(path, json={"name": "x"})).status_code == 400


async def test_lists_have_pages(client: httpx.AsyncClient) -> None:
    """All keys come page by page, the oldest first, and the last page says so."""
    for number in range(4):
        await make(client, name=str(number))
    seen: list[str] = []
    after = ""
    while True:
        page = (await client.get(f"/admin/keys?limit=2{after}")).json()
        assert len(page["keys"]) <= 2
        seen += [key["name"] for key in page["keys"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == ["me", "0", "1", "2", "3"]
    for query in ("limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=1e2", "limit=٣"):
        assert (await client.get(f"/admin/keys?{query}")).status_code == 400
    assert (await client.get("/admin/keys?after=nothing")).status_code == 404


async def test_a_key_without_the_scope_manages_none(client: httpx.AsyncClient) -> None:
    """Each operation needs `admin:keys`; the refusal names it."""
    made = await make(client, scopes=["chat", "admin:users"])
    mine = {"authorization": f"Bearer {made['key']}"}
    path = f"/admin/keys/{made['kid']}"
    for method, where in (
        ("POST", "/admin/keys"),
        ("GET", "/admin/keys"),
        ("GET", path),
        ("PATCH", path),
        ("POST", f"{path}/rotate"),
        ("DELETE", path),
    ):
        refused = await client.request(method, where, headers=mine, json={"name": "x"})
        assert refused.status_code == 403
        assert "'admin:keys'" in refused.json()["error"]


async def test_a_key_can_not_raise_itself(client: httpx.AsyncClient) -> None:
    """What its maker did not give a key, it can neither take nor give on."""
    made = await make(client, scopes=["chat", "admin:keys"], tenant="team")
    mine = {"authorization": f"Bearer {made['key']}"}
    path = f"/admin/keys/{made['kid']}"
    for scopes in (["*"], ["chat", "admin:keys", "embeddings"]):
        refused = await client.patch(path, json={"scopes": scopes}, headers=mine)
        assert refused.status_code == 403
        assert "nobody can give what they do not hold" in refused.json()["error"]
    for body in ({"role": "admin"}, {"tenant": "default"}, {"parent": None}, {"version": 1}):
        assert (await client.patch(path, json=body, headers=mine)).status_code == 400
    before = {key: value for key, value in made.items() if key not in ("key", "last_used_at")}
    after = (await client.get(path)).json()
    assert {key: value for key, value in after.items() if key != "last_used_at"} == before


async def test_other_tenants_keys_are_404(client: httpx.AsyncClient) -> None:
    """Keys of another tenant look as if there were none, and are in no list."""
    mine = await make(client, scopes=["chat", "admin:keys"], tenant="mine")
    theirs = await make(client, tenant="theirs")
    headers = {"authorization": f"Bearer {mine['key']}"}
    bodies = set()
    for kid in (theirs["kid"], "0000000000"):
        path = f"/admin/keys/{kid}"
        for method, where in (
            ("GET", path), ("PATCH", path), ("POST", f"{path}/rotate"), ("DELETE", path),
            ("GET", f"/admin/keys?after={kid}"),
        ):  # fmt: skip
            body: dict[str, Any] | None = {} if method == "PATCH" else None
            refused = await client.request(method, where, headers=headers, json=body)
            assert refused.status_code == 404
            bodies.add(refused.text)
    assert len(bodies) == 1
    listed = (await client.get("/admin/keys", headers=headers)).json()["keys"]
    assert [key["kid"] for key in listed] == [mine["kid"]]
    assert (await client.get(f"/admin/keys/{theirs['kid']}")).json()["state"] == "active"


async def test_a_childs_parents_count(client: httpx.AsyncClient) -> None:
    """When the key that made a key is narrowed or revoked, so is what it has made."""
    maker = await make(client, scopes=["chat", "models:read", "admin:keys"])
    child = await make(client, by=maker["key"], scopes=["chat", "models:read"])
    mine = {"authorization": f"Bearer {child['key']}"}
    assert child["parent"] == f"key:{maker['kid']}"
    assert (await client.get("/api/tags", headers=mine)).status_code == 200
    path = f"/admin/keys/{maker['kid']}"
    await client.patch(path, json={"scopes": ["chat"]})
    assert (await client.get("/api/tags", headers=mine)).status_code == 403
    await client.delete(path)
    refused = await client.get("/api/tags", headers=mine)
    assert refused.status_code == 401
    assert "made by a key that was revoked" in refused.json()["error"]


MALFORMED = [
    ("", "the body is empty"),
    ("{}", "name is required"),
    ("[]", "expected"),
    ('{"name": "a", "name": "b"}', "stands twice"),
    ('{"name": "a", "scope": ["chat"]}', "scope"),
    ('{"name": 1}', "name"),
    ('{"name": "a", "scopes": ["chatt"]}', "did you mean 'chat'"),
    ('{"name": "a", "expires_in": "soon"}', "expires_in"),
    ('{"name": "a", "expires_at": "2020-01-01T00:00:00Z"}', "to come"),
    ('{"name": "a", "expires_at": "tomorrow"}', "expires_at"),
    ('{"name": "a", "budgets": [{"amount": 1e999, "unit": "wh", "period": "day"}]}', ""),
    ('{"name": "\\u0000"}', "printable"),
    ("{" * 100, ""),
]


async def test_what_is_malformed_is_a_400(client: httpx.AsyncClient) -> None:
    """A body that is not exactly what is asked is refused by what is wrong, and makes no key."""
    headers = {"content-type": "application/json"}
    for body, message in MALFORMED:
        refused = await client.post("/admin/keys", content=body, headers=headers)
        assert refused.status_code == 400
        assert message in refused.json()["error"]
    assert len((await client.get("/admin/keys")).json()["keys"]) == 1


async def test_other_types_of_bodies_are_a_415(client: httpx.AsyncClient) -> None:
    """A form or plain text, which a web page could send, makes no key."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"content-type": kind}
        refused = await client.post("/admin/keys", content='{"name": "a"}', headers=headers)
        assert refused.status_code == 415


async def test_sql_is_text(client: httpx.AsyncClient) -> None:
    """Statements in headers, paths, queries and fields are stored or refused as what they are."""
    made = await make(client, name=SQL, models=["';--"])
    assert made["name"] == SQL
    for header in ("authorization", "x-api-key", "api-key", "x-forwarded-for", "host"):
        value = f"Bearer {SQL}" if header == "authorization" else SQL
        for more in ({}, {"authorization": f"Bearer lai_{SQL}"}):
            answer = await client.get("/api/tags", headers={header: value, **more})
            assert answer.status_code < 500
    for path in (f"/admin/keys/{SQL}", f"/admin/keys?after={SQL}", f"/admin/keys/{SQL}/rotate"):
        assert (await client.get(path)).status_code in (404, 405)
    for field in ("owner", "tenant"):
        body = {"name": "a", field: SQL}
        assert (await client.post("/admin/keys", json=body)).status_code == 400
    assert len((await client.get("/admin/keys")).json()["keys"]) == 2


async def test_no_secret_is_logged(tmp_path: Path) -> None:
    """Of a key no more than its kid is in the log, wherever it was put."""
    with capture_logs() as entries:
        async with serving(tmp_path, CHAIN) as (_, client):
            root = await make(client, scopes=["*"])
            client.headers["authorization"] = f"Bearer {root['key']}"
            made = await make(client)
            rotated = (await client.post(f"/admin/keys/{made['kid']}/rotate")).json()
            headers = {"authorization": f"Bearer {made['key'][:-1]}"}
            refused = await client.get("/api/tags", headers=headers)
            listed = await client.get("/admin/keys")
            health = await client.get("/health")
    said = json.dumps(entries, default=str) + refused.text + listed.text + health.text
    assert made["kid"] in said
    for key in (root["key"], made["key"], rotated["key"]):
        assert key[15:58] not in said


async def test_keys_outlive_a_reload_and_a_restart(tmp_path: Path) -> None:
    """Neither a change of the plugin's settings nor a new process forgets a key."""
    more = "[plugins.auth.keys]\nrefresh = '2s'\n"
    async with serving(tmp_path, CHAIN, more) as (router, client):
        client.headers["x-api-key"] = (await make(client))["key"]
        await router.change("refresh = '2s'", "refresh = '1s'")
        assert (await client.get("/api/tags")).status_code == 200
        headers = client.headers
    async with serving(tmp_path, CHAIN, more) as (_, client):
        client.headers = headers
        assert (await client.get("/api/tags")).status_code == 200


async def test_the_endpoints_are_documented(client: httpx.AsyncClient) -> None:
    """The router's description of itself has every operation."""
    paths = (await client.get("/schema/openapi.json")).json()["paths"]
    assert set(paths["/admin/keys"]) == {"get", "post"}
    assert set(paths["/admin/keys/{kid}"]) == {"get", "patch", "delete"}
    assert set(paths["/admin/keys/{kid}/rotate"]) == {"post"}
