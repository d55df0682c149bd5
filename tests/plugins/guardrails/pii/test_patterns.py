"""Entities by name and group."""

import pytest

from localai import SettingsError
from plugins.guardrails.pii.entities.catalogue import ENTITIES, GROUPS
from plugins.guardrails.pii.patterns import Patterns


def test_an_entity_counts_before_its_group() -> None:
    """What is said of an entity is not changed by what is said of its group, in either order."""
    for table in (
        {"financial": "redact", "card": "mask", "contact": "flag"},
        {"contact": "flag", "card": "mask", "financial": "redact"},
    ):
        treatments = Patterns(table, "input", "input").treatments
        actions = {each.name: treatments[each.name].action for each in GROUPS["financial"]}
        assert actions.pop("card") == "mask"
        assert set(actions.values()) <= {"redact"}
        assert {treatments[each.name].action for each in GROUPS["contact"]} == {"flag"}


def test_off_is_not_looked_for() -> None:
    """An entity that is off has no rule, whatever its group's action."""
    patterns = Patterns({"financial": "redact", "card": "off"}, "output", "output")
    assert "card" not in patterns.treatments
    assert patterns.matcher is None or not patterns.matcher.find("4111 1111 1111 1111")
    nothing = Patterns({"card": "off"}, "output", "output")
    assert nothing.matcher is None
    assert nothing.actions == frozenset()


def test_an_unknown_name_is_explained() -> None:
    """The message names the table and the nearest name."""
    with pytest.raises(SettingsError, match=r"^input: .*'crad'; did you mean 'card'\?"):
        Patterns({"crad": "redact"}, "input", "input")


@pytest.mark.parametrize("action", ["mask", "pseudonymise"])
def test_what_is_found_by_its_beginning_is_redacted(action: str) -> None:
    """A private key is acted on before its end is known, so that it can only be redacted."""
    treatments = Patterns({"secrets": action}, "input", "input").treatments
    assert treatments["secret_private_key"].action == "redact"
    assert treatments["secret_github"].action == action


def test_all_entities_fit() -> None:
    """All entities can be looked for at once, and no name is an entity's and a group's."""
    patterns = Patterns(dict.fromkeys(GROUPS, "redact"), "input", "input")
    assert set(patterns.treatments) == {each.name for each in ENTITIES}
    assert not set(patterns.treatments) & set(GROUPS)
    assert patterns.matcher is not None
