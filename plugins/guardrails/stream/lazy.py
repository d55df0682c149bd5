"""The deterministic automaton of some patterns, made as far as texts need it, and bounded."""

from plugins.guardrails.stream.automaton import Alphabet, Automaton
from plugins.guardrails.stream.charset import BOUNDARY

MOST_ENTRIES = 50_000
"""Most moves and members of states that are kept; then all are dropped, and made anew."""


class State(dict[str, "State"]):
    """Where one can be after some characters; indexed by the next one, it gives the next state."""

    __slots__ = ("_machine", "accepts", "by_class", "is_alive", "is_notable", "moves")

    def __init__(
        self, machine: "LazyAutomaton", moves: frozenset[int], accepts: tuple[int, ...]
    ) -> None:
        self._machine = machine
        self.moves = moves
        self.accepts = accepts
        """Numbers of the patterns that match here, in order."""
        self.is_alive = bool(moves)
        """Whether more characters can lead to a match."""
        self.is_notable = bool(accepts) or not moves
        self.by_class: dict[int, State] = {}

    def __missing__(self, char: str) -> "State":
        return self._machine.move(self, char)


class LazyAutomaton:
    """The states, each made when it is needed first."""

    def __init__(
        self, automaton: Automaton, alphabet: Alphabet, *, most_entries: int = MOST_ENTRIES
    ) -> None:
        self._automaton = automaton
        self._alphabet = alphabet
        self._most_entries = most_entries
        self._states: dict[tuple[frozenset[int], tuple[int, ...]], State] = {}
        self._starts: list[State] = []
        self.entries = 0

    def start(self, nodes: list[int]) -> State:
        """Return the state of being at these nodes; it is kept for good."""
        state = State(self, *self._closed(nodes))
        self._starts.append(state)
        return state

    def move(self, state: State, char: str) -> State:
        """Return the state after a character, and remember it."""
        if self.entries > self._most_entries:
            self._drop()
        if char == BOUNDARY:
            # One stays where one is, but no match ends with a boundary.
            after = self._state(state.moves, ())
        else:
            number = self._alphabet[char]
            known = state.by_class.get(number)
            if known is None:
                known = self._state(*self._closed(self._reached(state, number)))
                state.by_class[number] = known
                self.entries += 1
            after = known
        state[char] = after
        self.entries += 1
        return after

    def _reached(self, state: State, number: int) -> list[int]:
        takes, to = self._automaton.takes, self._automaton.to
        return [to[node] for node in state.moves if number in (takes[node] or ())]

    def _closed(self, nodes: list[int]) -> tuple[frozenset[int], tuple[int, ...]]:
        automaton = self._automaton
        closed: set[int] = set()
        for node in nodes:
            closed.update(automaton.closure(node))
        accepted = automaton.accepts.keys() & closed
        accepts = tuple(sorted({automaton.accepts[node] for node in accepted}))
        return frozenset(closed - accepted), accepts

    def _state(self, moves: frozenset[int], accepts: tuple[int, ...]) -> State:
        state = self._states.get((moves, accepts))
        if state is None:
            state = self._states[moves, accepts] = State(self, moves, accepts)
            self.entries += len(moves) + 1
        return state

    def _drop(self) -> None:
        for state in (*self._starts, *self._states.values()):
            state.clear()
            state.by_class.clear()
        self._states.clear()
        self.entries = 0
