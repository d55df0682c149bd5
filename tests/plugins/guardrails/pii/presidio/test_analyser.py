"""The thread of the model: its queue and its deadline."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from localai import Duration, SettingsError, Unavailable
from plugins.guardrails.pii.presidio import analyser as module
from plugins.guardrails.pii.presidio.analyser import Analyser
from plugins.guardrails.pii.presidio.pieces import MOST
from plugins.guardrails.pii.presidio.settings import Presidio
from plugins.guardrails.pii.presidio.spans import Span


class Slow:
    """Stands for a model that is at work until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.texts: list[str] = []

    def find(self, text: str) -> list[Span]:
        """Find nothing, in the end."""
        self.texts.append(text)
        self.go.wait(10)
        return []


@asynccontextmanager
async def slowly(
    monkeypatch: pytest.MonkeyPatch, **changes: object
) -> AsyncIterator[tuple[Analyser, Slow]]:
    """Run an analyser with such a model."""
    slow = Slow()
    monkeypatch.setattr(module, "load", lambda settings, names: slow.find)
    analyser = Analyser(msgspec.structs.replace(Presidio(), **changes), ["PERSON"])
    async with analyser.running():
        try:
            yield analyser, slow
        finally:
            slow.go.set()


async def test_long_texts_are_looked_at_piece_by_piece(settings: Presidio) -> None:
    """Names are found where they are in a text of several pieces."""
    analyser = Analyser(settings, ["PERSON"])
    text = "Nobody. " * (MOST // 8) + "Here is Anna Smith. " + "Nobody. " * MOST + "Jürgen."
    async with analyser.running():
        spans = await analyser.find(text)
    assert [text[span.start : span.end] for span in spans] == ["Anna Smith", "Jürgen"]


async def test_a_model_that_hangs_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the deadline the request is refused with a 503 that says what to do."""
    async with slowly(monkeypatch, deadline=Duration(0.01)) as (analyser, _):
        with pytest.raises(Unavailable, match="in time: try again, or send less") as caught:
            async with analyser.deadline():
                await analyser.find("Anna")
    assert caught.value.retry_after


async def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts beyond the bound are refused; what a cancelled request has begun still counts."""
    async with slowly(monkeypatch, max_waiting=1) as (analyser, slow):
        first = asyncio.create_task(analyser.find("first"))
        async with asyncio.timeout(5):
            while not slow.texts:  # noqa: ASYNC110 - a thread has no event for it
                await asyncio.sleep(0.001)
        with pytest.raises(Unavailable, match="too many texts wait"):
            await analyser.find("second")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        with pytest.raises(Unavailable, match="too many texts wait"):
            await analyser.find("third")
        slow.go.set()
        async with asyncio.timeout(5):
            while True:
                try:
                    await analyser.find("fourth")
                    break
                except Unavailable:
                    await asyncio.sleep(0.001)
    assert slow.texts == ["first", "fourth"]


async def test_a_model_that_fails_to_load_stops_the_start(settings: Presidio) -> None:
    """A broken model is an error of the settings, when the router starts."""
    broken = Analyser(msgspec.structs.replace(settings, model=settings.model.parent), ["PERSON"])
    with pytest.raises(SettingsError, match="can't be loaded"):
        async with broken.running():
            pass


async def test_what_the_model_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash of the model reaches the request, which then is refused by the chain."""

    def fail(text: str) -> list[Span]:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "load", lambda settings, names: fail)
    analyser = Analyser(Presidio(), ["PERSON"])
    async with analyser.running():
        with pytest.raises(ZeroDivisionError):
            await analyser.find("Anna")
