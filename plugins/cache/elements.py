"""Keep embeddings text by text: of a batch, the model is asked only for what is not known."""

import time
from collections.abc import Iterable, Sequence
from contextlib import aclosing

from localai import Call, Chunk, Chunks, Cost, Handler, UpstreamInvalid
from plugins.cache.entry import Entry
from plugins.cache.keeping import Keeping, announce, head_for, lifetime
from plugins.cache.key import canonical, digest, element_keys
from plugins.cache.runs import Runs, Status, sound
from plugins.cache.wish import Wish


class Elements:
    """Answers embeddings from what is kept, and keeps each new one."""

    def __init__(self, keeping: Keeping, runs: Runs, *, ttl: float) -> None:
        self._keeping = keeping
        self._runs = runs
        self._ttl = ttl

    async def answer(self, call: Call, wish: Wish, next: Handler) -> Chunks:
        """Answer a batch, in its order, whatever of it was known."""
        statistics = self._keeping.statistics
        model_digest, partition = await self._keeping.identity(call)
        keys = element_keys(call, model_digest, partition)
        texts = dict(zip(keys, call.inputs, strict=True))
        known = await self._look_up(list(texts), wish)
        missing = [key for key in texts if key not in known]
        for entry in known.values():
            statistics.hit("embed", entry.head)
        found = {key: entry.chunks[0] for key, entry in known.items()}
        saved = _sum(part.cost for part in found.values())
        if not missing:
            announce(call.headers, min(known.values(), key=lambda entry: entry.head.stored_at))
            yield _joined([found[key] for key in keys], Chunk(cost=saved))
            return

        def make(headers: dict[str, str]) -> Chunks:
            inner = call.replace(inputs=tuple(texts[key] for key in missing), headers=headers)
            return self._run(missing, model_digest, inner, next, wish)

        def note(how: Status) -> None:
            self._keeping.note("embed", how, len(missing))

        run = self._runs.run(
            f"embed:{digest(canonical(missing))}", call, make, reads=wish.reads, note=note
        )
        async with aclosing(run) as chunks:
            async for chunk in chunks:
                found.update(zip(missing, _parts(chunk, len(missing)), strict=True))
                yield _joined([found[key] for key in keys], chunk.replace(saved=saved))

    async def _look_up(self, keys: list[str], wish: Wish) -> dict[str, Entry]:
        if not wish.reads:
            return {}
        now = time.time()
        return {
            key: entry
            for key, entry in zip(keys, await self._keeping.store.get_many(keys), strict=True)
            if entry is not None and wish.accepts(now - entry.head.stored_at)
        }

    async def _run(
        self, keys: Sequence[str], model_digest: str, call: Call, next: Handler, wish: Wish
    ) -> Chunks:
        """Have texts embedded, and keep each embedding."""
        async with aclosing(sound(next(call))) as chunks:
            async for chunk in chunks:
                entries = [
                    Entry(head_for(call, part, key=key, digest=model_digest, wish=wish), (part,))
                    for key, part in zip(keys, _parts(chunk, len(keys)), strict=True)
                ]
                await self._keeping.store.put_many(entries, lifetime(self._ttl, wish))
                self._keeping.statistics.stored("embed", len(entries))
                yield chunk


def _parts(chunk: Chunk, number: int) -> list[Chunk]:
    """Return a chunk for each embedding; counts are shared so that they add up again."""
    if len(chunk.embeddings) != number or not chunk.done:
        raise UpstreamInvalid("Ollama did not embed all texts: try again")
    return [
        Chunk(
            embeddings=(vector,),
            model=chunk.model,
            done=True,
            prompt_eval_count=_share(chunk.prompt_eval_count, number, at),
            total_duration=_share(chunk.total_duration, number, at),
            cost=None if chunk.cost is None else chunk.cost.share(1 / number),
        )
        for at, vector in enumerate(chunk.embeddings)
    ]


def _share(total: int, number: int, at: int) -> int:
    """Return one of `number` shares of a total, which differ by one at most."""
    return total * (at + 1) // number - total * at // number


def _joined(parts: Sequence[Chunk], new: Chunk) -> Chunk:
    """Return one answer of the parts; what the model did just now is as `new` tells."""
    return Chunk(
        embeddings=tuple(part.embeddings[0] for part in parts),
        model=new.model or parts[0].model,
        done=True,
        total_duration=new.total_duration or sum(part.total_duration for part in parts),
        load_duration=new.load_duration,
        prompt_eval_count=sum(part.prompt_eval_count for part in parts),
        cost=new.cost,
        saved=new.saved,
    )


def _sum(costs: Iterable[Cost | None]) -> Cost | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known[1:], known[0]) if known else None
