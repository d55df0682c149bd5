"""The settings of an issuer of OpenID Connect, such as a realm of Keycloak."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from localai import Duration, SettingsError

LOOPBACK = ("localhost", "127.0.0.1", "::1")

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]  # fmt: skip
"""Those with a key that may be public: a secret that is shared with the issuer could be its own."""
Text = Annotated[str, Meta(min_length=1, max_length=512)]


class Issuer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One issuer, and what its claims stand for."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    """Its name here: its user `anna` is `NAME/anna` in the router."""
    issuer: Text
    """The claim `iss` of its tokens, to the letter."""
    audience: Text | Annotated[tuple[Text, ...], Meta(min_length=1)] = "localai"
    """The claim `aud` must have this, or one of these."""
    jwks_url: Text
    """Where its keys are: https, or http on this machine."""
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = ("RS256", "ES256", "EdDSA")
    """How it signs; a key that names no algorithm is for the first of these that fits it."""
    types: tuple[str, ...] = ("at+jwt", "JWT")
    """The header's `typ` must be one of these; "" lets in tokens without one."""
    max_age: Duration = Duration(86_400)
    """Tokens count no longer than this after their issue."""
    user: Text = "sub"
    """The claim with the user's name; of this and the next ones `a.b` is `b` within `a`."""
    display_name: str = "name"
    """The claim with the name to show."""
    tenant: str = ""
    """The claim with the tenant; empty: `default_tenant` for all."""
    default_tenant: Text = "default"
    """The tenant of users whose token names none."""
    scopes: str = "scope"
    """The claim with the scopes, roles or groups: a list, or names divided by blanks."""
    default_scopes: tuple[str, ...] = ()
    """Scopes of every user of this issuer."""
    scope_map: dict[str, tuple[str, ...]] = {}
    """What each value of that claim gives; empty: the values are scopes, but never wildcards."""
    models: str = ""
    """The claim with the models that may be used; empty: all of them."""


def check(issuers: tuple[Issuer, ...], own: str) -> None:
    """Raise `SettingsError` for an address that is no good, or two issuers that are alike."""
    seen = {own}
    names = set()
    for each in issuers:
        if each.issuer in seen or each.name in names:
            raise SettingsError(f"issuer '{each.name}' stands there twice: remove one")
        seen.add(each.issuer)
        names.add(each.name)
        if not _is_safe(each.jwks_url):
            raise SettingsError(
                f"issuer '{each.name}': jwks_url must be an https:// address without a password; "
                "http:// is for this machine only"
            )


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
