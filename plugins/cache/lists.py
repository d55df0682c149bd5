"""Keep the list of models for some minutes."""

import time

import msgspec

from localai import Chunk, Gateway, Lister, Listing, Models
from plugins.cache.entry import Entry, Head
from plugins.cache.keeping import Keeping, announce
from plugins.cache.key import canonical, digest
from plugins.cache.runs import STATUS, Status
from plugins.cache.wish import wish_of

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Models).decode


class Lists:
    """One list for all callers: what each may not use is left out afterwards.

    It is another one when models have come, gone or changed, and when another Ollama or the
    embedded engine answers. While nobody can be asked, the last one is given.
    """

    def __init__(self, keeping: Keeping, gateway: Gateway, *, ttl: float) -> None:
        self._keeping = keeping
        self._gateway = gateway
        self._ttl = ttl

    async def list(self, listing: Listing, next: Lister) -> Models:
        """Return the models."""
        wish = wish_of(listing)
        keeping = self._keeping
        if not wish.writes:
            listing.headers[STATUS] = "bypass"
            keeping.note("models", "bypass")
            return await next(listing)
        # By a look that costs a fraction of the list: who has pulled a model wants to see it.
        await keeping.digests.refresh()
        key = f"models:{digest(canonical(self._gateway.models.source, keeping.digests.list_id))}"
        entry = await keeping.store.get(key) if wish.reads else None
        if entry is not None and wish.accepts(time.time() - entry.head.stored_at):
            announce(listing.headers, entry)
            keeping.statistics.hit("models", entry.head)
            return _decode(entry.chunks[0].content)
        status: Status = "miss" if wish.reads else "bypass"
        listing.headers[STATUS] = status
        keeping.note("models", status)
        models = await next(listing)
        head = Head(key=key, stored_at=time.time(), kind="models")
        # Chunks are what is kept of every answer; this one says the list as JSON.
        chunk = Chunk(content=_encode(models).decode(), done=True)
        if await keeping.store.put(Entry(head, (chunk,)), self._ttl):
            keeping.statistics.stored("models")
        return models
