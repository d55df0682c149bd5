"""Some rules in the form in which texts are searched for them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from plugins.guardrails.stream.automaton import KNOWN_CHARS, Alphabet, Automaton, sets_of
from plugins.guardrails.stream.candidates import Search, branches, search_for
from plugins.guardrails.stream.charset import CharSet
from plugins.guardrails.stream.lazy import LazyAutomaton, State
from plugins.guardrails.stream.outline import outline
from plugins.guardrails.stream.pattern import Pattern
from plugins.guardrails.stream.prefilter import Prefilter, TooLargeError
from plugins.guardrails.stream.rule import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """A rule whose texts are understood."""

    rule: Rule
    pattern: Pattern
    not_after: CharSet
    not_before: CharSet


class Machine:
    """Finds where matches may start, and follows all rules at once from there."""

    def __init__(self, rules: Sequence[Parsed]) -> None:
        self.rules = rules
        sets = {chars for each in rules for chars in sets_of(each.pattern)}
        alphabet = Alphabet(sorted(sets | {each.not_after for each in rules}, key=_ranges))
        automaton = Automaton(alphabet)
        nodes = [automaton.add(each.pattern, number) for number, each in enumerate(rules)]
        starts = chain.from_iterable(branches(each.pattern, each.not_after) for each in rules)
        self.search: Search = search_for(list(starts)).search
        """Finds the next place where a match may start."""
        self.prefilter: Prefilter | None = None
        """Of the outlines of all rules, once it is made."""
        self.begin = Beginnings(
            LazyAutomaton(automaton, alphabet),
            alphabet,
            [
                (alphabet.numbers_of(each.not_after), node)
                for each, node in zip(rules, nodes, strict=True)
            ],
        )

    def prepare(self) -> None:
        """Make the prefilter, if it can be: do it in a thread, as it takes long."""
        with suppress(TooLargeError):
            self.prefilter = Prefilter(outline(each.pattern, each.not_after) for each in self.rules)


class Beginnings(dict[str, State]):
    """The state in which a match may start, by the character that stands before it."""

    def __init__(
        self, states: LazyAutomaton, alphabet: Alphabet, starts: list[tuple[frozenset[int], int]]
    ) -> None:
        super().__init__()
        self._states = states
        self._alphabet = alphabet
        self._starts = starts
        self._by_class: dict[int, State] = {}

    def __missing__(self, before: str) -> State:
        number = self._alphabet[before]
        state = self._by_class.get(number)
        if state is None:
            state = self._by_class[number] = self._states.start(
                [node for not_after, node in self._starts if number not in not_after]
            )
        if len(self) < KNOWN_CHARS:
            self[before] = state
        return state


def _ranges(chars: CharSet) -> tuple[tuple[int, int], ...]:
    return chars.ranges
