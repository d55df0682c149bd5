"""The single inference call, through which every request reaches Ollama."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import aiohttp
import structlog

from core import wire
from core.attempt import Attempt, Watcher
from core.config import Ollama as OllamaSettings
from core.errors import GatewayError, UpstreamInvalid, UpstreamTimeout
from core.failures import from_response
from core.hosts import Hosts
from core.local import LocalOnly
from core.management import Management
from core.messages import Call, Chunks

log = structlog.get_logger("ollama")

MAX_ERROR_BODY = 65_536
"""Bytes of a failed answer that are read for its text."""
LARGE = 262_144
"""Bytes from which a request, which has images then, is sent in pieces."""
TAIL_TIMEOUT = 1.0
"""Seconds to wait for the end of an answer after its last line, to keep the connection."""


class Ollama:
    """A connection pool to Ollama, with the one call that infers and those that manage."""

    def __init__(self, settings: OllamaSettings, documents: Sequence[Path] = ()) -> None:
        self.settings = settings
        self._documents = documents

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Open the pool, find who answers; close all at the end."""
        self._loading: set[asyncio.Task[None]] = set()
        connector = aiohttp.TCPConnector(limit=self.settings.connections, keepalive_timeout=60)
        async with aiohttp.ClientSession(
            connector=connector,
            # Our own clocks watch the rest: these know nothing of tokens and loads.
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self.settings.connect_timeout, sock_read=None
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"content-type": "application/json", "accept-encoding": "identity"},
        ) as self._session:
            self.hosts = Hosts(self.settings, self._session, self._documents)
            self._local = LocalOnly(self._session, self.settings.connect_timeout)
            self.models = Management(self.hosts, self._local, self.settings.connect_timeout)
            try:
                await self.hosts.start()
                yield
            finally:
                for task in self._loading:
                    task.cancel()
                await asyncio.gather(*self._loading, return_exceptions=True)
                await self.models.close()
                await self.hosts.stop()

    async def infer(self, call: Call, watchers: Iterable[Watcher] = ()) -> Chunks:
        """Answer a call: chunks as they come, the last one with `done`.

        `watchers` are told of the attempt. Raises `GatewayError`: before the first chunk or, when
        Ollama fails midway, after some.
        """
        path, body = wire.request(call)
        ends = asyncio.get_running_loop().time() + self.settings.total_timeout
        attempt = Attempt(call)
        response: aiohttp.ClientResponse | None = None
        received = 0
        begun: list[bytes] = []  # of a line that has not ended yet
        done = False
        try:
            response = await self._post(path, body, attempt, watchers, ends)
            if response.status != 200:
                raise await self._failure(response, call)
            _check_answer(response)
            while data := await self._read(response, call, ends):
                received += len(data)
                if received > self.settings.max_answer:
                    raise UpstreamInvalid("Ollama's answer is longer than [ollama] max_answer")
                begun.append(data)
                if b"\n" not in data:
                    if call.stream and sum(map(len, begun)) > self.settings.max_line:
                        raise UpstreamInvalid("a line of Ollama's is longer than [ollama] max_line")
                    continue
                *lines, rest = b"".join(begun).split(b"\n")
                begun = [rest]
                for line in lines:
                    if line:
                        chunk = wire.chunk(line, call)
                        done = chunk.done
                        yield attempt.saw(chunk)
                        if done:
                            await self._tail(response)
                            return
            if rest := b"".join(begun):
                chunk = wire.chunk(rest, call)
                done = chunk.done
                yield attempt.saw(chunk)
            if not done:
                raise UpstreamInvalid("Ollama's answer stopped before its end: try again")
        except Exception as error:
            attempt.end(error)
            raise
        finally:
            attempt.end()
            if response is not None:
                if response.content.at_eof():
                    response.release()
                else:
                    response.close()

    async def _post(
        self, path: str, body: bytes, attempt: Attempt, watchers: Iterable[Watcher], ends: float
    ) -> aiohttp.ClientResponse:
        """Send the request; on a refused connection try the next address, unless one is given."""
        call = attempt.call
        url: str | None = call.host or await self.hosts.serving(call.model)
        while url is not None:
            try:
                await self._local.check(url, call.model)
                attempt.on(url, self.hosts.label(url), watchers)
                response = await self._send(path, body, attempt, ends)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                url = await self.hosts.failed(url) if not call.host else None
                continue
            except TimeoutError:
                raise UpstreamTimeout("Ollama does not list its models: try again") from None
            except aiohttp.ServerDisconnectedError:
                raise UpstreamInvalid("Ollama closed the connection: try again") from None
            except (aiohttp.ClientError, OSError) as error:
                log.warning("Ollama's answer is broken", error=type(error).__name__)
                raise UpstreamInvalid("Ollama's answer is broken: try again") from None
            if self.hosts.is_embedded(url):
                call.headers["x-localai-engine"] = "embedded"
            return response
        raise self.hosts.unreachable(call.host)

    async def _send(
        self, path: str, body: bytes, attempt: Attempt, ends: float
    ) -> aiohttp.ClientResponse:
        """Wait for the answer's head, which Ollama sends with its first token.

        A plain answer has no first token to wait for: only the total clock runs.
        """
        loop = asyncio.get_running_loop()
        call, host, headers = attempt.call, attempt.host, attempt.headers or None
        url = host + path
        if not call.stream:
            try:
                async with asyncio.timeout_at(ends):
                    return await self._session.post(
                        url, data=_sent(body), headers=headers, allow_redirects=False
                    )
            except aiohttp.ConnectionTimeoutError:
                raise
            except TimeoutError:
                raise self._total() from None
        settings = self.settings
        try:
            longest = max(settings.first_token_timeout, settings.load_timeout)
            async with asyncio.timeout_at(min(loop.time() + longest, ends)) as clock:
                check = loop.call_later(
                    settings.first_token_timeout, self._suspect, host, call.model, clock
                )
                try:
                    return await self._session.post(
                        url, data=_sent(body), headers=headers, allow_redirects=False
                    )
                finally:
                    check.cancel()
        except aiohttp.ConnectionTimeoutError:
            raise
        except TimeoutError:
            if loop.time() >= ends:
                raise self._total() from None
            raise UpstreamTimeout(
                f"model '{call.model}' sent no first token in time: it may be too large for this "
                "machine, or busy; raise [ollama] first_token_timeout or load_timeout"
            ) from None

    def _suspect(self, host: str, model: str, clock: asyncio.Timeout) -> None:
        """End the wait for a first token, unless the model may still be loading."""

        async def look() -> None:
            try:
                loading = not await self.models.has_answered(model, host)
            except GatewayError:
                loading = False
            if not loading and not clock.expired():
                clock.reschedule(asyncio.get_running_loop().time())

        task = asyncio.get_running_loop().create_task(look(), name="does the model load?")
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)

    async def _read(self, response: aiohttp.ClientResponse, call: Call, ends: float) -> bytes:
        """Return what has arrived, or wait for more; empty at the end."""
        content = response.content
        loop = asyncio.get_running_loop()
        between = self.settings.token_timeout if call.stream else self.settings.total_timeout
        try:
            if (data := content.read_nowait(-1)) or content.at_eof():
                return data
            async with asyncio.timeout_at(min(loop.time() + between, ends)):
                return await content.readany()
        except TimeoutError:
            if loop.time() >= ends:
                raise self._total() from None
            raise UpstreamTimeout(
                f"no token came for {between:g} s: try again, or raise [ollama] token_timeout"
            ) from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamInvalid("the connection to Ollama broke: try again") from None

    def _total(self) -> UpstreamTimeout:
        return UpstreamTimeout(
            f"the answer took longer than {self.settings.total_timeout:g} s: "
            "ask for less, or raise [ollama] total_timeout"
        )

    async def _tail(self, response: aiohttp.ClientResponse) -> None:
        """Read to the end after the last line, so that the connection can be used again."""
        try:
            async with asyncio.timeout(TAIL_TIMEOUT):
                while not response.content.at_eof():
                    await response.content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError):
            response.close()

    async def _failure(self, response: aiohttp.ClientResponse, call: Call) -> GatewayError:
        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                body = await wire.read(response.content, MAX_ERROR_BODY)
        except (TimeoutError, aiohttp.ClientError, OSError):
            body = b""
        standing_in = self.hosts.uses_embedded and self.settings.embedded == "auto"
        if response.status == 404 and standing_in:
            # The model may well be there, once Ollama is.
            return self.hosts.unreachable()
        return from_response(response.status, body, call.model, call.kind)


def _sent(body: bytes) -> bytes | BytesIO:
    """Return a body as aiohttp sends it: a large one in pieces, as it would hold up others."""
    return BytesIO(body) if len(body) > LARGE else body


def _check_answer(response: aiohttp.ClientResponse) -> None:
    """Believe only JSON, uncompressed: anything else is not Ollama's."""
    kind = response.content_type
    if kind not in ("application/json", "application/x-ndjson") or response.headers.get(
        "content-encoding", "identity"
    ) not in ("identity", ""):
        raise UpstreamInvalid(
            "what answers at Ollama's address is not Ollama: check [ollama] hosts in localai.toml"
        )
