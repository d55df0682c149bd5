"""The page and the switch over HTTP."""

from pathlib import Path

import httpx

from plugins.metrics.dashboard.static import POLICY, files
from tests.plugins.metrics.dashboard.test_stream import KEYS, OTHER, SECRET
from tests.plugins.support import serving

CHAIN = "metrics.dashboard cache"
ADMIN = KEYS.replace('"admin:routing"', '"admin:config"')
SPLIT = f'[server]\nport = 0\nadmin = "unix:admin.sock"\n{ADMIN}'


async def test_the_page_is_for_everybody(tmp_path: Path) -> None:
    """The page's files need no key, as they hold nothing, and may load nothing from elsewhere."""
    async with serving(tmp_path, f"{CHAIN} auth", KEYS) as (_, client):
        for name in ("", *files()):
            answer = await client.get(f"/ui/{name}")
            assert answer.status_code == 200, name
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-cache"
            assert "set-cookie" not in answer.headers
            assert answer.headers["content-type"].endswith("; charset=utf-8")
            assert answer.headers["content-type"].count("charset") == 1
        head = await client.head("/ui/")
        assert (head.status_code, head.content) == (200, b"")


async def test_a_file_is_sent_once(tmp_path: Path) -> None:
    """Who has a file already is told so, and sent nothing."""
    async with serving(tmp_path, CHAIN) as (_, client):
        first = await client.get("/ui/")
        again = await client.get("/ui/", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]


async def test_the_address_without_a_slash_leads_there(tmp_path: Path) -> None:
    """Its answer is relative, so that it is right behind a proxy's own path."""
    async with serving(tmp_path, CHAIN) as (_, client):
        answer = await client.get("/ui")
        assert (answer.status_code, answer.headers["location"]) == (307, "ui/")
        assert (await client.get("/ui", follow_redirects=True)).url.path == "/ui/"


async def test_no_other_file_is_served(tmp_path: Path) -> None:
    """Paths that lead out of the page's folder, or to what it has not, are a 404."""
    async with serving(tmp_path, CHAIN) as (_, client):
        for path in ("/ui/nothing.js", "/ui/..%2fplugin.py", "/ui/%2e%2e/plugin.py", "/ui/a/b"):
            answer = await client.get(path)
            assert answer.status_code == 404, path
        assert (await client.post("/ui/")).status_code == 405


async def test_the_session_says_what_may_be_done(tmp_path: Path) -> None:
    """A caller is told who they are; nobody else is told anything."""
    async with serving(tmp_path, f"{CHAIN} auth.static", KEYS) as (_, client):
        assert (await client.get("/ui/session")).status_code == 401
        answer = await client.get("/ui/session", headers={"authorization": f"Bearer {OTHER}"})
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json() == {
            "caller": "static:chat",
            "name": "chat",
            "scopes": ["chat"],
            "anonymous": False,
            "can": {"see": False, "switch": False, "callers": False, "chat": True},
            "features": {
                "password_login": False, "cache": True, "energy": False, "ledger": False,
                "queue": False, "guardrails": False,
            },
        }  # fmt: skip


async def test_on_this_machine_no_key_is_needed(tmp_path: Path) -> None:
    """Without any key set up, a caller on loopback may do all."""
    async with serving(tmp_path, CHAIN) as (_, client):
        told = (await client.get("/ui/session")).json()
        assert told["anonymous"]
        assert all(told["can"].values())


async def test_a_switch_needs_the_scope_and_json(tmp_path: Path) -> None:
    """Only who may change the settings may switch, only by JSON, and only from the own page."""
    async with serving(tmp_path, f"{CHAIN} auth.static", ADMIN) as (router, client):
        path, body = "/admin/plugins/cache.exact", {"enabled": False}
        own = {"authorization": f"Bearer {SECRET}"}
        before = router.file.read_text()

        async def status(headers: dict[str, str], **sent: object) -> int:
            answer = await client.post(path, headers=headers, **sent)  # type: ignore[arg-type]
            return answer.status_code

        assert await status({}, json=body) == 401
        assert await status({"authorization": f"Bearer {OTHER}"}, json=body) == 403
        assert await status(own, data=body) == 415
        assert await status(own, json={"enabled": "no"}) == 400
        assert await status(own, json=body | {"more": 1}) == 400
        assert await status(own, json={}) == 400
        assert await status(own, content=b" " * 2000) in (413, 415)
        assert await status(own | {"origin": "http://evil.example"}, json=body) == 403
        assert await status(own | {"sec-fetch-site": "cross-site"}, json=body) == 403
        assert router.file.read_text() == before
        answer = await client.post(path, headers=own | {"origin": router.url}, json=body)
        assert answer.status_code == 200
        shown = {each["name"]: each["enabled"] for each in answer.json()["plugins"]}
        assert not shown["cache.exact"]
        assert "enabled = false" in router.file.read_text()


async def test_the_address_of_admin_has_the_switch(tmp_path: Path) -> None:
    """With an address of its own for /admin, page and switch are there, and models are not."""
    own = {"authorization": f"Bearer {SECRET}"}
    async with serving(tmp_path, f"{CHAIN} auth.static", SPLIT, **own) as (router, main):
        socket = router.server.admin_url.removeprefix("unix:")
        transport = httpx.AsyncHTTPTransport(uds=socket)
        async with httpx.AsyncClient(
            base_url="http://localhost", transport=transport, headers=own
        ) as admin:
            path, body = "/admin/plugins/cache.exact", {"enabled": False}
            assert (await main.get("/ui/")).status_code == 200
            assert not (await main.get("/ui/session")).json()["can"]["switch"]
            assert (await main.post(path, json=body)).status_code == 404
            assert (await admin.get("/ui/")).status_code == 200
            assert (await admin.get("/ui/session")).json()["can"]["switch"]
            assert (await admin.post(path, json=body)).status_code == 200


async def test_the_documentation_has_them(tmp_path: Path) -> None:
    """What programs may use is in the OpenAPI document; the page's files are not."""
    async with serving(tmp_path, CHAIN) as (_, client):
        paths = (await client.get("/schema/openapi.json")).json()["paths"]
        assert {"/ui/session", "/ui/events", "/admin/plugins/{name}"} <= {*paths}
        assert not {"/ui", "/ui/{name}"} & {*paths}
