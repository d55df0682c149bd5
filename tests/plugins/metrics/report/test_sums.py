"""Sums by name."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.report.sums import AMOUNTS, COUNTS, NAMES, OTHERS, Named, Sums


def values(**said: float) -> list[float]:
    """Return sums with these figures, and 0 for all others."""
    return [said.get(name, 0) for name in NAMES]


def test_sums_are_read_by_name() -> None:
    """Whole numbers are whole, amounts are not rounded."""
    sums = Sums(values(requests=2, wh=0.5))
    sums.add(values(requests=3, wh=0.25))
    assert (sums.count("requests"), sums.amount("wh")) == (5, 0.75)
    assert sums.count("errors") == 0
    assert len({*COUNTS, *AMOUNTS}) == len(NAMES)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9))), st.integers(1, 4))
def test_names_are_bounded_and_nothing_is_lost(added: list[tuple[str, int]], most: int) -> None:
    """However many names there are, few have their own sums; the rest add up in one of them."""
    named = Named(most)
    for name, requests in added:
        named.add(name, values(requests=requests))
    assert len(named) <= most + 1
    assert (OTHERS in named) == (len({name for name, _ in added}) > most)
    assert sum(sums.count("requests") for sums in named.values()) == sum(n for _, n in added)


def test_the_largest_cost_most() -> None:
    """What costs the same is ordered by tokens, requests, and then by name."""
    named = Named(9)
    named.add("d", values(money=1))
    named.add("c", values(prompt_tokens=1, completion_tokens=2))
    named.add("b", values(requests=1))
    named.add("a", values())
    named.add("A", values())
    assert [name for name, _ in named.ranked()] == ["d", "c", "b", "A", "a"]
