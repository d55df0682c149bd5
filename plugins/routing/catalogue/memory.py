"""What is in a host's memory: what it said last, and what was seen since."""

import math
import time
from collections.abc import Mapping

from plugins.routing.catalogue.keep_alive import DEFAULT, keep_seconds
from plugins.routing.catalogue.model import Facts, Loaded

LATE = 1.0
"""Seconds after its expiry that a model is still taken to be there: clocks differ a little."""


class Memory:
    """Models by `model_key`. What was seen is believed until the host is asked again."""

    def __init__(self) -> None:
        self._now: dict[str, Loaded] = {}
        self._seen: dict[str, float] = {}
        """When something was seen that the host may not have said yet; monotonic."""

    def get(self, key: str) -> Loaded | None:
        """Return a model that is in memory."""
        found = self._now.get(key)
        if found is None or found.expires + LATE < time.time():
            return None
        return found

    def all(self) -> dict[str, Loaded]:
        """Return the models that are in memory."""
        return {key: found for key in self._now if (found := self.get(key)) is not None}

    def said(self, loaded: Mapping[str, Loaded], since: float) -> None:
        """Take what the host says; `since` is when it was asked, by the monotonic clock."""
        now = dict(loaded)
        self._seen = {key: at for key, at in self._seen.items() if at >= since}
        for key in self._seen:
            now.pop(key, None)
            if key in self._now:
                now[key] = self._now[key]
        self._now = now

    def note(
        self, key: str, facts: Facts | None, num_ctx: int, keep_alive: float | str | None
    ) -> None:
        """A model has just answered there."""
        before = self._now.get(key)
        expires = _expiry(before, keep_alive)
        if expires is None:
            self.gone(key)
            return
        size, in_vram = _size(facts, num_ctx), 0
        if before is not None and num_ctx in (0, before.num_ctx):
            size, in_vram, num_ctx = before.size, before.size_vram, before.num_ctx
        self._now[key] = Loaded(
            size=size, size_vram=in_vram or size, num_ctx=num_ctx, expires=expires
        )
        self._seen[key] = time.monotonic()

    def gone(self, key: str) -> None:
        """A model is not there any more."""
        self._now.pop(key, None)
        self._seen[key] = time.monotonic()

    def clear(self) -> None:
        """The host does not answer: whatever it had is gone."""
        self._now, self._seen = {}, {}


def _expiry(before: Loaded | None, keep_alive: float | str | None) -> float | None:
    """Return when a model leaves that has just answered; `None` for at once."""
    if keep_alive is None:
        # The host goes on with the time of the request before, which is not known here.
        least = time.time() + DEFAULT
        return least if before is None else max(before.expires, least)
    try:
        seconds = keep_seconds(keep_alive)
    except ValueError:
        seconds = DEFAULT
    if not seconds:
        return None
    return math.inf if math.isinf(seconds) else time.time() + seconds


def _size(facts: Facts | None, num_ctx: int) -> int:
    return facts.size + facts.kv_fixed + facts.kv_bytes * num_ctx if facts is not None else 0
