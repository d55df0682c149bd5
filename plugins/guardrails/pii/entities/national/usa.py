"""Numbers of the United States."""

from plugins.guardrails.pii.entities.checksums import weighted
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import DASH, WORD, digits_of, named
from plugins.guardrails.stream.rule import Rule

_NINE = "[0-9]{9}"
_DASH = f"[{DASH}]"
# Longer runs of groups are other numbers.
_AROUND = f"{WORD}{DASH}"


def is_ssn(text: str) -> bool:
    """Say whether nine digits can be a social security number.

    Area not 000, 666 or 900-999, group not 00, serial not 0000 (SSA, POMS RM 10201.030), and
    not one digit throughout.
    """
    digits = digits_of(text)
    area = digits[:3]
    return (
        area not in ("000", "666")
        and area[0] != "9"
        and digits[3:5] != "00"
        and digits[5:] != "0000"
        and len(set(digits)) > 1
    )


def is_itin(text: str) -> bool:
    """Say whether nine digits can be a taxpayer's number of the IRS.

    They begin with 9, and have 50-65, 70-88, 90-92 or 94-99 in the middle (IRS, IRM 3.21.263).
    """
    digits = digits_of(text)
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 99) and group not in (89, 93)


def is_routing(text: str) -> bool:
    """Say whether nine digits are a bank's: the Federal Reserve's prefixes, and weights 3-7-1.

    Source: ABA Routing Number Policy.
    """
    digits = digits_of(text)
    prefix = int(digits[:2])
    return prefix in _RESERVES and digits != "0" * 9 and weighted(digits, (3, 7, 1) * 3) % 10 == 0


_RESERVES = frozenset((*range(13), *range(21, 33), *range(61, 73), 80))

SSN = Entity(
    name="us_ssn",
    group="us",
    label="SSN",
    rules=(
        Rule(
            name="us_ssn",
            pattern=rf"[0-8][0-9]{{2}}{_DASH}[0-9]{{2}}{_DASH}[0-9]{{4}}",
            not_after=_AROUND,
            not_before=_AROUND,
            is_valid=is_ssn,
        ),
        *named(
            "us_ssn",
            ("SSN", "ssn", "Social [Ss]ecurity", "social security"),
            rf"(?:{_NINE}|[0-9]{{3}} [0-9]{{2}} [0-9]{{4}})",
            is_ssn,
        ),
    ),
)
ITIN = Entity(
    name="us_itin",
    group="us",
    label="ITIN",
    rules=(
        Rule(
            name="us_itin",
            pattern=rf"9[0-9]{{2}}{_DASH}[5-9][0-9]{_DASH}[0-9]{{4}}",
            not_after=_AROUND,
            not_before=_AROUND,
            is_valid=is_itin,
        ),
        *named("us_itin", ("ITIN", "itin"), _NINE, is_itin),
    ),
)
ROUTING = Entity(
    name="us_routing",
    group="us",
    label="ROUTING_NUMBER",
    rules=named("us_routing", ("Routing", "routing", "ABA", "RTN"), _NINE, is_routing),
)
