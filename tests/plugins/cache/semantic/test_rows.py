"""The vectors of one group, against a list."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.cache.semantic import rows as rows_module
from plugins.cache.semantic.rows import Rows, nearest
from plugins.cache.semantic.vectors import Vector, similarity, unit

SMALL = st.integers(0, 2**32 - 1)


def direction(seed: int, dimensions: int = 3) -> Vector:
    """Return some vector."""
    vector = unit(np.random.default_rng(seed).standard_normal(dimensions))
    assert vector is not None
    return vector


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), SMALL), max_size=60), SMALL)
def test_the_nearest_is_that_of_a_list(steps: list[tuple[bool, int]], asked: int) -> None:
    """After any additions and removals, in blocks of any fill, the nearest one is found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "BLOCK", 4)
        patch.setattr(rows_module, "FIRST", 2)
        rows = Rows(3)
        there: list[tuple[int, Vector]] = []  # by position
        for number, (adds, seed) in enumerate(steps, start=1):
            if adds or not there:
                assert rows.add(number, direction(seed)) == len(there)
                there.append((number, direction(seed)))
            else:
                position = seed % len(there)
                moved = rows.remove(position)
                last = there.pop()
                if position < len(there):
                    there[position] = last
                    assert moved == last[0]
                else:
                    assert moved is None
        assert len(rows) == len(there)
        assert sum(len(block) for block in rows.view()) == len(there)
        query = direction(asked)
        if there:
            found = rows.at(nearest(rows.view(), query), query)
            assert found is not None
            assert found[1] == max(similarity(vector, query) for _, vector in there)
            assert (found[0], True) in [
                (number, bool((vector == dict(there)[found[0]]).all())) for number, vector in there
            ]
        assert rows.at(len(there), query) is None


def test_a_group_of_one_is_small_and_a_large_one_is_not_copied() -> None:
    """Room begins with a few vectors; from a block on, what is there stays where it is."""
    rows = Rows(8)
    rows.add(1, direction(1, 8))
    assert rows.bytes == rows_module.FIRST * 8 * 4
    for number in range(2, rows_module.BLOCK + 1):
        rows.add(number, direction(number, 8))
    (block,) = rows.view()
    rows.add(0, direction(0, 8))
    assert rows.view()[0].base is block.base
    assert rows.bytes == 2 * rows_module.BLOCK * 8 * 4
    rows.remove(0)
    assert rows.bytes == rows_module.BLOCK * 8 * 4
