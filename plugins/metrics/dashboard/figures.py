"""The figures that other plugins keep, by their names."""

from collections.abc import Iterable, Mapping
from typing import Any

from localai import Measure

IDLE = "localai_energy_idle_joules_total"
WANTED = frozenset(
    {
        IDLE,
        "localai_host_draining",
        "localai_host_up",
        "localai_limit_refusals_total",
        "localai_memory_total_bytes",
        "localai_memory_used_bytes",
        "localai_temperature_celsius",
    }
)

Labels = tuple[str, ...]


class Figures:
    """What the plugins say at one moment; what none of them knows is `None`."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._by_name = {each.name: each for each in measures if each.name in WANTED}

    def one(self, name: str) -> float | None:
        """Return the figure that has no labels, or the sum over all labels."""
        assert name in WANTED
        found = self._by_name.get(name)
        return sum(figure for _, figure in found.values) if found and found.values else None

    def by_label(self, name: str) -> Mapping[str, float]:
        """Return the figures by their only label."""
        assert name in WANTED
        found = self._by_name.get(name)
        return {labels[0]: figure for labels, figure in found.values} if found else {}

    def memory(self) -> dict[str, Any] | None:
        """Return bytes of the machine and of its card; GTT is what that may map of the machine's.

        `None` where nobody watches a card.
        """
        total = self.by_label("localai_memory_total_bytes")
        used = self.by_label("localai_memory_used_bytes")
        if not total:
            return None
        names = {"ram": "", "vram": "vram_", "gtt": "gtt_"}
        return {
            f"{prefix}{word}_bytes": figures.get(kind)
            for kind, prefix in names.items()
            for word, figures in (("used", used), ("total", total))
        }
