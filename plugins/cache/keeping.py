"""What the parts of the cache share: where answers are kept, for whom, and under which names."""

import time
from typing import NamedTuple

from localai import Call, Chunk
from plugins.cache.digests import Digests
from plugins.cache.entry import Entry, Head
from plugins.cache.key import Partition, model_of, partition_of
from plugins.cache.runs import STATUS, Status
from plugins.cache.statistics import Statistics
from plugins.cache.store import Store
from plugins.cache.wish import Wish

NANOSECONDS = 1e9

FALLBACK = "x-localai-fallback"
"""The header of an answer that another model has given than the one that was asked."""
OF_ONE_REQUEST = frozenset({"x-localai-queue", "x-localai-host", "x-localai-energy"})
"""Headers that tell how one request went, and nothing about the answer."""


class Keeping(NamedTuple):
    """The store and what belongs to it."""

    store: Store
    statistics: Statistics
    digests: Digests
    partition: Partition
    sampled: bool = False
    """Whether answers are kept too that the model chose at random."""

    async def identity(self, call: Call) -> tuple[str, tuple[str, ...]]:
        """Return what a key is made of besides the call: the model's digest and the partition."""
        model_digest = await self.digests.digest_of(call.model)
        return model_digest, partition_of(call.principal, self.partition)

    def note(self, kind: str, status: Status, number: int = 1) -> None:
        """Count a request that no kept answer would do for, or so many texts of one."""
        if status == "miss":
            self.statistics.miss(kind, number)
        elif status == "join":
            self.statistics.join(kind, number)
        else:
            self.statistics.bypass(kind, number)


def head_for(call: Call, last: Chunk, *, key: str, digest: str, wish: Wish) -> Head:
    """Return the head of an answer to a call, whose last chunk is `last`."""
    return Head(
        key=key,
        stored_at=time.time(),
        kind=call.kind,
        model=model_of(call),
        digest=digest,
        tenant=call.principal.tenant,
        caller=call.principal.id,
        tags=wish.tags,
        seconds=last.total_duration / NANOSECONDS,
        tokens=last.prompt_eval_count + last.eval_count,
        headers=_about_answer(call.headers),
        joules=None if last.cost is None else last.cost.joules,
    )


def _about_answer(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OF_ONE_REQUEST}


def is_own(call: Call) -> bool:
    """Say whether the model that a call names has answered it: another's answer is not kept."""
    return FALLBACK not in call.headers


def lifetime(ttl: float, wish: Wish) -> float:
    """Return how many seconds an answer is kept: as the file says, or less if it is wished so."""
    return ttl if wish.ttl is None else min(ttl, wish.ttl)


def announce(headers: dict[str, str], entry: Entry) -> None:
    """Say in the headers that the answer is a kept one, and its age in seconds."""
    headers.update(entry.head.headers)
    headers[STATUS] = "hit"
    headers["age"] = str(max(0, int(time.time() - entry.head.stored_at)))
