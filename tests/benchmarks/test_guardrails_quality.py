"""The judge of the guardrails counts what is right, missed and wrong."""

import pytest

from benchmarks.guardrails_data.sample import Prompt, Sample, Span, Value, fill
from benchmarks.guardrails_quality import (
    Score,
    Tally,
    by_locale,
    hits_by_kind,
    judged,
    matcher,
    row_of,
    scored,
    with_all,
)
from plugins.guardrails.injection.detector import Detector
from plugins.guardrails.pii.entities.catalogue import ENTITIES

CARD = Value("card", "4111 1111 1111 1111")
SSN = Value("us_ssn", "536-22-8145")


def test_right() -> None:
    """A value that is found where it stands counts as found."""
    score = with_all([fill("card {v}", "en_US", {"v": CARD})])
    assert score.rows == {"card": Tally(truth=1, found=1)}
    assert (score.samples, score.hit, score.examples) == (1, 0, [])


def test_missed_and_false() -> None:
    """A find at another place is a false one, and the value is missed."""
    text = "card 4111 1111 1111 1111"
    value = Value("card", "1111")
    score = scored(matcher(["card"]), [Sample(text, "en_US", (Span(value, 20, 24, (20, 24)),))])
    assert score.rows == {"card": Tally(truth=1, found=0, false=1)}
    assert [(each.problem, each.kind) for each in score.examples] == [
        ("missed", "card"),
        ("false", "card"),
    ]


def test_another_kind() -> None:
    """A value that is taken for one of another kind is missed."""
    value = Value("iban", CARD.text)
    score = scored(matcher(["card"]), [fill("{v}", "en_US", {"v": value})])
    assert score.rows == {"iban": Tally(truth=1), "card": Tally(false=1)}


def test_by_locale() -> None:
    """Numbers of a country are looked for in the texts of its locale only."""
    texts = [fill("ssn {v}", locale, {"v": SSN}) for locale in ("en_US", "de_DE")]
    assert by_locale(texts).rows["us_ssn"] == Tally(truth=2, found=1)


def test_figures() -> None:
    """Precision, recall and F1 are what they are by definition, also of nothing."""
    tally = Tally(truth=10, found=8, false=2)
    assert (tally.precision, tally.recall) == (0.8, 0.8)
    assert tally.f1 == pytest.approx(0.8)
    assert (Tally().precision, Tally().recall, Tally(truth=1, false=1).f1) == (1.0, 1.0, 0.0)


def test_overall() -> None:
    """All kinds together are the sum of the rows."""
    score = Score(rows={"a": Tally(truth=3, found=2, false=1), "b": Tally(truth=1, found=1)})
    assert score.overall == Tally(truth=4, found=3, false=1)


def test_hits_by_kind() -> None:
    """Hard negatives are counted by kind, those without hits are left out."""
    texts = [("card", Sample(CARD.text, "en_US")), ("word", Sample("word", "en_US"))]
    assert hits_by_kind(matcher(["card"]), texts) == {"card": 1}


def test_rows() -> None:
    """Each entity has a row, which is its own or that of its group."""
    assert {row_of(entity) for entity in ENTITIES} >= {"card", "iban", "email", "uk", "secrets"}


async def test_prompts() -> None:
    """Prompts are judged by the threshold of their role, and counted by family and core."""
    prompts = [
        Prompt("What is the capital of Peru?", "user", "daily", 0),
        Prompt("What is the capital of Chile?", "tool", "daily", 1),
    ]
    judgement = await judged(Detector(), prompts, is_attack=True)
    overall = judgement.overall
    assert (overall.prompts, overall.hit) == (2, 0)
    assert (overall.held_out, overall.held_out_rate, overall.rate) == (1, 0.0, 0.0)
    assert [each.problem for each in judgement.examples] == ["missed", "missed"]
