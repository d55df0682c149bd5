"""Private keys in PEM (RFC 7468), of OpenSSH and of OpenPGP (RFC 9580, 6.2)."""

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.stream.rule import Rule

_KINDS = "RSA |EC |DSA |OPENSSH |ENCRYPTED |ANY |PGP |SSH2 ENCRYPTED "
_BREAK = r"(?:\\[nr]|[ \t\r\n>|])"
_MOST = 32_768
"""Characters of the largest: RSA of 16,384 bits has 12,700, with indents and escapes more."""

PRIVATE_KEY = Entity(
    name="secret_private_key",
    group="secrets",
    label="PRIVATE_KEY",
    rules=(
        # Some of the key has to follow: texts about keys show the first line, and `...`.
        Rule(
            name="secret_private_key",
            pattern=(
                rf"-----BEGIN (?:{_KINDS})?PRIVATE KEY(?: BLOCK)?-----{_BREAK}{{0,40}}"
                r"(?:[0-9A-Za-z+/]{24}|Proc-Type:|DEK-Info:|Version:|Comment:)"
            ),
            until=r"-----END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----",
            most=_MOST,
        ),
    ),
)
