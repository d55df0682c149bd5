"""Figures that plugins keep of themselves, for whoever shows them."""

from collections.abc import Sequence
from typing import Literal

from core.value import Value


class Measure(Value, frozen=True, kw_only=True):
    """One figure under one name, for each set of labels; the sets are bounded by who keeps it."""

    name: str
    """As Prometheus writes it, with its unit: `localai_queue_waiting`, `localai_energy_joules`."""
    help: str
    """One sentence."""
    kind: Literal["counter", "gauge"]
    """A counter only grows while the process lives."""
    labels: tuple[str, ...] = ()
    values: Sequence[tuple[tuple[str, ...], float]] = ()
    """The labels' values, in the labels' order, and the figure."""
    across: Literal["sum", "max"] = "sum"
    """How the figures of several routers on one machine become one: `max` for what each of them
    sees whole, such as the machine's power."""
