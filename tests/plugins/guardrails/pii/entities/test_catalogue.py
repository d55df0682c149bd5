"""The entities by name and group."""

import glob
from functools import cache
from pathlib import Path

import pytest

from localai import SettingsError
from plugins.guardrails.pii.entities.catalogue import ENTITIES, GROUPS, select
from plugins.guardrails.stream.matcher import Matcher
from tests.pace import within
from tests.plugins.guardrails.pii.entities.support import HARD

ROOT = Path(__file__).parents[5]
SHIPPED = ("secrets", "card", "us_ssn")


PATTERNS = (
    "a",
    "1234567890",
    "4",
    "eyeyeyJ",
    "eyJ",
    "4111 ",
    "4111-",
    "a@",
    "a@a.",
    "1.",
    "1:",
    "+1",
    "1 ",
    "sk-",
    "://a:",
    "key=",
    "DE89 ",
    "DE89 3704 0044 0532 0130 01 ",
    "ab12",
    " dot at ",
    "01 02 ",
    "123-45-",
    "ssn ssn: ",
    "(020) ",
    "-----BEGIN ",
    "xoxb-",
    "glpat-",
    "SG.",
)
"""What entities begin with, over and over."""


@cache
def _matcher(*names: str) -> Matcher:
    return Matcher([rule for entity in select(names) for rule in entity.rules])


def test_names_are_unique_and_groups_partition_them() -> None:
    """Each entity has a group and a label of its own; each name selects it, and it alone."""
    names = [entity.name for entity in ENTITIES]
    assert len(set(names)) == len(names)
    assert len({entity.label for entity in ENTITIES}) == len(names)
    assert not set(names) & set(GROUPS)
    assert sorted(entity.name for group in GROUPS.values() for entity in group) == sorted(names)
    assert all(select([name])[0].name == name for name in names)


def test_a_selection_has_each_entity_once_in_the_order_of_the_catalogue() -> None:
    """Names and groups may overlap, and come in any order."""
    chosen = select(["us_ssn", "us", "card", "secrets"])
    assert chosen == tuple(each for each in ENTITIES if each in set(chosen))
    assert select(["us", "card", "secrets"]) == chosen
    assert select([]) == ()


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    """`cards` is told to be `card`, by its name alone."""
    with pytest.raises(SettingsError, match="no entity or group 'cards'; did you mean 'card'"):
        select(["email", "cards"])


def test_what_looks_like_an_entity_is_none() -> None:
    """No entity at all is found in times, versions, hashes, ids, dates, code and placeholders."""
    matcher = _matcher(*GROUPS)
    found = {text: matcher.find(f"It is {text} here.") for text in HARD}
    assert {text: hits for text, hits in found.items() if hits} == {}


def test_our_own_documents_hold_nothing_that_the_shipped_entities_find() -> None:
    """Secrets, cards and SSNs aren't seen in technical prose."""
    matcher = _matcher(*SHIPPED)
    for file in [ROOT / "README.md", *map(Path, glob.glob(f"{ROOT}/docs/**/*.md", recursive=True))]:
        text = file.read_text()
        found = [text[match.start : match.start + 12] for match in matcher.find(text)]
        assert found == [], file


@pytest.mark.parametrize("piece", PATTERNS)
@pytest.mark.parametrize("names", [SHIPPED, tuple(GROUPS)], ids=["shipped", "all"])
def test_no_text_is_slow(names: tuple[str, ...], piece: str) -> None:
    """What begins like an entity over and over costs at most 100 µs for four characters."""
    matcher = _matcher(*names)
    text = (piece * 2000)[:2000]
    within(len(text) / 4 * 100e-6, lambda: matcher.find(text))
