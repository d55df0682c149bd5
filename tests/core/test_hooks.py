"""The hooks that a plugin may implement, and each of them at work in a running router."""

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import aiohttp
import click
import pluggy
import pytest

from core.config import parse
from core.errors import SettingsError
from core.hooks import ASYNC_HOOKS, PROJECT, Hooks
from core.loader import implementations, load, register
from tests.core.conftest import Write
from tests.support import routing

NAMES = [name for name, value in vars(Hooks).items() if inspect.isfunction(value)]
ALL = """
    from litestar import get

    class All:
        events = []

        @hookimpl
        def around_inference(self, next: Handler) -> Handler:
            async def shout(call: Call) -> Chunks:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk.replace(content=chunk.content.upper())
            return shout

        @hookimpl
        async def before_inference(self, call: Call) -> Call:
            call.headers["x-looked-at"] = call.prompt
            return call

        @hookimpl
        def around_plugin(self, name, next):
            async def seen(call):
                call.headers["x-passed"] = name
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            return seen

        @hookimpl
        def watch_attempt(self, attempt):
            self.events.append(("attempt", attempt.label))
            return lambda: self.events.append(("ended", attempt.outcome))

        @hookimpl
        def after_inference(self, inference) -> None:
            self.events.append(("after", inference.outcome, len(inference.call.work.attempts)))

        @hookimpl
        def around_models(self, next):
            async def fewer(listing):
                return (await next(listing))[:1]
            return fewer

        @hookimpl
        def around_app(self, app):
            async def noted(scope, receive, send):
                self.events.append(scope["path"])
                await app(scope, receive, send)
            return noted

        @hookimpl
        async def authenticate(self, connection: Connection) -> Principal | None:
            key = connection.credential()
            if key == "wrong":
                raise Unauthenticated("not this one")
            return Principal(id="me", scopes=frozenset({key})) if key else None

        @hookimpl
        def route_handlers(self, gateway: Gateway):
            @get("/own", opt={"scope": "chat"})
            async def own() -> dict[str, int]:
                return {"generation": gateway.generation}
            return [own]

        @hookimpl
        @asynccontextmanager
        async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
            self.events.append("start")
            yield
            self.events.append("stop")

        @hookimpl
        async def health(self):
            return {"mood": "good"}

        @hookimpl
        def measures(self):
            return [Measure(name="events", help="Events.", kind="counter")]

        @hookimpl
        def commands(self, cli) -> None:
            @cli.command("own")
            def own() -> None: ...
"""


def _toml(module: str) -> str:
    return f"""
[ollama]
embedded = "always"
[chain]
plugins = ["all"]
[plugins.all]
use = "{module}:All"
"""


def _call(session: aiohttp.ClientSession, method: str, path: str, key: str, **json: Any) -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return session.request(method, path, headers=headers, json=json or None)


def test_there_are_thirteen_hooks_each_with_its_line() -> None:
    """Every hook is a specification with a docstring of one line."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    assert len(NAMES) == 13
    assert sorted(vars(manager.hook)) == sorted(NAMES)
    for name in NAMES:
        doc = getattr(Hooks, name).__doc__
        assert doc
        assert "\n" not in doc


def test_async_hooks_are_those_that_run_per_request() -> None:
    """The list of asynchronous hooks is the one that their specifications show."""
    declared = {name for name in NAMES if inspect.iscoroutinefunction(getattr(Hooks, name))}
    assert declared == ASYNC_HOOKS


def test_every_hook_is_at_work_in_these_tests() -> None:
    """The plugin that the tests below run implements each hook."""
    implemented = [
        node.name
        for node in ast.walk(ast.parse(inspect.cleandoc(ALL)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert set(NAMES) <= set(implemented)


async def test_hooks_at_work(tmp_path: Path, write_plugin: Write) -> None:
    """Chain, application, authentication, routes, lifespan and health of one plugin take effect."""
    module = write_plugin(ALL)
    async with routing(_toml(module), tmp_path) as router:
        events: list[Any] = importlib.import_module(module).All.events
        assert events == ["start"]
        async with aiohttp.ClientSession(router.url) as session:
            chat = {"model": "localai-guide", "prompt": "What are plugins?", "stream": False}
            async with _call(session, "POST", "/api/generate", "chat", **chat) as answer:
                assert answer.headers["x-looked-at"] == chat["prompt"]
                assert answer.headers["x-passed"] == "all"
                said = (await answer.json())["response"]
                assert said
                assert said == said.upper()
            async with _call(session, "POST", "/api/generate", "other", **chat) as answer:
                assert answer.status == 403
            for key, status in {"": 401, "wrong": 401, "other": 403, "chat": 200}.items():
                async with _call(session, "GET", "/own", key) as answer:
                    assert answer.status == status
                    body = await answer.json()
            assert body == {"generation": 1}
            async with _call(session, "GET", "/health", "models:read") as answer:
                (report,) = (await answer.json())["plugins"]
                assert report == {"name": "all", "fail_mode": "closed", "report": {"mood": "good"}}
            async with _call(session, "GET", "/nowhere", "") as answer:
                assert answer.status == 404
        assert [measure.name for measure in router.gateway.measures()] == ["events"]
        watched = [("attempt", "embedded"), ("ended", "ok"), ("after", "ok", 1)]
        asked = ["/api/generate", *watched, "/api/generate"]
        assert events[1:] == asked + ["/own"] * 4 + ["/health", "/nowhere"]
    assert events[-1] == "stop"


def test_commands_at_work(tmp_path: Path, write_plugin: Write) -> None:
    """`commands` adds to the group that it is given."""
    settings = parse(_toml(write_plugin(ALL)), tmp_path / "localai.toml")
    manager = register(settings, load(settings))
    group = click.Group()
    for _, add in implementations(manager, "commands"):
        add(group)
    assert list(group.commands) == ["own"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("around_app(self, app): return 5", "around_app must return an ASGI application"),
        ("around_app(self, app): 1 / 0", "around_app failed: ZeroDivisionError"),
        ("route_handlers(self, gateway): 1 / 0", "route_handlers failed: ZeroDivisionError"),
        ("lifespan(self, gateway): 1 / 0", "did not start: ZeroDivisionError"),
        ("lifespan(self, gateway): return 5", "did not start: TypeError"),
        ("around_inference(self, next): return 5", "must return an async generator function"),
    ],
)
async def test_a_hook_that_fails_at_load_is_one_message(
    source: str, expected: str, tmp_path: Path, write_plugin: Write
) -> None:
    """What a hook does wrong at the start is a message that names the plugin."""
    module = write_plugin(f"class All:\n    @hookimpl\n    def {source}")
    with pytest.raises(SettingsError, match=expected) as caught:
        async with routing(_toml(module), tmp_path):
            pass
    assert "plugin 'all'" in str(caught.value)
