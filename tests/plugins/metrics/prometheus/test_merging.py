"""The figures of several routers as those of one."""

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.metrics.prometheus.figures import Family, Histogram
from plugins.metrics.prometheus.merging import Families, buried, by_name, total

# Whole numbers, so that sums are exact.
AMOUNTS = st.integers(0, 1000).map(float)
LABELS: st.SearchStrategy[tuple[str, ...]] = st.sampled_from([("a",), ("b",), ("c",)])


def _families(counts: dict[tuple[str, ...], float]) -> Families:
    """Return a counter, a histogram and a gauge of these counts, and what all see whole."""
    shapes = {"x_total": "counter", "y_bytes": "gauge", "z_joules_total": "counter"}
    histogram = Histogram("h_seconds", "Some.", (10.0,), "label")
    for labels, value in counts.items():
        histogram.observe(value, *labels)
    return by_name(
        [
            histogram.family,
            *(
                Family(
                    name=name,
                    help="Some.",
                    kind="counter" if kind == "counter" else "gauge",
                    labels=("label",),
                    across="max" if "joules" in name else "sum",
                    cells={labels: [value] for labels, value in counts.items()},
                )
                for name, kind in shapes.items()
            ),
        ]
    )


ROUTERS = st.dictionaries(LABELS, AMOUNTS).map(_families)


def _without_zeros(families: Families) -> dict[str, dict[tuple[str, ...], list[float]]]:
    """Return what there is to see: a series that is 0 may as well not be there."""
    return {
        name: {labels: cells for labels, cells in family.cells.items() if any(cells)}
        for name, family in families.items()
        if family.kind != "gauge"
    }


@given(st.lists(ROUTERS, min_size=1))
def test_sums_are_sums_and_the_largest_is_the_largest(routers: list[Families]) -> None:
    """What each router counts adds up; of what each sees whole, the one that saw most is right."""
    found = total({}, routers)
    for name, each in (("x_total", sum), ("y_bytes", sum), ("z_joules_total", max)):
        for labels, cells in found[name].cells.items():
            seen = [r[name].cells[labels][0] for r in routers if labels in r[name].cells]
            assert cells == [each(seen)]
    for labels, (low, high, _) in found["h_seconds"].cells.items():
        assert low + high == sum(labels in r["h_seconds"].cells for r in routers)


@settings(max_examples=50)
@given(ROUTERS, st.lists(ROUTERS, max_size=4), st.lists(ROUTERS, max_size=4))
def test_no_counter_changes_when_a_router_ends(
    past: Families, dead: list[Families], living: list[Families]
) -> None:
    """All counts are after a burial what they were before, and the living are as they were."""
    past = {name: family for name, family in past.items() if family.kind != "gauge"}
    before = total(past, [*living, *dead])
    kept = deepcopy(living)
    after = total(buried(past, dead, living), living)
    assert _without_zeros(after) == _without_zeros(before)
    assert living == kept


@given(ROUTERS, ROUTERS, ROUTERS)
def test_who_lives_on_counts_on(dead: Families, living: Families, grown: Families) -> None:
    """What a router counts after another one has ended comes on top."""
    more = total({}, [living, grown])
    for name in ("x_total", "h_seconds"):
        after = total(buried({}, [dead], [living]), [more])[name]
        assert after.cells == total({}, [dead, more])[name].cells


@given(ROUTERS, ROUTERS)
def test_gauges_end_with_their_router(dead: Families, living: Families) -> None:
    """What a dead router had is of no interest, but what it has counted."""
    assert "y_bytes" not in buried({}, [dead], [living])
    assert buried({}, [dead], []).keys() == {"x_total", "h_seconds", "z_joules_total"}


def test_another_version_is_left_out() -> None:
    """A name that means something else in another router is not added to what it means here."""
    ours = by_name([Family(name="x_total", help="", kind="counter", cells={(): [1.0]})])
    others = (
        Family(name="x_total", help="", kind="counter", labels=("a",), cells={("1",): [5.0]}),
        Family(name="x_total", help="", kind="histogram", bounds=(1.0,), cells={(): [1.0] * 3}),
        Family(name="x_total", help="", kind="counter", across="max", cells={(): [5.0]}),
    )
    for other in others:
        assert total({}, [ours, by_name([other])]) == ours
