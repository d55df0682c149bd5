"""One form for texts that read the same, to look for phrases in.

For detection only: what a model gets is never this form.
"""

import re
import unicodedata

from plugins.guardrails.injection.skeleton import skeleton

_UNSEEN = re.compile(
    "["
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]+"
)
"""Marks above and below letters, and what has no width: Unicode's Default_Ignorable_Code_Point."""


def normalise(text: str) -> str:
    """Return a text in small letters without accents, invisible or look-alike characters."""
    if text.isascii():
        return text.lower()
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKD", text))
    # Before case: a capital may look like a letter that its small form doesn't look like.
    return skeleton(plain).lower()


def is_looked_at(character: str) -> bool:
    """Say whether a character is another one, or none, in the normalised form."""
    return normalise(character) != character
