"""The model in a thread of its own, with a bounded queue and a deadline. Fails closed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager

from localai import Unavailable
from plugins.guardrails.pii.presidio.engine import Find, load
from plugins.guardrails.pii.presidio.pieces import pieces
from plugins.guardrails.pii.presidio.settings import Presidio
from plugins.guardrails.pii.presidio.spans import Span

RETRY_AFTER = 5.0
"""Seconds after which a refused request may be tried again."""


class Analyser:
    """Finds names in texts, one text at a time: a spaCy model is for one thread."""

    def __init__(self, settings: Presidio, names: Sequence[str]) -> None:
        self._settings = settings
        self._names = names
        self._find: Find
        self._thread: ThreadPoolExecutor
        self._unfinished: set[Future[list[Span]]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the model; raise `SettingsError` when that fails."""
        self._find = await asyncio.to_thread(load, self._settings, self._names)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="presidio")
        try:
            yield
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def deadline(self) -> AsyncIterator[None]:
        """Refuse with a 503 when what is done within takes longer than the deadline."""
        try:
            async with asyncio.timeout(self._settings.deadline):
                yield
        except TimeoutError:
            raise Unavailable(
                "the text could not be checked for personal data in time: "
                "try again, or send less at a time",
                retry_after=RETRY_AFTER,
            ) from None

    async def find(self, text: str) -> list[Span]:
        """Return what is in a text; long ones are looked at piece by piece.

        Raises `Unavailable` when too many texts wait.
        """
        found = []
        for start, piece in pieces(text):
            spans = await self._run(piece)
            found += [Span(span.entity, start + span.start, start + span.end) for span in spans]
        return found

    async def _run(self, piece: str) -> list[Span]:
        if len(self._unfinished) >= self._settings.max_waiting:
            raise Unavailable(
                "too many texts wait to be checked for personal data: try again later",
                code="server_is_overloaded",
                retry_after=RETRY_AFTER,
            )
        future = self._thread.submit(self._find, piece)
        # What a cancelled request has begun still occupies the thread, and so still counts.
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)
        return await asyncio.wrap_future(future)
