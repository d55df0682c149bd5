"""Which version of each model is installed, asked for no more often than needed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import structlog

from localai import GatewayError, full_name

log = structlog.get_logger("cache")

WAIT = 0.25
"""Seconds that requests wait for a new list, counted from when it was asked for."""
FIRST_WAIT = 2.0
"""The same for the first list: before it, there is no last one that counts."""
TIMEOUT = 10.0
"""Seconds after which asking is given up; until then, the last list counts."""
MAX_SPELLED = 1000
"""Names whose digests are found at once, as they are spelled by callers."""

Listing = Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]
Changed = Callable[[str, str], Awaitable[None]]


class Digests:
    """The digests that Ollama lists; the last ones count while it is away.

    `installed` is asked at most every `max_age` seconds, and only when a request wants to know.
    `on_change` is called with a model's name and its new digest, empty when the model is gone.
    The first list changes nothing: what was before it is not known.
    """

    def __init__(
        self,
        installed: Listing,
        *,
        max_age: float = 2.0,
        on_change: Changed | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._installed = installed
        self._max_age = max_age
        self._on_change = on_change
        self._clock = clock
        self._digests: dict[str, str] = {}
        self._spelled: dict[str, str] = {}
        self._built_in: frozenset[str] = frozenset()
        self._fresh_until = -1.0
        self._wait_until = -1.0
        self._look: asyncio.Task[None] | None = None
        self._changes: dict[str, str] = {}
        self._tell: asyncio.Task[None] | None = None
        self._closed = False
        self.list_id = ""
        """Of the models and digests in the last list, the same in all processes; else empty."""

    async def digest_of(self, model: str) -> str:
        """Return the digest of a model; empty while it is not known."""
        if self._clock() >= self._fresh_until:
            await self.refresh()
        digest = self._spelled.get(model)
        if digest is None:
            digest = self._digests.get(listed_name(model), "")
            if len(self._spelled) < MAX_SPELLED:
                self._spelled[model] = digest
        return digest

    async def refresh(self) -> None:
        """Wait, for a moment at most, until the list is no older than `max_age`."""
        now = self._clock()
        if now < self._fresh_until or self._closed:
            return
        if self._look is None:
            self._wait_until = now + (WAIT if self.list_id else FIRST_WAIT)
            self._look = asyncio.create_task(self._ask(), name="list of models")
        if now < self._wait_until:
            # It goes on without whoever waits, for the others.
            await asyncio.wait((self._look,), timeout=self._wait_until - now)

    async def close(self) -> None:
        """End what runs; from now on, the last list counts."""
        self._closed = True
        tasks = [task for task in (self._look, self._tell) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                models = await self._installed()
            self._take(models)
        except (GatewayError, TimeoutError):
            pass  # the core says that Ollama is away
        except Exception:
            log.exception("the list of models could not be used, the last one counts")
        finally:
            self._fresh_until = self._clock() + self._max_age
            self._look = None

    def _take(self, models: Sequence[Mapping[str, Any]]) -> None:
        listed = {listed_name(each["name"]): str(each.get("digest", "")) for each in models}
        built_in = frozenset(listed_name(each["name"]) for each in models if _is_built_in(each))
        # The built-in engine lists its own models only while it stands in for Ollama, and is not
        # in Ollama's list: neither says that the other's models are gone.
        stands_in = bool(listed) and len(built_in) == len(listed)
        before = self._digests
        kept = before if stands_in else {name: before[name] for name in self._built_in}
        self._digests = kept | listed
        self._spelled = {}
        self._built_in |= built_in
        if self.list_id:
            names = before.keys() | self._digests.keys()
            self._note(
                (name, new)
                for name in sorted(names)
                if (new := self._digests.get(name, "")) != before.get(name, "")
            )
        self.list_id = _id_of(listed)

    def _note(self, changes: Iterable[tuple[str, str]]) -> None:
        """Tell of changes; of a model that changes again before that, only the last is told."""
        if self._on_change is None:
            return
        self._changes.update(changes)
        if self._changes and self._tell is None:
            self._tell = asyncio.create_task(self._tell_all(self._on_change), name="model changes")

    async def _tell_all(self, on_change: Changed) -> None:
        try:
            while self._changes:
                model, digest = self._changes.popitem()
                try:
                    await on_change(model, digest)
                except Exception:
                    log.exception("a change of a model was not taken in", model=model)
        finally:
            self._tell = None


@lru_cache(maxsize=1024)
def listed_name(model: str) -> str:
    """Return a model's name as Ollama lists it, in lower case: `x` is `x:latest`.

    So is `registry.ollama.ai/library/x`, of which a list leaves out what is the default.
    """
    name = full_name(model).lower()
    return name.removeprefix("registry.ollama.ai/").removeprefix("library/")


def _is_built_in(model: Mapping[str, Any]) -> bool:
    details = model.get("details")
    return isinstance(details, Mapping) and details.get("format") == "builtin"


def _id_of(listed: Mapping[str, str]) -> str:
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(listed.items()))
    return blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()
