"""Numbers of Italy."""

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import GAP, WORD, bare
from plugins.guardrails.stream.rule import Rule

# What characters on odd places count: of 0-9, and of A-J the same, then of K-Z.
_ODD = (
    1,
    0,
    5,
    7,
    9,
    13,
    15,
    17,
    19,
    21,
    2,
    4,
    18,
    20,
    11,
    3,
    6,
    8,
    12,
    14,
    16,
    10,
    22,
    25,
    24,
    23,
)


def is_fiscal_code(text: str) -> bool:
    """Say whether 16 characters are a fiscal code: the last letter is the sum's rest by 26.

    Source: D.M. 23 December 1976, art. 7. Characters on even places count as they are, those on
    odd ones by a table; digits may be letters (omocodia).
    """
    code = bare(text)
    total = 0
    for place, character in enumerate(code[:15]):
        value = int(character, 36)
        value = value if value < 10 else value - 10
        total += value if place % 2 else _ODD[value]
    return total % 26 == ord(code[15]) - ord("A")


# Omocodia writes L, M, N, P to V for digits.
_DIGIT = "[0-9LMNP-V]"
FISCAL_CODE = Entity(
    name="it_fiscal_code",
    group="it",
    label="FISCAL_CODE",
    rules=(
        Rule(
            name="it_fiscal_code",
            pattern=(
                rf"[A-Z]{{3}}{GAP}[A-Z]{{3}}{GAP}{_DIGIT}{{2}}[ABCDEHLMPRST]{_DIGIT}{{2}}{GAP}"
                rf"[A-Z]{_DIGIT}{{3}}[A-Z]"
            ),
            not_after=WORD,
            not_before=WORD,
            is_valid=is_fiscal_code,
        ),
    ),
)
