"""Values that are assigned to a name that says they are secret, whosever they are."""

import re

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.secrets.randomness import looks_random
from plugins.guardrails.stream.rule import Rule

_NAMES = (
    r"(?:api|app|access|auth|secret|private|client|signing|encryption|session|refresh|account)"
    r"[_ .\-]?(?:key|token|secret|password)|secret|password|passwd|passphrase|token|credentials?"
)
_SIGN = r"[\"']?[ \t]{0,3}(?:=>|:=|=|:)[ \t]{0,3}(?:bearer )?[\"'`]?"
_VALUE = r"0-9A-Za-z_+/=.~!@#$%^&*\-"
_ASSIGNMENT = re.compile(_SIGN, re.IGNORECASE)
_CODE = re.compile(
    r"(?:self|this|process|os|config|settings|env|req|request|args|options|params)\..*"
    r"|[A-Za-z_]+(?:\.[A-Za-z_]+)+|[a-z]+(?:[-_][a-z0-9]+)+"
)
"""`settings.api_key_2`, or a slug: a reference to a value, or a name of one."""


def is_assigned_secret(text: str) -> bool:
    """Say whether what is assigned looks random: 3.5 bits for each character, letters, digits."""
    sign = _ASSIGNMENT.search(text)
    if sign is None:
        return False
    value = text[sign.end() :]
    return looks_random(value) and _CODE.fullmatch(value) is None


# A group of its own: it finds what no other rule does, and is wrong more often than they are.
GENERIC = Entity(
    name="secret_generic",
    group="secrets_generic",
    label="SECRET",
    rules=(
        Rule(
            name="secret_generic",
            pattern=rf"(?:{_NAMES}){_SIGN}[{_VALUE}]{{12,200}}",
            not_after="0-9A-Za-z",
            not_before=_VALUE,
            ignore_case=True,
            is_valid=is_assigned_secret,
        ),
    ),
)
