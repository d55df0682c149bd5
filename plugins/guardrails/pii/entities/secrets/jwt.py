"""JSON Web Tokens: who has one may act as its subject until it expires."""

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.secrets.checks import has_jwt_header
from plugins.guardrails.stream.rule import Rule

_CHARS = "0-9A-Za-z_\\-"
_CLASS = f"[{_CHARS}]"
_HEADER = rf"eyJ{_CLASS}{{14,512}}\."
_PAYLOAD = 2400
_SIGNATURE = 800
"""Most characters of the parts of a token that is held wholly; ML-DSA's signatures have more."""
_MOST = 65_536
"""Characters that any token may have."""

JWT = Entity(
    name="secret_jwt",
    group="secrets",
    label="JWT",
    rules=(
        # Three parts of a signed token, or five of an encrypted one (RFC 7515, RFC 7516).
        Rule(
            name="secret_jwt",
            pattern=(
                rf"{_HEADER}{_CLASS}{{0,{_PAYLOAD}}}\.{_CLASS}{{0,{_SIGNATURE}}}"
                rf"(?:\.{_CLASS}{{2,200}}\.{_CLASS}{{16,64}})?"
            ),
            not_after="0-9A-Za-z",
            not_before=_CHARS,
            is_valid=has_jwt_header,
        ),
        # A longer one is taken up to, and with, what ends it.
        Rule(
            name="secret_jwt",
            pattern=(
                rf"{_HEADER}(?:{_CLASS}{{{_PAYLOAD + 1}}}"
                rf"|{_CLASS}{{0,{_PAYLOAD}}}\.{_CLASS}{{{_SIGNATURE + 1}}})"
            ),
            not_after="0-9A-Za-z",
            is_valid=has_jwt_header,
            until=rf"[^{_CHARS}.]",
            most=_MOST,
        ),
    ),
)
