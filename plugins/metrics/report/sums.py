"""What is added up of rows: a list of numbers, in the order of `NAMES`."""

from collections.abc import Iterable, Sequence
from operator import add

COUNTS = (
    "requests",
    "errors",
    "canceled",
    "answered",
    "hits",
    "joins",
    "misses",
    "retries",
    "prompt_tokens",
    "completion_tokens",
    "saved_prompt_tokens",
    "saved_completion_tokens",
    "measured",
    "modelled",
)
"""Whole numbers. `answered` are the requests that a model worked for, `measured` and `modelled`
those of them whose energy is known so."""
AMOUNTS = (
    "seconds",
    "waited",
    "load_seconds",
    "gpu_seconds",
    "saved_seconds",
    "wh",
    "money",
    "grams",
    "saved_wh",
    "saved_money",
)
"""Seconds, watt-hours, money and grams, as in `localai.Usage`."""
NAMES = (*COUNTS, *AMOUNTS)

OTHERS = ""
"""Stands for all names above the bound."""

_ZERO = [0.0] * len(NAMES)


class Sums:
    """Sums over rows, read by name."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[float] = _ZERO) -> None:
        self.values = list(values)

    def add(self, values: Iterable[float]) -> None:
        """Add sums of further rows."""
        self.values = list(map(add, self.values, values))

    def count(self, name: str) -> int:
        """Return a whole number."""
        return round(self.values[_AT[name]])

    def amount(self, name: str) -> float:
        """Return a sum of seconds, energy, money or grams."""
        return self.values[_AT[name]]


_AT = {name: at for at, name in enumerate(NAMES)}


class Named(dict[str, Sums]):
    """Sums for each name; the first `most` names have their own, the rest share one."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def add(self, name: str, values: Iterable[float]) -> None:
        """Add sums of rows with this name."""
        found = self.get(name)
        if found is None:
            if len(self) >= self._most:
                name = OTHERS
            found = self.setdefault(name, Sums())
        found.add(values)

    def ranked(self) -> list[tuple[str, Sums]]:
        """Return all, first what costs most; of what costs the same, what has most tokens."""
        return sorted(self.items(), key=_rank)


def _rank(item: tuple[str, Sums]) -> tuple[float, int, int, str]:
    name, sums = item
    tokens = sums.count("prompt_tokens") + sums.count("completion_tokens")
    return (-sums.amount("money"), -tokens, -sums.count("requests"), name)
