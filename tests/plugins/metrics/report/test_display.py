"""A report as people read it."""

from typing import Any

import pytest

from plugins.metrics.report import display
from plugins.metrics.report.figures import Figures
from plugins.metrics.report.prices import Traffic, in_the_cloud
from plugins.metrics.report.summary import summary
from plugins.metrics.report.sums import NAMES
from tests.plugins.metrics.report.support import PRICE


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("total_requests", 1_234_567, "1,234,567"),
        ("cache_hit_rate", 0.1234, "12.3%"),
        ("cache_hit_rate", None, "-"),
        ("estimated_electricity_cost", 1234.56789, "1,234.5679"),
        ("estimated_electricity_cost", 0.0, "0.0000"),
        ("cost", 0.0012, "0.0012"),
        ("cost", 0.00002579, "0.000026"),
        ("cost", -0.00002579, "-0.000026"),
        ("energy_wh", 0.126, "0.13"),
        ("energy_wh", 0.0051, "0.0051"),
        ("model", "llama3.2", "llama3.2"),
    ],
)
def test_figures_are_written_as_people_write_them(name: str, value: Any, text: str) -> None:
    """Shares are percentages, money has four digits after the point, or more where it is little
    and these would be zeros; nothing is a dash."""
    assert display.cell(name, value) == text


def test_a_report_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no request was made, there are no zeros to read but a line that says how to go on."""
    report = {"from": "a", "to": "b", "currency": "EUR", **summary(Figures(), 5), "cloud": []}
    display.print_report(report)
    display.print_groups(("day",), {"from": "a", "to": "b", "currency": "EUR", "rows": []})
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == 2 * (
        "a to b, money in EUR\nno request was made then: ask for another time by --from and --to\n"
    )


def test_what_has_nothing_to_divide_by_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    """There is no table without rows, and times have their unit."""
    figures = Figures()
    figures.add(["key:a", "m:1", "t", "chat", "ok", 1, *([0] * (len(NAMES) - 1))])
    report = {"from": "a", "to": "b", "currency": "EUR", **summary(figures, 5), "cloud": []}
    display.print_report(report)
    printed = capsys.readouterr().out
    assert "cache hit rate\t-" in printed
    assert "avg request time (s)\t0.00" in printed
    assert "IN THE CLOUD" not in printed


def test_a_report_has_a_table_for_each_way_to_divide_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those beyond the named are together in one row; clouds come last."""
    figures = Figures()
    for key in ("key:a", "key:b"):
        figures.add([key, "m:1", "t", "chat", "ok", *([1] * len(NAMES))])
    cloud = in_the_cloud(Traffic(), [PRICE], "EUR", {})
    report = {"from": "a", "to": "b", "currency": "EUR", **summary(figures, 1), "cloud": cloud}
    display.print_report(report)
    printed = capsys.readouterr()
    lines = [line.split("\t")[:2] for line in printed.out.splitlines()]
    for title in ("MODEL", "KIND", "TENANT", "KEY"):
        assert [title, "REQUESTS"] in lines
    assert ["(others)", "1"] in lines
    assert lines[-1] == ["cloud", "2025-11"]
    assert "check them" in printed.err


def test_groups_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """What they are grouped by comes first."""
    row = {"day": "2025-11-10", "model": "m:1"} | dict.fromkeys(NAMES, 2)
    display.print_groups(("day", "model"), {"from": "a", "to": "b", "currency": "x", "rows": [row]})
    lines = [line.split("\t")[:3] for line in capsys.readouterr().out.splitlines()]
    assert lines == [["DAY", "MODEL", "REQUESTS"], ["2025-11-10", "m:1", "2"]]
