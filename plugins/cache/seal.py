"""Seals on values that are kept where others can write."""

import hashlib
import hmac

LENGTH = 16
"""Bytes of a seal. They stand before the value."""

_PERSON = b"localai:cache:v1"


class Seal:
    """Marks a value with the key that it is kept under, and with a secret if there is one.

    A value opens only if it is whole, as it was written, and under the key that it was written
    for. With a secret, only those who have it can write such a value: others who can write to the
    storage can't plant an answer. Without one they can, as a seal is then no more than a checksum.

    It does not protect from: reading, as values are not encrypted; deleting, which costs a miss;
    and putting back what was kept under the same key before, or keeping it for longer.

    The seal is BLAKE2b (RFC 7693) over the value, keyed with BLAKE2b of the key keyed with the
    secret.
    """

    def __init__(self, secret: bytes = b"") -> None:
        # BLAKE2b takes a key of at most 64 bytes.
        self._secret = hashlib.blake2b(secret).digest() if secret else b""

    def close(self, key: str, value: bytes) -> bytes:
        """Return a value with its seal."""
        return self._mark(key, value) + value

    def open(self, key: str, sealed: bytes) -> bytes | None:
        """Return the value; `None` if it is not what was sealed for this key."""
        value = sealed[LENGTH:]
        return value if hmac.compare_digest(sealed[:LENGTH], self._mark(key, value)) else None

    def _mark(self, key: str, value: bytes) -> bytes:
        own = hashlib.blake2b(key.encode(), key=self._secret, person=_PERSON).digest()
        return hashlib.blake2b(value, digest_size=LENGTH, key=own, person=_PERSON).digest()
