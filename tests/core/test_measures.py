"""The figures of plugins, from the hook to whoever shows them."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.config import parse
from core.gateway import Gateway
from core.generation import Generation, build
from core.hooks import hookimpl
from core.measures import Measure

WAITING = Measure(
    name="localai_test_waiting",
    help="Requests that wait.",
    kind="gauge",
    labels=("model",),
    values=((("a",), 2.0), (("b",), 0.5)),
)


class Counts:
    """A plugin with a figure."""

    @hookimpl
    def measures(self) -> Sequence[Measure]:
        """Return it."""
        return [WAITING]


class Crashes:
    """A plugin whose figures can't be had."""

    @hookimpl
    def measures(self) -> Sequence[Measure]:
        """Fail."""
        raise OSError("gone")


@pytest.fixture
def generation(tmp_path: Path) -> Generation:
    """A generation with both, the one that crashes first."""
    toml = f"""
[chain]
plugins = ["crashes", "counts"]
[plugins.crashes]
use = "{__name__}:Crashes"
[plugins.counts]
use = "{__name__}:Counts"
"""
    settings = parse(toml, tmp_path / "localai.toml")
    return build(Gateway(settings), settings, 1, None)


def test_a_plugin_that_crashes_takes_no_others_figures_away(generation: Generation) -> None:
    """The figures of all other plugins are there, and the log names the one that crashed."""
    with capture_logs() as logs:
        assert list(generation.measures()) == [WAITING]
    assert [entry["plugin"] for entry in logs] == ["crashes"]


def test_a_plugin_is_found_by_its_class(generation: Generation) -> None:
    """`find` returns the instance in the chain, or nothing."""
    assert isinstance(generation.find(Counts), Counts)
    assert generation.find(Generation) is None


def test_a_plugin_whose_code_has_changed_is_still_found(generation: Generation) -> None:
    """A class of the same module and name is the same plugin, as another one imported it."""
    again = type("Counts", (), {"__module__": __name__, "__qualname__": "Counts"})
    assert isinstance(generation.find(again), Counts)
