"""Numbers of India."""

from plugins.guardrails.pii.entities.checksums import verhoeff
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import SEPARATOR, WORD, digits_of, named
from plugins.guardrails.stream.rule import Rule


def is_aadhaar(text: str) -> bool:
    """Say whether twelve digits are an Aadhaar: Verhoeff's digit, and no palindrome (UIDAI)."""
    digits = digits_of(text)
    return verhoeff(digits) and digits != digits[::-1]


_GAP = f"[{SEPARATOR}]"
AADHAAR = Entity(
    name="in_aadhaar",
    group="in",
    label="AADHAAR",
    rules=(
        Rule(
            name="in_aadhaar",
            pattern=rf"[2-9][0-9]{{3}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}",
            not_after=f"{WORD}.+\\-",
            not_before=f"{WORD}\\-",
            is_valid=is_aadhaar,
        ),
        *named(
            "in_aadhaar",
            ("Aadhaa?r", "aadhaa?r", "AADHAA?R", "UIDAI", "UID"),
            "[2-9][0-9]{11}",
            is_aadhaar,
        ),
    ),
)
# The fourth letter says who holds it; how the last is made isn't published (Income Tax
# Department, PAN).
PAN = Entity(
    name="in_pan",
    group="in",
    label="PAN",
    rules=(
        Rule(
            name="in_pan",
            pattern="[A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z]",
            not_after=WORD,
            not_before=WORD,
        ),
    ),
)
