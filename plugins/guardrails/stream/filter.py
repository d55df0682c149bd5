"""A text that comes in pieces, with what rules find in it replaced."""

from collections.abc import Callable, Iterator
from time import perf_counter

from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.cursor import LONG, Cursor
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule
from plugins.guardrails.turns import Turns

STEP = 0.00025
"""Seconds after which there is a pause in a whole text."""

Act = Callable[[Rule, str], str | None]
"""Returns what shall stand in place of a match, `None` to leave it; may raise, as `Blocked`."""

Piece = tuple[str, str | None]
"""A part of a text that is decided, and what stands in its place; `None` leaves it as it is."""


class Blocked(Exception):
    """The text ends here: a rule blocks it, or can't be decided within its bounds.

    Its text is for the audit log: the rule's name.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.before: list[Piece] = []
        """What was decided of the last piece before that."""


class Filter:
    """Gives on what is decided of a text, at once; holds back what may become a match.

    U+0000 in the text is a boundary: given on, seen by no rule, but a match may span it.
    """

    __slots__ = ("_act", "_cursor", "_matcher", "_most", "_taken", "_taking")

    def __init__(self, matcher: Matcher, act: Act) -> None:
        self._matcher = matcher
        self._act = act
        self._most = 2 * matcher.max_hold
        self._begin()

    def _begin(self) -> None:
        self._cursor = Cursor(self._matcher.machine)
        self._taking: Rule | None = None
        """The rule whose `until` is being looked for."""
        self._taken = 0

    @property
    def held(self) -> int:
        """Characters that are held back."""
        return len(self._cursor.text) - self._cursor.start

    def push(self, text: str) -> str:
        """Take the next piece; return all that is decided by now. Raises `Blocked`."""
        return text if self.passes(text) else _given(self._more(text))

    def flush(self) -> str:
        """End the text and return its rest; what is pushed then is a new one. Raises `Blocked`."""
        return _given(self.rest())

    def passes(self, text: str) -> bool:
        """Take the next piece if it is decided at once, and goes on as it is: most do."""
        return 0 < len(text) < LONG and self._taking is None and self._cursor.passes(text)

    def pieces(self, text: str) -> list[Piece]:
        """Take the next piece of the text; return all that is decided by now."""
        return [(text, None)] if self.passes(text) else self._more(text)

    def _more(self, text: str) -> list[Piece]:
        """Take a piece that may not be decided at once, or is empty."""
        if not text:
            return []
        cursor = self._cursor
        cursor.add(text)
        decided = self._decided(False)
        if len(cursor.text) - cursor.start > self._most:
            # Texts between boundaries add up: a match may span them.
            raise Blocked("max_hold")
        return decided

    def rest(self) -> list[Piece]:
        """End the text, and return what was held back of it."""
        decided = self._decided(True) if self.held else []
        self._begin()
        return decided

    def whole(self, text: str) -> Iterator[list[Piece]]:
        """Yield what is decided of a whole text, in steps; it is the filter's only one."""
        if self.passes(text):
            yield [(text, None)]
            return
        cursor = self._cursor
        cursor.add(text)
        while cursor.start < len(cursor.text):
            yield self._decided(True, perf_counter() + STEP)

    def _decided(self, is_whole: bool, pause_at: float | None = None) -> list[Piece]:
        decided: list[Piece] = []
        cursor = self._cursor
        text = cursor.text
        given = cursor.start
        try:
            while found := cursor.next(is_whole, pause_at):
                start, end, rule = found
                if given < start:
                    decided.append(self._literal(text[given:start]))
                given = end
                decided.append(self._replaced(rule, text[start:end]))
                if pause_at is not None and perf_counter() > pause_at:
                    break
            if given < cursor.start:
                decided.append(self._literal(text[given : cursor.start]))
        except Blocked as blocked:
            blocked.before = decided
            raise
        return decided

    def _replaced(self, rule: Rule, match: str) -> Piece:
        """Return what stands in place of a match: of a rule, or of what ends the text it takes."""
        if self._taking is not None:
            ending = self._literal(match)
            self._taking = None
            self._cursor.use(self._matcher.machine)
            return ending
        instead = self._act(rule, match.replace(BOUNDARY, ""))
        if instead is not None and rule in self._matcher.until:
            self._taking = rule
            self._taken = 0
            self._cursor.use(self._matcher.until[rule])
        return match, instead

    def _literal(self, text: str) -> Piece:
        """Return a text in which nothing was found: as it is, or taken after a match."""
        if self._taking is None:
            return text, None
        self._taken += len(text) - text.count(BOUNDARY)
        if self._taken > self._taking.most:
            raise Blocked(self._taking.name)
        return text, ""


def _given(pieces: list[Piece]) -> str:
    if not pieces:
        return ""
    return "".join(
        text if instead is None else instead + BOUNDARY * text.count(BOUNDARY)
        for text, instead in pieces
    )


async def scan(matcher: Matcher, text: str, act: Act, turns: Turns | None = None) -> str:
    """Return a whole text filtered; other requests get a turn meanwhile.

    Who scans many texts passes the same `turns` for all, so that many short ones count too.
    """
    turns = turns or Turns()
    if len(text) >= LONG:
        await matcher.prepare()
    given = []
    for pieces in Filter(matcher, act).whole(text.replace(BOUNDARY, "\ufffd")):
        given.append(_given(pieces))
        await turns.give()
    return "".join(given)
