"""One line per request, and nothing in it that was said."""

import re
import shutil
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.core.cli.support import EMBEDDED
from tests.core.cli.support import serving as process
from tests.plugins.metrics import saying
from tests.plugins.metrics.saying import ANSWER, Answer, Broken, Careless, CarelessObserver
from tests.plugins.support import ENDLESS, asking, leaves, serving

KEY = "canary-key-0123456789"
PROMPT = "canary-prompt"
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


def own(*classes: type, module: str = saying.__name__) -> str:
    """Return the tables of these plugins, under their names in lower case."""
    return "".join(
        f'[plugins.{each.__name__.lower()}]\nuse = "{module}:{each.__name__}"\n' for each in classes
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
        "kind": "chat",
        "stream": True,
        "outcome": "ok",
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
    assert [(each["method"], each["status"], each["error"]) for each in entries()] == [
        ("POST", 401, "Unauthenticated"),
        ("GET", 404, "NotFound"),
        ("GET", 405, "MethodNotAllowed"),
        ("POST", 400, "InvalidRequest"),
        ("GET", 404, "NotFound"),
    ]
    assert [each.get("caller") for each in entries()] == [None, None, None, "static:me", None]
    assert not any("model" in each for each in entries())
    assert max(len(each["path"]) for each in entries()) == 200


async def test_probes_are_written_only_where_the_file_says_so(
    tmp_path: Path, entries: Callable[[], list[Entry]]
) -> None:
    """Health checks, scrapes and the page are left out by default; paths that begin so are not."""
    probes = ["/health", "/health/live", "/health/ready", "/metrics"]
    others = ["/healthy", "/metrics2", "/uik"]
    async with serving(tmp_path, "metrics") as (_, client):
        for path in ["/ui", "/ui/", "/ui/main.js", *probes, *others]:
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
    assert [each["outcome"] for each in entries()] == ["UpstreamFailed"] * 2
    assert ends == [(200, "UpstreamFailed"), (500, "UpstreamFailed")]


CRASHING = ((CarelessObserver, Careless), [200, 503], 4)


@pytest.mark.parametrize(
    ("form", "more", "statuses", "crashes"),
    [
        pytest.param("json", (), [200, 200], 0, id="json", marks=pytest.mark.nightly),
        pytest.param("console", (), [200, 200], 0, id="console", marks=pytest.mark.nightly),
        pytest.param("json", *CRASHING, id="json-crash"),
        pytest.param("console", *CRASHING, id="console-crash"),
    ],
)
async def test_nothing_that_was_said_is_written(
    tmp_path: Path, form: str, more: tuple[type, ...], statuses: list[int], crashes: int
) -> None:
    """No prompt, answer or key is in the log, also where a plugin crashes with them at hand."""
    shutil.copy(saying.__file__, tmp_path)
    plugins = (*more, Answer)
    names = ["metrics", "auth", "guardrails", *(each.__name__.lower() for each in plugins)]
    file = tmp_path / "localai.toml"
    file.write_text(
        f"{EMBEDDED}{FILE}{own(*plugins, module='saying')}[server]\nport = 0\n"
        f'[log]\nformat = "{form}"\nlevel = "debug"\n[chain]\nplugins = {names}\n'
    )
    async with process("-c", file, "serve") as router:
        found = re.search(r"http://127\.0\.0\.1:\d+", await router.line_with("ready"))
        assert found is not None
        async with httpx.AsyncClient(base_url=found[0], trust_env=False, timeout=30) as client:
            client.headers["api-key"] = KEY
            answers = [
                await client.post("/api/chat", json=asking(PROMPT, stream=stream))
                for stream in (True, False)
            ]
            bad = {"api-key": f"{KEY}-bad", "x-api-key": KEY}
            refused = await client.post("/api/chat", json=asking(PROMPT), headers=bad)
            too_long = await client.post("/api/chat", json=asking(PROMPT * 1000))
        router.process.terminate()
        await router.line_with("stopped")
    assert [answer.status_code for answer in answers] == statuses
    assert all((ANSWER in answer.text) is (answer.status_code == 200) for answer in answers)
    assert (refused.status_code, too_long.status_code) == (401, 400)
    written = "".join(router.said)
    assert written.count("Traceback") == crashes
    assert sum("POST" in line for line in router.said) == 4
    for secret in (PROMPT, ANSWER, KEY):
        assert secret not in written
