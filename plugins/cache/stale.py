"""Give an answer that is older than it should be, when no other can be had (RFC 5861)."""

from contextlib import aclosing

import structlog

from localai import Call, Chunks, GatewayError
from plugins.cache.entry import Entry
from plugins.cache.keeping import announce
from plugins.cache.replay import replay
from plugins.cache.runs import STATUS
from plugins.cache.statistics import Statistics

log = structlog.get_logger("cache")

SERVER_SIDE = 500
"""The lowest status of a failure that is not the caller's."""


async def or_stale(
    chunks: Chunks, entry: Entry, call: Call, statistics: Statistics, kind: str
) -> Chunks:
    """Yield an answer; the kept one in its place, if it fails on the server side before it begins.

    It was made by the same version of the model, and the answer says how old it is. It counts as a
    hit of this kind.
    """
    begun = False
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                begun = True
                yield chunk
        return
    except GatewayError as error:
        if begun or error.status < SERVER_SIDE:
            raise
        log.warning(
            "an old answer is given",
            model=call.model,
            error=type(error).__name__,
            why=error.message,
            request_id=call.request_id,
        )
    announce(call.headers, entry)
    call.headers[STATUS] = "stale"
    statistics.hit(kind, entry.head)
    for chunk in replay(entry, call):
        yield chunk
