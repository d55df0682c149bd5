"""All figures of one look."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from localai import Measure
from plugins.metrics.prometheus import collection
from plugins.metrics.prometheus.collection import Collection
from plugins.metrics.prometheus.figures import MOST_SERIES, Family
from tests.pace import longest_step


def measure(name: str = "x_total", **changes: Any) -> Measure:
    """Return a counter, with these fields changed."""
    fields = {"help": "Some.", "kind": "counter", "labels": ("a",), "values": [(("1",), 2.0)]}
    return Measure(name=name, **(fields | changes))


@pytest.fixture(autouse=True)
def _new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "_said", set())


async def test_measures_become_families() -> None:
    """All that a measure says is in its family; two of one name are one."""
    collection = Collection()
    more = measure(values=[(("2",), 3.0)])
    await collection.add_measures([measure(across="max"), measure("y", kind="gauge"), more])
    one, two = collection
    assert one.cells == {("1",): [2.0], ("2",): [3.0]}
    assert (one.name, one.kind, one.labels, one.across) == ("x_total", "counter", ("a",), "max")
    assert (two.name, two.kind) == ("y", "gauge")


@pytest.mark.parametrize(
    "wrong",
    [
        measure("x-total"),
        measure("Ünit"),
        measure("1x"),
        measure(""),
        measure("x_total 1\n#"),
        measure(labels=("a b",)),
        measure(labels=("le",)),
        measure(labels=("a", "b")),
        measure(values=[(("1",), "many")]),
        measure(values=None),
    ],
)
async def test_what_is_wrong_costs_only_itself(wrong: Measure) -> None:
    """One that Prometheus would not take is left out, is said once, and all others are there."""
    with capture_logs() as logs:
        for _ in range(2):
            found = Collection()
            await found.add_measures([wrong, measure("right_total")])
    assert [each.name for each in found if each.cells] == ["right_total"]
    assert len(logs) == 1


async def test_a_name_is_for_one_thing() -> None:
    """The second of two plugins with one name for different things is left out."""
    found = Collection()
    with capture_logs() as logs:
        await found.add_measures([measure(), measure(kind="gauge", values=[(("1",), 9.0)])])
    assert [each.cells for each in found] == [{("1",): [2.0]}]
    assert len(logs) == 1


async def test_series_are_bounded() -> None:
    """Of a plugin that keeps no bound, so many are taken and no more."""
    found = Collection()
    values = [((str(number),), 1.0) for number in range(MOST_SERIES + 10)]
    await found.add_measures([measure(values=values)])
    assert [len(each.cells) for each in found] == [MOST_SERIES]


def test_others_have_their_turns() -> None:
    """No step of it takes longer than a millisecond, however many figures there are."""
    values = [((str(number),), 1.0) for number in range(200)]
    measures = [measure(f"x{number}_total", values=values) for number in range(50)]
    assert longest_step(lambda: Collection().add_measures(measures)) < 0.001


async def test_a_family_takes_the_place_of_a_measure() -> None:
    """What is known to be right counts."""
    found = Collection()
    await found.add_measures([measure()])
    found.add(Family(name="x_total", help="Some.", kind="counter", cells={(): [7.0]}))
    assert [each.cells for each in found] == [{(): [7.0]}]
