"""How good a model's answers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.catalogue.quality import guessed_quality, quality_of

NUMBERS = st.integers(0, 10**13)


def test_words_stand_for_numbers() -> None:
    """good, very_good and excellent are 0.5, 0.75 and 0.9; a number is itself."""
    assert [quality_of(word) for word in ("good", "very_good", "excellent")] == [0.5, 0.75, 0.9]
    assert quality_of(0.3) == 0.3


@pytest.mark.parametrize(
    ("billions", "quality"), [(3.09, 0.5), (7.6, 0.75), (14.8, 0.9), (1.2, 0.25), (70, 0.98)]
)
def test_the_sizes_of_a_family_have_its_words(billions: float, quality: float) -> None:
    """3, 7 and 14 billion are good, very good and excellent, within 0.03."""
    parameters = int(billions * 1e9)
    assert guessed_quality(parameters, parameters, "Q4_K_M") == pytest.approx(quality, abs=0.03)


def test_a_mixture_stands_between_its_two_sizes() -> None:
    """It is better than a dense model of its active weights, and worse than one of all."""
    active, mixture, all_of_it = (
        guessed_quality(total, active)
        for total, active in ((3 * 10**9, 3 * 10**9), (30 * 10**9, 3 * 10**9), (30 * 10**9,) * 2)
    )
    assert active < mixture < all_of_it


def test_fewer_bits_are_worse() -> None:
    """From the same weights, what has fewer bits is no better."""
    names = ["IQ1_S", "Q2_K", "IQ3_XXS", "Q4_0", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16"]
    found = [guessed_quality(7 * 10**9, 7 * 10**9, name) for name in names]
    assert found == sorted(found)
    assert found[0] < found[3] < found[4] < found[-1]
    plain = guessed_quality(7 * 10**9, 7 * 10**9)
    for name in ("MXFP4", "NVFP4", "", "unknown", "Q0", "q4_k_m"):
        assert guessed_quality(7 * 10**9, 7 * 10**9, name) == plain


@given(NUMBERS, NUMBERS, NUMBERS, st.text(max_size=12))
def test_more_weights_are_never_worse(few: int, more: int, active: int, name: str) -> None:
    """The guess lies between 0 and 1 for whatever is given, and grows with either number."""
    least, most = sorted((few, more))
    assert 0 <= guessed_quality(least, active, name) <= guessed_quality(most, active, name) <= 1
    assert guessed_quality(active, least, name) <= guessed_quality(active, most, name)


def test_nothing_is_known_of_nothing() -> None:
    """Without a number of weights there is no guess."""
    assert guessed_quality(0, 0) == guessed_quality(-5, 5) == 0.0
