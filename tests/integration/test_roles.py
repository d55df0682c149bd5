"""Every route with every role: who may call what."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from core.api import ollama, openai, operations, schema
from core.gateway import Gateway
from core.resolve import families
from tests.support import Router, routing

SCOPES = (
    "chat",
    "embeddings",
    "models:read",
    "usage:read",
    "metrics:read",
    "admin:models",
    "admin:keys",
    "admin:users",
    "admin:config",
    "admin:cache",
)
ROLES = {**{scope: {scope} for scope in SCOPES}, "admin": {"admin:*"}, "owner": {"*"}}
PUBLIC = {
    "/",
    "/health/live",
    "/health/ready",
    "/schema",
    "/schema/openapi.json",
    "/schema/{file:str}",
    "/auth/token",
    "/auth/refresh",
    "/auth/logout",
    "/ui",
    "/ui/{name:str}",
}
"""What may be called without a key, for good reasons only."""
AUTHENTICATED = {"/auth/me", "/auth/password", "/ui/session", "/v1/usage"}
"""What every known caller may call, whatever their scopes."""


class Route(NamedTuple):
    """One method of one path, and the scope that it declares."""

    method: str
    path: str
    scope: str | None

    @property
    def url(self) -> str:
        """A path that this route matches."""
        parts = ["some-id" if part.startswith("{") else part for part in self.path.split("/")]
        return "/".join(parts) or "/"


def routes_of(gateway: Gateway) -> list[Route]:
    """Return all routes, of the core and of the plugins."""
    own = [*openai.OPERATIONS, *ollama.OPERATIONS, *operations.operations(gateway)]
    own += schema.operations(own)
    found = [Route(each.method, each.path, each.scope) for each in own]
    for router in gateway.current.routers:
        for route in router.routes:
            for handler in route.route_handlers:
                scope = handler.opt.get("scope")
                methods = sorted(set(handler.http_methods) - {"OPTIONS", "HEAD"})
                found += [Route(method, route.path, scope) for method in methods]
    return found


def key_of(role: str) -> str:
    """Return the key of a role."""
    return f"the-key-of-the-role-{role}"


@pytest.fixture
async def router(tmp_path: Path) -> AsyncIterator[Router]:
    """A router with every plugin and one key for each role, in front of the built-in engine."""
    keys = ", ".join(
        f'{{ name = "{role}", key = "{key_of(role)}", scopes = {sorted(scopes)} }}'
        for role, scopes in ROLES.items()
    )
    order = sorted(families(), key=lambda family: family == "cache")  # guards must stand outside
    chain = ", ".join(f'"{family}"' for family in order)
    toml = (
        f'[ollama]\nembedded = "always"\n[chain]\nplugins = [{chain}]\n'
        f"[plugins.auth.static]\nkeys = [{keys}]\n"
        '[plugins.auth.limits]\nrules = []\nfailures = "100000/minute"\n'
    )
    async with routing(toml, tmp_path) as running:
        yield running


async def test_every_route_asks_every_role(router: Router) -> None:
    """A caller without a key gets 401, one without the scope 403 that names it, others pass."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as client:
        for route in routes_of(router.gateway):
            for role in (None, *ROLES):
                headers = {"x-api-key": key_of(role)} if role else {}
                async with client.stream(route.method, route.url, headers=headers) as answer:
                    is_endless = answer.headers.get("content-type", "").startswith("text/event")
                    text = "" if is_endless else (await answer.aread()).decode(errors="replace")
                _judge(route, role, answer, text)


def _judge(route: Route, role: str | None, answer: httpx.Response, text: str) -> None:
    where = f"{route.method} {route.path} as {role}: {answer.status_code} {text[:200]}"
    if route.path in PUBLIC:
        assert route.scope is None, where
        return
    if role is None:
        assert answer.status_code == 401, where
        assert answer.headers["www-authenticate"].startswith("Bearer"), where
    elif route.path in AUTHENTICATED:
        assert answer.status_code != 403, where
    else:
        assert route.scope is not None, where
        if _holds(ROLES[role], route.scope):
            assert answer.status_code != 401, where
            assert f"scope '{route.scope}'" not in text, where
        else:
            assert answer.status_code == 403, where
            assert f"'{route.scope}'" in text or route.method == "HEAD", where


def _holds(scopes: set[str], wanted: str) -> bool:
    return bool({wanted, "*", f"{wanted.partition(':')[0]}:*"} & scopes)


async def test_the_list_of_routes_is_whole(router: Router) -> None:
    """What the application serves is what the table above walks, no more and no less."""
    walked = {route.path for route in routes_of(router.gateway)}
    assert router.gateway.current.paths == walked
