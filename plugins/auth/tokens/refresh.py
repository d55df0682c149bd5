"""The form of a refresh token, `lar_<session>_<secret>_<tag>`, and what is stored of it.

The tag, made with the router's secret, tells a spent token of this router from an invented one,
without a look into the database: only a genuine one may end the session that it belonged to.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from typing import NamedTuple

from plugins.auth.tokens.own import derive

PREFIX = "lar_"
_TAG = 16
_DIGEST = 32

_WHOLE = re.compile(rf"({PREFIX}([\w-]{{22}})_[\w-]{{43}})_([\w-]{{22}})", re.ASCII)


class Given(NamedTuple):
    """A genuine refresh token; its `repr`, which could reach a log, shows the session only."""

    session: str
    digest: bytes
    """What is stored of it."""

    def __repr__(self) -> str:
        return f"Given({self.session})"


class RefreshTokens:
    """Makes refresh tokens, and reads those that were made here."""

    def __init__(self, secret: bytes) -> None:
        self._key = derive(secret, b"refresh")

    def make(self, session: str) -> tuple[str, bytes]:
        """Return a new token of a session, with 256 random bits, and what to store of it."""
        body = f"{PREFIX}{session}_{secrets.token_urlsafe(32)}"
        tag, digest = self._digests(body)
        return f"{body}_{tag}", digest

    def parse(self, text: str) -> Given | None:
        """Return what a token says, or `None` for one that was not made here."""
        match = _WHOLE.fullmatch(text)
        if match is None:
            return None
        body, session, given = match.groups()
        tag, digest = self._digests(body)
        return Given(session, digest) if hmac.compare_digest(tag, given) else None

    def _digests(self, body: str) -> tuple[str, bytes]:
        whole = hashlib.blake2b(body.encode(), key=self._key, digest_size=_TAG + _DIGEST).digest()
        return urlsafe_b64encode(whole[:_TAG]).rstrip(b"=").decode(), whole[_TAG:]


def new_session() -> str:
    """Return the id of a new session, 128 random bits."""
    return secrets.token_urlsafe(16)
