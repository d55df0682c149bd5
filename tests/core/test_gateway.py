"""The gateway: request ids, reloads under way, and the end."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from core.config import parse
from core.errors import SettingsError
from core.gateway import Gateway
from core.messages import Call
from core.principal import Principal
from tests.core.conftest import Write
from tests.plugins.support import HELLO, Model
from tests.support import Router, routing

EMBEDDED = '[server]\nport = 0\nreload = false\ndrain_timeout = 5\n[ollama]\nembedded = "always"\n'
CHAT = {"model": "localai-guide", "prompt": "hello"}
GATED = """
    import asyncio

    class Gated:
        class Config(Struct):
            word: str = "old"
            fails: bool = False

        events = []
        gates = {}

        def __init__(self, config: Config) -> None:
            self.config = config
            self.gates[config.word] = self
            self.open = asyncio.Event()
            self.reached = asyncio.Event()

        @hookimpl
        @asynccontextmanager
        async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
            self.events.append(f"+{self.config.word}")
            try:
                if self.config.fails:
                    raise OSError("no port")
                yield
            finally:
                self.events.append(f"-{self.config.word}")

        @hookimpl
        def around_inference(self, next: Handler) -> Handler:
            async def gated(call: Call) -> Chunks:
                yield Chunk(content=self.config.word)
                self.reached.set()
                await self.open.wait()
                yield Chunk(content=self.config.word, done=True, done_reason="stop")
            return gated
"""


def _toml(module: str, more: str = "") -> str:
    return f"""{EMBEDDED}
[chain]
plugins = ["gated"]
[plugins.gated]
use = "{module}:Gated"
word = "old"
{more}
"""


@asynccontextmanager
async def _gated(
    folder: Path, write_plugin: Write
) -> AsyncIterator[tuple[Router, Any, aiohttp.ClientSession]]:
    """Run a router whose answers wait half way for a gate; give its plugin's class too."""
    module = write_plugin(GATED)
    async with (
        routing(_toml(module), folder) as router,
        aiohttp.ClientSession(router.url) as session,
    ):
        gated = importlib.import_module(module).Gated
        try:
            yield router, gated, session
        finally:
            for each in gated.gates.values():
                each.open.set()


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with a router without plugins."""
    async with routing(EMBEDDED, tmp_path) as router, aiohttp.ClientSession(router.url) as session:
        yield session


def _edit(router: Router, old: str, new: str) -> None:
    text = router.file.read_text()
    assert old in text
    router.file.write_text(text.replace(old, new))


@pytest.mark.parametrize("given", ["abc", "a.b_c-9", "x" * 128])
async def test_a_harmless_request_id_is_kept(given: str, plain: aiohttp.ClientSession) -> None:
    """The caller's own id comes back."""
    async with plain.get("/health/live", headers={"x-request-id": given}) as answer:
        assert answer.headers.getall("x-request-id") == [given]


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, "a\tb", '"><script>', "ü"])
async def test_another_request_id_is_replaced(
    given: str | None, plain: aiohttp.ClientSession
) -> None:
    """An id that could do harm in a log, or none, is replaced by one that no other request has."""
    headers = {} if given is None else {"x-request-id": given}
    ids = []
    for path in ("/health/live", "/nowhere", "/health/live/"):
        async with plain.get(path, headers=headers) as answer:
            ids += answer.headers.getall("x-request-id")
    assert len(set(ids)) == 3
    assert all(each.startswith("req_") and len(each) == 36 for each in ids)


async def test_a_slash_too_much_is_explained(plain: aiohttp.ClientSession) -> None:
    """A path with a slash at its end is nothing, and the answer says so; the root is one."""
    async with plain.get("/v1/models/") as answer:
        assert answer.status == 404
        assert "leave out the '/'" in (await answer.json())["error"]["message"]
    async with plain.get("/api/tags/") as answer:
        assert "leave out the '/'" in (await answer.json())["error"]
    async with plain.get("/") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "evil.com"}, 421),
        ({"host": "localhost.evil.com"}, 421),
        ({"host": "box.lan"}, 200),
        ({"host": "[::1]:80"}, 200),
        ({"origin": "https://evil.com"}, 403),
        ({"origin": "http://localhost.evil.com"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://[::1"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
        ({"origin": "app://obsidian.md"}, 200),
    ],
)
async def test_the_door_without_a_key(headers: dict[str, str], status: int, tmp_path: Path) -> None:
    """A caller on loopback gets in without a key, a web page through its browser does not."""
    toml = EMBEDDED.replace("[server]", "[server]\nallowed_hosts = ['Box.lan']")
    async with (
        routing(toml, tmp_path) as router,
        aiohttp.ClientSession(router.url) as session,
        session.get("/api/tags", headers=headers) as answer,
    ):
        assert answer.status == status


async def test_a_request_ends_on_the_generation_that_it_began_on(
    tmp_path: Path, write_plugin: Write
) -> None:
    """A reload under a running stream changes nothing in it; the next request is on the new one."""
    async with _gated(tmp_path, write_plugin) as (router, gated, session):
        async with session.post("/api/generate", json=CHAT) as answer:
            await gated.gates["old"].reached.wait()
            _edit(router, '"old"', '"new"')
            await router.gateway.reload("a test")
            assert router.gateway.generation == 2
            assert router.gateway.running == 1
            assert gated.events == ["+old", "+new"]
            gated.gates["new"].open.set()
            async with session.post("/api/generate", json=CHAT | {"stream": False}) as later:
                assert (await later.json())["response"] == "newnew"
            gated.gates["old"].open.set()
            lines = (await answer.text()).splitlines()
        assert all('"old"' in line for line in lines)
        await asyncio.gather(*router.gateway._closing)
        assert gated.events == ["+old", "+new", "-old"]
    assert gated.events == ["+old", "+new", "-old", "-new"]


async def test_an_unchanged_plugin_is_not_stopped_by_a_reload(
    tmp_path: Path, write_plugin: Write
) -> None:
    """A plugin that lives on is the same object, started once and stopped once."""
    async with _gated(tmp_path, write_plugin) as (router, gated, _):
        before = router.gateway.current
        _edit(router, "drain_timeout = 5", "drain_timeout = 4")
        await router.gateway.reload("a test")
        assert float(router.gateway.settings.server.drain_timeout) == 4
        assert router.gateway.current.plugins[0] is before.plugins[0]
        assert router.gateway.current.ollama is before.ollama
    assert gated.events == ["+old", "-old"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[chain]", "[chain", "(at line"),
        ("word", "wrd", "localai.toml"),
        ('"gated"', '"gatd"', "did you mean 'gated'?"),
        (":Gated", ":Gate", "did you mean 'Gated'?"),
        ('word = "old"', 'word = "new"\nfails = true', "plugin 'gated' did not start: OSError"),
    ],
)
async def test_a_bad_file_changes_nothing(
    old: str, new: str, expected: str, tmp_path: Path, write_plugin: Write
) -> None:
    """A reload that fails at any step keeps the old generation, and says why until it is mended."""
    source = GATED.replace("Config(Struct)", "Config(Struct, forbid_unknown_fields=True)")
    module = write_plugin(source)
    async with routing(_toml(module), tmp_path) as router:
        gated = importlib.import_module(module).Gated
        gateway, before = router.gateway, router.gateway.current
        good = router.file.read_text()
        _edit(router, old, new)
        with pytest.raises(SettingsError, match=r".") as caught:
            await gateway.reload("a test")
        assert expected in str(caught.value)
        assert gateway.reload_error == str(caught.value)
        assert gateway.current is before
        gated.gates["old"].open.set()
        async with aiohttp.ClientSession(router.url) as session:
            async with session.post("/api/generate", json=CHAT | {"stream": False}) as answer:
                assert (await answer.json())["response"] == "oldold"
            async with session.get("/health") as answer:
                report = await answer.json()
            assert expected in report["reload_error"]
            assert str(tmp_path) not in report["reload_error"]
        router.file.write_text(good)
        await gateway.reload("a test")
        assert not gateway.reload_error
    assert [event for event in gated.events if "old" in event] == ["+old", "-old"]
    assert gated.events.count("+new") == gated.events.count("-new")


async def test_a_start_that_fails_half_way_stops_what_ran(
    tmp_path: Path, write_plugin: Write
) -> None:
    """Of two plugins the first is stopped again when the second can't start."""
    module = write_plugin(GATED)
    toml = f"""{EMBEDDED}
[chain]
plugins = ["one", "two"]
[plugins.one]
use = "{module}:Gated"
word = "one"
[plugins.two]
use = "{module}:Gated"
word = "two"
fails = true
"""
    with pytest.raises(SettingsError, match="plugin 'two' did not start: OSError: no port"):
        async with routing(toml, tmp_path):
            pass
    assert importlib.import_module(module).Gated.events == ["+one", "+two", "-two", "-one"]


async def test_what_nobody_foresaw_does_not_end_reloading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen error in a reload is reported like a bad file, and the old state stays."""
    async with routing(EMBEDDED, tmp_path) as router:
        with monkeypatch.context() as patch:
            patch.setattr("core.gateway.build", lambda *_: 1 / 0)
            with pytest.raises(SettingsError, match="ZeroDivisionError"):
                await router.gateway.reload("a test")
        assert "ZeroDivisionError" in (router.gateway.reload_error or "")
        await router.gateway.reload("a test")
        assert router.gateway.generation == 2


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("server", "header_timeout", '"7s"'),
        ("server", "reload", "false"),
        ("log", "level", '"error"'),
    ],
)
async def test_what_needs_a_restart_is_named_and_kept(
    tmp_path: Path, table: str, key: str, value: str
) -> None:
    """A setting that a running process can't change stays as it is, and the log says which."""
    toml = '[server]\nport = 0\n[log]\n[ollama]\nembedded = "always"\n'
    async with routing(toml, tmp_path) as router:
        before = router.gateway.settings
        with capture_logs() as logs:
            await router.change(f"[{table}]", f"[{table}]\n{key} = {value}")
        settings = router.gateway.settings
    assert getattr(getattr(settings, table), key) == getattr(getattr(before, table), key)
    named = [entry["setting"] for entry in logs if "restart" in entry["event"]]
    assert named == [f"[{table}] {key}"]


async def test_a_reload_can_not_open_the_door(tmp_path: Path) -> None:
    """The address that the process listens on decides, not a new one that needs a restart."""
    toml = EMBEDDED.replace("[server]", "[server]\nhost = '0.0.0.0'\nallow_anonymous = true")
    gateway = Gateway(parse(toml, tmp_path / "localai.toml"))
    await gateway.start()
    try:
        (tmp_path / "localai.toml").write_text(EMBEDDED)
        with pytest.raises(SettingsError, match=r"'0\.0\.0\.0' can be reached from other machines"):
            await gateway.reload("a test")
        assert gateway.settings.server.allow_anonymous
    finally:
        await gateway.stop()


async def test_draining_lets_running_answers_finish(tmp_path: Path, write_plugin: Write) -> None:
    """While it drains, new requests get a 503 with a time to wait; health and what runs go on."""
    async with _gated(tmp_path, write_plugin) as (router, gated, session):
        async with session.post("/api/generate", json=CHAT) as answer:
            await gated.gates["old"].reached.wait()
            draining = asyncio.create_task(router.gateway.drain())
            await asyncio.sleep(0)
            async with session.post("/api/generate", json=CHAT) as refused:
                assert refused.status == 503
                assert refused.headers["retry-after"] == "5"
            async with session.get("/health/live") as alive:
                assert alive.status == 200
            async with session.get("/health/ready") as ready:
                assert ready.status == 503
            assert not draining.done()
            gated.gates["old"].open.set()
            lines = (await answer.text()).splitlines()
        assert '"done":true' in lines[-1]
        await draining


async def test_what_takes_too_long_is_ended_with_a_reason(
    tmp_path: Path, write_plugin: Write
) -> None:
    """After `drain_timeout` a stream ends with an error as its last line."""
    async with _gated(tmp_path, write_plugin) as (router, gated, session):
        _edit(router, "drain_timeout = 5", "drain_timeout = 0.05")
        await router.gateway.reload("a test")
        async with session.post("/api/generate", json=CHAT) as answer:
            await gated.gates["old"].reached.wait()
            await router.gateway.drain()
            last = (await answer.text()).splitlines()[-1]
        assert "the router shuts down" in last


async def test_plugins_can_ask_the_whole_chain(tmp_path: Path, write_plugin: Write) -> None:
    """`infer` answers a call as if it had come over HTTP, or from one place of the chain on."""
    call = Call(
        kind="generate",
        model="m",
        prompt="x",
        stream=True,
        dialect="ollama",
        request_id="r",
        principal=Principal(id="p"),
    )
    async with _gated(tmp_path, write_plugin) as (router, gated, _):
        gated.gates["old"].open.set()
        said = [chunk.content async for chunk in router.gateway.infer(call)]
        assert said == ["old", "old"]
        parts = router.gateway.infer(call, Model(*HELLO).infer)
        assert [chunk.content async for chunk in parts] == ["Hel", "lo", ""]
        names = [model["name"] for model in await router.gateway.models.installed()]
        assert "localai-guide:latest" in names


def test_a_gateway_that_was_not_started_says_so() -> None:
    """Asking for the current generation before the start is a mistake of the caller."""
    with pytest.raises(RuntimeError, match="not started"):
        _ = Gateway(parse("", None)).current
    assert Gateway(parse("", None)).find(Gateway) is None


async def test_its_start_can_be_waited_for() -> None:
    """A task of a plugin that begins with the first start goes on when all plugins run."""
    gateway = Gateway(parse(EMBEDDED, None))
    waiting = asyncio.create_task(gateway.started())
    await asyncio.sleep(0)
    assert not waiting.done()
    await gateway.start()
    try:
        await waiting
        await gateway.started()
    finally:
        await gateway.stop()
