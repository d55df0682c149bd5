"""Other plugins' figures by their names."""

from localai import Measure
from plugins.metrics.dashboard.figures import IDLE, Figures


def gauge(name: str, *values: tuple[tuple[str, ...], float]) -> Measure:
    """Return a figure."""
    return Measure(name=name, help="A.", kind="gauge", labels=("kind",), values=values)


def test_what_nobody_knows_is_none() -> None:
    """Without a plugin that keeps it, a figure is `None` or empty."""
    figures = Figures([gauge("localai_something_else", (("a",), 1.0))])
    assert figures.one(IDLE) is None
    assert figures.by_label("localai_host_up") == {}
    assert figures.memory() is None


def test_figures_are_found_by_name() -> None:
    """One figure is the sum over its labels, or told by its label."""
    figures = Figures(
        [gauge(IDLE, ((), 4.0)), gauge("localai_host_up", (("1",), 1.0), (("2",), 0.0))]
    )
    assert figures.one(IDLE) == 4.0
    assert figures.one("localai_host_up") == 1.0
    assert figures.by_label("localai_host_up") == {"1": 1.0, "2": 0.0}


def test_memory_is_told_by_its_kind() -> None:
    """The machine's memory and its card's have names of their own; what is missing is `None`."""
    figures = Figures(
        [
            gauge("localai_memory_total_bytes", (("ram",), 64.0), (("gtt",), 32.0)),
            gauge("localai_memory_used_bytes", (("ram",), 6.0), (("gtt",), 3.0), (("vram",), 1.0)),
        ]
    )
    assert figures.memory() == {
        "used_bytes": 6.0,
        "total_bytes": 64.0,
        "vram_used_bytes": 1.0,
        "vram_total_bytes": None,
        "gtt_used_bytes": 3.0,
        "gtt_total_bytes": 32.0,
    }
