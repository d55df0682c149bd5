"""Numbers of Canada."""

from plugins.guardrails.pii.entities.checksums import luhn
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import SEPARATOR, WORD, digits_of, named
from plugins.guardrails.stream.rule import Rule


def is_sin(text: str) -> bool:
    """Say whether nine digits are a social insurance number: Luhn's digit, and not 0 or 8 first.

    Source: Service Canada, Social Insurance Registry.
    """
    digits = digits_of(text)
    return luhn(digits) and digits[0] not in "08"


_GAP = f"[{SEPARATOR}]"
SIN = Entity(
    name="ca_sin",
    group="ca",
    label="SIN",
    rules=(
        Rule(
            name="ca_sin",
            pattern=rf"[1-79][0-9]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{3}}",
            not_after=f"{WORD}.+\\-",
            not_before=f"{WORD}\\-",
            is_valid=is_sin,
        ),
        *named(
            "ca_sin",
            ("SIN", "sin", "NAS", "Social [Ii]nsurance", "social insurance"),
            "[0-9]{9}",
            is_sin,
        ),
    ),
)
