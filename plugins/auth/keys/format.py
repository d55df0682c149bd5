"""The form of a key, `lai_<kid>_<secret>_<check>`, and the digest that is stored of it.

The prefix and the check let scanners of repositories find a leaked key almost without false
alarms, and the router tell a key that was cut while copying from one that it does not know.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from string import ascii_letters, digits
from typing import NamedTuple

PREFIX = "lai_"
BASE62 = digits + ascii_letters
KID_LENGTH = 10
"""Characters of the public part, by which a key is looked up, logged and named; 59 bits."""
SECRET_BYTES = 32
"""256 random bits, 43 characters: beyond guessing, so that a fast digest is enough."""
CHECK_LENGTH = 6
"""Base62 characters of a CRC-32."""
DIGEST_SIZE = 32
"""Bytes of a stored digest."""

# base64url has `_` too: the lengths say where each part ends.
NOBODYS = secrets.token_bytes(DIGEST_SIZE)
"""The digest of no key: it is compared with where there is none, so that the work is the same."""

_WHOLE = re.compile(
    rf"({PREFIX}([0-9A-Za-z]{{{KID_LENGTH}}})_[0-9A-Za-z_-]{{43}})_([0-9A-Za-z]{{{CHECK_LENGTH}}})"
)
_PAIRS = tuple(first + second for first in BASE62 for second in BASE62)
_KID = re.compile(rf"[0-9A-Za-z]{{{KID_LENGTH}}}")


class Given(NamedTuple):
    """The parts of a whole key; its `repr`, which could reach a log, shows the kid only."""

    kid: str
    body: str
    """All before the check: what is digested."""

    def __repr__(self) -> str:
        return f"Given({self.kid})"


def make() -> tuple[str, str]:
    """Return the kid of a new key, and the key."""
    kid = "".join(secrets.choice(BASE62) for _ in range(KID_LENGTH))
    return kid, renew(kid)


def renew(kid: str) -> str:
    """Return a key of this kid with a new secret."""
    body = f"{PREFIX}{kid}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return f"{body}_{_check(body)}"


def parse(key: str) -> Given | None:
    """Return the parts of a key, or `None` when a character of it is wrong or missing."""
    match = _WHOLE.fullmatch(key)
    if match is None:
        return None
    body, kid, check = match.groups()
    return Given(kid, body) if check == _check(body) else None


def is_kid(text: str) -> bool:
    """Say whether a text has the form of a kid."""
    return _KID.fullmatch(text) is not None


def hint(key: str) -> str:
    """Return a key's last four characters, which are of the check, not of the secret."""
    return key[-4:]


def digest(body: str, pepper: bytes) -> bytes:
    """Return what is stored of a key: BLAKE2b, keyed with a secret that no database holds."""
    return hashlib.blake2b(body.encode(), key=pepper, digest_size=DIGEST_SIZE).digest()


def matches(
    given: bytes, new: bytes, old: bytes | None, old_expires_at: float | None, now: float
) -> bool:
    """Say whether a digest is the new one, or the old one in its time.

    It takes the same time whichever of them it is like, or neither.
    """
    is_new = hmac.compare_digest(given, new)
    is_old = hmac.compare_digest(given, old or NOBODYS)
    return is_new or (is_old and old_expires_at is not None and now < old_expires_at)


def _check(body: str) -> str:
    rest, low = divmod(zlib.crc32(body.encode()), len(_PAIRS))
    high, middle = divmod(rest, len(_PAIRS))
    return _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]
