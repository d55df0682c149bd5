"""Figures as text, read again by prometheus_client and by promtool."""

import asyncio
import math
import shutil
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.prometheus.figures import SECONDS, Counter, Family, Histogram
from plugins.metrics.prometheus.text import text_of
from tests.pace import longest_step, within_async
from tests.plugins.metrics.prometheus.support import figures_of, written

NUMBERS = st.floats() | st.integers(-(10**20), 10**20).map(float)
# The other program can't read a lone surrogate, nor what it takes for the end of a line.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x85\u2028\u2029"))


@given(st.dictionaries(st.tuples(TEXTS, TEXTS), NUMBERS))
def test_what_is_written_is_read(values: dict[tuple[str, ...], float]) -> None:
    """Any labels and any number come back as they were, infinite ones and quotes too."""
    cells = {labels: [value] for labels, value in values.items()}
    family = Family(name="x", help='A "\\" \n.', kind="gauge", labels=("a", "b"), cells=cells)
    read = figures_of([family]).get("x", {})
    assert read.keys() == values.keys()
    assert all(
        read[key] == value or (math.isnan(value) and math.isnan(read[key]))
        for key, value in values.items()
    )


async def test_a_histogram_is_cumulative() -> None:
    """Each bucket has all that is smaller, the infinite one all there is."""
    histogram = Histogram("x_seconds", "Some.", (0.1, 1.0), "label")
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value, "a")
    figures = await written([histogram.family])
    assert figures == {
        "x_seconds_bucket": {("a", "0.1"): 2, ("a", "1.0"): 3, ("a", "+Inf"): 4},
        "x_seconds_sum": {("a",): 7.65},
        "x_seconds_count": {("a",): 4},
    }
    histogram = Histogram("x_seconds", "Some.", (0.1,))
    assert (await written([histogram.family]))["x_seconds_bucket"] == {("0.1",): 0, ("+Inf",): 0}


async def test_promtool_takes_it() -> None:
    """Prometheus' own linter has nothing to say about counters, gauges and histograms."""
    counter = Counter("x_total", "Some.", "label")
    counter.add(1, 'a "quoted" \\ text\nof two lines')
    histogram = Histogram("x_seconds", "Some.", SECONDS, "label")
    histogram.observe(2, "a")
    gauge = Family(name="x_bytes", help="Some.", kind="gauge", cells={(): [math.inf]})
    text = await text_of([counter.family, histogram.family, gauge])
    promtool = shutil.which("promtool")
    assert promtool, "the tests need promtool, of Debian's package prometheus"
    done = await asyncio.to_thread(
        subprocess.run,
        [promtool, "check", "metrics"],
        input=text,
        capture_output=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def _many() -> list[Family]:
    families = []
    for at in range(5):
        histogram = Histogram(f"x{at}_seconds", "Some.", SECONDS, "model", "host")
        for number in range(100):
            histogram.observe(number, f"model-{number}:latest", "1")
        families.append(histogram.family)
    return families


async def test_to_write_is_cheap() -> None:
    """500 histograms, 9,000 lines, take less than 15 ms of CPU."""
    families = _many()
    await within_async(0.015, lambda: text_of(families))


def test_others_have_their_turns() -> None:
    """No step of it takes longer than a millisecond, however much there is to write."""
    families = _many()
    assert longest_step(lambda: text_of(families)) < 0.001
