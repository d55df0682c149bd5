"""What stands around a marker: an order, something to do, or talk about markers."""

import re
from collections.abc import Set
from functools import partial

_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|overrid(?:es?|ing|den)|reveal|no longer|disabled?|obey|comply"
    r"|unrestricted|unfiltered|without (?:any )?(?:restrictions|filters|limits)"
    r"|new (?:instructions?|rules?|task|directives?)|you must|must now|bypass|granted|you are now"
    r"|from now on|authorized|suspended|never refuse|refuse nothing|your instructions|unlocked"
    r"|exempt|leak|disclose)\b"
)
_ERRANDS = re.compile(
    r"\b(?:say|print|tell|write|answer|you (?:will|should|shall)|output"
    r"|respond with|reply with|send|forward|delete|repeat|safety"
    r"|policy|policies|restrictions?|mode|allowed|approved?|verified|switch|sure|of course"
    r"|yes)\b"
)
_ABOUT = re.compile(
    r"\b(?:what|mean|means|explain|token|tokens|tokenizer|tokeniser|chatml|template|templates"
    r"|format|syntax|docs|documentation|parse|parser|regex|example|attack|injection|escape|strip"
    r"|delimiter)\b"
)
_AFTER = 240
"""Characters after a marker in which an order belongs to it."""
_BEFORE = 300
"""Characters before a marker in which it may be talked about."""
_BLOCK = 256
"""Characters that are looked through at once, and only once for all markers near."""
_LONGEST = 32
"""Characters of what is looked for."""


# One word of each of the above, without which there is none.
_WORDS = {
    _ORDERS: frozenset(
        (
            *("ignore", "disregard", "forget", "override", "overrides", "overriding"),
            *("overridden", "reveal", "longer", "disable", "disabled", "obey", "comply"),
            *("unrestricted", "unfiltered", "without", "new", "must", "bypass", "granted"),
            *("now", "authorized", "suspended", "refuse", "instructions", "unlocked", "exempt"),
            *("leak", "disclose"),
        )
    ),
    _ERRANDS: frozenset(
        (
            *("say", "print", "tell", "write", "answer", "you", "output", "respond", "reply"),
            *("send", "forward", "delete", "repeat", "safety", "policy", "policies"),
            *("restriction", "restrictions", "mode", "allowed", "approve", "approved", "verified"),
            *("switch", "sure", "course", "yes"),
        )
    ),
    _ABOUT: frozenset(
        (
            *("what", "mean", "means", "explain", "token", "tokens", "tokenizer", "tokeniser"),
            *("chatml", "template", "templates", "format", "syntax", "docs", "documentation"),
            *("parse", "parser", "regex", "example", "attack", "injection", "escape", "strip"),
            *("delimiter",),
        )
    ),
}


class Surroundings:
    """What stands around places of a normalised text; `words` are its different words."""

    def __init__(self, text: str, words: Set[str]) -> None:
        self._text = text
        self._absent = {pattern for pattern, known in _WORDS.items() if not known & words}
        self._found: dict[tuple[re.Pattern[str], int], list[int]] = {}
        self.order_follows = partial(self._follows, _ORDERS)
        """Say whether an order follows what ends at a place."""
        self.errand_follows = partial(self._follows, _ERRANDS)
        """Say whether something to do follows."""

    def is_talked_about(self, at: int) -> bool:
        """Say whether words before a place are about markers."""
        return self._has(_ABOUT, max(0, at - _BEFORE), at)

    def is_code(self, at: int) -> bool:
        """Say whether a place is in a block of code."""
        return self._text.count("```", max(0, at - _BEFORE), at) % 2 == 1

    def _follows(self, pattern: re.Pattern[str], at: int) -> bool:
        return self._has(pattern, at, at + _AFTER)

    def _has(self, pattern: re.Pattern[str], first: int, end: int) -> bool:
        if pattern in self._absent:
            return False
        return any(
            first <= place < end
            for block in range(first // _BLOCK, (min(end, len(self._text)) - 1) // _BLOCK + 1)
            for place in self._places(pattern, block)
        )

    def _places(self, pattern: re.Pattern[str], block: int) -> list[int]:
        places = self._found.get((pattern, block))
        if places is None:
            begin, end = block * _BLOCK, (block + 1) * _BLOCK
            places = self._found[pattern, block] = [
                match.start()
                for match in pattern.finditer(self._text, begin, end + _LONGEST)
                if match.start() < end
            ]
        return places
