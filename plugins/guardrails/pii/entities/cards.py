"""Numbers of payment cards."""

from bisect import bisect_right
from collections.abc import Container

from plugins.guardrails.pii.entities.checksums import ean13, luhn
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import SEPARATOR, bare
from plugins.guardrails.stream.rule import Rule

# The issuer ranges of ISO/IEC 7812-1, as the networks publish them: the first six digits from,
# to, and the lengths that they issue.
_ISSUERS: tuple[tuple[int, int, Container[int]], ...] = (
    (180000, 180099, {15}),  # JCB, of old
    (213100, 213199, {15}),  # JCB, of old
    (220000, 220499, range(16, 20)),  # Mir
    (222100, 272099, {16}),  # Mastercard, series 2
    (300000, 305999, {14, 16, 19}),  # Diners Club
    (309500, 309599, {14, 16, 19}),  # Diners Club
    (340000, 349999, {15}),  # American Express
    (352800, 358999, {16, 19}),  # JCB
    (360000, 369999, {14, 16, 19}),  # Diners Club
    (370000, 379999, {15}),  # American Express
    (380000, 399999, {14, 16, 19}),  # Diners Club
    (400000, 499999, {13, 16, 19}),  # Visa
    (501800, 501899, range(12, 20)),  # Maestro
    (502000, 502099, range(12, 20)),  # Maestro
    (503800, 503899, range(12, 20)),  # Maestro
    (508500, 508999, {16}),  # RuPay
    (510000, 559999, {16}),  # Mastercard
    (589300, 589399, range(12, 20)),  # Maestro
    (601100, 601199, {16, 19}),  # Discover
    (606985, 608500, {16}),  # RuPay
    (620000, 629999, range(16, 20)),  # UnionPay
    (630400, 630499, range(12, 20)),  # Maestro
    (644000, 659999, {16, 19}),  # Discover, RuPay
    (675900, 675999, range(12, 20)),  # Maestro
    (676100, 676399, range(12, 20)),  # Maestro
)
_FIRSTS = [first for first, _, _ in _ISSUERS]


def is_card(text: str) -> bool:
    """Say whether a text is a card's number: issuer, its length, and Luhn's digit (ISO/IEC 7812-1).

    Of random numbers of 16 digits one in 34 passes, of times in milliseconds none does. Numbers
    of one digit, repeated, are nobody's; 13 digits that are a right EAN-13 too are a barcode.
    """
    digits = bare(text)
    number = int(digits[:6])
    first, last, lengths = _ISSUERS[bisect_right(_FIRSTS, number) - 1]
    return (
        first <= number <= last
        and len(digits) in lengths
        and luhn(digits)
        and digits.count(digits[0]) < len(digits)
        and not (len(digits) == 13 and ean13(digits))
    )


# The first four digits as far as a class can tell; then as cards show them: in one, in fours,
# or as 4-6-5 (American Express), 4-6-4 (Diners Club), 6-13 (UnionPay), 8-8.
_START = r"(?:4[0-9]{3}|5[0-9]{3}|3[04-9][0-9]{2}|6[02-7][0-9]{2}|2[1-7][0-9]{2}|1800)"
_GAP = f"[{SEPARATOR}]"
CARD = Entity(
    name="card",
    group="financial",
    label="CARD",
    rules=(
        Rule(
            name="card",
            pattern=(
                rf"{_START}(?:[0-9]{{8,15}}"
                rf"|(?:{_GAP}[0-9]{{4}}){{2}}{_GAP}(?:[0-9]{{1,4}}|[0-9]{{4}}{_GAP}[0-9]{{3}})"
                rf"|{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}}"
                rf"|[0-9]{{2}}{_GAP}[0-9]{{10,13}}|[0-9]{{4}}{_GAP}[0-9]{{8}})"
            ),
            not_after="0-9A-Za-z_.+",
            not_before="0-9A-Za-z_",
            is_valid=is_card,
        ),
    ),
)
