"""What is done with what was found: the actions, their names in the file, and the masks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from localai import Direction, SettingsError, hint

Action = Literal["off", "flag", "redact", "mask", "pseudonymise", "block"]
ACTIONS: tuple[Action, ...] = get_args(Action)

REWRITING = frozenset[Action]({"redact", "mask", "pseudonymise", "block"})
"""Actions after which a text does not go on as it was."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done with one entity in one direction."""

    name: str
    """Of the entity, as the file and the audit log have it: `card`."""
    label: str
    """As it stands in texts: `CARD`."""
    action: Action
    keep: int = 4
    """How many of its last letters and digits a mask leaves."""


def read_actions(table: Mapping[str, str], name: str, direction: Direction) -> dict[str, Action]:
    """Return a table of the file with its actions checked; `name` is the table's.

    Raises `SettingsError` for what is no action, and for pseudonyms in answers.
    """
    read: dict[str, Action] = {}
    for entity, value in table.items():
        if value not in ACTIONS:
            raise SettingsError(
                f"{name}.{entity}: '{value}' is no action{hint(value, ACTIONS)}"
                f" (one of {', '.join(ACTIONS)})"
            )
        if value == "pseudonymise" and direction == "output":
            raise SettingsError(
                f"{name}.{entity}: nothing would turn a pseudonym in an answer back into its "
                'value: use "redact" or "mask", or pseudonymise on input'
            )
        read[entity] = value
    return read


def actions_of(treatments: Mapping[str, Treatment]) -> frozenset[Action]:
    """Return all actions that occur."""
    return frozenset(each.action for each in treatments.values())


def mask(text: str, keep: int) -> str:
    """Return a text of the same length with `*` for all letters and digits but the last ones.

    Of a short value less is left than `keep`, never more than half, so that it stays hidden.
    """
    count = sum(map(str.isalnum, text))
    hidden = count - min(keep, count // 2)
    masked = []
    for character in text:
        if hidden and character.isalnum():
            hidden -= 1
            character = "*"
        masked.append(character)
    return "".join(masked)


def labelled(label: str, treatment: Treatment) -> str:
    """Return what stands for a redacted value; `label` is as the file has it."""
    return label.replace("{entity}", treatment.label)
