"""The tables of clocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.clocks import in_use


@pytest.mark.parametrize(
    ("table", "clock"),
    [
        ("0: 600Mhz \n1: 848Mhz *\n2: 2900Mhz ", 848e6),
        ("S: 19Mhz *\n0: 500Mhz \n1: 2482Mhz ", 19e6),
        ("0: 400Mhz*", 400e6),
        ("0: 400Mhz \n1: 800Mhz ", None),
        ("", None),
        (None, None),
        ("OD_SCLK:\n0: many *", None),
    ],
)
def test_the_clock_with_the_star_is_in_use(table: str | None, clock: float | None) -> None:
    """The star marks the clock; a table without one, or none at all, tells nothing."""
    assert in_use(table) == clock


@given(st.text())
def test_any_text_is_read(table: str) -> None:
    """No text raises."""
    in_use(table)
