"""The check digits of numbers: each function says whether digits (ASCII, no separators) pass."""

from collections.abc import Sequence

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_VERHOEFF_TIMES = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_VERHOEFF_PLACES = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def luhn(digits: str) -> bool:
    """Say whether the last digit is Luhn's (ISO/IEC 7812-1, annex B).

    It finds each wrong digit, and each swap of neighbours but 09 and 90.
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        total += _DOUBLED[int(digit)] if place % 2 else int(digit)
    return total % 10 == 0


def mod97(text: str) -> bool:
    """Say whether upper-case letters (A is 10, Z is 35) and digits leave 1 (ISO/IEC 7064, 97-10).

    An IBAN is given with its first four characters at its end (ISO 13616-1).
    """
    return int("".join(str(int(character, 36)) for character in text)) % 97 == 1


def mod11_10(digits: str) -> bool:
    """Say whether the last digit is that of ISO/IEC 7064, MOD 11,10 (the hybrid system)."""
    product = 10
    for digit in digits[:-1]:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return (product + int(digits[-1])) % 10 == 1


def verhoeff(digits: str) -> bool:
    """Say whether the last digit is Verhoeff's (J. Verhoeff, 1969), of the dihedral group D5.

    It finds each wrong digit and each swap of neighbours.
    """
    check = 0
    for place, digit in enumerate(reversed(digits)):
        permuted = _VERHOEFF_PLACES[place % 8][int(digit)]
        check = int(_VERHOEFF_TIMES[check][int(permuted)])
    return check == 0


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Return the sum of the digits, each times its weight; the shorter of the two ends it."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def ean13(digits: str) -> bool:
    """Say whether 13 digits are a barcode's, as of GS1 General Specifications, 7.9."""
    return weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0
