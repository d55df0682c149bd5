"""Vectors of length 1."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.cache.semantic.vectors import MOST, from_bytes, similarity, to_bytes, unit

VALUES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20)


@settings(deadline=None)
@given(VALUES)
def test_any_direction_has_length_1(values: list[float]) -> None:
    """Finite numbers that are not all zero, however large or small, keep their direction."""
    vector = unit(values)
    if not any(values):
        assert vector is None
        return
    assert vector is not None
    assert vector.dtype == np.float32
    assert math.isclose(math.hypot(*vector.tolist()), 1.0, rel_tol=1e-5)
    largest = max(range(len(values)), key=lambda at: abs(values[at]))
    assert math.copysign(1, vector[largest]) == math.copysign(1, values[largest])


@pytest.mark.parametrize(
    "values",
    [[], [0.0, 0.0], [math.nan, 1.0], [math.inf], [-math.inf, 1.0], [1.0] * (MOST + 1)],
    ids=["none", "zero", "not a number", "infinite", "minus infinite", "too many"],
)
def test_what_is_no_direction_is_refused(values: list[float]) -> None:
    """None, zero, what is not finite, and too many numbers make no vector."""
    assert unit(values) is None


@settings(deadline=None)
@given(VALUES)
def test_a_vector_survives_as_bytes(values: list[float]) -> None:
    """It comes back as it was, but for the last digit of a 4-byte float."""
    vector = unit(values)
    if vector is not None:
        data = to_bytes(vector)
        assert len(data) == 4 * len(values)
        again = from_bytes(data)
        assert again is not None
        assert np.allclose(again, vector, atol=1e-6)


@pytest.mark.parametrize("data", [b"", b"abc", bytes(8), b"\xff" * 8, b"\x00\x00\x80\x7f"])
def test_bytes_that_are_no_vector_are_refused(data: bytes) -> None:
    """Nothing, a part of a number, zeros, and what is not finite."""
    assert from_bytes(data) is None


def test_similarity_is_that_of_directions() -> None:
    """1 for the same, 0 for a right angle, -1 for the opposite, whatever the lengths."""
    one, other, right = unit([1.0, 2.0]), unit([-3.0, -6.0]), unit([2.0, -1.0])
    assert one is not None
    assert other is not None
    assert right is not None
    assert similarity(one, one) == pytest.approx(1)
    assert similarity(one, other) == pytest.approx(-1)
    assert similarity(one, right) == pytest.approx(0, abs=1e-6)
