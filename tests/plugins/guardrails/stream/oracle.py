"""What a filter must give, found in the slowest and plainest way: over whole texts, no automaton.

Patterns are made as trees of plain tuples; `written` writes one for the product, and `ends` says
by itself where its matches end.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import strategies as st

from plugins.guardrails.stream.rule import Rule

LETTERS = "ab1 -"
"""All that texts and patterns are made of, so that they meet often."""

Tree = tuple[object, ...]
"""`("chars", as written, what it holds)`, `("series" or "choice", trees…)` or
`("repeat", least, most, tree)`."""

CHARS: list[Tree] = [
    *(("chars", re.escape(letter), letter) for letter in LETTERS),
    ("chars", "[ab]", "ab"),
    ("chars", "[^a]", "b1 -"),
    ("chars", ".", LETTERS),
    ("chars", r"\d", "1"),
    ("chars", r"\w", "ab1"),
    ("chars", r"\S", "ab1-"),
]


def _series(parts: list[Tree]) -> Tree:
    return ("series", *parts)


def _choice(parts: list[Tree]) -> Tree:
    return ("choice", *parts)


def _extended(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(_series),
        st.lists(inner, min_size=2, max_size=3).map(_choice),
        st.tuples(st.integers(0, 2), st.integers(0, 3), inner).map(
            lambda each: ("repeat", each[0], max(each[0] + each[1], 1), each[2])
        ),
    )


trees = st.recursive(st.sampled_from(CHARS), _extended, max_leaves=6)


def written(tree: Tree) -> str:
    """Return a tree as a pattern."""
    kind, *rest = tree
    if kind == "chars":
        return str(rest[0])
    if kind == "repeat":
        least, most, inner = rest
        assert isinstance(inner, tuple)
        return f"(?:{written(inner)}){{{least},{most}}}"
    joint = "|" if kind == "choice" else ""
    return "(?:" + joint.join(written(part) for part in rest if isinstance(part, tuple)) + ")"


def ends(tree: Tree, text: str, start: int) -> set[int]:
    """Return all places where a match that starts there can end."""
    kind, *rest = tree
    if kind == "chars":
        return {start + 1} if start < len(text) and text[start] in str(rest[1]) else set()
    if kind == "choice":
        return {end for part in rest if isinstance(part, tuple) for end in ends(part, text, start)}
    if kind == "series":
        reached = {start}
        for part in rest:
            assert isinstance(part, tuple)
            reached = {end for begin in reached for end in ends(part, text, begin)}
        return reached
    least, most, inner = rest
    assert isinstance(least, int)
    assert isinstance(most, int)
    assert isinstance(inner, tuple)
    reached = {start}
    found = {start} if least == 0 else set()
    for count in range(1, most + 1):
        reached = {end for begin in reached for end in ends(inner, text, begin)}
        if count >= least:
            found |= reached
    return found


def is_empty(tree: Tree) -> bool:
    """Say whether a tree matches the empty text."""
    return 0 in ends(tree, "", 0)


@dataclass
class Known:
    """A rule with the trees that its patterns were written from."""

    rule: Rule
    tree: Tree
    until: Tree | None = None


@dataclass
class Expected:
    """What a filter must give: per text, and whether it must block."""

    texts: list[str] = field(default_factory=list)
    is_blocked: bool = False


def _holds(chars: str, text: str, at: int) -> bool:
    return bool(chars) and 0 <= at < len(text) and re.match(f"[{chars}]", text[at]) is not None


def expected(
    known: list[Known], texts: list[str], act: Callable[[Rule, str], str | None]
) -> Expected:
    """Return what must come of texts with boundaries between them."""
    text = "".join(texts)
    owner = [number for number, each in enumerate(texts) for _ in each]
    breaks = {sum(map(len, texts[:number])) for number in range(1, len(texts))}
    given = [""] * len(texts)
    start = 0
    while start < len(text):
        choice = _best(known, text, start, breaks)
        if choice is None:
            given[owner[start]] += text[start]
            start += 1
            continue
        end, each = choice
        instead = act(each.rule, text[start:end])
        if instead is None:
            for at in range(start, end):
                given[owner[at]] += text[at]
            start = end
            continue
        given[owner[start]] += instead
        if each.until is not None:
            ending = _first_end(each.until, text, end)
            if (ending or len(text)) - end > each.rule.most:
                return Expected([], True)
            end = ending or len(text)
        start = end
    return Expected(given)


def _best(known: list[Known], text: str, start: int, breaks: set[int]) -> tuple[int, Known] | None:
    choices = []
    for number, each in enumerate(known):
        rule = each.rule
        if start not in breaks and _holds(rule.not_after, text, start - 1):
            continue
        for end in ends(each.tree, text, start):
            if end not in breaks and _holds(rule.not_before, text, end):
                continue
            if rule.is_valid is None or rule.is_valid(text[start:end]):
                choices.append((-end, number))
    if not choices:
        return None
    end, number = min(choices)
    return -end, known[number]


def _first_end(tree: Tree, text: str, start: int) -> int | None:
    for begin in range(start, len(text)):
        if found := ends(tree, text, begin):
            return max(found)
    return None


def _is_odd(text: str) -> bool:
    return text.count("a") % 2 == 1


def _rule(
    number: int,
    tree: Tree,
    around: tuple[str, str],
    is_checked: bool,
    until: Tree | None,
    most: int,
) -> Known:
    rule = Rule(
        name=f"R{number}",
        pattern=written(tree),
        not_after=around[0],
        not_before=around[1],
        is_valid=_is_odd if is_checked else None,
        until=written(until) if until else "",
        most=most if until else 0,
    )
    return Known(rule, tree, until)


_solid = trees.filter(lambda tree: not is_empty(tree))
_around = st.tuples(*[st.sampled_from(["", "", "a", "ab", r"\d", r"\-1"])] * 2)
rules = st.lists(
    st.tuples(
        _solid, _around, st.booleans(), st.one_of(st.none(), st.none(), _solid), st.integers(1, 12)
    ),
    min_size=1,
    max_size=3,
).map(lambda each: [_rule(number, *parts) for number, parts in enumerate(each)])
"""Some rules, with what stands around them, validators and ends."""

words = st.text(LETTERS, max_size=24)


def cut(text: str, places: list[int]) -> list[str]:
    """Return a text in pieces, cut at these places."""
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[low:high] for low, high in pairwise(edges)]


def act(rule: Rule, match: str) -> str | None:
    """Leave some matches, and replace others by what shows them."""
    return None if rule.name == "R2" else f"<{rule.name}:{match}>"
