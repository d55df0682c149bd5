"""The application as a whole: errors in the caller's dialect, plugins' routes behind scopes."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from core.errors import SettingsError
from tests.double import OllamaDouble
from tests.support import Router, routing, toml_for

ROUTES = """
from litestar import Request, get
from litestar.params import FromPath, FromQuery
from localai import Forbidden, RateLimited, hookimpl


class Routes:
    @hookimpl
    def route_handlers(self, gateway):
        @get("/admin/own/{name:str}", opt={"scope": "admin:own"})
        async def own(name: FromPath[str], size: FromQuery[int] = 1) -> dict[str, str]:
            return {"name": name}

        @get("/own-open", opt={"public": True})
        async def open_to_all() -> dict[str, bool]:
            return {"open": True}

        @get("/own-known", opt={"authenticated": True})
        async def known(request: Request) -> dict[str, str]:
            return {"id": request.user.id}

        @get("/v1/own-limited", opt={"public": True})
        async def limited() -> None:
            raise RateLimited("slow down", retry_after=90)

        @get("/own-crash", opt={"public": True})
        async def crash() -> None:
            raise RuntimeError("secret detail")

        return [own, open_to_all, known, limited, crash]


class Nobody:
    @hookimpl
    async def authenticate(self, connection):
        from localai import Principal
        return Principal(id="nobody")


class Stranger:
    @hookimpl
    async def authenticate(self, connection):
        return None


class NoScope:
    @hookimpl
    def route_handlers(self, gateway):
        @get("/no-scope")
        async def no_scope() -> None: ...
        return [no_scope]


class AdminElsewhere:
    @hookimpl
    def route_handlers(self, gateway):
        @get("/administration", opt={"scope": "admin:own"})
        async def elsewhere() -> None: ...
        return [elsewhere]


class Around:
    fail_mode = "open"

    @hookimpl
    def around_app(self, app):
        async def around(scope, receive, send):
            raise RuntimeError("secret detail")
        return around


class AroundClosed(Around):
    fail_mode = "closed"


class NotAnApp:
    @hookimpl
    def around_app(self, app):
        return None
"""


def toml(double: OllamaDouble, folder: Path, *classes: str) -> str:
    """Return settings with these classes as plugins, from a module of the folder's own."""
    module = f"app_plugins_{folder.name.replace('-', '_')}"
    (folder / f"{module}.py").write_text(ROUTES)
    names = [name.lower() for name in classes]
    tables = [f'[plugins.{name.lower()}]\nuse = "{module}:{name}"' for name in classes]
    return toml_for(double.url, " ".join(names), "\n".join(tables))


@pytest.fixture
async def http(double: OllamaDouble, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a router with routes of a plugin."""
    async with (
        routing(toml(double, tmp_path, "Routes"), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/v1/nothing", "/api/chat/x"])
async def test_unknown_paths_are_404_in_the_callers_dialect(router: Router, path: str) -> None:
    """The answer names the path, and where all paths are listed."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as http:
        answer = await http.get(path)
    assert answer.status_code == 404
    error = answer.json()["error"]
    text = error["message"] if path.startswith("/v1") else error
    assert text == f"there is nothing at {path}: GET /schema lists what there is"
    assert answer.headers["x-request-id"]


async def test_a_plugins_route_is_served(http: httpx.AsyncClient) -> None:
    """A plugin's own endpoints answer, public ones and those with a scope."""
    assert (await http.get("/admin/own/a")).json() == {"name": "a"}
    assert (await http.get("/own-open")).json() == {"open": True}


async def test_a_plugins_route_needs_its_scope(double: OllamaDouble, tmp_path: Path) -> None:
    """A caller without the scope is refused before the handler runs."""
    async with (
        routing(toml(double, tmp_path, "Nobody", "Routes"), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
    ):
        answer = await http.get("/admin/own/a")
        assert answer.status_code == 403
        assert answer.json()["error"].startswith("this needs the scope 'admin:own'")
        assert (await http.get("/own-open")).status_code == 200
        assert (await http.get("/own-known")).json() == {"id": "nobody"}
        assert (await http.post("/api/chat", json={})).status_code == 403


async def test_a_route_for_whoever_is_known(double: OllamaDouble, tmp_path: Path) -> None:
    """A route may ask for a caller without asking for a scope; strangers get 401."""
    async with (
        routing(toml(double, tmp_path, "Stranger", "Routes"), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
    ):
        answer = await http.get("/own-known")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert (await http.get("/own-open")).status_code == 200


async def test_errors_of_a_plugins_route(http: httpx.AsyncClient) -> None:
    """Gateway errors keep status and headers, bad parameters are 400, crashes tell nothing."""
    limited = await http.get("/v1/own-limited")
    assert limited.status_code == 429
    assert limited.json()["error"]["code"] == "rate_limit_exceeded"
    assert limited.headers["retry-after"] == "90"
    assert limited.headers["x-should-retry"] == "false"
    assert (await http.get("/admin/own/a?size=x")).status_code == 400
    refused = await http.post("/own-open")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, OPTIONS"
    assert "use GET, OPTIONS here" in refused.text
    crash = await http.get("/own-crash")
    assert crash.status_code == 500
    assert "secret" not in crash.text


async def test_a_route_without_a_scope_is_a_mistake(double: OllamaDouble, tmp_path: Path) -> None:
    """The start fails with the plugin's name and what to add."""
    with pytest.raises(
        SettingsError, match=r"plugin 'noscope': the route /no-scope names no scope"
    ):
        async with routing(toml(double, tmp_path, "NoScope"), tmp_path):
            pass


async def test_what_needs_an_admin_scope_is_below_admin(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """A route elsewhere would stay behind when [server] admin moves /admin: the start fails."""
    with pytest.raises(
        SettingsError,
        match=r"plugin 'adminelsewhere': the route /administration needs the scope 'admin:own', "
        r"so it must be below /admin/",
    ):
        async with routing(toml(double, tmp_path, "AdminElsewhere"), tmp_path):
            pass


@pytest.mark.parametrize(("name", "status"), [("Around", 200), ("AroundClosed", 503)])
async def test_a_crash_around_the_app_keeps_to_the_fail_mode(
    double: OllamaDouble, tmp_path: Path, name: str, status: int
) -> None:
    """An open plugin that crashes is passed by, a closed one ends the request."""
    async with (
        routing(toml(double, tmp_path, name), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
    ):
        answer = await http.get("/api/version")
    assert answer.status_code == status
    assert "secret" not in answer.text


async def test_around_app_must_return_an_app(double: OllamaDouble, tmp_path: Path) -> None:
    """The start fails with the plugin's name and what it returned."""
    with pytest.raises(SettingsError, match="plugin 'notanapp': around_app must return an ASGI"):
        async with routing(toml(double, tmp_path, "NotAnApp"), tmp_path):
            pass


WITHOUT = """
import asyncio, sys
from core.config import load
from core.server import started
from pathlib import Path

async def main():
    async with started(load(Path(sys.argv[1]))):
        heavy = ("rich", "pydantic", "PIL", "pypdf", "jsonschema_rs", "numpy", "phonenumbers")
        print([name for name in heavy if name in sys.modules])

asyncio.run(main())
"""


def test_a_router_starts_without_what_it_may_never_need(tmp_path: Path) -> None:
    """The shipped settings import neither rich nor pydantic, nor what only some requests need."""
    shipped = (Path(__file__).parents[2] / "localai.toml").read_text()
    file = tmp_path / "localai.toml"
    file.write_text(shipped.replace("port = 8000", "port = 0").replace('"auto"', '"always"', 1))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


async def test_a_plugin_may_use_pydantic(tmp_path: Path) -> None:
    """A route of a plugin answers with a model of pydantic, as Litestar's own do."""
    (tmp_path / "pydantic_page.py").write_text(
        "from litestar import get\n"
        "from localai import hookimpl\n"
        "from pydantic import BaseModel\n\n\n"
        "class Page(BaseModel):\n    title: str\n\n\n"
        "@get('/page', opt={'public': True})\n"
        "async def page() -> Page:\n    return Page(title='Hi')\n\n\n"
        "class Pages:\n"
        "    @hookimpl\n    def route_handlers(self, gateway):\n        return [page]\n"
    )

    async with (
        routing(
            '[ollama]\nembedded = "always"\n[chain]\nplugins = ["pages"]\n'
            '[plugins.pages]\nuse = "pydantic_page:Pages"\n',
            tmp_path,
        ) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        assert (await client.get("/page")).json() == {"title": "Hi"}
