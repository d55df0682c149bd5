"""`/admin/cache`: what the cache does, and removing from it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

import msgspec
import structlog
from litestar import Request, Response, delete, get

from localai import Unavailable, read_query
from plugins.cache.removal import removal
from plugins.cache.statistics import Statistics
from plugins.cache.store import Store

log = structlog.get_logger("cache")

PATH = "/admin/cache"
SCOPE = "admin:cache"

_OPT = {"scope": SCOPE}
_JSON = "application/json"


def routes(store: Callable[[], Store], statistics: Statistics) -> Sequence[Any]:
    """Return the handlers; `store` gives where entries are, once the plugin is started."""
    one_at_a_time = asyncio.Lock()  # each walks through all entries

    @get(PATH, opt=_OPT, media_type=_JSON, tags=["Cache"], summary="What the cache does")
    async def show(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Report hits, misses, joins, what they saved, and what is stored. A caller without the
        scope `*` sees how many entries are of its own tenant."""
        read_query(request.query_params.multi_items(), ())
        caller = request.user
        if caller.may("*"):
            return _answer(
                {
                    "tenant": None,
                    "storage": store().backend.figures(),
                    "statistics": statistics.report(),
                }
            )
        async with one_at_a_time:
            entries = await _count(store(), caller.tenant)
        _check_up(store())
        return _answer(
            {"tenant": caller.tenant, "storage": {"entries": entries}, "statistics": None}
        )

    @delete(
        PATH,
        opt=_OPT,
        media_type=_JSON,
        status_code=200,
        tags=["Cache"],
        summary="Remove answers from the cache",
    )
    async def remove(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Remove the entries that match all of prefix, model, tag, tenant and key, or `all=true`.

        `prefix` is how an entry's key begins, such as `chat:` or `embed:`; `key` is an entry's own,
        or the id of the caller that it was made for, such as `key:…` or `user:…`. A caller without
        the scope `*` removes entries of its own tenant only."""
        caller = request.user
        wanted = removal(request.query_params.multi_items(), caller)
        async with one_at_a_time:
            removed = await store().remove(wanted.wants, wanted.prefix)
        _check_up(store())
        log.info("cache entries removed", by=caller.id, removed=removed, wanted=wanted)
        return _answer({"removed": removed})

    return [show, remove]


async def _count(store: Store, tenant: str) -> int:
    count = 0
    async with aclosing(store.heads()) as steps:
        async for step in steps:
            count += sum(head is not None and head.tenant == tenant for _, head in step)
    return count


def _check_up(store: Store) -> None:
    """Raise `Unavailable` when nothing could be looked through: it would look empty."""
    if not store.backend.figures().get("up", True):
        raise Unavailable("the cache's storage does not answer: try again", retry_after=5)


def _answer(value: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type=_JSON)
