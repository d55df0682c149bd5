"""Which other models may answer for one, and why."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct

from localai import full_name, model_pattern
from plugins.routing.fallback.causes import Cause

MOST = 8
"""Models in a list: each may be tried once for one request."""

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Names = Annotated[list[Name], Meta(max_length=MOST)]


class Chain(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The other models for one model, best first, by why it did not answer."""

    context: Names | None = None
    """For prompts that don't fit it."""
    busy: Names | None = None
    """When its queue is full, or Ollama's."""
    error: Names | None = None
    """When it is missing or fails, or nothing answers."""
    timeout: Names | None = None
    """When it takes too long."""
    any: Names = []
    """For causes that have no list of their own."""

    def models(self, cause: Cause) -> Names:
        """Return the list for a cause."""
        own: Names | None = getattr(self, cause)
        return self.any if own is None else own


Setting = Name | Names | Chain
"""What the file says for a model: one other model, a list for all causes, or lists by cause."""


class Chains:
    """The chains of the file: by a model's name, else by the first pattern that fits it."""

    def __init__(self, chains: Mapping[str, Setting], last: str = "") -> None:
        self._chains = {model_pattern(name): _chain(setting) for name, setting in chains.items()}
        self._last = last

    def __bool__(self) -> bool:
        return bool(self._chains or self._last)

    def others(self, model: str, cause: Cause) -> Iterator[str]:
        """Yield the models to ask in place of one, in order; the one for all models last."""
        name = full_name(model).lower()
        chain = self._chains.get(name) or next(
            (each for pattern, each in self._chains.items() if fnmatchcase(name, pattern)), None
        )
        if chain is not None:
            yield from chain.models(cause)
        if self._last:
            yield self._last


def _chain(setting: Setting) -> Chain:
    if isinstance(setting, Chain):
        return setting
    return Chain(any=[setting] if isinstance(setting, str) else setting)
