"""The cheap way to normalise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection import folding
from plugins.guardrails.injection.folding import folded
from plugins.guardrails.injection.normalise import normalise

KNOWN = sorted(set(folding._ALL) - {"\ufffe"})
DIFFERENT = "…µ"
"""Signs that are several characters, or a letter of another script, in the normalised form."""


@given(st.text(st.sampled_from([each for each in KNOWN if each not in DIFFERENT])))
def test_it_is_the_normalised_form(text: str) -> None:
    """Whatever can be folded is folded into what normalising gives, apart from few signs."""
    result = folded(text)
    assert result is not None
    assert result[0] == normalise(text)


@given(st.text())
def test_each_character_stands_for_one(text: str) -> None:
    """What is folded has the length of the text, and can be folded again."""
    result = folded(text)
    if result is not None:
        assert len(result[0]) == len(result[1]) == len(text)
        again = folded(result[0])
        assert again is not None
        assert again[1] == result[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Größe: 5 µm – „schön“", ["große", "5", "µm", "schon"]),
        ("naïve Çedille, Łódź & Dvořák", ["naive", "cedille", "łodz", "dvorak"]),
        ("done ✅ and ❤️ 👨\u200d👩\u200d👧 ok", ["done", "and", "ok"]),
        ("me@home $5 snake_case", ["me@home", "$5", "snake", "case"]),
    ],
)
def test_words_are_kept_apart(text: str, words: list[str]) -> None:
    """Signs and emoji are spaces between words; accents are gone."""
    result = folded(text)
    assert result is not None
    assert result[1].split() == words


@pytest.mark.parametrize(
    "text", ["іgnore", "ig\u200bnore", "ｉgnore", "日本", "e\u0301", "🅸", "a\ufe0f"]
)
def test_what_may_be_a_disguise_is_left_to_others(text: str) -> None:
    """Other scripts, invisible characters and letters in other forms need a closer look."""
    assert folded(text) is None
