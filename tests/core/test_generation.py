"""One loaded state: who may call it, how it starts and closes, what it reports."""

import asyncio
from pathlib import Path

import pytest

from core.config import parse
from core.connection import Connection
from core.errors import Forbidden, PluginFailed, SettingsError, Unauthenticated
from core.gateway import Gateway
from core.generation import Generation, build
from tests.core.conftest import Write

AUTH = """
    class Auth:
        class Config(Struct):
            answer: str = "none"

        def __init__(self, config: Config) -> None:
            self.answer = config.answer

        @hookimpl
        async def authenticate(self, connection: Connection) -> Principal | None:
            if self.answer == "crash":
                raise KeyError("hush")
            if self.answer == "refuse":
                raise Unauthenticated("not you")
            if self.answer == "nobody":
                return UNCLAIMED
            return None if self.answer == "none" else Principal(id=self.answer)
"""
HEALTH = """
    class Sick:
        @hookimpl
        async def health(self):
            raise OSError("the disk is full")

    class Slow:
        @hookimpl
        async def health(self):
            import asyncio
            await asyncio.Event().wait()

    class Well:
        @hookimpl
        async def health(self):
            return None
"""


def _build(toml: str, folder: Path) -> Generation:
    settings = parse(f"[ollama]\nembedded = 'always'\n{toml}", folder / "localai.toml")
    return build(Gateway(settings), settings, 1, None)


def _of(module: str, **plugins: str) -> str:
    """Return settings with these plugins: the name → class, and perhaps its answer."""
    tables = ""
    for name, use in plugins.items():
        kind, _, answer = use.partition(" ")
        tables += f"[plugins.{name}]\nuse = '{module}:{kind}'\n"
        tables += f"answer = '{answer}'\n" if answer else ""
    return f"[chain]\nplugins = {list(plugins)!r}\n{tables}"


CALLER = Connection({"headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)})


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["none", "me", "you"], "me"),
        (["me", "crash"], "me"),
        (["none", "none"], Unauthenticated),
        (["none", "refuse", "me"], Unauthenticated),
        (["crash", "me"], PluginFailed),
        ([], "anonymous"),
        (["nobody", "nobody"], "anonymous"),
        (["nobody", "me"], "me"),
        (["nobody", "none"], Unauthenticated),
        (["none", "nobody"], Unauthenticated),
    ],
)
async def test_the_first_that_knows_the_caller_decides(
    answers: list[str], expected: str | type[Exception], tmp_path: Path, write_plugin: Write
) -> None:
    """The plugins are asked in order; a refusal or crash ends it, and nobody knowing is a 401."""
    plugins = {f"p{number}": f"Auth {answer}" for number, answer in enumerate(answers)}
    generation = _build(_of(write_plugin(AUTH), **plugins), tmp_path)
    if isinstance(expected, str):
        assert (await generation.authenticate(CALLER)).id == expected
    else:
        with pytest.raises(expected) as caught:
            await generation.authenticate(CALLER)
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"])
async def test_while_nobody_is_set_up_only_this_machine_may_call(
    address: str, tmp_path: Path, write_plugin: Write
) -> None:
    """As long as no plugin knows a single caller, requests from elsewhere are refused."""
    generation = _build(_of(write_plugin(AUTH), a="Auth nobody"), tmp_path)
    with pytest.raises(Unauthenticated, match="only the machine itself"):
        await generation.authenticate(Connection({"headers": [], "client": (address, 1)}))


async def test_while_nobody_is_set_up_a_web_page_may_not_call(
    tmp_path: Path, write_plugin: Write
) -> None:
    """The open door of loopback is closed to foreign origins and host names."""
    generation = _build(_of(write_plugin(AUTH), a="Auth nobody"), tmp_path)
    for header in ((b"origin", b"https://evil.example"), (b"host", b"evil.example")):
        scope = {"headers": [header], "client": ("127.0.0.1", 1)}
        with pytest.raises(Forbidden):
            await generation.authenticate(Connection(scope))


async def test_a_key_that_nobody_knows_is_told_apart_from_none(
    tmp_path: Path, write_plugin: Write
) -> None:
    """Who sent a key hears that it is not known, and who sent none how to send one."""
    generation = _build(_of(write_plugin(AUTH), a="Auth none"), tmp_path)
    scope = {"headers": [(b"x-api-key", b"some-key")], "client": ("127.0.0.1", 1)}
    with pytest.raises(Unauthenticated, match="not known here"):
        await generation.authenticate(Connection(scope))
    with pytest.raises(Unauthenticated, match="send a key"):
        await generation.authenticate(CALLER)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "box.lan"])
def test_without_authentication_the_door_stays_on_loopback(
    host: str, tmp_path: Path, write_plugin: Write
) -> None:
    """An address that others can reach needs an authentication plugin, or the operator's word."""
    server = f"[server]\nhost = '{host}'\n"
    with pytest.raises(SettingsError) as caught:
        _build(server, tmp_path)
    assert "localai.toml:4: [server] host:" in str(caught.value)
    assert 'add "auth" to [chain] plugins, or set allow_anonymous = true' in str(caught.value)
    assert _build(f"{server}allow_anonymous = true", tmp_path)
    assert _build(server + _of(write_plugin(AUTH), a="Auth me"), tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_authentication(host: str, tmp_path: Path) -> None:
    """On addresses of this machine alone the router is built without it."""
    assert _build(f"[server]\nhost = '{host}'", tmp_path)


async def test_health_names_the_plugin_that_is_not_ready(
    tmp_path: Path, write_plugin: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that raises or takes too long is "not ready", with the kind of error only."""
    monkeypatch.setattr("core.generation.HEALTH_TIMEOUT", 0.01)
    module = write_plugin(HEALTH)
    ready, reports = await _build(_of(module, a="Sick", b="Slow", c="Well"), tmp_path).health()
    assert not ready
    assert reports == {"a": {"error": "OSError"}, "b": {"error": "TimeoutError"}, "c": {}}
    assert await _build(_of(module, c="Well"), tmp_path).health() == (True, {"c": {}})


async def test_closing_waits_for_the_last_request(tmp_path: Path) -> None:
    """A generation is closed when no request runs on it any more, and not before."""
    generation = _build("", tmp_path)
    await generation.start()
    generation.enter()
    generation.enter()
    closing = asyncio.create_task(generation.close())
    waiting = asyncio.create_task(generation.idle())
    for _ in range(3):
        await asyncio.sleep(0)
    generation.leave()
    await asyncio.sleep(0)
    assert generation.running == 1
    assert not closing.done()
    assert not waiting.done()
    generation.leave()
    await asyncio.gather(closing, waiting)


def test_a_route_without_a_scope_is_refused(tmp_path: Path, write_plugin: Write) -> None:
    """A plugin's endpoint must say who may use it."""
    module = write_plugin("""
        from litestar import get

        class Open:
            @hookimpl
            def route_handlers(self, gateway: Gateway):
                @get("/open")
                async def open_() -> None: ...
                return [open_]
    """)
    with pytest.raises(SettingsError, match="plugin 'a': the route /open names no scope"):
        _build(_of(module, a="Open"), tmp_path)
