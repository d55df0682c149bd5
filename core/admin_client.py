"""Asking the router that runs: what plugins know is in its memory."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from core.errors import (
    Forbidden,
    GatewayError,
    InvalidRequest,
    NotFound,
    Unauthenticated,
    Unavailable,
    UpstreamInvalid,
)

if TYPE_CHECKING:
    from aiohttp import BaseConnector, ClientResponse

DEADLINE = 10.0
"""Seconds until the router has answered, unless an answer takes it longer."""
MAX_ANSWER = 1_000_000
"""Bytes of an answer that are read; the router's take some 2,000."""

UNIX = "unix:"


class AdminClient(Struct, frozen=True, kw_only=True):
    """Where a router serves what a plugin administers, and the variable with a key for it."""

    url: str
    """`http://HOST:PORT`, or `unix:PATH`."""
    key_env: str
    path: str
    """Where the plugin serves it: `/admin/cache`."""
    scope: str
    """What the key must be good for: `admin:cache`."""
    plugin: str
    """The name to switch on in [chain] where nothing is served."""
    deadline: float = DEADLINE
    """Seconds until the router has answered."""

    async def ask(
        self, method: str, parameters: Mapping[str, str] | None = None, below: str = ""
    ) -> Any:
        """Return what the router answers at the path, or `below` it.

        Raises a `GatewayError` that says what to do.
        """
        import aiohttp

        url, connector = self._target()
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self.deadline),
            headers=self._headers(),
            trust_env=False,
        ) as session:
            try:
                async with session.request(
                    method, f"{url}{self.path}{below}", params=parameters, allow_redirects=False
                ) as response:
                    return await self._read(response)
            except TimeoutError:
                raise Unavailable(
                    f"the router at {self.url} has not answered in {self.deadline:g} s; "
                    "what it has begun, it goes on with"
                ) from None
            except aiohttp.InvalidURL:
                raise _no_url() from None
            except (aiohttp.ClientConnectionError, OSError) as error:
                number = getattr(error, "errno", None) or 0
                reason = os.strerror(number) if number > 0 else "the connection broke"
                raise Unavailable(
                    f"no router answers at {self.url} ({reason}): start it with 'localai serve', "
                    "or give the address of the one that runs by --url"
                ) from None
            except aiohttp.ClientError:
                raise self._stranger() from None

    def _target(self) -> "tuple[str, BaseConnector]":
        import aiohttp

        if self.url.startswith(UNIX) and self.url != UNIX:
            return "http://localhost", aiohttp.UnixConnector(self.url.removeprefix(UNIX))
        if not self.url.startswith(("http://", "https://")) or "@" in self.url:
            raise _no_url()
        return self.url.rstrip("/"), aiohttp.TCPConnector()

    def _headers(self) -> dict[str, str]:
        key = os.environ.get(self.key_env, "").strip()
        if not key:
            return {}
        if not (key.isascii() and key.isprintable()):
            raise InvalidRequest(f"what is in {self.key_env} is no key: copy it again")
        return {"authorization": f"Bearer {key}"}

    async def _read(self, response: "ClientResponse") -> Any:
        body = bytearray()
        async for part in response.content.iter_chunked(65_536):
            body += part
            if len(body) > MAX_ANSWER:
                raise self._stranger()
        try:
            answer = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._stranger() from None
        if response.status == 200:
            return answer
        raise self._refusal(response.status, answer.get("error"))

    def _refusal(self, status: int, said: object) -> GatewayError:
        if not isinstance(said, str):
            return self._stranger()
        if status == 401:
            return Unauthenticated(
                f"the router asks for a key: put one that has the scope '{self.scope}' into the "
                f"environment variable {self.key_env}, or name another one by --key-env ({said})"
            )
        if status == 403:
            return Forbidden(
                f"the key in {self.key_env} will not do, one with the scope '{self.scope}' will: "
                f"{said}"
            )
        if status == 404 and self.path in said:
            return NotFound(
                f"the router at {self.url} serves no {self.path}: switch '{self.plugin}' on in its "
                "[chain], or give its [server] admin by --url"
            )
        return Unavailable(f"the router says: {said}")

    def _stranger(self) -> GatewayError:
        return UpstreamInvalid(f"what answers at {self.url} is no router: give its --url")


def _no_url() -> InvalidRequest:
    return InvalidRequest("--url: expected http://HOST:PORT or unix:PATH, without a password")
