"""Give the answer of a similar question, or have a question answered and keep that for others."""

import time
from collections.abc import Callable, Collection
from contextlib import aclosing
from typing import Any, NamedTuple

from msgspec.structs import replace

from localai import Call, Chunk, Chunks, Handler
from plugins.cache.answers import KEY
from plugins.cache.entry import Entry
from plugins.cache.keeping import Keeping, announce, head_for, is_own, lifetime
from plugins.cache.recording import recorded
from plugins.cache.replay import replay
from plugins.cache.semantic.embedder import Embedder
from plugins.cache.semantic.facts import Fact, is_reordered, order_of
from plugins.cache.semantic.partitions import Busy, Partitions
from plugins.cache.semantic.question import Question, question_in, question_of
from plugins.cache.semantic.rereading import Rereading
from plugins.cache.semantic.vectors import Vector, from_bytes, similarity, to_bytes
from plugins.cache.stale import or_stale
from plugins.cache.wish import Wish, wish_of

TRIES = 3
"""Nearest questions whose answers are looked for: those that are gone are forgotten."""
ROUNDING = 1e-6
"""By which the product of two vectors of 4-byte floats may be off."""


class _Asked(NamedTuple):
    """A question with all that belongs to it."""

    question: Question
    vector: Vector
    model_digest: str
    keeping: Keeping
    wish: Wish


class Similar:
    """The answers of a router to questions that others are like."""

    def __init__(
        self,
        keeping: Callable[[], Keeping | None],
        embedder: Embedder,
        partitions: Partitions,
        rereading: Rereading,
        *,
        threshold: float,
        equal: Collection[Fact],
        ttl: float,
        min_characters: int,
        max_characters: int,
        max_answer: int,
        stale: float = 0.0,
    ) -> None:
        self._keeping = keeping
        self._embedder = embedder
        self._partitions = partitions
        self._rereading = rereading
        self._least = threshold - ROUNDING
        self._equal = equal
        self._ttl = ttl
        self._stale = stale
        self._lengths = range(min_characters, max_characters + 1)
        self._max_answer = max_answer
        self._hits = 0
        self._misses = 0

    def report(self) -> dict[str, Any]:
        """Return what `/health` tells."""
        return {
            "questions": self._partitions.entries,
            "partitions": len(self._partitions),
            "bytes": self._partitions.bytes,
            "hits": self._hits,
            "misses": self._misses,
            "not_compared": self._embedder.failures,
        }

    async def answer(self, call: Call, next: Handler) -> Chunks:
        """Answer a call, whatever it is."""
        asked = await self._asked(call)
        if asked is None:
            answer = next(call)
        else:
            entry = await self._look_up(asked)
            if entry is not None and self._is_fresh(entry):
                self._hits += 1
                asked.keeping.statistics.hit("semantic", entry.head)
                announce(call.headers, entry)
                call.headers[KEY] = entry.head.key
                for chunk in replay(entry, call):
                    yield chunk
                return
            self._misses += 1
            asked.keeping.statistics.miss("semantic")
            answer = self._run(asked, call, next)
            if entry is not None and self._stale:
                answer = or_stale(answer, entry, call, asked.keeping.statistics, "semantic")
        async with aclosing(answer) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _asked(self, call: Call) -> _Asked | None:
        """Return the question of a call; `None` for a call that is not to be compared."""
        keeping = self._keeping()
        if keeping is None:
            return None
        wish = wish_of(call)
        text = question_in(call, sampled=keeping.sampled)
        if text is None or len(text) not in self._lengths or not (wish.reads and wish.writes):
            return None
        vector = await self._embedder.vector(text, call)
        if vector is None:
            return None
        model_digest, partition = await keeping.identity(call)
        model = self._embedder.model
        question = question_of(
            call,
            text,
            partition=partition,
            model_digest=model_digest,
            embedded_by=(model, await keeping.digests.digest_of(model)),
            equal=self._equal,
        )
        return _Asked(question, vector, model_digest, keeping, wish)

    async def _look_up(self, asked: _Asked) -> Entry | None:
        partition = asked.question.partition
        for _ in range(TRIES):
            try:
                found = await self._partitions.find(partition, asked.question.group, asked.vector)
            except Busy:
                return None
            if found is None or found[1] < self._least:
                return None
            key = found[0]
            entry = await asked.keeping.store.get(key)
            if entry is not None and self._is_near(entry, asked):
                if not self._will_do(entry, asked):
                    return None
                self._partitions.touch(partition, key)
                return entry
            self._partitions.remove(partition, key)
            self._rereading.forget(key)
        return None

    def _is_fresh(self, entry: Entry) -> bool:
        return time.time() - entry.head.stored_at <= self._ttl

    def _is_near(self, entry: Entry, asked: _Asked) -> bool:
        """Say of what is kept what the index says, which may be older."""
        kept = from_bytes(entry.vector)
        if entry.head.group != asked.question.group or kept is None:
            return False
        return len(kept) == len(asked.vector) and similarity(kept, asked.vector) >= self._least

    def _will_do(self, entry: Entry, asked: _Asked) -> bool:
        """Say whether an answer is young enough, and not that to the same words reordered."""
        if "order" in self._equal and is_reordered(entry.head.order, order_of(asked.question.text)):
            return False
        return asked.wish.accepts(time.time() - entry.head.stored_at)

    def _run(self, asked: _Asked, call: Call, next: Handler) -> Chunks:
        """Have a call answered; keep the answer when it has ended well."""

        async def keep(said: tuple[Chunk, ...]) -> None:
            await self._keep(asked, call, said)

        return recorded(lambda: next(call), self._max_answer, keep)

    async def _keep(self, asked: _Asked, call: Call, said: tuple[Chunk, ...]) -> None:
        if not is_own(call):
            return
        question = asked.question
        head = head_for(
            call, said[-1], key=question.key, digest=asked.model_digest, wish=asked.wish
        )
        head = replace(
            head,
            group=question.group,
            order=order_of(question.text),
            dimensions=len(asked.vector),
        )
        entry = Entry(head, said, to_bytes(asked.vector))
        if await asked.keeping.store.put(entry, lifetime(self._ttl + self._stale, asked.wish)):
            asked.keeping.statistics.stored("semantic")
            self._partitions.add(question.partition, question.group, question.key, asked.vector)
