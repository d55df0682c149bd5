"""Embeddings without a model: words and their n-grams, hashed into a number of dimensions.

Texts that share words, or parts of words, are near; meaning is not understood. The method is
signed feature hashing (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning",
2009) over the n-grams of marked words (Bojanowski et al., "Enriching Word Vectors with Subword
Information", 2017). BLAKE2b makes the result the same in every process and on every platform.
"""

import math
import re
import time
import unicodedata
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

from core.words import FUNCTION_WORDS

DIMENSIONS = 384
"""Length of a vector."""

NGRAMS = (3, 4, 5)
"""Lengths of the n-grams in characters, the marks at both ends of a word included."""

WORD_WEIGHT = 3.0
"""What a whole word counts; an n-gram counts 1."""

FUNCTION_WORD_WEIGHT = 0.2
"""Factor for the function words of English, which unrelated texts share."""

BREATH = 100
"""Characters of words between two chances for other threads; they take about 0.3 ms."""

MAX_WORD = 32
"""Characters of a word; it bounds the cost of normalising, quadratic in stacked marks."""

# Everything between white space and punctuation, so that marks of any script and emoji count.
_WORD = re.compile(rf"[^\s!-/:-@\[-`{{-~\u2000-\u206f\u3000-\u303f]{{1,{MAX_WORD}}}")

Vector = tuple[float, ...]


def embed(text: str) -> Vector:
    """Return the unit vector of a text; any text has one, an empty one too."""
    words = Counter[str]()
    for number, found in enumerate(_WORD.finditer(text)):
        if number % 1000 == 0:
            _breathe()
        words[found[0]] += 1
    values = [0.0] * DIMENSIONS
    read = BREATH
    for word, count in (words or {text[:MAX_WORD]: 1}).items():
        if read >= BREATH:
            _breathe()
            read = 0
        read += len(word)
        # Rounded, because the last digit of a logarithm differs between C libraries.
        weight = round(1 + math.log(count), 6)
        if word.lower() in FUNCTION_WORDS:
            weight *= FUNCTION_WORD_WEIGHT
        for place, value in _features(word):
            values[place] += weight * value
    return _unit(values) or (1.0, *values[1:])


def cut(vector: Vector, dimensions: int) -> Vector:
    """Return the first `dimensions` values as a unit vector, or all zero when they are."""
    values = list(vector[:dimensions])
    return _unit(values) or tuple(values)


def _breathe() -> None:
    """Let other threads run: one that computes does so only every 5 ms by itself.

    That would be too late for the event loop, which waits for its turn meanwhile.
    """
    time.sleep(0)


def _unit(values: list[float]) -> Vector | None:
    """Scale to length 1; `None` for zero, which opposite features of a short text can make."""
    length = math.sqrt(math.fsum(value * value for value in values))
    if not length:
        return None
    # Eight digits, about the precision of the 32-bit floats that Ollama sends.
    return tuple(round(value / length, 8) for value in values)


@lru_cache(maxsize=2048)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """Return the places of a word and its n-grams, each with its signed weight."""
    folded = unicodedata.normalize("NFKC", word).casefold()[:MAX_WORD]
    marked = f"<{folded}>"
    features = [_place(f"={folded}", WORD_WEIGHT)]
    for size in NGRAMS:
        for start in range(len(marked) - size + 1):
            features.append(_place(marked[start : start + size], 1.0))
    return tuple(features)


def _place(feature: str, weight: float) -> tuple[int, float]:
    # Half of a surrogate pair is no text, but JSON can carry one.
    digest = blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    return (number >> 1) % DIMENSIONS, weight if number & 1 else -weight
