"""States are made when they are needed, and dropped when they are many."""

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.guardrails.stream.automaton import Alphabet, Automaton, sets_of
from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.lazy import LazyAutomaton, State
from plugins.guardrails.stream.parser import parse


def _start(text: str, most_entries: int = 1000) -> tuple[LazyAutomaton, State]:
    pattern = parse(text)
    alphabet = Alphabet(list(sets_of(pattern)))
    automaton = Automaton(alphabet)
    node = automaton.add(pattern, 0)
    states = LazyAutomaton(automaton, alphabet, most_entries=most_entries)
    return states, states.start([node])


def _after(state: State, text: str) -> State:
    for char in text:
        state = state[char]
    return state


def test_a_state_says_what_matched_and_whether_more_can() -> None:
    """After some characters: does a match end here, and can a longer one follow?"""
    _, start = _start("ab{1,2}")
    assert (start.accepts, start.is_alive, start.is_notable) == ((), True, False)
    assert (_after(start, "ab").accepts, _after(start, "ab").is_alive) == ((0,), True)
    assert (_after(start, "abb").accepts, _after(start, "abb").is_alive) == ((0,), False)
    assert (_after(start, "x").accepts, _after(start, "x").is_alive) == ((), False)


def test_a_boundary_leads_on_but_ends_no_match() -> None:
    """A match may span a boundary; none ends with it."""
    _, start = _start("ab{1,2}")
    assert _after(start, f"a{BOUNDARY}b").accepts == (0,)
    assert _after(start, f"ab{BOUNDARY}").accepts == ()
    assert _after(start, f"ab{BOUNDARY}b").accepts == (0,)


def test_states_are_made_once() -> None:
    """Characters that mean the same lead to the same state."""
    _, start = _start(r"\d\d")
    assert start["1"] is start["2"]


@given(st.lists(st.text("ab", max_size=30), max_size=20))
@settings(deadline=None)
def test_dropped_states_are_made_anew(texts: list[str]) -> None:
    """With hardly any memory the automaton answers the same, and keeps to its bound."""
    pattern = "[ab]{0,10}a[ab]{3}b"
    _, roomy = _start(pattern, 100_000)
    states, tight = _start(pattern, 60)
    for text in texts:
        assert _after(tight, text).accepts == _after(roomy, text).accepts
        assert states.entries <= 60 + 60


def test_any_text_leaves_memory_bounded() -> None:
    """Every character of Unicode in turn does not fill more than the bound."""
    states, start = _start(r"[^x]{1,50}y", 2000)
    state = start
    for code in range(1, 60_000):
        state = state[chr(code)]
        if not state.is_alive:
            state = start
    assert states.entries <= 2100
