"""The forms in which a word is recognised: as it is, backwards, spaced out, in hex, in base64."""

import base64
from collections.abc import Sequence

from plugins.guardrails.stream.rule import Rule

_GAP = "[^A-Za-z0-9]{0,3}"
"""What may stand between two signs: blanks, dashes, Markdown, up to three of them."""
_HEX_GAP = f"{_GAP}(?:0?x)?"


def rules(word: str) -> Sequence[Rule]:
    """Return rules that find a word of ASCII letters and digits, in all these forms."""
    bytes_ = [f"{byte:02x}" for byte in word.encode()]
    return [
        Rule(name="plain", pattern=_GAP.join(word), ignore_case=True),
        Rule(name="reversed", pattern=_GAP.join(reversed(word)), ignore_case=True),
        Rule(name="hex", pattern=_HEX_GAP.join(bytes_), ignore_case=True),
        *(Rule(name="base64", pattern=_base64(word, before)) for before in range(3)),
    ]


def _base64(word: str, before: int) -> str:
    """Return what base64 makes of a word that so many bytes come before, modulo 3.

    The first and last sign depend on what stands around it as well, and are left out.
    """
    signs = base64.b64encode(b"\0" * before + word.encode()).decode()
    whole = signs[(before * 8 + 5) // 6 : (before + len(word)) * 8 // 6]
    return "[ \\r\\n]{0,2}".join({"+": "[+\\-]", "/": "[/_]"}.get(sign, sign) for sign in whole)
