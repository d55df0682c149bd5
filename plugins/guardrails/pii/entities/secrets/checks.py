"""Checksums that are inside of tokens."""

import json
import zlib
from base64 import urlsafe_b64decode
from string import ascii_lowercase, ascii_uppercase, digits

_CHECK = 6
"""Base62 characters of a CRC-32."""
_GITHUB = digits + ascii_uppercase + ascii_lowercase
_LOCALAI = digits + ascii_lowercase + ascii_uppercase


def has_github_crc(token: str) -> bool:
    """Say whether the last six characters are the CRC-32 of what is after the first `_`.

    GitHub's (since April 2021) and npm's (since September 2021) tokens; base62, 0-9A-Za-z.
    """
    body = token.partition("_")[2]
    return _base62(zlib.crc32(body[:-_CHECK].encode()), _GITHUB) == body[-_CHECK:]


def has_localai_crc(key: str) -> bool:
    """Say whether a key of this router, `lai_<kid>_<secret>_<check>`, has its check.

    It is the CRC-32 of all before the last `_`, in base62 of 0-9a-zA-Z.
    """
    body, check = key[: -_CHECK - 1], key[-_CHECK:]
    return _base62(zlib.crc32(body.encode()), _LOCALAI) == check


def has_jwt_header(token: str) -> bool:
    """Say whether what is before the first dot is a JOSE header (RFC 7515, 4): JSON with `alg`."""
    head = token.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return False
    return isinstance(header, dict) and isinstance(header.get("alg"), str)


def _base62(number: int, alphabet: str) -> str:
    text = ""
    for _ in range(_CHECK):
        number, place = divmod(number, len(alphabet))
        text = alphabet[place] + text
    return text
