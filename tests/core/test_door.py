"""What no route should see is turned away: foreign hosts, late requests, /admin elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from core.api import ollama, openai, operations, schema
from core.door import ADMIN, is_below
from tests.double import OllamaDouble
from tests.support import Router, routing, toml_for

NAMED = '[server]\nport = 0\nallowed_hosts = ["box.lan", "*.example.org"]\n'
SPLIT = '[server]\nport = 0\nadmin = "unix:admin.sock"\n'


@asynccontextmanager
async def clients(
    double: OllamaDouble, folder: Path, server: str, chain: str = ""
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Run a router; yield clients of its main address and of that for /admin."""
    async with routing(toml_for(double.url, chain, server), folder) as router:
        socket = router.server.admin_url.removeprefix("unix:")
        transport = httpx.AsyncHTTPTransport(uds=socket)
        async with (
            httpx.AsyncClient(base_url=router.url, trust_env=False) as main,
            httpx.AsyncClient(base_url="http://localhost", transport=transport) as admin,
        ):
            yield main, admin


async def test_only_its_names_are_answered_to(double: OllamaDouble, tmp_path: Path) -> None:
    """With `allowed_hosts` every other host is a 421 that says what to do, on every path."""
    async with clients(double, tmp_path, NAMED) as (http, _):
        for host in ("box.lan", "BOX.LAN:80", "a.example.org", "localhost", "127.0.0.1:9"):
            assert (await http.get("/v1/models", headers={"host": host})).status_code == 200
        for path in ("/v1/models", "/nothing", "/health", "/nothing/"):
            answer = await http.get(path, headers={"host": "Evil.com:80"})
            assert answer.status_code == 421
            text = answer.text
            assert "this router does not answer to 'evil.com'" in text
            assert "[server] allowed_hosts" in text


async def test_the_error_has_the_callers_dialect(double: OllamaDouble, tmp_path: Path) -> None:
    """OpenAI's clients get an object with a code, Ollama's a text; neither should try again."""
    async with clients(double, tmp_path, NAMED) as (http, _):
        openai_ = await http.get("/v1/models", headers={"host": "evil.com"})
        ollama_ = await http.get("/api/tags", headers={"host": "evil.com"})
    assert openai_.json()["error"]["code"] == "misdirected_request"
    assert isinstance(ollama_.json()["error"], str)
    assert openai_.headers["x-should-retry"] == "false"


async def test_no_other_header_names_the_host(double: OllamaDouble, tmp_path: Path) -> None:
    """What a caller says in X-Forwarded-Host and the like does not count."""
    names = ("x-forwarded-host", "x-host", "x-original-host", "forwarded")
    async with clients(double, tmp_path, NAMED) as (http, _):
        for name in names:
            headers = {"host": "evil.com", name: "box.lan"}
            assert (await http.get("/v1/models", headers=headers)).status_code == 421
            headers = {"host": "box.lan", name: "evil.com"}
            status = (await http.get("/health/live", headers=headers)).status_code
            assert status == 200


async def test_probes_may_use_an_address(double: OllamaDouble, tmp_path: Path) -> None:
    """Orchestrators ask by the address of a container, which no file can know."""
    async with clients(double, tmp_path, NAMED) as (http, _):
        for path in ("/health/live", "/health/ready"):
            assert (await http.get(path, headers={"host": "10.1.2.3:8000"})).status_code == 200


async def test_without_names_every_host_is_served(router: Router) -> None:
    """By default a host name is the business of callers without a key only."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as http:
        assert (await http.get("/health/live", headers={"host": "evil.com"})).status_code == 200
        answer = await http.get("/v1/models", headers={"host": "evil.com"})
    assert answer.status_code == 403
    assert "allowed_hosts" in answer.text


async def test_names_can_be_changed_while_it_runs(double: OllamaDouble, tmp_path: Path) -> None:
    """The list needs no restart."""
    async with (
        routing(toml_for(double.url, more=NAMED), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
    ):
        headers = {"host": "new.lan"}
        assert (await http.get("/health", headers=headers)).status_code == 421
        await router.change('"box.lan"', '"new.lan"')
        assert (await http.get("/health", headers=headers)).status_code == 200


async def test_admin_is_on_its_own_address_only(double: OllamaDouble, tmp_path: Path) -> None:
    """The main address answers for /admin as for a path that is not there, for any method."""
    async with clients(double, tmp_path, SPLIT) as (main, admin):
        for method in ("GET", "POST", "OPTIONS", "DELETE"):
            for path in ("/admin", "/admin/reload", "/admin/x"):
                answer = await main.request(method, path)
                unknown = await main.request(method, "/nothing")
                assert answer.status_code == unknown.status_code == 404
                assert answer.text == unknown.text.replace("/nothing", path)
                assert set(answer.headers) == set(unknown.headers)
        assert (await main.get("/admin/")).text == (await main.get("/x/")).text.replace(
            "/x/", "/admin/"
        )
        assert (await admin.post("/admin/reload", json={})).status_code == 200
        assert (await admin.get("/admin/reload")).status_code == 405
        assert (await main.get("/administration")).status_code == 404


async def test_the_admin_address_serves_no_inference(double: OllamaDouble, tmp_path: Path) -> None:
    """What is needed to look after the router is there, models are not."""
    async with clients(double, tmp_path, SPLIT, "metrics") as (main, admin):
        for path in ("/health", "/health/live", "/health/ready", "/schema", "/metrics"):
            assert (await admin.get(path)).status_code == 200
            assert (await main.get(path)).status_code == 200
        assert (await admin.get("/schema/openapi.json")).status_code == 200
        for path in ("/", "/v1/models", "/api/tags", "/api/chat", "/healthy", "/adminx"):
            answer = await admin.get(path)
            assert answer.status_code == 404
            assert "there is nothing at" in answer.text
        assert (await main.get("/v1/models")).status_code == 200


async def test_callers_can_not_say_where_they_came_in(double: OllamaDouble, tmp_path: Path) -> None:
    """No header or spelling of a path leads from the main address to /admin."""
    async with clients(double, tmp_path, SPLIT) as (main, _):
        for name in ("localai.listener", "x-original-url", "x-rewrite-url", "x-forwarded-prefix"):
            answer = await main.post("/admin/reload", json={}, headers={name: "/admin/reload"})
            assert answer.status_code == 404
        for path in ("//admin/reload", "/%61dmin/reload", "/x/../admin/reload", "/ADMIN/reload"):
            request = main.build_request("POST", "/", json={})
            request.url = request.url.copy_with(raw_path=path.encode())
            assert (await main.send(request)).status_code in (400, 404)


async def test_the_admin_address_has_the_same_door(double: OllamaDouble, tmp_path: Path) -> None:
    """Foreign hosts and pages are refused there as well; a caller by a socket is this machine."""
    async with clients(double, tmp_path, SPLIT) as (_, admin):
        foreign = await admin.post("/admin/reload", json={}, headers={"host": "evil.com"})
        page = await admin.post("/admin/reload", json={}, headers={"origin": "https://evil.com"})
        proxied = await admin.post("/admin/reload", json={}, headers={"x-real-ip": "10.0.0.1"})
    assert (foreign.status_code, page.status_code, proxied.status_code) == (403, 403, 403)


async def test_together_is_the_default(router: Router) -> None:
    """Without [server] admin there is one address for everything."""
    async with httpx.AsyncClient(base_url=router.server.admin_url, trust_env=False) as http:
        assert (await http.post("/admin/reload", json={})).status_code == 200
        assert (await http.get("/v1/models")).status_code == 200


async def test_a_router_that_shuts_down_says_so(router: Router) -> None:
    """Everything but health is a 503 with a delay then."""
    router.gateway.draining = True
    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as http:
        assert (await http.get("/health/live")).status_code == 200
        for path in ("/v1/models", "/nothing", "/healthy"):
            answer = await http.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_slash_at_the_end_is_another_path(router: Router) -> None:
    """The error says what to leave out."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as http:
        answer = await http.get("/v1/models/")
        page = await http.get("/ui/")
    assert answer.status_code == 404
    assert "leave out the '/' at its end" in answer.json()["error"]["message"]
    # What is below a page may be named beside it; here there is no page.
    assert "leave out" not in page.text
    assert page.status_code == 404


async def test_what_needs_an_admin_scope_is_below_admin(router: Router) -> None:
    """The core's own routes keep to the rule for plugins, but for those that only refuse."""
    own = [*openai.OPERATIONS, *ollama.OPERATIONS, *operations.operations(router.gateway)]
    own += schema.operations(own)
    admin = [each for each in own if (each.scope or "").startswith("admin:")]
    assert all(is_below(each.path, ADMIN) for each in admin if each.run is not ollama.closed)
    assert not [each for each in own if is_below(each.path, ADMIN) and each not in admin]
