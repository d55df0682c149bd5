"""Counters and histograms."""

import math
from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.conventions import OTHER
from plugins.metrics.prometheus.figures import (
    MOST_SERIES,
    OVERHEAD_SECONDS,
    SECONDS,
    SHORT_SECONDS,
    TOKEN_SECONDS,
    TOKENS,
    Counter,
    Histogram,
    copies,
)
from tests.pace import within

BOUNDS = (0.1, 1.0, 10.0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1000))))
def test_a_counter_is_the_sum_of_what_was_added(amounts: list[tuple[str, int]]) -> None:
    """Each label has its own sum."""
    counter = Counter("x_total", "Some.", "label")
    for label, amount in amounts:
        counter.add(amount, label)
    sums = {(label,): [sum(n for other, n in amounts if other == label)] for label, _ in amounts}
    assert counter.family.cells == sums


@given(st.lists(st.floats(0, 100)))
def test_each_value_is_in_the_first_bucket_that_holds_it(values: list[float]) -> None:
    """A value falls into the bucket with the least bound that is not below it."""
    histogram = Histogram("x", "Some.", BOUNDS)
    for value in values:
        histogram.observe(value)
    *buckets, total = histogram.family.cells[()]
    bounds = (*BOUNDS, math.inf)
    assert buckets == [
        sum(next(b for b in bounds if value <= b) == bound for value in values) for bound in bounds
    ]
    assert math.isclose(total, sum(values), abs_tol=1e-9)


def test_what_has_no_labels_is_there_from_the_start() -> None:
    """So that an alert can tell none from unknown; with labels nothing is there before."""
    assert Counter("x_total", "Some.").family.cells == {(): [0.0]}
    assert Histogram("x", "Some.", BOUNDS).family.cells == {(): [0.0] * 5}
    assert Counter("x_total", "Some.", "label").family.cells == {}


def test_series_are_bounded() -> None:
    """Above the bound all labels share one series, and nothing is lost."""
    counter = Counter("x_total", "Some.", "one", "two")
    for number in range(MOST_SERIES + 100):
        counter.add(1, str(number), "x")
    cells = counter.family.cells
    assert len(cells) == MOST_SERIES + 1
    assert cells[OTHER, OTHER] == [100.0]


def test_a_copy_stays_as_it_was() -> None:
    """What is counted later is not in it."""
    counter = Counter("x_total", "Some.")
    (copy,) = copies([counter.family])
    counter.add(1)
    assert copy.cells == {(): [0.0]}


def test_a_counter_is_a_measure() -> None:
    """Name, labels and values are those of the family."""
    counter = Counter("x_total", "Some.", "label")
    counter.add(2, "a")
    measure = counter.family.measure()
    assert (measure.name, measure.kind, measure.labels) == ("x_total", "counter", ("label",))
    assert list(measure.values) == [(("a",), 2.0)]


def test_bounds_rise() -> None:
    """Each list of bounds is sorted, and fits what local models do: tokens up to 128k, 10 min."""
    for bounds in (SECONDS, SHORT_SECONDS, OVERHEAD_SECONDS, TOKEN_SECONDS, TOKENS):
        assert list(bounds) == sorted(set(bounds))
        assert bisect_left(bounds, bounds[-1]) == len(bounds) - 1
    assert (SECONDS[-1], TOKENS[-1], TOKEN_SECONDS[-1]) == (600, 128 * 1024, 2)


def test_counting_is_cheap() -> None:
    """A hundred observations and additions with five labels take less than 150 µs."""
    labels = ("chat", "ollama", "llama3.2:latest", "1", "")
    histogram = Histogram("x", "Some.", SECONDS, *"abcde")
    counter = Counter("x_total", "Some.", *"abcde")

    def count() -> None:
        for _ in range(100):
            histogram.observe(3.3, *labels)
            counter.add(1, *labels)

    within(150e-6, count)
