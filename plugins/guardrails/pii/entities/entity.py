"""An entity: a kind of personal data or secret, with the rules that find it."""

from dataclasses import dataclass

from plugins.guardrails.stream.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """What is found, how it is named in settings, and what a text shows in its place."""

    name: str
    """As settings and decisions name it: `card`."""
    group: str
    """The name by which settings mean it and its kin: `financial`."""
    label: str
    """What stands in its place, as `CARD` in `[CARD]` and `<CARD_1>`: A-Z, digits and `_`."""
    rules: tuple[Rule, ...]
    """Each of them is named as the entity."""
    keep: int = 4
    """How many of its last letters and digits a mask leaves."""
