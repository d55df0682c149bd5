"""Texts are judged by the same detectors as requests and answers."""

import asyncio

import pytest

from plugins.guardrails.injection.detector import Finding, Verdict
from plugins.guardrails.injection.phrases import FAMILIES
from plugins.guardrails.moderations.judge import Judge, category_of
from plugins.guardrails.pii.entities.cards import CARD
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.stream.rule import Rule

KEY_RULE = Rule(name="our_key", pattern="key-[0-9]{4}")
KEY = Entity(name="our_key", group="secrets", label="KEY", rules=(KEY_RULE,))
JUDGE = Judge([CARD, KEY])
CARD_TEXT = "I paid with 4111 1111 1111 1111."


def test_categories_name_what_is_found() -> None:
    """Personal data by its entity, secrets all as one, injections by their family."""
    assert (category_of(CARD), category_of(KEY)) == ("pii/card", "secrets")
    assert JUDGE.categories == (
        "pii/card",
        "secrets",
        *(f"injection/{family}" for family in FAMILIES),
    )


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([CARD_TEXT], {"pii/card"}),
        (["4111 1111 1111 1112"], set()),
        (["nothing", f"key-1234 {CARD_TEXT}"], {"pii/card", "secrets"}),
        (["x" * 20_000 + " key-1234"], {"secrets"}),
        ([], set()),
        ([""], set()),
    ],
)
async def test_entities_are_found_in_any_of_the_texts(texts: list[str], found: set[str]) -> None:
    """What is found scores 1 and is flagged; what no checksum bears out is not."""
    scores, flagged = await JUDGE.judge(texts)
    assert flagged == found
    assert {name for name, score in scores.items() if score == 1.0} == found
    assert set(scores) == set(JUDGE.categories)


async def test_signs_of_injection_are_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst score over the texts counts, and from the threshold on it is flagged."""
    judge = Judge([], threshold=0.6)
    said = {"a": ("override", 0.5), "b": ("override", 0.4), "c": ("roleplay", 0.6)}

    async def judged(text: str, role: str) -> Verdict:
        family, score = said[text]
        return Verdict(score, (Finding(family, score, "00"),))

    monkeypatch.setattr(judge._detector, "judge", judged)
    scores, flagged = await judge.judge("abc")
    assert (scores["injection/override"], scores["injection/roleplay"]) == (0.5, 0.6)
    assert flagged == {"injection/roleplay"}


async def test_others_get_a_turn() -> None:
    """A long text is judged in slices: the event loop goes on meanwhile."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    await JUDGE.judge(["some words of a text " * 4_000])
    task.cancel()
    assert turns > 2
