"""Numbers of the United Kingdom."""

from plugins.guardrails.pii.entities.checksums import weighted
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import DASH, SPACE, WORD, bare, digits_of
from plugins.guardrails.stream.rule import Rule

_NEVER = frozenset(("BG", "GB", "NK", "KN", "TN", "NT", "ZZ"))


def is_nhs(text: str) -> bool:
    """Say whether ten digits are a number of the NHS: weights 10 to 2, modulus 11.

    Source: NHS Data Dictionary, NHS NUMBER. A remainder of 1 is never given out.
    """
    digits = digits_of(text)
    check = -weighted(digits[:9], range(10, 1, -1)) % 11
    return check == int(digits[9]) and len(set(digits)) > 1


def is_nino(text: str) -> bool:
    """Say whether a text is a national insurance number with a prefix that is given out.

    Source: HMRC, NIM39110: neither letter is D, F, I, Q, U or V, the second not O, seven pairs
    are never used; the last letter is A to D.
    """
    return bare(text)[:2].upper() not in _NEVER


NHS = Entity(
    name="uk_nhs",
    group="uk",
    label="NHS_NUMBER",
    rules=(
        Rule(
            name="uk_nhs",
            pattern=rf"[0-9]{{3}}[{SPACE}][0-9]{{3}}[{SPACE}][0-9]{{4}}",
            not_after=f"{WORD}.+\\-",
            not_before=f"{WORD}\\-",
            is_valid=is_nhs,
        ),
        # Written in other ways they are also times and numbers of telephones: of those only
        # what England and Wales give out, and the 9 of tests.
        Rule(
            name="uk_nhs",
            pattern=rf"[4679](?:[0-9]{{9}}|[0-9]{{2}}[{DASH}][0-9]{{3}}[{DASH}][0-9]{{4}})",
            not_after=f"{WORD}.+\\-",
            not_before=f"{WORD}\\-",
            is_valid=is_nhs,
        ),
    ),
)
NINO = Entity(
    name="uk_nino",
    group="uk",
    label="NINO",
    rules=(
        Rule(
            name="uk_nino",
            pattern=(
                rf"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][{SPACE}]?[0-9]{{2}}[{SPACE}]?[0-9]{{2}}"
                rf"[{SPACE}]?[0-9]{{2}}[{SPACE}]?[A-D]"
            ),
            not_after=WORD,
            not_before=WORD,
            is_valid=is_nino,
        ),
    ),
)
