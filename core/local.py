"""Nothing leaves the box: models that Ollama would run in its cloud are refused."""

import asyncio
import re

import aiohttp
import msgspec
from msgspec import Struct

from core import wire
from core.errors import Forbidden, UpstreamInvalid
from core.principal import full_name

FRESH = 60.0
"""Seconds that a list of models is believed."""
ASK_TIMEOUT = 10.0
"""Seconds that the list may take."""
MAX_LIST = 16_000_000
"""Bytes that the list may have; a model takes some 500."""

# `types/model` and `parseSourceSuffix` in Ollama: the tag `cloud`, or one that ends in `-cloud`.
_CLOUD = re.compile(r"[:-]cloud$", re.IGNORECASE)


class Details(Struct, frozen=True):
    """What a model is made of."""

    format: str = ""


class Listed(Struct, frozen=True):
    """One entry of `/api/tags`."""

    name: str = ""
    digest: str = ""
    remote_host: str = ""
    remote_model: str = ""
    details: Details = Details()

    @property
    def is_remote(self) -> bool:
        """Whether it runs elsewhere."""
        return bool(self.remote_host or self.remote_model)


class _Tags(Struct):
    models: list[Listed] | None = None


_decode = msgspec.json.Decoder(_Tags).decode


class LocalOnly:
    """Knows which models are local; asks Ollama for its list when that is older than a minute."""

    def __init__(self, session: aiohttp.ClientSession, connect_timeout: float) -> None:
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=ASK_TIMEOUT, sock_connect=connect_timeout)
        self._remote: dict[str, frozenset[str]] = {}
        self._fresh_until: dict[str, float] = {}
        self._asking = asyncio.Lock()

    async def check(self, url: str, model: str) -> None:
        """Raise `Forbidden` for a model that runs elsewhere.

        Raises `UpstreamInvalid` when Ollama gives no list: then nobody knows.
        """
        refuse_cloud_name(model)
        now = asyncio.get_running_loop().time()
        if self._fresh_until.get(url, 0) <= now:
            async with self._asking:
                if self._fresh_until.get(url, 0) <= now:
                    await self.models(url)
        if _listed_name(model) in self._remote[url]:
            raise _refusal(model)

    async def models(self, url: str) -> list[Listed]:
        """Return what Ollama lists now; raise `UpstreamInvalid` when it gives no list."""
        found = await self._ask(url)
        self._remote[url] = frozenset(_listed_name(each.name) for each in found if each.is_remote)
        self._fresh_until[url] = asyncio.get_running_loop().time() + FRESH
        return found

    async def _ask(self, url: str) -> list[Listed]:
        async with self._session.get(
            f"{url}/api/tags", timeout=self._timeout, allow_redirects=False
        ) as response:
            if response.status == 404:
                return []  # a server without a list has no entries that point elsewhere
            body = await wire.read(response.content, MAX_LIST)
        try:
            tags = _decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            tags = None
        if tags is None or response.status != 200 or len(body) > MAX_LIST:
            raise UpstreamInvalid(
                "what answers at Ollama's address does not list its models: check [ollama] hosts "
                "in localai.toml"
            )
        return tags.models or []


def _listed_name(model: str) -> str:
    """Return a name as Ollama lists it: with a tag, without the default host and namespace."""
    name = full_name(model).lower()
    return name.removeprefix("registry.ollama.ai/").removeprefix("library/")


def refuse_cloud_name(model: str) -> None:
    """Raise `Forbidden` for a name that Ollama sends to its cloud."""
    if _CLOUD.search(model):
        raise _refusal(model)


def _refusal(model: str) -> Forbidden:
    return Forbidden(
        f"model '{model}' runs in a cloud, and nothing leaves this machine: use a local model",
        param="model",
        code="cloud_model",
    )
