"""What the file says of models, by name or pattern."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct

from localai import SettingsError, full_name, model_pattern
from plugins.routing.catalogue.model import Facts, Model
from plugins.routing.catalogue.quality import Word, guessed_quality, quality_of
from plugins.routing.catalogue.reading import model_key
from plugins.routing.catalogue.values import parameters

MOST_SLOTS = 8
"""Answers at a time; above, llama.cpp on a Strix Halo gives fewer tokens in all."""
MOST_KEPT = 5000
"""Names for which it is kept what is said of them."""


class Declared(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What an owner knows better; what is left out is as Ollama says, or guessed."""

    quality: Annotated[float, Meta(ge=0, le=1)] | Word | None = None
    """good, very_good, excellent (0.5, 0.75, 0.9), or a number from 0 to 1."""
    price: Annotated[float, Meta(ge=0)] | None = None
    """Money for a million tokens, besides electricity."""
    tags: tuple[str, ...] | None = None
    """Words that policies prefer models by."""
    num_ctx: Annotated[int, Meta(ge=0)] | None = None
    """Context in tokens that it is pinned to; 0 leaves it to Ollama."""
    slots: Annotated[int, Meta(ge=0, le=MOST_SLOTS)] | None = None
    """Answers at a time: Ollama's OLLAMA_NUM_PARALLEL, if that is not 1."""
    parameters: str = ""
    """Such as "30.5B", where the file of the model says it wrong."""
    active_parameters: str = ""
    """Such as "3.3B": those that work on one token."""

    def over(self, other: "Declared") -> "Declared":
        """Return both: where they differ, this one counts."""
        said = {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) not in (None, "")
        }
        kept = {name: getattr(other, name) for name in other.__struct_fields__}
        return Declared(**(kept | said))


class Declarations:
    """All that the file says; raises `SettingsError` for numbers that are none."""

    def __init__(self, models: Mapping[str, Declared]) -> None:
        self._found: dict[str, Declared] = {}
        self._names: dict[str, Declared] = {}
        self._patterns: list[tuple[str, Declared]] = []
        for name, declared in models.items():
            for setting in ("parameters", "active_parameters"):
                said = getattr(declared, setting)
                if said and not parameters(said):
                    raise SettingsError(
                        f'models."{name}".{setting}: expected a number such as "7.6B": {said!r}'
                    )
            if any(sign in name for sign in "*?["):
                self._patterns.append((model_pattern(name), declared))
            else:
                self._names[model_key(name)] = declared

    @property
    def names(self) -> list[str]:
        """The models that are declared by name."""
        return list(self._names)

    def of(self, name: str) -> Declared:
        """Return what is said of a model: patterns in the file's order, then its own name."""
        found = self._found.get(name)
        if found is None:
            if len(self._found) >= MOST_KEPT:
                self._found.clear()
            found = self._found[name] = self._of(name)
        return found

    def _of(self, name: str) -> Declared:
        key = full_name(name).lower()
        found = Declared()
        for pattern, declared in self._patterns:
            if fnmatchcase(key, pattern):
                found = declared.over(found)
        own = self._names.get(model_key(name))
        return own.over(found) if own is not None else found

    def model(self, hosts: Mapping[str, Facts]) -> Model:
        """Return a model as the hosts that have it describe it, with what is said of it."""
        first = next(iter(hosts.values()))
        said = self.of(first.name)
        if said.parameters or said.active_parameters:
            hosts = {url: _corrected(facts, said) for url, facts in hosts.items()}
            first = next(iter(hosts.values()))
        quality = guessed_quality(first.parameters, first.active_parameters, first.quantisation)
        return Model(
            facts=first,
            hosts=hosts,
            quality=quality if said.quality is None else quality_of(said.quality),
            price=said.price or 0.0,
            tags=frozenset(said.tags or ()),
            num_ctx=said.num_ctx or 0,
            slots=said.slots or 0,
        )


def _corrected(facts: Facts, said: Declared) -> Facts:
    total = parameters(said.parameters) or facts.parameters
    active = parameters(said.active_parameters)
    if not active:
        share = facts.active_parameters / facts.parameters if facts.parameters else 1.0
        active = int(total * share)
    return facts.replace(parameters=total, active_parameters=min(active, total))
