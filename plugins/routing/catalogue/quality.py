"""How good a model's answers are, between 0 and 1: as its owner says, or a guess.

    quality = 1 / (1 + (HALF / size) ^ STEEPNESS)    size = sqrt(parameters · active parameters) · q

The geometric mean stands for a mixture of experts: it knows more than its active weights and less
than all of them. `q` is what its quantisation leaves, against the four bits and a half that most
models come in. With this 3 billion have 0.50, 7 billion 0.75, 14 billion 0.88: what
`good`, `very_good` and `excellent` mean.
"""

import math
import re
from typing import Literal

Word = Literal["good", "very_good", "excellent"]

WORDS: dict[Word, float] = {"good": 0.5, "very_good": 0.75, "excellent": 0.9}

HALF = 3e9
"""Parameters of a model that is good."""
STEEPNESS = 1.3
"""Makes very good what has 7 billion."""

_BITS = re.compile(r"(?:^|[^A-Z])(?:I?Q|MXFP|NVFP|BF|F|FP)(\d{1,2})(_0|_1)?")
_LEFT = {1: 0.35, 2: 0.6, 3: 0.85, 4: 1.0, 5: 1.03, 6: 1.05}
"""By bits per weight; the losses in perplexity that llama.cpp lists for its K-quants, roughly."""
_MOST_LEFT = 1.06


def quality_of(said: float | Word) -> float:
    """Return the number for a word, or the number itself."""
    return WORDS[said] if isinstance(said, str) else float(said)


def guessed_quality(parameters: int, active: int, quantisation: str = "") -> float:
    """Guess from the number of weights, of those active, and a name such as `Q4_K_M`.

    0 if nothing is known.
    """
    size = math.sqrt(max(0, parameters) * max(0, active)) * _left(quantisation)
    return 1 / (1 + (HALF / size) ** STEEPNESS) if size else 0.0


def _left(quantisation: str) -> float:
    match = _BITS.search(quantisation.upper())
    if match is None or int(match[1]) == 0:
        return 1.0
    bits = int(match[1])
    left = _LEFT.get(bits, _MOST_LEFT)
    return left * 0.95 if match[2] and bits <= 5 else left
