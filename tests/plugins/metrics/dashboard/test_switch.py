"""Switching plugins by editing the file."""

import asyncio
from pathlib import Path

import pytest

from localai import Forbidden, Gateway, InvalidRequest, NotFound
from plugins.metrics.dashboard import settings_file
from plugins.metrics.dashboard.switch import Conflict, Switch
from tests.plugins.support import serving

CHAIN = "metrics.dashboard routing.hosts routing.catalogue routing.estimate routing.queue cache"
TABLE = "[plugins.cache.exact]\nenabled = true # mine\n"


def runs(gateway: Gateway) -> set[str]:
    """Return the names of the plugins that run."""
    return {plugin.name for plugin in gateway.current.plugins}


async def test_a_plugin_is_switched(tmp_path: Path) -> None:
    """One word of the file changes, the router runs without the plugin, and with it again."""
    async with serving(tmp_path, CHAIN, TABLE) as (router, _):
        before = router.file.read_text()
        switch = Switch(router.gateway)
        shown = await switch.turn("cache.exact", on=False, by="key:a")
        assert router.file.read_text() == before.replace("true # mine", "false # mine")
        assert "cache.exact" not in runs(router.gateway)
        assert [each["enabled"] for each in shown if each["name"] == "cache.exact"] == [False]
        await switch.turn("cache.exact", on=True, by="key:a")
        assert router.file.read_text() == before
        assert "cache.exact" in runs(router.gateway)
        assert router.gateway.generation == 3
        await switch.turn("cache.exact", on=True, by="key:a")
        assert router.gateway.generation == 3  # it was on


async def test_one_that_is_off_as_shipped_is_switched_on(tmp_path: Path) -> None:
    """A plugin without a table is given one."""
    async with serving(tmp_path, CHAIN) as (router, _):
        await Switch(router.gateway).turn("cache.semantic", on=True, by="key:a")
        assert "cache.semantic" in runs(router.gateway)
        assert "[plugins.cache.semantic]\nenabled = true\n" in router.file.read_text()


async def test_what_does_not_load_is_put_back(tmp_path: Path) -> None:
    """A plugin that others need stays, the file is as it was, and the reason is told."""
    async with serving(tmp_path, CHAIN) as (router, _):
        before = router.file.read_bytes()
        with pytest.raises(InvalidRequest, match=r"'routing\.queue' needs 'routing\.hosts'") as one:
            await Switch(router.gateway).turn("routing.hosts", on=False, by="key:a")
        assert str(tmp_path) not in str(one.value)
        assert router.file.read_bytes() == before
        assert "routing.hosts" in runs(router.gateway)
        assert router.gateway.reload_error is None


async def test_what_can_not_be_switched_here_is_refused(tmp_path: Path) -> None:
    """Unknown plugins, this page, those that authenticate and those of no chain are refused."""
    keys = '[plugins.auth.static]\nkeys = [{ name = "a", key = "0123456789-0123456789-0123456" }]\n'
    async with serving(tmp_path, "metrics.dashboard auth.static cache", keys) as (router, _):
        before = router.file.read_bytes()
        switch = Switch(router.gateway)
        with pytest.raises(NotFound):
            await switch.turn("cache.nothing", on=True, by="key:a")
        for name in ("metrics.dashboard", "auth.static", "routing.queue"):
            with pytest.raises(Forbidden, match="can't be switched here"):
                await switch.turn(name, on=False, by="key:a")
        assert router.file.read_bytes() == before


async def test_edits_of_others_are_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is not the one in use, or that somebody saves meanwhile, is left alone."""
    quiet = "[server]\nport = 0\nreload = false\n"
    async with serving(tmp_path, CHAIN, quiet) as (router, _):
        switch = Switch(router.gateway)
        router.file.write_text(router.file.read_text() + "\n# new\n")
        with pytest.raises(Conflict, match="changes that are not in use"):
            await switch.turn("cache.exact", on=False, by="key:a")
        await router.gateway.reload("a test")
        real = settings_file.replace

        def late(path: Path, before: str, after: str) -> None:
            path.write_text("# somebody else's\n" + before)
            real(path, before, after)

        monkeypatch.setattr(settings_file, "replace", late)
        with pytest.raises(Conflict, match="changed meanwhile"):
            await switch.turn("cache.exact", on=False, by="key:a")
        assert router.file.read_text().startswith("# somebody else's\n")


async def test_a_file_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    """A read-only file is a conflict that says so."""
    async with serving(tmp_path, CHAIN) as (router, _):
        router.file.chmod(0o400)
        with pytest.raises(Conflict, match=r"localai\.toml can't be edited: it is read-only"):
            await Switch(router.gateway).turn("cache.exact", on=False, by="key:a")


async def test_two_at_a_time_wait_for_each_other(tmp_path: Path) -> None:
    """Switches that come together are both done."""
    async with serving(tmp_path, CHAIN) as (router, _):
        switch = Switch(router.gateway)
        await asyncio.gather(
            switch.turn("cache.exact", on=False, by="key:a"),
            switch.turn("routing.queue", on=False, by="key:b"),
        )
        assert not {"cache.exact", "routing.queue"} & runs(router.gateway)


async def test_a_caller_who_leaves_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and what runs agree, even when the caller leaves midway."""
    async with serving(tmp_path, CHAIN) as (router, _):
        begun, reload = asyncio.Event(), router.gateway.reload

        async def noting(why: str) -> None:
            begun.set()
            await reload(why)

        monkeypatch.setattr(router.gateway, "reload", noting)
        turning = asyncio.create_task(
            Switch(router.gateway).turn("cache.exact", on=False, by="key:a")
        )
        await begun.wait()
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)
        assert turning.cancelled()
        assert "enabled = false" in router.file.read_text()
        assert "cache.exact" not in runs(router.gateway)
