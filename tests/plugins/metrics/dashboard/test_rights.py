"""Who may see and do what."""

from pathlib import Path

from localai import Principal
from plugins.metrics.dashboard.rights import rights
from tests.plugins.support import serving

SPLIT = '[server]\nport = 0\nadmin = "unix:admin.sock"\n'


async def test_scopes_say_it(tmp_path: Path) -> None:
    """Each part of the page has its scope."""
    async with serving(tmp_path, "metrics.log") as (router, _):

        def of(*scopes: str) -> set[str]:
            caller = Principal(id="a", scopes=frozenset(scopes))
            told = rights(router.gateway, {"user": caller})
            return {name for name, may in told.items() if may}

        assert of() == set()
        assert of("metrics:read") == {"see"}
        assert of("admin:config", "admin:routing") == {"switch", "callers"}
        assert of("chat") == {"chat"}
        assert of("*") == {"see", "switch", "callers", "chat"}


async def test_the_address_counts_too(tmp_path: Path) -> None:
    """With an address for /admin, that has no models, and the main one no switches."""
    async with serving(tmp_path, "metrics.log", SPLIT) as (router, _):
        user = Principal(id="a", scopes=frozenset("*"))
        main = rights(router.gateway, {"user": user})
        admin = rights(router.gateway, {"user": user, "localai.listener": "admin"})
        assert main == {"see": True, "switch": False, "callers": False, "chat": True}
        assert admin == {"see": True, "switch": True, "callers": True, "chat": False}
