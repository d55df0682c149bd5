"""Tests for benchmarks/routing_sim/report.py."""

from xml.etree import ElementTree

from benchmarks.routing_sim.ours import Ours
from benchmarks.routing_sim.policies import baselines
from benchmarks.routing_sim.report import HEAD, plot, table
from benchmarks.routing_sim.run import run
from benchmarks.routing_sim.traffic import HOUR, traffic

REQUESTS = traffic(1, 9 * HOUR, 9.2 * HOUR)
OUTCOMES = [run(Ours, REQUESTS), *(run(each.on, REQUESTS) for each in baselines())]


def test_the_table() -> None:
    """The table has one row for each policy, and all of its columns."""
    lines = table(OUTCOMES).splitlines()
    assert len(lines) == 2 + len(OUTCOMES)
    assert all(line.count("|") == len(HEAD) + 1 for line in lines)


def test_the_plot() -> None:
    """The plot is well-formed, names each policy, stays inside, and is the same each time."""
    text = plot(OUTCOMES)
    assert text == plot(OUTCOMES)
    ElementTree.fromstring(text)  # noqa: S314
    assert all(each.policy in text for each in OUTCOMES)


def test_no_outcome() -> None:
    """A day without requests can be shown too."""
    nothing = [run(Ours, [])]
    assert "ours" in table(nothing)
    ElementTree.fromstring(plot(nothing))  # noqa: S314
