"""What an entity is."""

import re

import pytest

from plugins.guardrails.pii.entities.catalogue import ENTITIES
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.stream.matcher import Matcher


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_an_entity_is_named_as_settings_and_labels_need_it(entity: Entity) -> None:
    """Names are of a-z, digits and `_`, labels of A-Z, digits and `_`; rules have its name."""
    assert re.fullmatch("[a-z][a-z0-9_]{1,40}", entity.name)
    assert re.fullmatch("[A-Z][A-Z0-9_]{1,23}", entity.label)
    assert {rule.name for rule in entity.rules} == {entity.name}
    assert entity.keep == 4


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_rules_are_of_the_subset_and_bounded(entity: Entity) -> None:
    """The matcher takes each entity's rules, none longer than what it holds by default."""
    Matcher(entity.rules)
