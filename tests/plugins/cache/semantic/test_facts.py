"""What must be equal in two texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.cache.semantic.facts import FACTS, facts_of, is_reordered, order_of

WORDS = st.lists(st.sampled_from(["cat", "dog", "chases", "quickly", "river", "stone"]), max_size=6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Convert 10 miles", "Convert 12 miles"),
        ("from 3 March to 7 May", "from 7 March to 3 May"),
        ("pay 1,000.50 now", "pay 1,000.05 now"),
        ("Which foods may I eat?", "Which foods may I not eat?"),
        ("pancakes with eggs", "pancakes without eggs"),
        ("why can I do it", "why can't I do it"),
        ("Darf ich das essen?", "Darf ich das nicht essen?"),
        ("Je mange du pain", "Je ne mange pas de pain"),
        ("Did Anna call Ben?", "Did Ben call Anna?"),
        ("from German to English", "from English to German"),
        ("Is it open on Sunday?", "Is it open on Monday?"),
        ("What is in Łódź?", "What is in Kraków?"),
        ("Who invented the wheel?", "When was the wheel invented?"),
        ("Wer war das?", "Wo war das?"),
    ],
)
def test_texts_that_mean_something_else_have_other_facts(one: str, other: str) -> None:
    """Numbers, names, negations and question words differ, or stand in another order."""
    assert facts_of(one) != facts_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I reset my password?", "How can I reset my password"),
        ("What's the capital of France?", "What is the capital of France?"),
        ("Which city is it?", "What city is it?"),
        ("You cannot eat it.", "You can't eat it."),
        ("I am here. She is there.", "I'm here! She's there"),
        ("- First: do it\n- Then: rest", "- first: do it\n- then: rest"),
        ('He said "Hello" to "me"', 'He said "Hello" to me'),
    ],
)
def test_another_wording_has_the_same_facts(one: str, other: str) -> None:
    """Punctuation, short forms, and capitals that begin a sentence make no difference."""
    assert facts_of(one) == facts_of(other)


def test_only_the_wanted_facts_are_looked_for() -> None:
    """Each kind can be left out."""
    text = "Why did Anna not pay 5?"
    assert facts_of(text) == (("5",), ("Anna",), ("not",), ("why",))
    for at, kind in enumerate(FACTS[:-1]):
        facts = facts_of(text, [each for each in FACTS if each != kind])
        assert [bool(found) for found in facts] == [number != at for number in range(4)]


@settings(deadline=None)
@given(WORDS, st.randoms())
def test_the_same_words_in_another_order_are_told(words: list[str], random: object) -> None:
    """A text is reordered if it has the same words, and these stand elsewhere."""
    shuffled = list(words)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = order_of(f"Does {' the '.join(words)}?"), order_of(f"does {' a '.join(shuffled)}")
    assert is_reordered(one, other) is (words != shuffled)
    assert not is_reordered(one, order_of(" ".join([*words, "does", "more"])))


@settings(deadline=None)
@given(st.text())
def test_any_text_has_facts(text: str) -> None:
    """Nothing that a caller writes breaks it."""
    assert facts_of(text) == facts_of(text)
    assert not is_reordered(order_of(text), order_of(text))
