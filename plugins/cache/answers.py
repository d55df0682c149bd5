"""Keep chats and completions, and give them again."""

import time
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple

from localai import Call, Chunk, Chunks, Handler
from plugins.cache.entry import Entry
from plugins.cache.keeping import Keeping, announce, head_for, is_own, lifetime
from plugins.cache.key import key_of
from plugins.cache.recording import recorded
from plugins.cache.replay import replay
from plugins.cache.runs import STATUS, Runs, Status, sound
from plugins.cache.stale import or_stale
from plugins.cache.wish import Wish

if TYPE_CHECKING:
    from plugins.cache.lease import Leases

KEY = "x-localai-cache-key"
"""The header that names an answer, for whoever wants it removed."""


class Asked(NamedTuple):
    """A call that was looked up."""

    key: str
    digest: str
    """Of its model."""
    wish: Wish
    entry: Entry | None
    """What is kept and will do."""
    stale: Entry | None = None
    """What is kept and will do only if nothing else can be had."""


class Answers:
    """Looks a call up, listens to one like it, or has it answered and keeps what comes."""

    def __init__(
        self,
        keeping: Keeping,
        runs: Runs,
        *,
        ttl: float,
        max_answer: int,
        leases: "Leases | None" = None,
        wait: float = 0.0,
        stale: float = 0.0,
    ) -> None:
        self._keeping = keeping
        self._runs = runs
        self._ttl = ttl
        self._max_answer = max_answer
        self._leases = leases
        self._wait = wait
        self._stale = stale

    async def asked(self, call: Call, wish: Wish) -> Asked:
        """Look a call up that can be repeated and may be kept."""
        digest, partition = await self._keeping.identity(call)
        key = call.headers[KEY] = await key_of(call, digest, partition)
        entry = await self._look_up(key, wish)
        if entry is not None:
            if not self._is_fresh(entry):
                return Asked(key, digest, wish, None, entry if self._stale else None)
            announce(call.headers, entry)
            self._keeping.statistics.hit(call.kind, entry.head)
        return Asked(key, digest, wish, entry)

    def run(self, call: Call, asked: Asked, next: Handler) -> Chunks:
        """Listen to a call like this one, or have it answered."""
        key, digest, wish, _, stale = asked

        def make(headers: dict[str, str]) -> Chunks:
            inner = call.replace(headers=headers)
            if self._leases is not None and wish.reads:
                return self._run_or_wait(self._leases, key, digest, inner, next, wish)
            return self._run(key, digest, inner, next, wish)

        def note(how: Status) -> None:
            self._keeping.note(call.kind, how)

        chunks = self._runs.run(key, call, make, reads=wish.reads, note=note)
        if stale is None:
            return chunks
        return or_stale(chunks, stale, call, self._keeping.statistics, call.kind)

    def _is_fresh(self, entry: Entry) -> bool:
        return time.time() - entry.head.stored_at <= self._ttl

    async def _look_up(self, key: str, wish: Wish) -> Entry | None:
        if not wish.reads:
            return None
        entry = await self._keeping.store.get(key)
        if entry is None or not wish.accepts(time.time() - entry.head.stored_at):
            return None
        return entry

    async def _run_or_wait(
        self, leases: "Leases", key: str, digest: str, call: Call, next: Handler, wish: Wish
    ) -> Chunks:
        """Have a call answered, unless another router does that just now: then by what it keeps."""
        lease = await leases.take(key)
        try:
            if lease is None:
                await leases.wait(key, self._wait)
                entry = await self._look_up(key, wish)
                if entry is not None and self._is_fresh(entry):
                    announce(call.headers, entry)
                    # Whoever listens may want another form than the one who asked first.
                    for chunk in replay(entry, call.replace(stream=True, dialect="ollama")):
                        yield chunk
                    return
            async with aclosing(self._run(key, digest, call, next, wish)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            if lease is not None:
                await leases.release(lease)

    def _run(self, key: str, digest: str, call: Call, next: Handler, wish: Wish) -> Chunks:
        """Have a call answered; keep the answer when it has ended well."""

        async def keep(said: tuple[Chunk, ...]) -> None:
            if STATUS in call.headers or not is_own(call):
                return  # it was kept already by a plugin further in, or is another model's
            entry = Entry(head_for(call, said[-1], key=key, digest=digest, wish=wish), said)
            if await self._keeping.store.put(entry, lifetime(self._ttl + self._stale, wish)):
                self._keeping.statistics.stored(call.kind)

        return recorded(lambda: sound(next(call)), self._max_answer, keep)
