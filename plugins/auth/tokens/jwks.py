"""An issuer's keys, fetched from one fixed address and kept: the issuer may be away for a day."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import structlog
from msgspec import Struct

from localai import Unavailable
from plugins.auth.tokens.errors import UNVERIFIED, InvalidToken
from plugins.auth.tokens.jwk import Key, read_keys

log = structlog.get_logger("tokens")

MAX_SET = 256 * 1024
"""Bytes of a key set; real ones have a few kilobytes."""


class Pace(Struct, frozen=True, kw_only=True):
    """How often keys are fetched, all in seconds."""

    refresh: float = 600
    """Between two fetches while all is well."""
    unknown: float = 60
    """Least time between fetches because of a key that is not there."""
    empty: float = 5
    """The same while there is no key at all."""
    keep: float = 86_400
    """For which the last good keys count while the issuer is away."""
    timeout: float = 5
    """For one fetch."""


class KeySet:
    """The public keys of one issuer."""

    def __init__(
        self,
        url: str,
        algorithms: tuple[str, ...],
        pace: Pace = Pace(),  # noqa: B008  (it is frozen)
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self._algorithms = algorithms
        self._pace = pace
        self._clock = clock
        self._keys: list[Key] = []
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetch now and then in the background; an issuer that is away keeps nobody waiting."""
        task = asyncio.create_task(self._keep_fresh(), name=f"keys of {self.url}")
        try:
            yield
        finally:
            tasks = [each for each in (task, self._flight) if each is not None]
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def find(self, kid: str | None, algorithm: str) -> Key:
        """Return the key that a token names.

        Without a name it must be the only one for the algorithm. Raises `InvalidToken` when there
        is none, and `Unavailable` while no key could be fetched.
        """
        key = self._find(kid, algorithm)
        if key is None and self._may_fetch():
            await self._fetch_once()
            key = self._find(kid, algorithm)
        if key is not None:
            return key
        if self._known():
            raise InvalidToken(UNVERIFIED)
        raise Unavailable(
            "the issuer of this token does not answer, so it can't be verified: try again",
            retry_after=self._pace.empty,
        )

    def _known(self) -> list[Key]:
        return self._keys if self._clock() - self._fetched < self._pace.keep else []

    def _find(self, kid: str | None, algorithm: str) -> Key | None:
        fitting = [key for key in self._known() if key.algorithm == algorithm]
        if kid is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((key for key in fitting if key.kid == kid), None)

    def _may_fetch(self) -> bool:
        if self._flight is not None:
            return True  # whoever asks waits for the one that is under way
        wait = self._pace.unknown if self._known() else self._pace.empty
        return self._clock() - self._tried >= wait

    async def _keep_fresh(self) -> None:
        while True:
            await self._fetch_once()
            ok = self._fetched >= self._tried
            await asyncio.sleep(self._pace.refresh if ok else self._pace.unknown)

    async def _fetch_once(self) -> None:
        if self._flight is None:
            self._tried = self._clock()
            self._flight = asyncio.create_task(self._fetch(), name=f"fetch {self.url}")
            self._flight.add_done_callback(self._landed)
        await asyncio.shield(self._flight)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flight = None

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._pace.timeout):
                text = await _get(self.url)
            keys = await asyncio.to_thread(read_keys, text, self._algorithms)
            if not keys:
                raise ValueError("no key in it is of use")
        except Exception as error:  # whatever comes, the next fetch is tried
            # Its class only: the text could quote what the other side has sent.
            log.warning("no keys from an issuer", url=self.url, reason=type(error).__name__)
            return
        self._keys = keys
        self._fetched = self._clock()


async def _get(url: str) -> bytes:
    """Return what stands at an address; raise `ValueError` when it is not what it should be."""
    session: Any = aiohttp.ClientSession(
        trust_env=False, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    )
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    async with session, session.get(url, headers=headers, allow_redirects=False) as answer:
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        text = bytearray()
        async for piece in answer.content.iter_any():
            text += piece
            if len(text) > MAX_SET:
                raise ValueError("too long")
        return bytes(text)
