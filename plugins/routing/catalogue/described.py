"""What `/api/show` said, by digest: it is asked once for each, by whichever host has it first."""

from collections.abc import Collection

from plugins.routing.catalogue.model import Facts
from plugins.routing.catalogue.reading import Shown


class Described:
    """Shared by all hosts; bounded by `keep`, which leaves what hosts list."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}
        self._asked: set[str] = set()

    def get(self, key: str) -> Shown | None:
        """Return what is known."""
        return self._shown.get(key)

    def begin(self, key: str) -> bool:
        """Say whether to ask: it is not known, and nobody asks. Ends with `end`."""
        if key in self._shown or key in self._asked:
            return False
        self._asked.add(key)
        return True

    def end(self, key: str, shown: Shown | None) -> None:
        """Keep the answer, if there was one."""
        self._asked.discard(key)
        if shown is not None:
            self._shown[key] = shown

    def keep(self, keys: Collection[str]) -> None:
        """Forget all others."""
        self._shown = {key: shown for key, shown in self._shown.items() if key in keys}

    def adopt(self, other: "Described") -> None:
        """Begin with what another one knows."""
        self._shown |= other._shown


def described_by(url: str, facts: Facts) -> str:
    """Return the key of a model's description: its digest, or where an old server has none."""
    return facts.digest or f"{url} {facts.name} {facts.size}"
