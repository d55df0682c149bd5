"""The automaton accepts what its patterns match."""

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.guardrails.stream.automaton import KNOWN_CHARS, Alphabet, Automaton, sets_of
from plugins.guardrails.stream.charset import DIGITS, WORD, of_chars
from plugins.guardrails.stream.parser import parse
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Tree


@given(oracle.trees, oracle.words)
@settings(max_examples=200, deadline=None)
def test_it_accepts_where_matches_end(tree: Tree, text: str) -> None:
    """Following a text from the start accepts exactly after each match."""
    pattern = parse(oracle.written(tree))
    alphabet = Alphabet(list(sets_of(pattern)))
    automaton = Automaton(alphabet)
    nodes = {automaton.add(pattern, 7)}
    for at in range(len(text) + 1):
        closed = {each for node in nodes for each in automaton.closure(node)}
        assert (at in oracle.ends(tree, text, 0)) == any(
            automaton.accepts.get(node) == 7 for node in closed
        )
        if at < len(text):
            number = alphabet[text[at]]
            nodes = {
                automaton.to[node] for node in closed if number in (automaton.takes[node] or ())
            }


@given(st.characters(min_codepoint=1))
def test_characters_that_no_set_tells_apart_are_one(char: str) -> None:
    """A character's number is among a set's numbers exactly if it is in the set."""
    sets = [DIGITS, WORD, of_chars("x😀")]
    alphabet = Alphabet(sets)
    for some in sets:
        assert (alphabet[char] in alphabet.numbers_of(some)) == (char in some)


def test_known_characters_are_bounded() -> None:
    """However many characters there are, only so many are remembered."""
    alphabet = Alphabet([DIGITS])
    numbers = {alphabet[chr(code)] for code in range(1, 3 * KNOWN_CHARS)}
    assert len(numbers) == 2
    assert len(alphabet) == KNOWN_CHARS
