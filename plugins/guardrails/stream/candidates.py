"""Where matches may start, found at the speed of `re`."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from plugins.guardrails.stream.charset import CharSet
from plugins.guardrails.stream.heads import Head, heads
from plugins.guardrails.stream.pattern import Pattern

LONGEST_RUN = 512
"""Characters that a run is followed for, in case that its end never comes."""

MOST_APART = 16
"""Most characters of a set that are tried one by one."""

Search = Callable[[str, int], re.Match[str] | None]

_OPEN = r"[\0]|\Z"
"""Beyond a boundary, or the end of what is known, a match may go on with anything."""


class Branch(NamedTuple):
    """One way in which a match may start."""

    first: CharSet
    rest: str
    """An expression for what stands behind the first character, and before it."""


def branches(pattern: Pattern, not_after: CharSet) -> list[Branch]:
    """Return branches of which one is found wherever a match may start."""
    return [_branch(head, not_after) for head in heads(pattern)]


def search_for(branches: Sequence[Branch]) -> re.Pattern[str]:
    """Return one expression for some branches.

    It begins with single characters, each of them once, as far as there are few: by those, `re`
    passes text fastest, two to three times as fast as by each branch's own set.
    """
    rests: dict[str, dict[str, None]] = {}
    for first, rest in branches:
        is_small = len(first) <= MOST_APART
        for begin in map(re.escape, first.chars()) if is_small else (f"[{first.as_class()}]",):
            rests.setdefault(begin, {})[rest] = None
    ways = (f"{begin}(?:{'|'.join(each)})" for begin, each in rests.items())
    return re.compile("|".join(ways), re.DOTALL)


def _branch(head: Head, not_after: CharSet) -> Branch:
    first, *others = head.fixed
    before = f"(?<![{not_after.as_class()}].)" if not_after else ""
    rest = _run(head) if head.after else ""
    for other in reversed(others):
        rest = f"(?:{_OPEN}|[{other.as_class()}]{rest})"
    return Branch(first, before + rest)


def _run(head: Head) -> str:
    run = f"[{head.run.as_class()}]"
    # A run that ends where the next set begins need not be tried any shorter.
    hold = "" if head.run.meets(head.after) else "+"
    end = f"(?:{_OPEN}|[{head.after.as_class()}])"
    if head.most < LONGEST_RUN:
        return f"{run}{{0,{head.most}}}{hold}{end}"
    return f"(?:{run}{{{LONGEST_RUN}}}|{run}{{0,{LONGEST_RUN}}}{hold}{end})"
