"""Where the search stands in a text that comes in pieces."""

from time import perf_counter
from typing import NamedTuple

from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.lazy import State
from plugins.guardrails.stream.machine import Machine
from plugins.guardrails.stream.rule import Rule
from plugins.guardrails.stream.sweep import Sweep

LONG = 200
"""Characters from which on it is faster to sweep a text for candidates."""


class Found(NamedTuple):
    """A match: where it starts and ends in the cursor's text, and whose it is."""

    start: int
    end: int
    rule: Rule


class Cursor:
    """Goes through a text once, from the left, and stops where more text can change the outcome.

    The text begins with one character more: the one before it, or a boundary.
    """

    __slots__ = ("_at", "_ends", "_state", "_sweep", "machine", "start", "text")

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.text = BOUNDARY
        self.start = 1
        """All before it is decided."""
        self._state: State | None = None
        """Where the automaton is after the text from `start` to `_at`; `None` before a start."""
        self._at = 1
        self._ends: list[tuple[int, tuple[int, ...]]] = []
        """Where patterns matched from `start` on, and which."""
        self._sweep: Sweep | None = None
        """Looks for candidates if the text is long."""

    def use(self, machine: Machine) -> None:
        """Search what follows for other rules."""
        self.machine = machine
        self._sweep = Sweep(machine.prefilter, self.text) if machine.prefilter else None

    def passes(self, text: str) -> bool:
        """Take a piece if it is decided wholly, as nothing is held and no match can start in it."""
        if self._state is not None:
            return False
        if self.machine.search(self.text[-1] + text, 1) is not None:
            return False
        self.text = text[-1]
        self.start = 1
        self._sweep = None
        return True

    def add(self, text: str) -> None:
        """Take a piece of the text."""
        gone = self.start - 1
        if gone:
            self.start = 1
            self._at -= gone
            if self._ends:
                self._ends = [(end - gone, numbers) for end, numbers in self._ends]
        self.text = self.text[gone:] + text
        prefilter = self.machine.prefilter if len(text) >= LONG else None
        self._sweep = Sweep(prefilter, self.text) if prefilter else None

    def next(self, is_whole: bool, pause_at: float | None = None) -> Found | None:
        """Return the next match, and go behind it; `None` if that takes more text, or a pause.

        If the text is whole, none can come, and it goes up to the end. A pause is made at a time
        of `perf_counter`; then it goes on from `start` the next time.
        """
        text, start, at, state, ends = self.text, self.start, self._at, self._state, self._ends
        size = len(text)
        machine = self.machine
        while True:
            if state is None:
                start = at = self._candidate(start)
                if start == size:
                    self.start, self._state = size, None
                    return None
                if text[start] == BOUNDARY:
                    # Where a sweep has got to: no match begins with a boundary.
                    start += 1
                    continue
                state = machine.begin[text[start - 1]]
                ends = []
            for here in range(at, size):
                state = state[text[here]]
                if state.is_notable:
                    if state.accepts:
                        ends.append((here + 1, state.accepts))
                    if not state.is_alive:
                        break
            must_wait = state.is_alive and not is_whole
            if ends and not must_wait:
                found = self._decide(start, ends, is_whole)
                if isinstance(found, Found):
                    self.start, self._state = found.end, None
                    return found
                must_wait = found
            if must_wait:
                self.start, self._at, self._state, self._ends = start, size, state, ends
                return None
            start += 1
            state = None
            if pause_at is not None and perf_counter() > pause_at:
                self.start, self._state = start, None
                return None

    def _candidate(self, start: int) -> int:
        """Return where a match may start next; the text's length if nowhere."""
        if self._sweep is not None:
            return self._sweep(start)
        candidate = self.machine.search(self.text, start)
        return candidate.start() if candidate else len(self.text)

    def _decide(
        self, start: int, ends: list[tuple[int, tuple[int, ...]]], is_whole: bool
    ) -> Found | bool:
        """Return the match that counts; or else whether the next character may make one."""
        text = self.text
        size = len(text)
        for end, numbers in reversed(ends):
            for number in numbers:
                parsed = self.machine.rules[number]
                if end < size and text[end] in parsed.not_before:
                    continue
                is_valid = parsed.rule.is_valid
                if is_valid is None or is_valid(text[start:end].replace(BOUNDARY, "")):
                    is_open = end == size and not is_whole and bool(parsed.not_before)
                    return is_open or Found(start, end, parsed.rule)
        return False
