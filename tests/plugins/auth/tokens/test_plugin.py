"""The plugin as the router has it: settings, hooks, reload."""

from pathlib import Path
from typing import Any

import pytest

from core.config import parse
from core.loader import load
from localai import Duration, SettingsError, Size
from plugins.auth.tokens.plugin import Tokens
from tests.plugins.auth.tokens.support import ON, an_issuer
from tests.plugins.support import serving


def configured(more: str, folder: Path) -> Any:
    """Load the plugin from a file with these settings."""
    toml = f'[chain]\nplugins = ["auth.tokens"]\n{ON}{more}\n'
    return load(parse(toml, folder / "localai.toml"))[0].instance


def test_every_setting_can_be_written_in_the_file(tmp_path: Path) -> None:
    """Durations, sizes, paths and issuers are read as people write them."""
    made = configured(
        """
        secret = "keys/secret"
        issuer = "https://router.example"
        audience = "router"
        access_life = "15m"
        refresh_life = "7d"
        leeway = "10s"
        logins_per_address = 5
        logins_per_user = 4
        argon2_memory = "46MiB"
        argon2_time = 3
        argon2_parallelism = 2
        [[plugins.auth.tokens.issuers]]
        name = "corp"
        issuer = "https://idp.example/realms/main"
        jwks_url = "https://idp.example/keys"
        audience = ["router"]
        algorithms = ["ES256"]
        scope_map = { admins = ["admin:*"] }
        """,
        tmp_path,
    )
    config = made._config
    assert config.secret == tmp_path / "keys" / "secret"
    assert (config.access_life, config.refresh_life) == (900, 7 * 86_400)
    assert config.cost == (46 * 1024, 3, 2)
    assert config.issuers[0].scope_map == {"admins": ("admin:*",)}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('access_life = "25h"', "access_life: expected 1s to 24h"),
        ('access_life = "500ms"', "access_life: expected 1s to 24h"),
        ('refresh_life = "1m"', "refresh_life: expected no less than access_life"),
        ('leeway = "61s"', "leeway: expected at most 60s"),
        ('argon2_memory = "9MiB"', "argon2_memory: expected 19MiB to 1GiB"),
        ("argon2_time = 1", "argon2_time: expected `int` >= 2"),
        ("logins_per_user = 0", "logins_per_user: expected `int` >= 1"),
        ('issuer = ""', "issuer: expected `str` of length >= 1"),
        ('algorithm = "none"', "unknown setting"),
        ('issuers = [{ name = "a", issuer = "i", jwks_url = "http://i/" }]', "https://"),
        (
            'issuers = [{ name = "a", issuer = "i", jwks_url = "https://i/", '
            'algorithms = ["HS256"] }]',
            "HS256",
        ),
    ],
)
def test_settings_that_would_weaken_it_are_refused(more: str, message: str, tmp_path: Path) -> None:
    """Each mistake is said with the file, the table and the setting."""
    with pytest.raises(SettingsError) as caught:
        configured(more, tmp_path)
    assert message.replace("`", "'") in str(caught.value)
    assert f"{tmp_path}/localai.toml" in str(caught.value)


def test_the_defaults_are_what_is_documented() -> None:
    """Half an hour for an access token, thirty days for a session, OWASP's least work."""
    config = Tokens.Config()
    assert (config.access_life, config.refresh_life) == (Duration(1800), Duration(30 * 86_400))
    assert config.argon2_memory == Size(19 * 2**20)
    assert config.cost == (19 * 1024, 2, 1)
    Tokens(config)
    with pytest.raises(SettingsError, match="stands there twice"):
        Tokens(Tokens.Config(issuers=(an_issuer(issuer="localai"),)))


async def test_a_token_lives_through_reloads(tmp_path: Path) -> None:
    """A reload that changes nothing here, or the lifetimes only, keeps tokens and sessions."""
    async with serving(tmp_path, "auth.tokens", ON) as (router, client):
        user = {"name": "anna", "password": "correct horse"}
        assert (await client.post("/admin/users", json=user)).status_code == 201
        form = {"grant_type": "password", "username": "anna", "password": "correct horse"}
        tokens = (await client.post("/auth/token", data=form)).json()
        me = {"authorization": f"Bearer {tokens['access_token']}"}
        await router.change("drain_timeout = 0.5", "drain_timeout = 0.6")
        assert (await client.get("/auth/me", headers=me)).status_code == 200
        await router.change(ON, f'{ON}access_life = "10m"\n')
        assert (await client.get("/auth/me", headers=me)).status_code == 200
        body = {"refresh_token": tokens["refresh_token"]}
        fresh = (await client.post("/auth/refresh", json=body)).json()
        assert fresh["expires_in"] == 600


async def test_health_says_how_old_the_users_are(tmp_path: Path) -> None:
    """The age of what is known is in the report."""
    async with serving(tmp_path, "auth.tokens", ON) as (router, client):
        assert (await client.get("/health/ready")).status_code == 200
        plugin = router.gateway.current.plugins[0].instance
        assert 0 <= (await plugin.health())["age"] < 60


async def test_the_routes_are_documented(tmp_path: Path) -> None:
    """Each path is in the API's document with a summary."""
    async with serving(tmp_path, "auth.tokens", ON) as (_, client):
        paths = (await client.get("/schema/openapi.json")).json()["paths"]
    for path in ("/auth/token", "/auth/refresh", "/auth/logout", "/auth/me", "/auth/password"):
        for operation in paths[path].values():
            assert operation["summary"]
            assert operation["tags"] == ["Login"]
    assert {"get", "patch", "delete"} <= paths["/admin/users/{name}"].keys()
