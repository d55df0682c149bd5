"""The names of models as labels: few, whatever callers ask for."""

from localai import full_name
from plugins.metrics.conventions import OTHER

SPELLINGS = 8
"""Ways to write a model's name that are remembered, for each model."""


class ModelNames:
    """Gives a label of its own to each model that has answered, up to a number of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()
        self._labels: dict[str, str] = {}
        """By how the name was written, of those that are known."""

    def label(self, name: str, *, answered: bool) -> str:
        """Return the label of a model; names that never answered fold into one."""
        label = self._labels.get(name)
        if label is not None:
            return label
        label = full_name(name).lower()
        if label not in self._known:
            if not answered or len(self._known) >= self._most:
                return OTHER
            self._known.add(label)
        if len(self._labels) >= SPELLINGS * self._most:
            self._labels.clear()
        self._labels[name] = label
        return label
