"""What today's tokens would have cost elsewhere, by the prices of the report."""

from typing import TYPE_CHECKING

from localai import Gateway
from plugins.metrics.dashboard.day import Sums

if TYPE_CHECKING:
    from plugins.metrics.report.report import Reporter

REPORT = "metrics.report"


def cloud_price(gateway: Gateway, sums: Sums) -> tuple[str | None, float | None]:
    """Return the money that prices are in, and what the cheapest cloud would have taken.

    `None` where there is no report, or no price in that money.
    """
    reporter = _reporter(gateway)
    if reporter is None:
        return None, None
    from plugins.metrics.report.prices import Traffic, in_the_cloud

    traffic = Traffic(
        input=round(sums.read),
        output=round(sums.written),
        embedded=round(sums.embedded),
        cost=sums.money,
    )
    compared = in_the_cloud(traffic, reporter.prices, reporter.currency, reporter.exchange)
    costs = [each["cost"] for each in compared if each["cost"] is not None]
    return reporter.currency, min(costs, default=None)


def _reporter(gateway: Gateway) -> "Reporter | None":
    """Return what makes the reports; its code is not imported where it is off."""
    plugins = gateway.current.plugins
    found = next((plugin.instance for plugin in plugins if plugin.name == REPORT), None)
    return getattr(found, "reporter", None)
