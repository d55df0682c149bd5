"""Watts from the sensor of amdgpu."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.power import PowerSensor

centiwatts = st.integers(0, 20_000)


def packed(hundredths: int) -> int:
    """Return what kernels with the fault show for hundredths of a watt, in microwatts."""
    whole, rest = divmod(hundredths, 100)
    query = whole << 8 | rest  # smu_v14_0_0_ppt.c
    return (query >> 8) * 1_000_000 + (query & 0xFF) * 1_000  # amdgpu_pm.c


def test_the_example_of_the_kernel() -> None:
    """9.87 W, which such a kernel shows as 9087000 µW, is read as 9.87 W."""
    assert packed(987) == 9_087_000
    assert PowerSensor().watts(9_087_000) == pytest.approx(9.87)


@given(st.lists(centiwatts))
def test_the_fault_is_undone(samples: list[int]) -> None:
    """Whatever was drawn, a kernel with the fault is read rightly in every sample."""
    sensor = PowerSensor()
    for sample in samples:
        assert sensor.watts(packed(sample)) == pytest.approx(sample / 100)


@given(st.lists(st.integers(0, 200_000_000)))
def test_a_right_count_is_left_alone(samples: list[int]) -> None:
    """A fraction above 0.099 W proves the count right; before, it errs by 0.9 W at most."""
    sensor, is_known = PowerSensor(), False
    for sample in samples:
        is_known = is_known or sample % 1_000_000 > 99_000
        watts = sensor.watts(sample)
        assert watts == pytest.approx(sample / 1e6, abs=1e-9 if is_known else 0.9)


@given(st.integers(0, 500_000_000))
def test_other_cards_are_not_touched(sample: int) -> None:
    """Only APUs have the fault."""
    assert PowerSensor(is_integrated=False).watts(sample) == sample / 1e6
