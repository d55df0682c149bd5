"""A whole router as it is shipped, with routing, in front of Ollamas with models of real sizes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from core.gateway import Gateway
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.queue.plugin import Queue
from tests.double import Model, OllamaDouble, Received
from tests.support import Router, routing

CHAIN = (
    *("metrics", "auth", "guardrails", "routing", "cache"),
    *("routing.fallback", "routing.context", "routing.queue"),
)
MEMBERS = ("hosts", "catalogue", "estimate", "hardware", "aliases", "select", "context", "queue")
SMALL, MIDDLE, LARGE = "qwen2.5:3b", "qwen2.5:7b", "qwen2.5:14b"
MIXTURE, SEEING, EMBEDDING = "qwen3:30b-a3b", "qwen2.5vl:7b", "nomic-embed-text:latest"
WIRES = ("/api/chat", "/v1/chat/completions")
PATIENCE = 30
"""Seconds after which a test gives up; a busy machine is slow."""
MEMORY = "96GiB"
"""What models may take of a box with 128 GiB."""
EXPERTS = {
    "expert_count": 128,
    "expert_used_count": 8,
    "expert_feed_forward_length": 768,
    "feed_forward_length": 6144,
    "attention.key_length": 128,
    "attention.value_length": 128,
}
_QWEN: dict[str, Any] = {
    "family": "qwen2",
    "capabilities": ("completion", "tools"),
    "context_length": 32_768,
    "quantization": "Q4_K_M",
}


def models() -> list[Model]:
    """Make what a box might have: the sizes are those of the registry's files."""
    return [
        Model(
            name=SMALL,
            size=1_929_912_432,
            parameter_size="3.1B",
            parameter_count=3_085_938_688,
            embedding_length=2048,
            info=_layers(36, heads=16, kv_heads=2),
            **_QWEN,
        ),
        Model(
            name=MIDDLE,
            size=4_683_087_332,
            parameter_size="7.6B",
            parameter_count=7_615_616_512,
            embedding_length=3584,
            info=_layers(28, heads=28, kv_heads=4),
            **_QWEN,
        ),
        Model(
            name=LARGE,
            size=8_988_124_069,
            parameter_size="14.8B",
            parameter_count=14_770_033_664,
            embedding_length=5120,
            info=_layers(48, heads=40, kv_heads=8),
            **_QWEN,
        ),
        Model(
            name=MIXTURE,
            size=18_556_685_856,
            parameter_size="30.5B",
            parameter_count=30_532_122_624,
            embedding_length=2048,
            info=_layers(48, heads=32, kv_heads=4) | EXPERTS,
            **_QWEN | {"family": "qwen3moe", "capabilities": ("completion", "tools", "thinking")},
        ),
        Model(
            name=SEEING,
            size=5_969_245_856,
            parameter_size="8.3B",
            parameter_count=8_292_166_656,
            embedding_length=3584,
            info=_layers(28, heads=28, kv_heads=4),
            **_QWEN | {"family": "qwen25vl", "capabilities": ("completion", "vision")},
        ),
        Model(
            name=EMBEDDING,
            size=274_302_450,
            family="nomic-bert",
            parameter_size="137M",
            parameter_count=136_727_040,
            capabilities=("embedding",),
            pooling="MEAN",
            context_length=2048,
            embedding_length=768,
        ),
    ]


def _layers(blocks: int, *, heads: int, kv_heads: int) -> dict[str, int]:
    return {
        "block_count": blocks,
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
    }


@dataclass
class Box:
    """The Ollamas, the router in front of them, and a client without a key."""

    doubles: Sequence[OllamaDouble]
    router: Router
    client: httpx.AsyncClient

    @property
    def double(self) -> OllamaDouble:
        """The first Ollama."""
        return self.doubles[0]

    @property
    def gateway(self) -> Gateway:
        """The router's inside."""
        return self.router.gateway

    async def ask(self, text: str = "Hello", path: str = WIRES[0], **more: Any) -> httpx.Response:
        """Send a chat, by default to the small model; `key` and `headers` are none of its body."""
        headers = more.pop("headers", {})
        if key := more.pop("key", ""):
            headers = headers | {"authorization": f"Bearer {key}"}
        return await self.client.post(path, json=body(text, **more), headers=headers)

    async def queue(self) -> dict[str, Any]:
        """Return what `GET /admin/queue` shows."""
        answer = await self.client.get("/admin/queue")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def waiting(self, count: int, model: str = SMALL) -> None:
        """Wait until so many requests wait for a model."""

        def so_many() -> bool:
            queue = self.gateway.find(Queue)
            return queue is not None and queue.outlook(self.double.url, model).waiting == count

        await until(so_many)


@asynccontextmanager
async def a_box(
    folder: Path,
    *,
    ollamas: int = 1,
    tables: str = "",
    server: str = "",
    ollama: str = "",
    off: Iterable[str] = (),
    have: Callable[[], list[Model]] = models,
    parallel: int = 1,
) -> AsyncIterator[Box]:
    """Run a router in front of so many Ollamas, with the chain of the shipped file.

    `tables` is the rest of the file, `server` and `ollama` more of those two tables; `off` names
    members of the routing family that are off. The router has looked at the models.
    """
    async with AsyncExitStack() as stack:
        doubles = [
            await stack.enter_async_context(OllamaDouble(have(), num_parallel=parallel))
            for _ in range(ollamas)
        ]
        toml = settings([each.url for each in doubles], tables, server, ollama, off)
        router = await stack.enter_async_context(routing(toml, folder))
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=router.url,
                trust_env=False,
                timeout=PATIENCE,
                limits=httpx.Limits(keepalive_expiry=1),  # well before the router gives them up
            )
        )
        box = Box(doubles, router, client)
        await looked(box, len(have()))
        yield box


def settings(
    urls: Iterable[str], tables: str, server: str = "", ollama: str = "", off: Iterable[str] = ()
) -> str:
    """Return the text of a file for Ollamas at these addresses."""
    urls = list(urls)
    hosts = ", ".join(f'"{url}"' for url in urls)
    memory = ", ".join(f'"{url}" = "{MEMORY}"' for url in urls)
    embedded = "" if "embedded" in ollama else 'embedded = "never"'
    own = {
        "catalogue": f"memory = {{ {memory} }}",
        "estimate": 'profile = "ryzen-ai-max-395"',
    }
    members = ""
    for name in MEMBERS:
        head = f"[plugins.routing.{name}]\n"
        more = "enabled = true\n" + own.get(name, "") + "\n"
        if name in off:
            continue
        if head in tables:
            tables = tables.replace(head, head + more)
        else:
            members += head + more
    chain = ", ".join(f'"{name}"' for name in CHAIN)
    return f"""
[server]
port = 0
drain_timeout = "500ms"
{server}
[ollama]
hosts = [{hosts}]
{embedded}
{ollama}
[chain]
plugins = [{chain}]
{"" if "[plugins.auth.limits]" in tables else LIMITS}
{members}
{tables}
"""


LIMITS = "[plugins.auth.limits]\nrules = []\n"


async def looked(box: Box, count: int) -> None:
    """Wait until the catalogue knows so many models, each with its description."""

    def described() -> bool:
        catalogue = box.gateway.find(Catalogue)
        found = [] if catalogue is None else list(catalogue.models.values())
        return len(found) >= count and all(
            len(each.hosts) == len(box.doubles) and each.facts.context_length for each in found
        )

    await until(described)


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is so, which no event tells."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def body(text: str = "Hello", **more: Any) -> dict[str, Any]:
    """Return the body of a chat, for either wire format."""
    messages = [{"role": "user", "content": text}]
    return {"model": SMALL, "messages": messages, "stream": False} | more


def chats(double: OllamaDouble) -> list[Received]:
    """Return what an Ollama was asked to answer, without what only loads a model."""
    return [
        each
        for each in double.received
        if each.path in ("/api/chat", "/api/generate")
        and (each.json.get("messages") or each.json.get("prompt"))
    ]


def asked(double: OllamaDouble) -> list[str]:
    """Return the models that an Ollama was asked to chat with, in order."""
    return [each.json["model"] for each in chats(double)]


def running(double: OllamaDouble) -> int:
    """Return how many chats an Ollama has just now."""
    return sum(not each.finished.is_set() for each in chats(double))


def said(text: str) -> str:
    """Return what the model says in an answer of either wire format, streamed or not."""
    words = ""
    for line in text.splitlines():
        data = line.removeprefix("data: ").strip()
        if not data or data == "[DONE]" or data.startswith(":"):
            continue
        found = json.loads(data)
        for choice in found.get("choices", ()):
            words += choice.get("delta", choice.get("message", {})).get("content") or ""
        words += (found.get("message") or {}).get("content", "")
    return words
