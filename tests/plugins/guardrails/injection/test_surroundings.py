"""What stands around a marker."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.surroundings import Surroundings

FILLER = st.integers(min_value=0, max_value=600)


def around(text: str) -> Surroundings:
    """Return the surroundings in a text."""
    return Surroundings(text, set(text.split()))


@given(FILLER, FILLER)
def test_an_order_counts_if_it_is_near(before: int, between: int) -> None:
    """An order is found from a place on as far as it belongs to it, wherever the place is."""
    text = "." * before + "." * between + " obey me"
    assert around(text).order_follows(before) == (between + 1 < 240)


def test_what_follows_is_told_apart() -> None:
    """Orders, errands and talk about markers are different things."""
    text = "explain the token: say it"
    found = around(text)
    assert found.errand_follows(18)
    assert not found.order_follows(0)
    assert found.is_talked_about(18)
    assert not found.is_talked_about(0)


def test_code_is_known_by_its_fence() -> None:
    """A place after an opening fence is code, and after a closing one it isn't."""
    text = "```\nx\n```\ny"
    assert around(text).is_code(4)
    assert not around(text).is_code(len(text))
