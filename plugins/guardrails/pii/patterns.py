"""The entities that a table of the file chooses, with what is done with each."""

from collections.abc import Mapping

from localai import Direction, SettingsError
from plugins.guardrails.pii.actions import Action, Treatment, actions_of, read_actions
from plugins.guardrails.pii.entities.catalogue import ENTITIES, GROUPS, select
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.stream.matcher import Matcher


class Patterns:
    """What is looked for in one direction, compiled.

    Raises `SettingsError` for unknown names and actions.
    """

    def __init__(self, table: Mapping[str, str], name: str, direction: Direction) -> None:
        self.treatments = _treatments(table, name, direction)
        rules = [
            rule for entity in ENTITIES if entity.name in self.treatments for rule in entity.rules
        ]
        self.matcher = Matcher(rules) if rules else None
        self.actions = actions_of(self.treatments)


def _treatments(table: Mapping[str, str], name: str, direction: Direction) -> dict[str, Treatment]:
    """Return the treatment of each entity that is not off; a group's gives way to its entity's."""
    actions = read_actions(table, name, direction)
    treatments = {}
    for each in sorted(actions, key=lambda each: each not in GROUPS):
        try:
            entities = select([each])
        except SettingsError as error:
            raise SettingsError(f"{name}: {error}") from None
        for entity in entities:
            treatments[entity.name] = _treatment(entity, actions[each])
    return {each: found for each, found in treatments.items() if found.action != "off"}


def _treatment(entity: Entity, action: Action) -> Treatment:
    if action in ("mask", "pseudonymise") and any(rule.until for rule in entity.rules):
        # Such a find, as a private key, is acted on at its beginning, before all of it is known.
        action = "redact"
    return Treatment(name=entity.name, label=entity.label, action=action, keep=entity.keep)
