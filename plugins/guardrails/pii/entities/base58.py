"""Base58Check, as of Bitcoin: the form of addresses and of keys of wallets."""

from hashlib import sha256

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CLASS = "1-9A-HJ-NP-Za-km-z"
"""The alphabet as the inside of a character class."""
_CHECK = 4
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def decode(text: str) -> bytes | None:
    """Return the payload, its version first, or `None` if the checksum is another's.

    The checksum is the first four bytes of the payload's double SHA-256. Each `1` at the front
    is a zero byte.
    """
    number = 0
    for character in text:
        value = _VALUES.get(character)
        if value is None:
            return None
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    data = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
    payload, check = data[:-_CHECK], data[-_CHECK:]
    return payload if sha256(sha256(payload).digest()).digest()[:_CHECK] == check else None
