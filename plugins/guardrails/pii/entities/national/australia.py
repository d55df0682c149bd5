"""Numbers of Australia."""

from plugins.guardrails.pii.entities.checksums import weighted
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import GAP, SEPARATOR, WORD, digits_of, named
from plugins.guardrails.stream.rule import Rule


def is_tfn(text: str) -> bool:
    """Say whether nine digits are a tax file number: weighted, a multiple of 11 (ATO)."""
    digits = digits_of(text)
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and digits[0] != "0"


def is_abn(text: str) -> bool:
    """Say whether eleven digits are a business number: less 1 in front, a multiple of 89 (ABR).

    The first two are the check, 11 to 99.
    """
    digits = digits_of(text)
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    return digits[:2] > "10" and (weighted(digits, weights) - 10) % 89 == 0


def is_medicare(text: str) -> bool:
    """Say whether ten digits, and one of the card's holders, are a Medicare number.

    The ninth is the rest by ten of the first eight with their weights; the first is 2 to 6
    (Services Australia).
    """
    digits = digits_of(text)
    return weighted(digits[:8], (1, 3, 7, 9) * 2) % 10 == int(digits[8])


_GAP = f"[{SEPARATOR}]"
_AFTER = f"{WORD}.+\\-"
_BEFORE = f"{WORD}\\-"
TFN = Entity(
    name="au_tfn",
    group="au",
    label="TFN",
    rules=(
        Rule(
            name="au_tfn",
            pattern=rf"[1-9][0-9]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{3}}",
            not_after=_AFTER,
            not_before=_BEFORE,
            is_valid=is_tfn,
        ),
        *named("au_tfn", ("TFN", "tfn", "Tax [Ff]ile", "tax file"), "[0-9]{9}", is_tfn),
    ),
)
ABN = Entity(
    name="au_abn",
    group="au",
    label="ABN",
    rules=(
        Rule(
            name="au_abn",
            pattern=rf"[1-9][0-9]{GAP}[0-9]{{3}}{GAP}[0-9]{{3}}{GAP}[0-9]{{3}}",
            not_after=_AFTER,
            not_before=_BEFORE,
            is_valid=is_abn,
        ),
    ),
)
MEDICARE = Entity(
    name="au_medicare",
    group="au",
    label="MEDICARE_NUMBER",
    rules=(
        Rule(
            name="au_medicare",
            pattern=rf"[2-6][0-9]{{3}}{_GAP}[0-9]{{5}}{_GAP}[0-9](?:[{SEPARATOR}/][1-9])?",
            not_after=_AFTER,
            not_before=_BEFORE,
            is_valid=is_medicare,
        ),
        *named(
            "au_medicare", ("Medicare", "medicare", "MEDICARE"), "[2-6][0-9]{9,10}", is_medicare
        ),
    ),
)
