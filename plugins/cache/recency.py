"""Which of many things was used the longest time ago, at a fixed price for each use."""

from array import array


class Recency:
    """A ring of numbers in the order of their last use, in 8 bytes each.

    `OrderedDict` does the same, but stops for 24 ms when it makes room among 100,000 keys
    (CPython 3.11), and can't be walked while it is used.
    """

    def __init__(self) -> None:
        # Where 0, which stands for nothing, closes the ring.
        self._older = array("I", [0])
        self._newer = array("I", [0])
        self._free = 0
        """The number dropped last; each of those points to the one before in `_newer`."""

    @property
    def oldest(self) -> int:
        """The number that was not used for the longest time; 0 if there is none."""
        return self._newer[0]

    def new(self) -> int:
        """Return a number that is not in use, above 0 and as low as can be, as just used."""
        number = self._free
        if number:
            self._free = self._newer[number]
        else:
            number = len(self._newer)
            self._older.append(0)
            self._newer.append(0)
        self._join(number)
        return number

    def touch(self, number: int) -> None:
        """Take a number as just used."""
        olders, newers = self._older, self._newer
        newest = olders[0]
        if number == newest:
            return
        older, newer = olders[number], newers[number]
        newers[older] = newer
        olders[newer] = older
        olders[number] = newest
        newers[number] = 0
        newers[newest] = olders[0] = number

    def drop(self, number: int) -> None:
        """Take a number out of use; it is the next one that `new` returns."""
        self._leave(number)
        self._newer[number] = self._free
        self._free = number

    def _join(self, number: int) -> None:
        newest = self._older[0]
        self._older[number] = newest
        self._newer[number] = 0
        self._newer[newest] = self._older[0] = number

    def _leave(self, number: int) -> None:
        older, newer = self._older[number], self._newer[number]
        self._newer[older] = newer
        self._older[newer] = older
