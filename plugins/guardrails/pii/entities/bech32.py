"""Bech32 and Bech32m (BIP-173, BIP-350): the checksum of addresses of segregated witnesses."""

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CLASS = "02-9ac-hj-np-z"
"""The alphabet as the inside of a character class."""
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32 = 1
_BECH32M = 0x2BC830A3
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def is_segwit(text: str) -> bool:
    """Say whether an address's checksum is right for the version of its witness.

    Version 0 has Bech32's and a program of 20 or 32 bytes, later ones have Bech32m's and 2 to 40.
    Letters are of one case.
    """
    if text != text.lower() and text != text.upper():
        return False
    prefix, _, data = text.lower().rpartition("1")
    values = [_VALUES.get(character, -1) for character in data]
    if not prefix or len(values) < 8 or -1 in values:
        return False
    size, left = divmod((len(values) - 7) * 5, 8)
    if left > 4 or not (size in (20, 32) if values[0] == 0 else 2 <= size <= 40):
        return False
    expanded = [ord(each) >> 5 for each in prefix] + [0] + [ord(each) & 31 for each in prefix]
    return _polymod(expanded + values) == (_BECH32 if values[0] == 0 else _BECH32M)


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            if top >> place & 1:
                check ^= generator
    return check
