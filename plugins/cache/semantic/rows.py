"""The vectors of one group, and which of them is nearest to another.

All are compared: at 10,000 vectors of 384 numbers that takes 1 ms, finds the nearest one every
time, and leaves nothing to tune. An approximate index (HNSW, as in hnswlib or faiss) would take
0.1 ms, but misses some, costs 100 times as much to add to, and hardly lets anything be removed.

`np.vecdot` computes in one thread. The product of matrix and vector by `@` is as quick, but wakes
the threads of OpenBLAS, which then burn 5 ms of CPU waiting for more.
"""

from array import array
from collections.abc import Sequence

import numpy as np

from plugins.cache.semantic.vectors import Matrix, Vector, similarity

BLOCK = 1024
"""Vectors that are held in one piece: a large one would have to be copied whole to grow."""
FIRST = 4
"""Vectors that a new group has room for; most conversations are alone in theirs."""

View = Sequence[Matrix]
"""Vectors as they are at a moment; they may be changed, but not moved, while they are looked at."""


class Rows:
    """Numbered vectors of the same dimensions, in no order."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._numbers = array("I")
        self._blocks: list[Matrix] = []

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def bytes(self) -> int:
        """Bytes that the vectors take, with the room for more."""
        return sum(block.nbytes for block in self._blocks)

    def add(self, number: int, vector: Vector) -> int:
        """Add a vector under a number; return its position."""
        position = len(self._numbers)
        at, row = divmod(position, BLOCK)
        if at == len(self._blocks):
            room = FIRST if at == 0 else BLOCK
            self._blocks.append(np.empty((room, self.dimensions), np.float32))
        elif row == len(self._blocks[at]):
            grown = np.empty((min(2 * row, BLOCK), self.dimensions), np.float32)
            grown[:row] = self._blocks[at]
            self._blocks[at] = grown
        self._blocks[at][row] = vector
        self._numbers.append(number)
        return position

    def remove(self, position: int) -> int | None:
        """Remove the vector at a position; return the number of the one that is there now."""
        last = len(self._numbers) - 1
        moved = self._numbers.pop()
        if position != last:
            self._numbers[position] = moved
            self._row(position)[:] = self._row(last)
        if last % BLOCK == 0:
            self._blocks.pop()
        return None if position == last else moved

    def view(self) -> View:
        """Return the vectors to look at, perhaps in a thread."""
        full, rest = divmod(len(self._numbers), BLOCK)
        return [*self._blocks[:full], *([self._blocks[full][:rest]] if rest else [])]

    def at(self, position: int, query: Vector) -> tuple[int, float] | None:
        """Return the number at a position, and how similar its vector is to another.

        `None` if nothing is there any more.
        """
        if position >= len(self._numbers):
            return None
        return self._numbers[position], similarity(self._row(position), query)

    def _row(self, position: int) -> Vector:
        at, row = divmod(position, BLOCK)
        found: Vector = self._blocks[at][row]
        return found


def nearest(view: View, query: Vector) -> int:
    """Return the position of the vector that is nearest to another."""
    best, position, start = -np.inf, 0, 0
    for block in view:
        scores = np.vecdot(block, query)
        row = int(scores.argmax())
        if scores[row] > best:
            best, position = scores[row], start + row
        start += len(block)
    return position
