"""Vectors of length 1, as NumPy's 4-byte floats: the product of two is their similarity."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float32]
Matrix: TypeAlias = npt.NDArray[np.float32]

MOST = 8192
"""Numbers of a vector at most; the largest models for embeddings give 4,096."""

_LITTLE = np.dtype("<f4")


def unit(values: Sequence[float] | npt.NDArray[np.floating]) -> Vector | None:
    """Return values scaled to length 1.

    `None` where that can't be: for none, too many, zero, or what is not a finite number.
    """
    if not 0 < len(values) <= MOST:
        return None
    exact = np.asarray(values, dtype=np.float64)
    largest = float(np.abs(exact).max())
    if not np.isfinite(largest) or largest == 0.0:
        return None
    exact = exact / largest  # so that no square is beyond a float
    scaled: Vector = (exact / np.sqrt(np.vecdot(exact, exact))).astype(np.float32)
    return scaled


def similarity(one: Vector, other: Vector) -> float:
    """Return the cosine of the angle between two: 1 for the same direction."""
    return float(np.vecdot(one, other))


def to_bytes(vector: Vector) -> bytes:
    """Return a vector as 4-byte floats, little-endian."""
    return vector.astype(_LITTLE).tobytes()


def from_bytes(data: bytes) -> Vector | None:
    """Return the vector in bytes, at length 1; `None` if there is none."""
    if len(data) % _LITTLE.itemsize:
        return None
    return unit(np.frombuffer(data, dtype=_LITTLE))
