"""One line per request, and nothing in it that was said."""

import io
import logging
import sys
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from core import logs
from core.config import Log
from localai import Call, Chunk, Chunks, Handler, UpstreamFailed, hookimpl
from tests.plugins.support import ENDLESS, HELLO, asking, leaves, serving

KEY = "canary-key-0123456789"
PROMPT = "canary-prompt"
ANSWER = "canary-answer"
FILE = f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{KEY}", scopes = ["*"] }}]\n'

Entry = MutableMapping[str, Any]


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own key out of the tests."""
    monkeypatch.delenv("LOCALAI_API_KEY", raising=False)


@pytest.fixture
def entries() -> Iterator[Callable[[], list[Entry]]]:
    """A function that returns the lines about requests so far."""
    with capture_logs() as captured:
        yield lambda: [each for each in captured if each["event"] == "request"]


class Answer:
    """Answers in place of the model, each chunk with the canary."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Answer without the model."""

        async def answer(call: Call) -> Chunks:
            yield Chunk(content=ANSWER, thinking=ANSWER, model=call.model)
            yield HELLO[-1].replace(content=ANSWER, model=call.model)

        return answer


class Careless:
    """Crashes after the first chunk, with all that was said in its local variables."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Crash."""

        async def careless(call: Call) -> Chunks:
            prompt = call.messages[0].content
            async for chunk in next(call):
                yield chunk
                raise RuntimeError(f"{len(prompt) + len(chunk.content)} characters")

        return careless


class CarelessObserver(Careless):
    """The same for a plugin without which the answer goes on."""

    fail_mode = "open"


class Broken:
    """An Ollama that fails in the middle of its answer."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Fail."""

        async def broken(call: Call) -> Chunks:
            yield HELLO[0]
            raise UpstreamFailed("the model runner has stopped")

        return broken


def own(*classes: type) -> str:
    """Return the tables of plugins of this module, under their names in lower case."""
    return "".join(
        f'[plugins.{each.__name__.lower()}]\nuse = "{__name__}:{each.__name__}"\n'
        for each in classes
    )


async def test_a_request_is_one_line_with_all_its_fields(
    tmp_path: Path, entries: Callable[[], list[Entry]]
) -> None:
    """A line says who asked which model, how it ended, how long it took and how much was said."""
    file = FILE + own(Answer)
    async with serving(tmp_path, "metrics auth cache answer", file, api_key=KEY) as (_, client):
        for stream in (True, False):
            body = asking(PROMPT, stream=stream, options={"temperature": 0})
            answer = await client.post("/api/chat", json=body, headers={"x-request-id": "mine"})
            assert answer.status_code == 200
    first, second = entries()
    assert 0 <= first.pop("first_token_seconds") <= first.pop("seconds")
    assert first == {
        "event": "request",
        "log_level": "info",
        "request_id": "mine",
        "method": "POST",
        "path": "/api/chat",
        "status": 200,
        "caller": "static:me",
        "model": "localai-guide",
        "stream": True,
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "cache": "miss",
    }
    assert (second["stream"], second["cache"]) == (False, "hit")


async def test_requests_that_reach_no_model_are_lines_too(
    tmp_path: Path, entries: Callable[[], list[Entry]]
) -> None:
    """Refusals, unknown paths and wrong methods are written once, without a model."""
    async with serving(tmp_path, "metrics auth", FILE) as (_, client):
        await client.post("/api/chat", json=asking(PROMPT))
        await client.get("/nothing")
        await client.get("/api/chat")
        await client.post("/api/chat", content=b"{", headers={"api-key": KEY})
        await client.get("/" + "x" * 1000)
    assert [(each["method"], each["status"]) for each in entries()] == [
        ("POST", 401),
        ("GET", 404),
        ("GET", 405),
        ("POST", 400),
        ("GET", 404),
    ]
    assert not any("model" in each for each in entries())
    assert max(len(each["path"]) for each in entries()) == 200


async def test_probes_are_written_only_where_the_file_says_so(
    tmp_path: Path, entries: Callable[[], list[Entry]]
) -> None:
    """Health checks and scrapes are left out by default; other paths that begin so are not."""
    probes = ["/health", "/health/live", "/health/ready", "/metrics"]
    others = ["/healthy", "/metrics2"]
    async with serving(tmp_path, "metrics") as (_, client):
        for path in probes + others:
            await client.get(path)
    assert [each["path"] for each in entries()] == others
    file = "[plugins.metrics.log]\nhealth = true\n"
    async with serving(tmp_path, "metrics", file) as (_, client):
        for path in probes:
            await client.get(path)
    assert [each["path"] for each in entries()] == others + probes


async def test_a_client_that_leaves_is_a_499(
    tmp_path: Path, entries: Callable[[], list[Entry]]
) -> None:
    """An answer that its client did not wait for has the status that nginx gives it."""
    async with serving(tmp_path, "metrics endless", ENDLESS) as (router, client):
        await leaves(client, router)
    (line,) = entries()
    assert (line["status"], line["model"]) == (499, "localai-guide")
    assert "first_token_seconds" in line
    assert "completion_tokens" not in line


async def test_a_stream_that_fails_midway_names_its_error(
    tmp_path: Path, entries: Callable[[], list[Entry]]
) -> None:
    """The status was sent before the failure, so the line has the failure's class."""
    async with serving(tmp_path, "metrics broken", own(Broken)) as (_, client):
        await client.post("/api/chat", json=asking(stream=True))
        await client.post("/api/chat", json=asking(stream=False))
    ends = [(each["status"], each["error"]) for each in entries()]
    assert ends == [(200, "UpstreamFailed"), (500, "UpstreamFailed")]


@pytest.fixture(params=["json", "console"])
def output(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], str]]:
    """A function that returns all that was logged, with the router's own log set up."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, write_through=True)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        logs.configure(Log(format=request.param, level="debug"))
    yield lambda: written.getvalue().decode()
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize(
    ("more", "statuses", "crashes"),
    [((), [200, 200], 0), ((Careless,), [200, 503], 2), ((CarelessObserver,), [200, 200], 2)],
)
async def test_nothing_that_was_said_is_written(
    tmp_path: Path,
    output: Callable[[], str],
    more: tuple[type, ...],
    statuses: list[int],
    crashes: int,
) -> None:
    """No prompt, answer or key is in the log, also where a plugin crashes with them at hand."""
    file = FILE + own(*more, Answer)
    chain = " ".join(["metrics auth guardrails", *(each.__name__.lower() for each in more)])
    found = []
    async with serving(tmp_path, f"{chain} answer", file, api_key=KEY) as (_, client):
        for stream in (True, False):
            answer = await client.post("/api/chat", json=asking(PROMPT, stream=stream))
            found.append(answer.status_code)
            assert (ANSWER in answer.text) is (answer.status_code == 200)
        bad = {"api-key": f"{KEY}-bad", "x-api-key": KEY}
        assert (await client.post("/api/chat", json=asking(PROMPT), headers=bad)).status_code == 401
        long = asking(PROMPT * 1000)
        assert (await client.post("/api/chat", json=long)).status_code == 400
    assert found == statuses
    written = output()
    assert written.count("Traceback") == crashes
    lines = [line for line in written.splitlines() if "POST" in line]
    assert len(lines) == 4
    for secret in (PROMPT, ANSWER, KEY):
        assert secret not in written
