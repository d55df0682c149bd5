"""Texts of requests, with escapes of JSON looked through."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.guardrails_data.negatives import negatives
from benchmarks.guardrails_data.pii import samples
from plugins.guardrails.pii.entities.catalogue import ENTITIES
from plugins.guardrails.pii.scanning import scan_both_ways
from plugins.guardrails.stream.filter import scan
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule

MAIL = Rule(name="mail", pattern="[a-zü]{1,10}@[a-z]{1,10}", not_after="a-zü")
MATCHER = Matcher([MAIL])


def label(rule: Rule, match: str) -> str:
    """Redact a match."""
    return '"[x]"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to bob@home", 'to "[x]"'),
        (r'{"to": "bob\u0040home"}', r'{"to": "\"[x]\""}'),
        (r'{"to": "j\u00fcrgen@home"}', r'{"to": "\"[x]\""}'),
        (r'[{"to": "bob@home", "at": "a\/b"}]', r'[{"to": "\"[x]\"", "at": "a\/b"}]'),
        (r"C:\bob@home", r'C:\"[x]"'),
        (r"say bob\u0040home", r"say \"[x]\""),
        (r"C:\new", r"C:\new"),
        ("", ""),
    ],
)
async def test_both_ways(text: str, expected: str) -> None:
    """A match is found plainly and behind escapes, and JSON stays JSON."""
    assert await scan_both_ways(MATCHER, text, label) == expected


async def test_what_is_left_is_asked_about_once() -> None:
    """A match that is only to be counted is counted once, though it is met twice."""
    asked: list[str] = []

    def leave(rule: Rule, match: str) -> None:
        asked.append(match)

    text = r"bob@home\nbob\u0040work"
    assert await scan_both_ways(MATCHER, text, leave) == text
    assert sorted(asked) == ["bob@home", "bob@work"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["bob@home", "ü", '"', "\n", "\U0001f600", " "])), st.booleans())
async def test_json_stays_json(parts: list[str], is_ascii: bool) -> None:
    """However a JSON text is written, it has the same values afterwards but for what is found."""
    value = {"text": " ".join(parts)}
    text = json.dumps(value, ensure_ascii=is_ascii)
    found = await scan_both_ways(MATCHER, text, lambda rule, match: "[x]")
    assert json.loads(found) == {"text": value["text"].replace("bob@home", "[x]")}


async def test_all_entities_are_found_the_same_with_a_prefilter() -> None:
    """In texts full of personal data, and of what looks like it, each match is the same."""
    rules = [rule for entity in ENTITIES for rule in entity.rules]
    plain, prepared = Matcher(rules), Matcher(rules)
    await prepared.prepare()
    texts = [each.text for each in samples()[::6]] + [each.text for _, each in negatives()[::6]]
    found: list[str] = []

    def leave(rule: Rule, match: str) -> None:
        found.append(match)

    for at in range(0, len(texts), 50):
        text = "\n".join(texts[at : at + 50])
        matches = plain.find(text)
        assert prepared.find(text) == matches
        found.clear()
        await scan(prepared, text, leave)
        assert len(found) == len(matches)
