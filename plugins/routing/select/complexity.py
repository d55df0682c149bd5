"""How hard a request is, from 0 to 1, by what it looks like. No model is asked.

Each feature is between 0 and 1 and has a weight. Together they make

    score = 1 - Π (1 - weight · feature)

so that each adds to the others, none takes away, and no number of them goes above 1. A feature
alone makes at most its weight: one indicator word (0.62) makes a request complex, a short function
to write (0.45) or a picture (0.35) moderate, a schema or a long text alone nearly so.
"""

from collections.abc import Mapping
from math import log

from localai import Call, Value
from plugins.routing.select import words

WEIGHTS: Mapping[str, float] = {
    "words": 0.62,
    "maths": 0.50,
    "code": 0.45,
    "length": 0.40,
    "context": 0.35,
    "question": 0.35,
    "images": 0.35,
    "tools": 0.32,
    "parts": 0.30,
    "schema": 0.25,
    "thinking": 0.25,
    "depth": 0.20,
    "language": 0.15,
}
"""By feature. `words`, and the bounds between simple, moderate and complex, are chosen so that the
examples of the tests come out as people judged them; the others are ordered by how much quality
small models lose on such requests in public comparisons."""

HEAD = 1_000
"""Characters of the beginning of the asked text that are read."""
TAIL = 400
"""Characters of its end: long pastes have the question there."""
MOST_MESSAGES = 32
"""Messages whose length is counted; the last ones."""

_AROUND = ".,;:!?()[]{}<>\"'`*_#/|=-–—¿¡…“”„«»、。！？，："  # noqa: RUF001
_CODE = ("```", "=>", ");", "};", "</", "#include", "def ", "import ", "SELECT ", "Traceback (most")
_MATHS = (
    "\\frac",
    "\\int",
    "\\sum",
    "\\sqrt",
    "\\lim",
    "\\begin{",
    "^2",
    "^3",
    "^n",
    "x^",
    "dy/dx",
)
_MATHS_SIGNS = frozenset("∫∑∏√∂∇≤≥≠∞∈∀∃")
_ITEMS = ("\n- ", "\n* ", "\n• ", "\n1.", "\n2.", "\n3.", "\n4.", "\n5.", "?", "？")  # noqa: RUF001


class Complexity(Value, frozen=True, kw_only=True):
    """How hard a request is, and why."""

    score: float
    """From 0, a greeting, to 1."""
    features: dict[str, float]
    """Those above 0, each between 0 and 1."""


def complexity(call: Call) -> Complexity:
    """Return how hard a call is; a fraction of a millisecond for any."""
    features = {name: value for name, value in _features(call) if value > 0}
    simple = 1.0
    for name, value in features.items():
        simple *= 1.0 - WEIGHTS[name] * value
    return Complexity(score=1.0 - simple, features=features)


def _features(call: Call) -> list[tuple[str, float]]:
    text = asked(call)
    size = len(text)
    seen = text if size <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"
    lowered = seen.lower()
    tokens = {token.strip(_AROUND) for token in lowered.split()}
    turns = len(call.messages)
    whole = sum(len(each.content) for each in call.messages[-MOST_MESSAGES:])
    whole += len(call.system) + len(call.prompt) - size
    return [
        ("length", _scale(size, 80, 6_000)),
        ("context", _scale(whole, 2_000, 60_000)),
        ("words", _indicators(lowered, tokens)),
        ("code", _half_of(sum(sign in seen for sign in _CODE) + len(tokens & words.CODE))),
        ("maths", _half_of(_maths(seen) + len(tokens & words.MATHS))),
        ("question", _question(lowered, tokens)),
        ("parts", _scale(sum(map(seen.count, _ITEMS)), 1, 8)),
        ("tools", 0.6 + 0.4 * _scale(len(call.tools), 1, 16) if call.tools else 0.0),
        ("images", _images(call)),
        ("schema", 1.0 if isinstance(call.format, dict) else 0.4 if call.format else 0.0),
        ("thinking", 1.0 if call.think else 0.0),
        ("depth", _scale(turns, 4, 40)),
        ("language", _foreign(seen, tokens)),
    ]


def asked(call: Call) -> str:
    """Return the text that asks: the last of a user's, or the prompt."""
    if call.kind != "chat":
        return call.prompt
    for message in reversed(call.messages[-MOST_MESSAGES:]):
        if message.role == "user":
            return message.content
    return call.messages[-1].content if call.messages else ""


def _scale(value: float, low: float, high: float) -> float:
    """Return where a value stands between two, on a logarithmic scale."""
    if value <= low:
        return 0.0
    return min(1.0, log(value / low) / log(high / low))


def _indicators(lowered: str, tokens: set[str]) -> float:
    found = len(tokens & words.STRONG)
    if not found:
        found = any(phrase in lowered for phrase in words.STRONG_PHRASES)
    if not found and not lowered.isascii():
        found = any(phrase in lowered for phrase in words.STRONG_UNSPACED)
    return 1.0 if found else 0.0


def _maths(seen: str) -> int:
    found = sum(sign in seen for sign in _MATHS)
    return found if seen.isascii() else found + len(_MATHS_SIGNS.intersection(seen))


def _half_of(found: int) -> float:
    """Return 0.5 for one sign and 1 for more."""
    return min(1.0, 0.5 * found)


def _question(lowered: str, tokens: set[str]) -> float:
    """Return 1 for what is to be planned, 0.6 for why and how, 0.4 for what is to be written."""
    if tokens & words.PLANS:
        return 1.0
    if tokens & words.REASONS or (
        not lowered.isascii() and any(phrase in lowered for phrase in words.REASONS_UNSPACED)
    ):
        return 0.6
    return 0.4 if tokens & words.MAKING else 0.0


def _images(call: Call) -> float:
    if call.images:
        return 1.0
    return 1.0 if any(each.images for each in call.messages[-MOST_MESSAGES:]) else 0.0


def _foreign(seen: str, tokens: set[str]) -> float:
    """Return 1 for a text in another script than Latin, 0.5 in another language than English."""
    if not seen.isascii():
        # In UTF-8, Latin letters with accents have two bytes, most other scripts' three.
        extra = len(seen.encode("utf-8", "surrogatepass")) - len(seen)
        if extra > 0.3 * len(seen):
            return 1.0
    return 0.5 if len(tokens & words.FOREIGN) >= 2 and not tokens & words.ENGLISH else 0.0
