"""Saving a file applies it."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from core.gateway import Gateway
from core.watch import _files, _look, _stamps
from tests.core.conftest import IMPORTS, Write
from tests.support import Router, routing

TOML = """
[server]
port = 0
drain_timeout = 1
[ollama]
embedded = "always"
"""
PLUGIN = "class Mine:\n    said = 'a'\n"

Save = Callable[[Path, str], None]


def _write(file: Path, text: str) -> None:
    file.write_text(text)


def _replace(file: Path, text: str) -> None:
    new = file.with_name("4913~")
    new.write_text(text)
    new.rename(file)


def _delete_and_write(file: Path, text: str) -> None:
    file.rename(file.with_name("backup~"))
    file.write_text(text)


class Reloads:
    """Counts what a gateway reloads, from before the first change on."""

    def __init__(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reasons: list[str] = []
        self._came = asyncio.Condition()
        reload = gateway.reload

        async def counted(why: str) -> None:
            try:
                await reload(why)
            finally:
                self.reasons.append(why)
                async with self._came:
                    self._came.notify_all()

        monkeypatch.setattr(gateway, "reload", counted)

    async def until(self, number: int) -> None:
        """Wait for that many reloads in all."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.reasons) >= number)


def _edit(router: Router, old: str, new: str, save: Save = _write) -> None:
    text = router.file.read_text()
    assert old in text
    save(router.file, text.replace(old, new))


@pytest.mark.parametrize("save", [_write, _replace, _delete_and_write])
async def test_saving_the_file_reloads_once(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However an editor saves it, at once after the start and again, each save is one reload."""
    async with routing(TOML, tmp_path) as router:
        reloads = Reloads(router.gateway, monkeypatch)
        for number, seconds in enumerate((2, 3, 4), start=1):
            _edit(router, f"timeout = {seconds - 1}", f"timeout = {seconds}", save)
            await reloads.until(number)
            assert float(router.gateway.settings.server.drain_timeout) == seconds
        assert len(reloads.reasons) == 3
        assert set(reloads.reasons) == {"localai.toml changed"}


async def test_a_link_to_the_file_may_be_pointed_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new target of a link, as Kubernetes mounts files, is a change like any other."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "localai.toml").touch()
    (tmp_path / "localai.toml").symlink_to("current/localai.toml")
    (tmp_path / "current").symlink_to("data")
    async with routing(TOML, tmp_path) as router:
        reloads = Reloads(router.gateway, monkeypatch)
        (tmp_path / "newer").mkdir()
        (tmp_path / "newer" / "localai.toml").write_text(TOML.replace("= 1", "= 2"))
        (tmp_path / "link~").symlink_to("newer")
        (tmp_path / "link~").rename(tmp_path / "current")
        await reloads.until(1)
        assert float(router.gateway.settings.server.drain_timeout) == 2


async def test_saving_a_plugin_reloads_it(
    tmp_path: Path, write_plugin: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin's source counts like the file, also of a plugin that came with a reload."""
    first, second = write_plugin(PLUGIN), write_plugin(PLUGIN)
    tables = f"[plugins.a]\nuse = '{first}:Mine'\n[plugins.b]\nuse = '{second}:Mine'\n"
    async with routing(f"{TOML}[chain]\nplugins = ['a']\n{tables}", tmp_path) as router:
        reloads = Reloads(router.gateway, monkeypatch)
        _edit(router, "['a']", "['a', 'b']")
        await reloads.until(1)
        for number, name in ((2, first), (3, second)):
            (tmp_path / f"{name}.py").write_text(IMPORTS + PLUGIN.replace("'a'", "'b'"))
            await reloads.until(number)
            assert reloads.reasons[-1] == f"{name}.py changed"
        assert [each.instance.said for each in router.gateway.current.plugins] == ["b", "b"]


async def test_other_files_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beside the settings that no plugin consists of causes no reload."""
    async with routing(TOML, tmp_path) as router:
        reloads = Reloads(router.gateway, monkeypatch)
        (tmp_path / "notes.txt").write_text("x")
        (tmp_path / "other.toml").write_text("x")
        _edit(router, "= 1", "= 2")
        await reloads.until(1)
        assert reloads.reasons == ["localai.toml changed"]


async def test_a_bad_save_is_reported_and_the_next_good_one_applies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is wrong, or gone, changes nothing; watching goes on."""
    async with routing(TOML, tmp_path) as router:
        reloads, gateway = Reloads(router.gateway, monkeypatch), router.gateway
        _edit(router, "drain_timeout", "drain_timeuot")
        await reloads.until(1)
        assert "did you mean 'drain_timeout'?" in (gateway.reload_error or "")
        router.file.unlink()
        await reloads.until(2)
        assert "can't be read" in (gateway.reload_error or "")
        assert gateway.generation == 1
        router.file.write_text(TOML.replace("= 1", "= 2"))
        await reloads.until(3)
        assert not gateway.reload_error
        assert float(gateway.settings.server.drain_timeout) == 2


@pytest.mark.parametrize("watch", ["true", "false"])
async def test_sighup_reloads_once(
    watch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal reloads, also where `reload = false` switches the watching off."""
    toml = TOML.replace("[server]", f"[server]\nreload = {watch}")
    async with routing(toml, tmp_path) as router:
        reloads = Reloads(router.gateway, monkeypatch)
        for number in (1, 2):
            os.kill(os.getpid(), signal.SIGHUP)
            await reloads.until(number)
        assert reloads.reasons == ["SIGHUP", "SIGHUP"]
        assert router.gateway.generation == 3


async def test_sighup_is_as_before_when_the_router_has_ended(tmp_path: Path) -> None:
    """The handler of the signal goes with the router."""
    before = signal.getsignal(signal.SIGHUP)
    async with routing(TOML, tmp_path):
        assert signal.getsignal(signal.SIGHUP) is not before
    assert signal.getsignal(signal.SIGHUP) is before


async def test_what_was_applied_already_is_not_applied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who saves the file and reloads it themselves causes one reload; the next save, another."""
    async with routing(TOML, tmp_path) as router:
        gateway = router.gateway
        seen = _stamps(_files(gateway))
        reloads = Reloads(gateway, monkeypatch)
        _edit(router, "= 1", "= 2")
        await gateway.reload("a test")
        seen = await _look(gateway, seen)
        assert seen == _stamps(_files(gateway))
        assert reloads.reasons == ["a test"]
        _edit(router, "= 2", "= 3")
        await reloads.until(2)
        assert reloads.reasons == ["a test", "localai.toml changed"]
        assert float(gateway.settings.server.drain_timeout) == 3
