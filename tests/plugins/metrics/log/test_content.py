"""Questions and answers in the log, for files that want that."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from core.errors import SettingsError
from localai import Call, Chunk, Gateway, Message, Redactor
from plugins.metrics.log.content import MARGIN, MOST_WAITING, Contents
from plugins.metrics.log.plugin import RequestLog
from tests.double import OllamaDouble, Script
from tests.plugins.support import Model, a_call, all_of
from tests.support import routing, toml_for

CARD = "4111 1111 1111 1111"
CHAIN = "metrics.log guardrails.pii"
MORE = "[plugins.metrics.log]\ncontent = true\ncontent_limit = 60\n"
CHAT: dict[str, Any] = {
    "model": "tiny",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": f"My card is {CARD}, and that is {'all ' * 500}"},
    ],
}

Entry = MutableMapping[str, Any]


class Upper(Redactor):
    """Redacts by capitals; a test may hold it, or have it fail."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None

    async def redacted(self, text: str) -> str:
        """Return capitals."""
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return text.upper()


class Finds:
    """Stands for the gateway: it has one redactor, or none."""

    def __init__(self, redactor: Redactor | None) -> None:
        self.redactor = redactor

    def find(self, kind: type) -> Any:
        """Return the redactor."""
        return self.redactor


@asynccontextmanager
async def _running(contents: Contents, redactor: Redactor | None) -> AsyncIterator[list[Entry]]:
    gateway: Any = Finds(redactor)
    typed: Gateway = gateway
    with capture_logs() as logs:
        async with contents.running(typed):
            yield logs


def _contents(logs: list[Entry]) -> list[tuple[str, str]]:
    return [(each["prompt"], each["answer"]) for each in logs if each["event"] == "content"]


@pytest.mark.parametrize("stream", [True, False])
async def test_what_is_written_is_cut_and_redacted(
    double: OllamaDouble, tmp_path: Path, stream: bool
) -> None:
    """The last question and its answer are on a line of their own, without what guards know."""
    double.script(Script(tokens=["Your", f" mail is anna@example.org, card {CARD}", "! " * 50]))
    with capture_logs() as logs:
        async with (
            routing(toml_for(double.url, CHAIN, MORE), tmp_path) as router,
            httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30) as client,
        ):
            await client.post("/api/chat", json=CHAT | {"stream": stream})
    ((prompt, answer),) = _contents(logs)
    assert prompt.startswith("My card is [CARD], and that is all all")
    assert answer.startswith("Your mail is [EMAIL], card [CARD]! !")
    assert 40 < len(prompt) <= 60
    assert len(answer) == 60
    (line,) = [each for each in logs if each["event"] == "request"]
    (content,) = [each for each in logs if each["event"] == "content"]
    assert content["request_id"] == line["request_id"]


async def test_it_needs_someone_who_redacts(double: OllamaDouble, tmp_path: Path) -> None:
    """Without the guard that knows personal data the router does not start."""
    with pytest.raises(SettingsError, match=r"'metrics.log' needs 'guardrails.pii', which is off"):
        async with routing(toml_for(double.url, "metrics.log", MORE), tmp_path):
            pass


def test_off_it_stays_out_of_the_way() -> None:
    """As shipped there is no handler in the chain, and no task."""
    handler = Model().infer
    plugin = RequestLog(RequestLog.Config())
    assert plugin.around_inference(handler) == handler
    assert plugin.needs == ()


@settings(deadline=None)
@given(
    limit=st.integers(1, 50),
    before=st.integers(0, MARGIN + 60),
    after=st.integers(0, MARGIN + 60),
)
async def test_a_secret_that_the_cut_goes_through_is_not_left(
    limit: int, before: int, after: int
) -> None:
    """Wherever a text is cut, no part of a secret is written that would be known as a whole."""

    class Whole(Redactor):
        async def redacted(self, text: str) -> str:
            return text.replace("S" * 40, "*")

    contents = Contents(limit)
    text = "a" * before + "S" * 40 + "b" * after
    call = a_call(messages=(Message(role="user", content=text),))
    async with _running(contents, Whole()) as logs:
        await all_of(contents.around(Model(Chunk(content=text, done=True)).infer), call)
    ((prompt, answer),) = _contents(logs)
    assert prompt == answer
    assert "S" not in prompt
    assert len(prompt) <= limit


async def test_a_prompt_counts_before_texts() -> None:
    """What is asked is the prompt of a completion, the last text of all else, or nothing."""
    contents = Contents(100)
    handler = contents.around(Model(Chunk(done=True)).infer)
    calls: list[Call] = [
        a_call(kind="generate", messages=(), prompt="complete", suffix="this"),
        a_call(kind="embed", messages=(), inputs=("one", "two")),
        a_call(messages=()),
    ]
    async with _running(contents, Upper()) as logs:
        for call in calls:
            await all_of(handler, call)
    assert [prompt for prompt, _ in _contents(logs)] == ["COMPLETE", "TWO", ""]


async def test_what_waits_is_bounded() -> None:
    """While redacting is slow, further contents are left out, which a later line tells."""
    contents, redactor = Contents(10), Upper()
    redactor.open.clear()
    handler = contents.around(Model(Chunk(content="hi", done=True)).infer)
    async with _running(contents, redactor) as logs:
        for _ in range(MOST_WAITING + 50):
            await all_of(handler, a_call())
        redactor.open.set()
    told = [each for each in logs if each["event"] == "content"]
    assert len(told) >= MOST_WAITING
    assert sum(each.get("left_out", 0) for each in told) == MOST_WAITING + 50 - len(told)


async def test_a_crash_of_the_redactor_leaves_one_out() -> None:
    """What can't be redacted is not written; the next one is."""
    contents, redactor = Contents(10), Upper()
    redactor.failure = ValueError("a bug")
    handler = contents.around(Model(Chunk(content="hi", done=True)).infer)
    async with _running(contents, redactor) as logs:
        await all_of(handler, a_call())
        await contents._waiting.join()
        redactor.failure = None
        await all_of(handler, a_call())
    assert [each["event"] for each in logs] == ["a content is left out of the log", "content"]


async def test_nothing_is_written_while_nobody_redacts() -> None:
    """A generation without the guard writes no content."""
    contents = Contents(10)
    async with _running(contents, None) as logs:
        await all_of(contents.around(Model(Chunk(content="hi", done=True)).infer), a_call())
    assert logs == []
