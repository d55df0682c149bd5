"""Where matches may start, found at the speed of `re`."""

import re
from collections.abc import Callable, Sequence

from plugins.guardrails.stream.charset import CharSet
from plugins.guardrails.stream.heads import Head, heads
from plugins.guardrails.stream.pattern import Pattern

LONGEST_RUN = 512
"""Characters that a run is followed for, in case that its end never comes."""

Search = Callable[[str, int], re.Match[str] | None]

_OPEN = r"[\0]|\Z"
"""Beyond a boundary, or the end of what is known, a match may go on with anything."""


def branches(pattern: Pattern, not_after: CharSet) -> list[str]:
    """Return expressions of which one is found wherever a match may start.

    Each begins with a set of characters: `re` passes by such branches fastest.
    """
    return [_branch(head, not_after) for head in heads(pattern)]


def search_for(branches: Sequence[str]) -> re.Pattern[str]:
    """Return one expression for some branches."""
    return re.compile("|".join(dict.fromkeys(branches)), re.DOTALL)


def _branch(head: Head, not_after: CharSet) -> str:
    first, *others = (f"[{chars.as_class()}]" for chars in head.fixed)
    before = f"(?<![{not_after.as_class()}].)" if not_after else ""
    rest = _run(head) if head.after else ""
    for other in reversed(others):
        rest = f"(?:{_OPEN}|{other}{rest})"
    return first + before + rest


def _run(head: Head) -> str:
    run = f"[{head.run.as_class()}]"
    # A run that ends where the next set begins need not be tried any shorter.
    hold = "" if head.run.meets(head.after) else "+"
    end = f"(?:{_OPEN}|[{head.after.as_class()}])"
    if head.most < LONGEST_RUN:
        return f"{run}{{0,{head.most}}}{hold}{end}"
    return f"(?:{run}{{{LONGEST_RUN}}}|{run}{{0,{LONGEST_RUN}}}{hold}{end})"
