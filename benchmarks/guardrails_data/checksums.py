"""Check digits and checksums, written apart from those that the detectors have."""

import binascii
import hashlib
from string import ascii_lowercase, ascii_uppercase, digits

BASE62 = digits + ascii_uppercase + ascii_lowercase
"""In the order of GitHub and npm."""
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_ITALIAN_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]
_ITALIAN_ODD += [2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def luhn(number: str) -> str:
    """Return the check digit that a number needs at its end (ISO/IEC 7812-1, annex B)."""
    total = 0
    for at, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if at % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def passes_luhn(number: str) -> bool:
    """Return whether the last digit is the check digit of the others."""
    return luhn(number[:-1]) == number[-1]


def ean(number: str) -> str:
    """Return the check digit of a barcode of twelve digits and this one (GS1)."""
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(number))
    return str(-total % 10)


def iban(country: str, account: str) -> str:
    """Return an account number with its country and check digits (ISO 13616, ISO 7064 97-10)."""
    number = "".join(str(int(each, 36)) for each in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02}{account}"


def weighted(number: str, weights: tuple[int, ...], modulus: int) -> int:
    """Return the weighted sum of the digits by this modulus."""
    pairs = zip(number, weights, strict=True)
    return sum(int(digit) * weight for digit, weight in pairs) % modulus


def iso_7064_11_10(number: str) -> str:
    """Return the check digit of ISO 7064 mod 11, 10."""
    product = 10
    for digit in number:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def italian(text: str) -> str:
    """Return the check letter of Italian tax codes and accounts."""
    total = 0
    for at, each in enumerate(text):
        rank = int(each) if each.isdigit() else ascii_uppercase.index(each)
        total += _ITALIAN_ODD[rank] if at % 2 == 0 else rank
    return ascii_uppercase[total % 26]


def crc_base62(text: str, base62: str = BASE62) -> str:
    """Return a CRC-32 in six digits of base 62, as tokens have it at their end."""
    number = binascii.crc32(text.encode())
    out = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        out = base62[digit] + out
    return out


def base58check(payload: bytes) -> str:
    """Return a payload with its version byte as Bitcoin writes addresses."""
    digest = hashlib.sha256(hashlib.sha256(payload).digest()).digest()
    raw = payload + digest[:4]
    number = int.from_bytes(raw, "big")
    out = ""
    while number:
        number, digit = divmod(number, 58)
        out = _BASE58[digit] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


def bech32(prefix: str, version: int, program: bytes) -> str:
    """Return a witness program as an address (BIP 173; BIP 350 from version 1 on)."""
    data = [version, *_five_bits(program)]
    constant = 1 if version == 0 else 0x2BC830A3
    expanded = [ord(each) >> 5 for each in prefix] + [0] + [ord(each) & 31 for each in prefix]
    sum_ = _polymod([*expanded, *data, 0, 0, 0, 0, 0, 0]) ^ constant
    data += [(sum_ >> 5 * (5 - at)) & 31 for at in range(6)]
    return f"{prefix}1{''.join(_BECH32[each] for each in data)}"


def _five_bits(program: bytes) -> list[int]:
    bits = "".join(f"{each:08b}" for each in program)
    bits += "0" * (-len(bits) % 5)
    return [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]


def _polymod(values: list[int]) -> int:
    sum_ = 1
    for value in values:
        top = sum_ >> 25
        sum_ = (sum_ & 0x1FFFFFF) << 5 ^ value
        for at, constant in enumerate(_BECH32_GENERATOR):
            sum_ ^= constant if (top >> at) & 1 else 0
    return sum_
