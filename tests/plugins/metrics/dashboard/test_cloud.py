"""What clouds would have taken."""

from pathlib import Path

import pytest

from plugins.metrics.dashboard.cloud import cloud_price
from plugins.metrics.dashboard.day import Sums
from tests.plugins.support import serving

PRICES = """
[plugins.metrics.report]
currency = "EUR"
exchange = { USD = 0.5 }
prices = [
  { name = "dear", input = 10.0, output = 100.0 },
  { name = "cheap", input = 1.0, output = 10.0, embeddings = 4.0 },
  { name = "elsewhere", input = 0.0, output = 0.0, currency = "XYZ" },
]
"""
SUMS = Sums(read=2_000_000, written=1_000_000, embedded=500_000)


async def test_the_cheapest_cloud_is_told(tmp_path: Path) -> None:
    """Today's tokens are priced by the report's table, in its money; unknown money is left out."""
    async with serving(tmp_path, "metrics.report", PRICES) as (router, _):
        currency, cost = cloud_price(router.gateway, SUMS)
        assert currency == "EUR"
        assert cost == pytest.approx(0.5 * (2 + 10 + 2))


async def test_without_a_report_there_is_no_price(tmp_path: Path) -> None:
    """A router without the report compares with nothing."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        assert cloud_price(router.gateway, SUMS) == (None, None)
