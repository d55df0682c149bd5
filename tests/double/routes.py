"""The route table, and the plain texts for what is not in it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.double import chat, embed, generate, listing, manage, v1
from tests.double.wire import TEXT, Wire

if TYPE_CHECKING:
    from tests.double.server import OllamaDouble

Endpoint = Callable[["OllamaDouble", Wire], Awaitable[None]]

_ROUTES: dict[str, dict[str, Endpoint]] = {
    "/": {"HEAD": listing.root, "GET": listing.root},
    "/api/version": {"HEAD": listing.version, "GET": listing.version},
    "/api/status": {"GET": listing.status},
    "/api/tags": {"HEAD": listing.tags, "GET": listing.tags},
    "/api/ps": {"GET": listing.ps},
    "/api/show": {"POST": listing.show},
    "/api/chat": {"POST": chat.chat},
    "/api/generate": {"POST": generate.generate},
    "/api/embed": {"POST": embed.embed},
    "/api/embeddings": {"POST": embed.embeddings},
    "/api/pull": {"POST": manage.pull},
    "/api/push": {"POST": manage.push},
    "/api/create": {"POST": manage.create},
    "/api/copy": {"POST": manage.copy},
    "/api/delete": {"DELETE": manage.delete},
    "/api/blobs/*": {"HEAD": manage.has_blob, "POST": manage.add_blob},
    "/v1/chat/completions": {"POST": v1.chat},
    "/v1/completions": {"POST": v1.completions},
    "/v1/embeddings": {"POST": v1.embeddings},
    "/v1/models": {"GET": v1.models},
    "/v1/models/*": {"GET": v1.model},
}


async def dispatch(server: "OllamaDouble", wire: Wire) -> None:
    """Run the endpoint, or answer 404 or 405 as Ollama's router does."""
    path = wire.received.path
    folder, _, last = path.rpartition("/")
    methods = _ROUTES.get(path) or (_ROUTES.get(f"{folder}/*") if last else None)
    if methods is None:
        await wire.send(404, b"404 page not found", TEXT)
    elif wire.received.method not in methods:
        await wire.send(405, b"405 method not allowed", TEXT)
    else:
        await methods[wire.received.method](server, wire)
