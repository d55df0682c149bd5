"""Whether a text is a secret, or only stands where one would."""

import re
from collections import Counter
from math import log2

LEAST_BITS = 3.5
"""Bits of entropy for each character, from which a text without a known form is a secret.

Words of English have about 3 in texts this short, hex digits up to 4, base64 up to 6
(as gitleaks and detect-secrets have it).
"""
_PLACEHOLDER = re.compile(
    r"x{4}|\*{3}|\.{3}|<|\$\{|\{\{|%\(|your|replace|change|placeholder|redacted|insert"
    r"|dummy|sample|secret[_-]?here|(.)\1{5}",
    re.IGNORECASE,
)
_RUN = re.compile("[0-9A-Za-z]{12,}")


def entropy(text: str) -> float:
    """Return the bits of Shannon's entropy for each character of a text."""
    length = len(text)
    return -sum(count / length * log2(count / length) for count in Counter(text).values())


def is_dense(text: str, bits: float) -> bool:
    """Say whether a text has so many bits of entropy for each character."""
    return len(set(text)) >= 2**bits and entropy(text) >= bits


def is_placeholder(text: str) -> bool:
    """Say whether a text stands for a secret that the reader has to put in, as `sk-xxxx`.

    Those have `xxxx`, `***`, `...`, `<…>`, `${…}`, a word such as `your`, or one character six
    times in a row. Values that vendors publish as examples (`AKIAIOSFODNN7EXAMPLE`) are none:
    see `examples.py`.
    """
    return _PLACEHOLDER.search(text) is not None


def has_code(text: str) -> bool:
    """Say whether some run of twelve letters and digits has both: words with dashes have none."""
    return any(
        any(map(str.isdecimal, run)) and any(map(str.isalpha, run)) for run in _RUN.findall(text)
    )


def looks_random(text: str, bits: float = LEAST_BITS) -> bool:
    """Say whether a text has digits and letters, as much entropy as this, and is no placeholder."""
    return (
        any(map(str.isdecimal, text))
        and any(map(str.isalpha, text))
        and is_dense(text, bits)
        and not is_placeholder(text)
    )
