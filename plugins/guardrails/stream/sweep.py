"""Where matches may start in a long text, found with hardly any work where none can."""

from heapq import heapify, heapreplace

from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.outline import ROOM
from plugins.guardrails.stream.prefilter import Prefilter

WINDOW = 512
"""Characters that are looked at together."""
MOST_WINDOWS = 8
"""Most windows that are looked at in one go."""


class Sweep:
    """Finds the candidates in one text, window by window, from the left.

    The prefilter is of the outlines of all rules. The text begins with one character more.
    """

    __slots__ = ("_begin", "_end", "_next", "_prefilter", "_seen", "_text")

    def __init__(self, prefilter: Prefilter, text: str) -> None:
        self._prefilter = prefilter
        self._text = text
        self._begin = self._end = 1
        """Of the window."""
        self._seen = ""
        """What is known of matches that start in the window."""
        self._next: list[tuple[int, int]] = []
        """A heap of how far each outline that occurs was looked for, and its number."""

    def __call__(self, start: int) -> int:
        """Return a place from `start` on before which no match starts.

        It is the next candidate, or how far this has looked: the text's length, or less.
        """
        for _ in range(MOST_WINDOWS):
            if start == len(self._text):
                break
            if start >= self._end:
                try:
                    self._move(start)
                except UnicodeEncodeError:
                    return start
            start = self._candidate(start)
            if start < self._end:
                break
        return start

    def _move(self, start: int) -> None:
        """Begin a window, and find which outlines occur in it."""
        # The last window is short, as all that the end of the text cuts off occurs in it.
        size = len(self._text)
        end = min(start + WINDOW, size - ROOM) if size - start > max(WINDOW, ROOM) else size
        self._seen = self._text[start - 1 : end + ROOM]
        if end == size:
            self._seen += BOUNDARY
        self._next = [(0, number) for number in self._prefilter.occurring(self._seen)]
        heapify(self._next)
        self._begin, self._end = start, end

    def _candidate(self, start: int) -> int:
        """Return the next candidate from `start` on in the window, or its end."""
        nexts, end = self._next, self._end
        # An outline begins one character before its match.
        before = self._begin - 1
        while nexts and nexts[0][0] < start:
            number = nexts[0][1]
            found = self._prefilter.find(number, self._seen, start - 1 - before)
            heapreplace(nexts, (end if found is None else found + 1 + before, number))
        return min(nexts[0][0], end) if nexts else end
