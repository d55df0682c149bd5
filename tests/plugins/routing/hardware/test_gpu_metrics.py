"""The file `gpu_metrics`, format 3.0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.gpu_metrics import NOTHING, Metrics, parse
from tests.plugins.routing.hardware.machines import gpu_metrics


def test_the_figures_are_found_at_their_offsets() -> None:
    """Temperature, activity, power and clocks come in their units."""
    content = gpu_metrics(
        temperature=3850, activity=97, milliwatts=89_120, clock=2900, memory_clock=1000
    )
    assert parse(content) == Metrics(
        temperature=38.5, busy=0.97, watts=89.12, clock=2.9e9, memory_clock=1e9
    )


def test_what_the_chip_does_not_say_is_none() -> None:
    """All bits set stand for nothing; so do no watts, and more than an APU can take."""
    assert parse(gpu_metrics()) == NOTHING
    assert parse(gpu_metrics(milliwatts=0)).watts is None
    assert parse(gpu_metrics(milliwatts=1_000_001)).watts is None


def test_older_firmware_counts_in_hundredths() -> None:
    """An activity above 100 % is in hundredths of a percent, and never more than all the time."""
    assert parse(gpu_metrics(activity=9_700)).busy == pytest.approx(0.97)
    assert parse(gpu_metrics(activity=20_000)).busy == 1.0


@pytest.mark.parametrize("header", [(264, 2, 1), (264, 3, 1), (128, 3, 0)])
def test_other_formats_are_not_guessed(header: tuple[int, int, int]) -> None:
    """A header of another format or size says nothing."""
    assert parse(gpu_metrics(milliwatts=9000, header=header)) == NOTHING


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda b: gpu_metrics()[:150] + b))
def test_any_bytes_are_read(content: bytes) -> None:
    """No content raises, and figures are finite and not negative."""
    metrics = parse(content)
    for figure in (metrics.temperature, metrics.busy, metrics.watts, metrics.clock):
        assert figure is None or 0 <= figure < 1e12
    assert parse(None) == NOTHING
