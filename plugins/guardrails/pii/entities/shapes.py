"""Pieces of patterns that entities share, and what takes a number out of its separators."""

from collections.abc import Callable, Sequence

from plugins.guardrails.stream.rule import Rule

SPACE = " \\u00a0\\u2009\\u202f"
"""The inside of a class: a space, and those that don't break lines (models like to write them)."""
DASH = "\\-\\u2010-\\u2013\\u2212"
"""The inside of a class: hyphens, the figure dash, the en dash, and minus."""
SEPARATOR = SPACE + DASH
"""The inside of a class: what stands between the groups of a number."""
GAP = f"[{SEPARATOR}]?"
"""At most one separator."""
WORD = "0-9A-Za-z_"
"""The inside of a class: next to one of these, a match would be a piece of something else."""

_DIGITS = frozenset("0123456789")
_SEPARATORS = {ord(each): None for each in " \u00a0\u2009\u202f-\u2010\u2011\u2012\u2013\u2212"}


def bare(text: str) -> str:
    """Return a number without its separators."""
    return text if text.isalnum() else text.translate(_SEPARATORS)


def digits_of(text: str) -> str:
    """Return the ASCII digits of a text."""
    return text if text.isdecimal() else "".join(filter(_DIGITS.__contains__, text))


_NUMBER = "(?:[ _]?(?:[Nn]umber|[Nn]um|[Nn]o|NO|[Nn]r|[Ii]d|ID))?"


def named(
    entity: str, names: Sequence[str], number: str, is_valid: Callable[[str], bool]
) -> tuple[Rule, ...]:
    """Return the rules of a number that follows one of its names, as `SSN: 123456789`.

    Where a check digit lets every tenth number pass, bare digits are taken for such a number
    only after its name; the match has the name in it. A rule for each name, as it is written: a
    scan passes by a rule that begins with one character fastest.
    """
    return tuple(
        Rule(
            name=entity,
            pattern=rf"{name}{_NUMBER}\.?[\"']?[ :=#]{{1,3}}(?:is )?[\"']?{number}",
            not_after=WORD,
            not_before=WORD,
            is_valid=is_valid,
        )
        for name in names
    )
