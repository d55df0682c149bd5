"""Plugins around the listing of models."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from core.chain import compose_lister
from core.errors import InvalidRequest, PluginFailed, SettingsError
from core.listing import Lister, Listing, Models
from core.loader import FailMode, Plugin
from core.principal import Principal
from localai import hookimpl
from tests.plugins.support import serving

LISTING = Listing(principal=Principal(id="me"))
MODELS: Models = [{"name": "a:latest"}]


async def installed(listing: Listing) -> Models:
    """List one model."""
    return MODELS


def adding(name: str, failure: Exception | None = None) -> Any:
    """Put a model in front of the list, or fail."""

    def wrap(next: Lister) -> Lister:
        async def added(listing: Listing) -> Models:
            if failure is not None:
                raise failure
            return [{"name": name}, *await next(listing)]

        return added

    return wrap


def composed(*wraps: tuple[FailMode, Any]) -> Lister:
    """Fold plugins around the list."""
    plugins = {
        str(number): Plugin(str(number), "m:C", object(), mode, "", (Path("m.py"),))
        for number, (mode, _) in enumerate(wraps)
    }
    named = [(name, wrap) for name, (_, wrap) in zip(plugins, wraps, strict=True)]
    return compose_lister(named, plugins, installed)


async def test_the_first_is_outermost() -> None:
    """The first plugin of the list sees what all others have made of it."""
    lister = composed(("open", adding("x")), ("closed", adding("y")))
    assert [model["name"] for model in await lister(LISTING)] == ["x", "y", "a:latest"]


async def test_a_crash_of_an_open_plugin_leaves_the_list() -> None:
    """The list is made without a plugin that crashes, where that may be."""
    with capture_logs():
        assert await composed(("open", adding("x", KeyError("oh"))))(LISTING) == MODELS


async def test_a_crash_of_a_closed_plugin_ends_the_request() -> None:
    """Where a plugin must not be missed, its crash is a failure."""
    with capture_logs(), pytest.raises(PluginFailed):
        await composed(("closed", adding("x", KeyError("oh"))))(LISTING)


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_an_error_of_a_plugin_passes_unchanged(mode: FailMode) -> None:
    """What a plugin refuses, it refuses."""
    with pytest.raises(InvalidRequest, match="no"):
        await composed((mode, adding("x", InvalidRequest("no"))))(LISTING)


@pytest.mark.parametrize("made", [None, 1, lambda listing: MODELS])
def test_what_is_no_lister_is_refused_at_load(made: Any) -> None:
    """A plugin that returns no async function stops the start, with its name."""
    with pytest.raises(SettingsError, match="plugin '0': around_models must return"):
        composed(("open", lambda next: made))


def test_a_crash_while_wrapping_is_refused_at_load() -> None:
    """A plugin that can't wrap the list stops the start, with its name."""
    with pytest.raises(SettingsError, match="plugin '0': around_models failed: ZeroDivisionError"):
        composed(("open", lambda next: 1 / 0))


class Doubled:
    """Adds a model to the list, and a header to its answer."""

    @hookimpl
    def around_models(self, next: Lister) -> Lister:
        """Add one."""

        async def more(listing: Listing) -> Models:
            listing.headers["x-more"] = listing.principal.id
            models = await next(listing)
            return [*models, models[0] | {"name": "more:latest"}]

        return more


@pytest.mark.parametrize("path", ["/v1/models", "/api/tags"])
async def test_lists_of_both_formats_go_through_plugins(tmp_path: Path, path: str) -> None:
    """What a plugin adds is in `/v1/models` and in `/api/tags`, and its headers are there."""
    more = f'[plugins.more]\nuse = "{__name__}:Doubled"\n'
    async with serving(tmp_path, "more", more) as (_, client):
        answer = await client.get(path)
        assert answer.headers["x-more"] == "anonymous"
        assert "more:latest" in answer.text
        assert (await client.get("/v1/models/more")).json()["id"] == "more"


async def test_models_that_are_not_for_the_caller_are_left_out(tmp_path: Path) -> None:
    """What plugins list is held against what the caller may use."""
    more = f"""
[plugins.more]
use = "{__name__}:Doubled"
[plugins.auth.static]
keys = [{{ name = "me", key = "key-0123456789abcdef", scopes = ["*"], models = ["more"] }}]
"""
    async with serving(tmp_path, "more auth.static", more) as (_, client):
        headers = {"authorization": "Bearer key-0123456789abcdef"}
        models: list[dict[str, Any]] = (await client.get("/api/tags", headers=headers)).json()[
            "models"
        ]
        assert [model["name"] for model in models] == ["more:latest"]
        assert isinstance(client, httpx.AsyncClient)


class Standing:
    """Lists a name that stands for the engine's model, and one whose model is not here."""

    @hookimpl
    def around_models(self, next: Lister) -> Lister:
        """Add the names."""

        async def more(listing: Listing) -> Models:
            models = await next(listing)
            other = {"capabilities": ["completion", "tools"], "localai": {"model": "localai-guide"}}
            gone = {"localai": {"model": "gone"}}
            return [*models, {"name": "other"} | other, {"name": "lost"} | gone]

        return more


async def test_a_name_that_stands_for_a_model_is_shown(tmp_path: Path) -> None:
    """It is described as its model, with what the list says that it can do, in both formats."""
    more = f'[plugins.more]\nuse = "{__name__}:Standing"\n'
    async with serving(tmp_path, "more", more) as (_, client):
        shown = (await client.post("/api/show", json={"model": "Other:latest"})).json()
        own = (await client.post("/api/show", json={"model": "localai-guide"})).json()
        assert shown["capabilities"] == ["completion", "tools"]
        assert shown["localai"] == {"model": "localai-guide"}
        assert shown["details"] == own["details"]
        described = (await client.get("/v1/models/other")).json()
        assert (described["id"], described["owned_by"]) == ("other", "localai")
        for name in ("lost", "absent"):
            answer = await client.post("/api/show", json={"model": name})
            assert answer.status_code == 404
