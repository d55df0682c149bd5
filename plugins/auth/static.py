"""API keys from the file or the environment, for one person or a small team. Fails closed.

Keys are hashed in memory with a secret of this process; the plain text is not kept.
"""

import hashlib
import hmac
import os
import secrets
from typing import Annotated

from msgspec import Meta, Struct

from localai import UNCLAIMED, Connection, Principal, Secret, SettingsError, hookimpl

MIN_LENGTH = 16
"""Characters; a shorter key could be guessed."""
DEFAULT_SCOPES = ("chat", "embeddings", "models:read")


class Key(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """One key and what it may do."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    key: Secret
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    models: tuple[str, ...] | None = None
    tools: tuple[str, ...] | None = None
    tenant: str = "default"


class StaticKeys:
    """Checks `Authorization: Bearer`, `X-API-Key` and `api-key` against the known keys."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.auth.static]."""

        keys: tuple[Key, ...] = ()
        """Keys: { name = "me", key = "${MY_KEY}", scopes = […], models = […] }."""
        environment: str = "LOCALAI_API_KEY"
        """Environment variable with a key that may do everything; not set: no such key."""

    def __init__(self, config: Config) -> None:
        self._pepper = secrets.token_bytes(32)
        self._principals: dict[bytes, Principal] = {}
        names = set()
        keys = list(config.keys)
        if value := os.environ.get(config.environment):
            keys.append(Key(name=config.environment, key=Secret(value), scopes=("*",)))
        for key in keys:
            if len(key.key) < MIN_LENGTH:
                raise SettingsError(f"key '{key.name}' has fewer than {MIN_LENGTH} characters")
            if not _fits_header(key.key.reveal()):
                raise SettingsError(
                    f"key '{key.name}' has characters that a header can't carry: "
                    "use letters, digits and punctuation of ASCII, without blanks"
                )
            if key.name in names:
                raise SettingsError(f"two keys are named '{key.name}': rename one")
            names.add(key.name)
            digest = self._digest(key.key.reveal())
            if digest in self._principals:
                raise SettingsError(f"key '{key.name}' equals another one: make a new one")
            self._principals[digest] = Principal(
                id=f"static:{key.name}",
                name=key.name,
                tenant=key.tenant,
                scopes=frozenset(key.scopes),
                models=key.models,
                tools=key.tools,
            )

    @hookimpl
    async def authenticate(self, connection: Connection) -> Principal | None:
        """Return the key's owner; while there is no key at all, let callers on loopback in."""
        credential = connection.credential()
        if not self._principals:
            return UNCLAIMED
        if credential is None:
            return None
        given = self._digest(credential)
        # The digest's key is random, so the time of a look-up says nothing about a secret.
        for digest, principal in self._principals.items():
            if hmac.compare_digest(digest, given):
                return principal
        return None

    def _digest(self, key: str) -> bytes:
        return hashlib.blake2b(key.encode(), key=self._pepper, digest_size=32).digest()


def _fits_header(key: str) -> bool:
    """Say whether a key comes out of a request as it is in the file."""
    return key.isascii() and key.isprintable() and " " not in key
