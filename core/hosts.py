"""Which Ollama answers: a configured one, or the embedded engine while there is none.

The engine's own model for embeddings is always there, unless the file says `embedded = "never"`.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog

from core import wire
from core.config import Ollama as OllamaSettings
from core.embedded_models import EMBED, find
from core.errors import UpstreamInvalid, UpstreamUnreachable
from core.trust import is_loopback

if TYPE_CHECKING:
    from core.embedded import EmbeddedEngine

log = structlog.get_logger("ollama")

PROBE_INTERVAL = 2.0
"""Seconds between looks for an Ollama that does not answer; found again within 5 s."""
PROBE_TIMEOUT = 1.0
"""Seconds that a look may take."""
MAX_ANSWER = 16_000_000
"""Bytes of an answer about a host; a model takes some 500 in a list."""


class Hosts:
    """The addresses to try, best first, and the embedded engine that stands in for them."""

    def __init__(
        self,
        settings: OllamaSettings,
        session: aiohttp.ClientSession,
        documents: Sequence[Path],
    ) -> None:
        self._settings = settings
        self._session = session
        self._documents = documents
        self._urls = [host.rstrip("/") for host in settings.hosts]
        # An engine here does not hide that an Ollama on another machine is down.
        self._may_stand_in = settings.embedded == "auto" and any(
            is_loopback(urlsplit(url).hostname or "") for url in self._urls
        )
        self._answering: str | None = None
        self._engine: EmbeddedEngine | None = None
        self._starting = asyncio.Lock()
        self._prober: asyncio.Task[None] | None = None

    @property
    def urls(self) -> Sequence[str]:
        """The base URLs of the file, without a slash at the end."""
        return self._urls

    @property
    def current(self) -> str:
        """The base URL to use now."""
        if self.uses_embedded and self._engine is not None:
            return self._engine.url
        return self._answering or self._urls[0]

    @property
    def uses_embedded(self) -> bool:
        """Whether the embedded engine answers in place of Ollama."""
        if self._settings.embedded == "always":
            return self._engine is not None
        return self._engine is not None and self._may_stand_in and self._answering is None

    def is_embedded(self, url: str) -> bool:
        """Say whether `url` is the embedded engine's."""
        return self._engine is not None and url == self._engine.url

    def label(self, url: str) -> str:
        """Return how figures name a host: its place in the file, from 1, or `embedded`."""
        if self.is_embedded(url):
            return "embedded"
        return str(self._urls.index(url) + 1) if url in self._urls else "other"

    async def serving(self, model: str) -> str:
        """Return the base URL to use now for a model.

        No Ollama has the engine's model for embeddings, so the engine starts with its first use.
        """
        if self._settings.embedded != "never" and find(model) is EMBED:
            return (await self._started_engine()).url
        return self.current

    async def start(self) -> None:
        """Look which host answers, and start the engine if none does and it may stand in."""
        if self._settings.embedded == "always":
            await self._started_engine()
            log.warning("the embedded engine answers, as [ollama] embedded = 'always' says")
            return
        await self._look()
        if self._answering is None:
            await self._stand_in()

    async def stop(self) -> None:
        """End the prober and the engine."""
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
        if self._engine is not None:
            await self._engine.stop()

    async def failed(self, url: str) -> str | None:
        """Note that nothing answers at `url`; return another address to try, if there is one."""
        if self.is_embedded(url):
            return None
        if self._answering == url:
            self._answering = None
        await self._look(but=url)
        if self._answering is None:
            await self._stand_in()
        return self.current if self.current != url else None

    def unreachable(self, host: str = "") -> UpstreamUnreachable:
        """Return the error that says what to do when no Ollama answers, or one of them does not."""
        # The address of another machine is not for callers; that of this one is no secret.
        url = host or self._urls[0]
        parts = urlsplit(url)
        place = "its configured address"
        if is_loopback(parts.hostname or ""):
            place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        text = f"Ollama does not answer at {place}: start it with 'ollama serve'"
        if self.uses_embedded:
            text += " (meanwhile the built-in model 'localai-guide' answers)"
        return UpstreamUnreachable(text, retry_after=5)

    async def report(self) -> list[dict[str, object]]:
        """Say of each host whether it answers now."""
        answers = await asyncio.gather(*(self._answers(url) for url in self._urls))
        return [
            {"host": urlsplit(url).netloc.rpartition("@")[2], "answers": answer}
            for url, answer in zip(self._urls, answers, strict=True)
        ]

    async def _look(self, but: str | None = None) -> None:
        """Find the first host that answers."""
        for url in self._urls:
            if url != but and await self._answers(url):
                self._answering = url
                return

    async def ask(self, host: str, path: str, body: object = None, timeout: float = 10.0) -> Any:
        """Return what a host answers to a question about itself, as decoded JSON.

        Unlike the management calls it is light, and asks this host only. `body` makes it a POST.
        Raises `UpstreamUnreachable`, `UpstreamInvalid`.
        """
        method, data = ("GET", None) if body is None else ("POST", msgspec.json.encode(body))
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=self._settings.connect_timeout)
        try:
            async with self._session.request(
                method, host + path, data=data, timeout=limits, allow_redirects=False
            ) as response:
                answer = await wire.read(response.content, MAX_ANSWER)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise self.unreachable(host) from None
        if response.status != 200 or len(answer) > MAX_ANSWER:
            raise UpstreamInvalid(f"Ollama does not answer {path} (HTTP {response.status})")
        try:
            return msgspec.json.decode(answer)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise UpstreamInvalid(f"Ollama's answer to {path} is not JSON") from None

    async def _answers(self, url: str) -> bool:
        timeout = aiohttp.ClientTimeout(total=PROBE_TIMEOUT)
        try:
            async with self._session.get(
                f"{url}/api/version", timeout=timeout, allow_redirects=False
            ) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _stand_in(self) -> None:
        """Start the engine where it may stand in, and look for the hosts until one answers."""
        begins = self._prober is None or self._prober.done()
        if begins:
            self._prober = asyncio.create_task(self._probe(), name="look for Ollama")
        if self._may_stand_in:
            await self._started_engine()
            if begins:
                log.warning(
                    "no Ollama answers: the embedded engine does, with model 'localai-guide'; "
                    "start Ollama with 'ollama serve'"
                )

    async def _started_engine(self) -> "EmbeddedEngine":
        if self._engine is None:
            async with self._starting:
                if self._engine is None:
                    from core.embedded import EmbeddedEngine

                    engine = EmbeddedEngine(self._documents)
                    await engine.start()
                    self._engine = engine
        return self._engine

    async def _probe(self) -> None:
        while self._answering is None:
            await asyncio.sleep(PROBE_INTERVAL)
            await self._look()
        log.info("Ollama answers", host=urlsplit(self._answering).netloc.rpartition("@")[2])
