"""Vectors under keys, in groups: the nearest one of a group, and the least recently used one."""

from array import array
from collections.abc import Awaitable, Callable

from plugins.cache.recency import Recency
from plugins.cache.semantic.rows import Rows, View, nearest
from plugins.cache.semantic.vectors import Vector

Nearest = Callable[[View, Vector], Awaitable[int]]
"""Finds what `rows.nearest` does, in a thread."""

_Place = tuple[str, int]

AT_ONCE = 1_000_000
"""Numbers that are compared on the event loop, in 0.1 ms; more are in a thread."""


class Index:
    """At most `most` vectors; when full, the least recently used one goes.

    Each group has rows of its own, because only within a group is compared. One matrix for all,
    from which a group's rows are picked, is four times slower: they must be copied.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = Recency()
        self._by_key: dict[str, int] = {}
        # By group and dimensions: vectors of other dimensions are another model's.
        self._rows: dict[_Place, Rows] = {}
        # Of each number of `_used`; 0 is nothing.
        self._keys = [""]
        self._places: list[_Place] = [("", 0)]
        self._positions = array("I", [0])

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    @property
    def bytes(self) -> int:
        """Bytes that the vectors take."""
        return sum(rows.bytes for rows in self._rows.values())

    def add(self, key: str, group: str, vector: Vector) -> None:
        """Add a vector, in the place of one that the key had before."""
        self.remove(key)
        while len(self._by_key) >= self._most:
            self.remove(self._keys[self._used.oldest])
        place = group, len(vector)
        rows = self._rows.get(place)
        if rows is None:
            rows = self._rows[place] = Rows(len(vector))
        number = self._by_key[key] = self._used.new()
        if number == len(self._keys):
            self._keys.append(key)
            self._places.append(place)
            self._positions.append(0)
        self._keys[number] = key
        self._places[number] = place
        self._positions[number] = rows.add(number, vector)

    def remove(self, key: str) -> bool:
        """Remove a key; say whether it was there."""
        number = self._by_key.pop(key, None)
        if number is None:
            return False
        place, position = self._places[number], self._positions[number]
        moved = self._rows[place].remove(position)
        if moved is not None:
            self._positions[moved] = position
        if not self._rows[place]:
            del self._rows[place]
        self._keys[number] = ""
        self._used.drop(number)
        return True

    def touch(self, key: str) -> None:
        """Take a key as just used."""
        if (number := self._by_key.get(key)) is not None:
            self._used.touch(number)

    async def find(self, group: str, query: Vector, in_thread: Nearest) -> tuple[str, float] | None:
        """Return the nearest key of a group, and how similar it is.

        What is changed while a thread looks may be missed, but never taken for something else.
        """
        rows = self._rows.get((group, len(query)))
        if rows is None:
            return None
        view = rows.view()
        if len(rows) * rows.dimensions <= AT_ONCE:
            position = nearest(view, query)
        else:
            position = await in_thread(view, query)
        found = rows.at(position, query)
        if found is None:
            return None
        number, score = found
        return self._keys[number], score
