"""Tokens of OpenID Connect: which of an issuer's count, and whom their claims stand for."""

import re
from typing import Any

from localai import Principal
from plugins.auth.tokens.compact import Parts
from plugins.auth.tokens.errors import InvalidToken
from plugins.auth.tokens.issuer import Issuer
from plugins.auth.tokens.jwk import Key
from plugins.auth.tokens.jwks import KeySet
from plugins.auth.tokens.verify import Rules

MOST_VALUES = 100
"""Scopes or models that one token may name."""

_NAME = re.compile(r"[^\s\x00-\x1f\x7f/]{1,128}")
_SCOPE = re.compile(r"[a-z][a-z0-9_-]*(:[a-z][a-z0-9_-]*)?")


class Oidc:
    """An issuer of the settings as a source of tokens."""

    def __init__(self, issuer: Issuer, keys: KeySet, leeway: float) -> None:
        self.rules = rules_of(issuer, leeway)
        self._issuer = issuer
        self._keys = keys

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """Return the key that a token names; raise `InvalidToken` or `Unavailable`."""
        return await self._keys.find(kid, algorithm)

    def read(self, parts: Parts) -> Principal:
        """Return who a verified token stands for; raise `InvalidToken`."""
        return principal_of(self._issuer, parts)


def rules_of(issuer: Issuer, leeway: float) -> Rules:
    """Return what tokens of an issuer must look like."""
    return Rules(
        issuer=issuer.issuer,
        audiences=(issuer.audience,) if isinstance(issuer.audience, str) else issuer.audience,
        types=frozenset(each.lower().removeprefix("application/") for each in issuer.types),
        leeway=leeway,
        max_age=issuer.max_age,
    )


def principal_of(issuer: Issuer, parts: Parts) -> Principal:
    """Return who a verified token stands for; raise `InvalidToken` when a claim is no good."""
    claims = parts.claims
    user = f"{issuer.name}/{_name(claims, issuer.user)}"
    tenant = _tenant(claims, issuer)
    shown = _claim(claims, issuer.display_name)
    models = _claim(claims, issuer.models) if issuer.models else None
    if issuer.models and models is None:
        raise _no_good(issuer.models)
    return Principal(
        id=f"user:{user}",
        name=shown[:128] if isinstance(shown, str) and shown.isprintable() else user,
        user=user,
        tenant=tenant,
        scopes=frozenset(_scopes(claims, issuer)),
        models=None if models is None else tuple(_values(models, issuer.models)),
    )


def _name(claims: dict[str, Any], claim: str) -> str:
    name = _claim(claims, claim)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not name.isprintable():
        raise _no_good(claim)
    return name


def _tenant(claims: dict[str, Any], issuer: Issuer) -> str:
    if not issuer.tenant or _claim(claims, issuer.tenant) is None:
        return issuer.default_tenant
    return _name(claims, issuer.tenant)


def _scopes(claims: dict[str, Any], issuer: Issuer) -> set[str]:
    found = set(issuer.default_scopes)
    given = _claim(claims, issuer.scopes)
    for value in [] if given is None else _values(given, issuer.scopes):
        if issuer.scope_map:
            found.update(issuer.scope_map.get(value, ()))
        elif _SCOPE.fullmatch(value):
            found.add(value)
    return found


def _values(given: Any, claim: str) -> list[str]:
    values = given.split() if isinstance(given, str) else given
    if not isinstance(values, list) or len(values) > MOST_VALUES:
        raise _no_good(claim)
    if not all(isinstance(value, str) for value in values):
        raise _no_good(claim)
    return values


def _claim(claims: dict[str, Any], path: str) -> Any:
    """Return a claim by its name, which may have dots itself, or by its path."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(step)
    return found


def _no_good(claim: str) -> InvalidToken:
    return InvalidToken(f"has no good value in the claim '{claim}': ask who set up its issuer")
