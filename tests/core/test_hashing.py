"""The vectors of the embedded engine."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import hashing
from core.hashing import DIMENSIONS, Vector, cut, embed

PARAPHRASES = [
    ("How do I restart the server?", "What is the way of restarting servers?"),
    ("The cat sat on the mat.", "A cat is sitting on a mat"),
    ("reset my password", "I forgot my password and need to reset it"),
    ("The stock market fell sharply today", "Today stock markets are falling"),
    ("Electric cars need charging stations", "Charging an electric car at a station"),
    ("Das Wetter ist heute schön", "Heute ist schönes Wetter"),
    ("今日は天気がいい", "天気がいいですね"),
]


def _cosine(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _length(vector: Vector) -> float:
    return math.sqrt(_cosine(vector, vector))


@given(st.text() | st.text(st.characters()) | st.text("ab \n\u0301"))
def test_any_text_has_a_unit_vector(text: str) -> None:
    """Every text, the empty one included, gives a vector of length 1."""
    vector = embed(text)
    assert len(vector) == DIMENSIONS
    assert _length(vector) == pytest.approx(1, abs=1e-6)


@given(st.text(min_size=1), st.integers(1, DIMENSIONS))
def test_a_cut_vector_is_a_unit_vector_or_zero(text: str, dimensions: int) -> None:
    """A cut vector has the length 1 again, unless none of its values is left."""
    whole = embed(text)
    vector = cut(whole, dimensions)
    assert len(vector) == dimensions
    if any(whole[:dimensions]):
        assert _length(vector) == pytest.approx(1, abs=1e-6)
        assert [math.copysign(1, v) for v in vector] == [
            math.copysign(1, v) for v in whole[:dimensions]
        ]
    else:
        assert not any(vector)


@pytest.mark.parametrize(("text", "paraphrase"), PARAPHRASES)
def test_paraphrases_are_nearer_than_other_texts(text: str, paraphrase: str) -> None:
    """A text is nearer to its paraphrase than to any text on another subject."""
    others = [each for pair in PARAPHRASES if pair[0] != text for each in pair]
    near = _cosine(embed(text), embed(paraphrase))
    assert near > max(_cosine(embed(text), embed(other)) for other in others) + 0.05


def test_the_same_text_in_another_form_is_the_same() -> None:
    """Case, punctuation and the composition of accents make no difference."""
    assert embed("Crème brûlée, please!") == embed("CRE\u0300ME BRU\u0302LE\u0301E please")


def test_repetition_counts_less_and_less() -> None:
    """A word that is repeated a hundred times does not drown the others."""
    once, often = embed("quantum physics"), embed("quantum " * 100 + "physics")
    assert 0.7 < _cosine(once, often) < 1


def test_features_that_cancel_out_still_give_a_unit_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where opposite features leave nothing, the vector has the length 1 nevertheless."""
    monkeypatch.setattr(hashing, "_features", lambda word: ((7, 1.0), (7, -1.0)))
    assert _length(embed("anything")) == 1


def test_every_process_computes_the_same() -> None:
    """Another process, with another hash seed, computes the same vector, which never changes."""
    code = "from core.hashing import embed; print(repr(embed('The same everywhere: déjà vu')))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            cwd=Path(hashing.__file__).parents[1],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert runs == [repr(embed("The same everywhere: déjà vu"))] * 2
    assert {at: value for at, value in enumerate(embed("stable")) if abs(value) > 0.4} == {
        199: 0.47140452
    }
