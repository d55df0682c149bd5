"""Numbers of Spain."""

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import GAP, WORD, bare
from plugins.guardrails.stream.rule import Rule

_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def is_dni(text: str) -> bool:
    """Say whether the letter of an identity document is the number's rest by 23.

    Source: Ministerio del Interior, cálculo del dígito de control del NIF/NIE.
    """
    number = bare(text.replace(".", "")).upper()
    return int(number[:8]) > 0 and _LETTERS[int(number[:8]) % 23] == number[8]


def is_nie(text: str) -> bool:
    """Say whether a foreigner's number is right: its first letter, X, Y or Z, counts 0, 1 or 2."""
    number = bare(text).upper()
    return is_dni(f"{'XYZ'.index(number[0])}{number[1:]}")


_LETTER = "[A-HJ-NP-TV-Za-hj-np-tv-z]"
DNI = Entity(
    name="es_dni",
    group="es",
    label="DNI",
    rules=(
        Rule(
            name="es_dni",
            pattern=rf"(?:[0-9]{{8}}|[0-9]{{2}}\.[0-9]{{3}}\.[0-9]{{3}}){GAP}{_LETTER}",
            not_after=f"{WORD}.",
            not_before=WORD,
            is_valid=is_dni,
        ),
    ),
)
NIE = Entity(
    name="es_nie",
    group="es",
    label="NIE",
    rules=(
        Rule(
            name="es_nie",
            pattern=rf"[XYZxyz]{GAP}[0-9]{{7}}{GAP}{_LETTER}",
            not_after=WORD,
            not_before=WORD,
            is_valid=is_nie,
        ),
    ),
)
