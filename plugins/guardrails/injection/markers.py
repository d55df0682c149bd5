"""Control tokens and headers by which a text pretends that another speaker begins."""

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import NamedTuple

from plugins.guardrails.injection.surroundings import Surroundings

_ROLE = "system|developer|assistant|administrator|admin|root"
_KIND = "message|prompt|override|instructions?|update|notice|alert|note|command|directive|policy"
_BORDERED_WORDS = (
    "system|prompt|instructions?|input|document|context|user|text|data|message|query|rules"
)
_TAG_WORDS = (
    "prompt|instructions?|context|documents?|user[_-]?input|input|conversation|user|data|query|s"
    "|tool_call|tool_response|function_results|admin|secret|policy|rules"
)
_CONTROL = re.compile(
    r"<\|[a-z_]{2,24}\|>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|\[(?:available_tools|tool_calls)\]"
)
_CONTROLS = ("|>", "inst]", "sys>>", "_of_turn>", "[available_tools]", "[tool_calls]")
"""One of these is in each of them."""
_SPEAKER = re.compile(rf"[\s:]{{0,3}}(?:{_ROLE}|user|tool|human|model)\b")
_TITLE = re.compile(rf"(?:{_ROLE})(?:[ _-](?:{_KIND})){{0,2}}")
_HEADER = re.compile(r"[\s\])>*#|]{0,4}:")
_BEFORE_HEADER = " \t\n\r\f\v#*>=-[(<|"
_BRACKET = re.compile(r"\s?[\])}>]{1,2}")
_BEFORE_BRACKET = re.compile(r"[\[<({]{1,2}/?\s?$")
_OBJECT = re.compile(r"role[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:system|developer|admin)\b")
_TURN = "\nhuman:"
_NEXT_TURNS = ("\nassistant:", "\nai:")
_LONGEST_TURN = 400
_SECTION = re.compile(
    r"\n#{1,4} ?(?:new |system |updated )?(?:instructions?|response|system|input):"
)
_LINK = re.compile(r"\[(?:assistant|system)\]\(#|```system\b")
_TAG = re.compile(rf"</?(?:{_TAG_WORDS})(?: [^<>]{{0,40}})?>")
_FRAME = re.compile(rf"(?:end|begin|start|new|close)\b[ \w]{{0,20}}\b(?:{_BORDERED_WORDS})\b")
_BEFORE_FRAME = re.compile(r"(?:^|\n|[-=#*<\[_~+]{2})\s?$")

QUOTED = 0.6
"""What is left of the weight of a marker that is talked about."""
_QUOTES = ("`", '"', "'", "\u201c")


class Weights(NamedTuple):
    """What a marker weighs: with an order after it, with something to do, or alone."""

    order: float
    errand: float
    bare: float


class Place(NamedTuple):
    """Where a marker stands, and what it weighs."""

    start: int
    end: int
    weights: Weights


_TOKEN = Weights(0.78, 0.74, 0.5)
_TOKEN_OF_SPEAKER = Weights(0.82, 0.76, 0.74)
_BORDER = Weights(0.76, 0.7, 0.4)
_ELEMENT = Weights(0.72, 0.4, 0.2)
_AS_HEADER = Weights(0.74, 0.5, 0.3)
_AS_BRACKET = Weights(0.78, 0.7, 0.35)
_AS_OBJECT = Weights(0.74, 0.6, 0.35)
_AS_SECTION = Weights(0.76, 0.65, 0.35)
_AS_TURN = Weights(0.74, 0.7, 0.4)

_TITLES = frozenset(_ROLE.split("|"))
_SECTIONS = _TITLES | {"instruction", "instructions", "response"}
_BORDERS = frozenset(("end", "begin", "start", "new", "close"))
_BORDERED = frozenset(_BORDERED_WORDS.replace("?", "").split("|")) | {"instruction", "rule"}
_TAGS = frozenset(re.split(r"\W+", _TAG_WORDS)) | {"instruction", "document", "input"}


@dataclass(frozen=True, slots=True)
class Marker:
    """A pretended speaker."""

    score: float
    text: str
    """What it is, without what follows."""


def markers(text: str, words: Set[str], least: float) -> Iterator[Marker | None]:
    """Yield each marker of a normalised text that weighs more than those before, and than `least`.

    `words` are its different words, which tell at little cost what need not be looked for. After
    each look at a place that is no such marker, nothing is yielded, to let others have their turn.
    """
    around = Surroundings(text, words)
    for place in _places(text, words):
        if place is None or place.weights.order <= least:
            yield None
            continue
        score = _score(text, around, place)
        if score > least:
            least = score
            yield Marker(score, text[place.start : place.end])
        else:
            yield None


def _score(text: str, around: Surroundings, place: Place) -> float:
    """Weigh a marker: by whether an order follows it, and whether it is only talked about."""
    start, end, weights = place
    orders = around.order_follows(end)
    errands = not orders and around.errand_follows(end)
    score = weights.order if orders else weights.errand if errands else weights.bare
    if around.is_talked_about(start):
        is_quoted = text[start - 1 : start] in _QUOTES or around.is_code(start)
        if is_quoted or not orders:
            score *= QUOTED
    return score


def _places(text: str, words: Set[str]) -> Iterator[Place | None]:
    """Yield where markers stand."""
    if any(token in text for token in _CONTROLS):
        for match in _CONTROL.finditer(text):
            speaks = _SPEAKER.match(text, match.end())
            yield Place(*match.span(), _TOKEN_OF_SPEAKER if speaks else _TOKEN)
    if "<" in text and words & _TAGS:
        yield from _each(_TAG.finditer(text), _ELEMENT)
    for at in _found(text, words & _TITLES):
        yield _titled(text, at)
    if "role" in words:
        for at in _found(text, ("role",)):
            named = _OBJECT.match(text, at)
            yield Place(*named.span(), _AS_OBJECT) if named else None
    if "human" in words:
        for at in _found(text, (_TURN,)):
            ends = [text.find(each, at, at + _LONGEST_TURN) + len(each) for each in _NEXT_TURNS]
            yield Place(at, max(ends), _AS_TURN) if max(ends) > at else None
    if words & _SECTIONS:
        yield from _each(_SECTION.finditer(f"\n{text[:64]}"), _AS_SECTION)
        yield from _each(_SECTION.finditer(text), _AS_SECTION)
        yield from _each(_LINK.finditer(text), _AS_SECTION)
    if words & _BORDERED:
        for at in _found(text, words & _BORDERS):
            before = _BEFORE_FRAME.search(text[max(0, at - 3) : at])
            border = _FRAME.match(text, at) if before else None
            yield Place(*border.span(), _BORDER) if border else None


def _titled(text: str, at: int) -> Place | None:
    """Return the header that begins with the role at a place, or has it in brackets, if any."""
    title = _TITLE.match(text, at)
    if title is None:
        return None
    if header := _HEADER.match(text, title.end()):
        before = text[max(0, at - 8) : at].rstrip(_BEFORE_HEADER)
        begins = max(0, at - 8) + len(before)
        between = text[begins:at]
        if (
            not begins
            or "\n" in between
            or (between[:1].isspace() and before.endswith((".", "!", "?")))
        ):
            return Place(begins, header.end(), _AS_HEADER)
    if bracket := _BRACKET.match(text, title.end()):
        opened = _BEFORE_BRACKET.search(text[max(0, at - 4) : at])
        if opened:
            return Place(at - len(opened[0]), bracket.end(), _AS_BRACKET)
    return None


def _each(matches: Iterable[re.Match[str]], weights: Weights) -> Iterator[Place]:
    for match in matches:
        yield Place(*match.span(), weights)


def _found(text: str, words: Iterable[str]) -> Iterator[int]:
    for word in words:
        at = text.find(word)
        while at >= 0:
            yield at
            at = text.find(word, at + 1)
