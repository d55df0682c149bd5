"""What the Ollamas of the settings say of themselves."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from localai import Value
from plugins.routing.hardware.doctor.hosts import is_this_machine
from plugins.routing.hardware.system import version

if TYPE_CHECKING:
    from aiohttp import ClientSession

DEADLINE = 3.0
"""Seconds until a host has answered a question."""
MOST_BYTES = 4_000_000
MOST_MODELS = 100


class Running(Value, frozen=True, kw_only=True):
    """A model in memory."""

    name: str
    size: int = 0
    size_vram: int = 0
    """Bytes of it that the GPU has."""
    context: int = 0
    """Tokens for each of its slots; 0 if unknown."""


class Ollama(Value, frozen=True, kw_only=True):
    """One host of the settings."""

    url: str
    """As people may see it: without a password."""
    port: int = 11434
    is_local: bool = True
    """Whether it is this machine."""
    answers: bool = False
    version_text: str = ""
    loaded: Sequence[Running] = ()

    @property
    def version(self) -> tuple[int, int, int] | None:
        """Its version as numbers; `None` if unknown."""
        return version(self.version_text)


async def ask_all(urls: Sequence[str]) -> list[Ollama]:
    """Ask each host; those that do not answer are said to."""
    import aiohttp

    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=DEADLINE), trust_env=False
    ) as session:
        return await asyncio.gather(*(_ask(session, url.rstrip("/")) for url in urls))


async def _ask(session: "ClientSession", url: str) -> Ollama:
    parts = urlsplit(url)
    ollama = Ollama(
        url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        port=parts.port or (443 if parts.scheme == "https" else 80),
        is_local=is_this_machine(parts.hostname or ""),
    )
    said = await _get(session, f"{url}/api/version")
    if not isinstance(said, dict):
        return ollama
    models = await _get(session, f"{url}/api/ps")
    listed = models.get("models") if isinstance(models, dict) else None
    return ollama.replace(
        answers=True,
        version_text=_printable(said.get("version")),
        loaded=[
            Running(
                name=_printable(each.get("name")),
                size=_count(each.get("size")),
                size_vram=_count(each.get("size_vram")),
                context=_count(each.get("context_length")),
            )
            for each in (listed if isinstance(listed, list) else [])[:MOST_MODELS]
            if isinstance(each, dict)
        ],
    )


async def _get(session: "ClientSession", url: str) -> Any:
    """Return the JSON of an answer; `None` where there is none."""
    import aiohttp

    try:
        async with session.get(url, allow_redirects=False) as response:
            content = bytearray()
            async for part in response.content.iter_chunked(65_536):
                content += part
                if len(content) > MOST_BYTES:
                    return None
        return msgspec.json.decode(content) if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError):
        return None


def _printable(value: object) -> str:
    """Return a text of another machine's as it may stand on a terminal."""
    text = value if isinstance(value, str) else ""
    return "".join(char for char in text[:200] if char.isprintable())


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
