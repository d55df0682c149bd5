"""The quick look at where rules may be met."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.evidence import KNOWN, STARTS, Evidence, possible
from plugins.guardrails.injection.nearness import WIDEST, clusters

WORDS = st.lists(
    st.sampled_from([*sorted(KNOWN | STARTS.keys()), *["the"] * 200, *["cat"] * 2000]),
    max_size=120,
)


@given(WORDS, st.booleans())
def test_nothing_is_missed(words: list[str], foreign: bool) -> None:
    """Wherever a rule is met by the words' order, a cluster has the rule and the place."""
    found = possible(set(words), foreign)
    if found is None:
        return
    near = clusters(words, found, 0)
    assert all(each.last - each.first < WIDEST for each in near)
    evidence = Evidence(words)
    for rule in found.rules:
        for anchor, _ in evidence.spans(rule, range(len(words)), rule.phrase.within):
            assert any(
                rule in each.rules and each.first - each.reach <= anchor <= each.last + each.reach
                for each in near
            )


def test_words_far_apart_are_nothing() -> None:
    """The classes of a rule need to be near each other."""
    words = ["ignore", *["cat"] * 40, "previous", *["cat"] * 40, "instructions"]
    found = possible(set(words), False)
    assert found
    assert clusters(words, found, 0) == []


def test_slack_widens_the_look() -> None:
    """Words that an address may count less for are allowed for."""
    words = ["ignore", *["cat"] * 10, "previous", "instructions"]
    found = possible(set(words), False)
    assert found
    assert not clusters(words, found, 0)
    assert clusters(words, found, 4)
