"""The shipped dashboard: whole, about figures that there are, and full after some traffic."""

import math
import re
import time
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from tests.deploy.figures import documented, problems
from tests.deploy.panels import Query, annotations, dashboard, panels, queries, rows
from tests.deploy.prometheus import DEPLOY, Series, scraping
from tests.deploy.router import FIGURES_KEY, a_router
from tests.deploy.test_prometheus import ALERTS
from tests.deploy.traffic import EVENTS, everything

ROWS = [
    "Overview", "Requests", "Latency", "Tokens", "Queue and models", "Hosts, retries, fallbacks",
    "Energy and cost", "Cache", "Guardrails, limits, budgets", "Experiments", "Hardware",
    "Router health",
]  # fmt: skip


def test_the_rows() -> None:
    """The dashboard has a row for each thing that people ask of a router."""
    assert [row["title"] for row in rows()] == ROWS


def test_panels_are_whole() -> None:
    """Each panel has a title, a unit, a legend, queries with letters, and the chosen Prometheus."""
    numbers = Counter(each["id"] for each in (*panels(), *rows()))
    assert set(numbers.values()) == {1}
    for panel in panels():
        assert panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        options = panel["options"]
        unit = panel["fieldConfig"]["defaults"].get("unit") or options["yAxis"]["unit"]
        assert unit
        letters = [each["refId"] for each in panel["targets"]]
        assert letters == list("ABCDE"[: len(letters)])
        if panel["type"] == "timeseries":
            assert options["legend"]["showLegend"]
            assert all(each["legendFormat"] for each in panel["targets"])


def test_panels_do_not_overlap() -> None:
    """All panels are within the 24 columns, and none is on top of another."""
    assert all(0 <= each["gridPos"]["x"] <= 24 - each["gridPos"]["w"] for each in panels())
    shown = [each["gridPos"] for each in dashboard()["panels"]]
    for one, other in combinations(shown, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


@pytest.mark.parametrize("query", [*queries(), *annotations()], ids=lambda query: query.panel)
def test_queries_use_figures_that_there_are(query: Query) -> None:
    """Every figure and label of a query is in docs/metrics.md, every variable in the dashboard."""
    assert not list(problems(query.filled, documented()))
    known = {each["name"] for each in dashboard()["templating"]["list"]}
    assert query.variables <= known - {"datasource"}
    assert "instance" in query.variables
    assert "[1m]" not in query.expression  # the interval is Grafana's to choose


def test_every_figure_is_shown() -> None:
    """No figure of docs/metrics.md is left out, but for some of the process that no plot needs."""
    text = " ".join(each.expression for each in (*queries(), *annotations()))
    names = {re.sub("_(bucket|count|sum)$", "", name) for name in documented()}
    missing = {name for name in names if not re.search(rf"\b{name}(_bucket|_count)?\b", text)}
    assert missing == {"up", "process_virtual_memory_bytes", "process_start_time_seconds"}


def test_provisioning() -> None:
    """A new Grafana is told where Prometheus is, and the folder with the dashboard in it."""
    folder = DEPLOY / "grafana" / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())
    (source,) = sources["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://127.0.0.1:9090")
    (provider,) = yaml.safe_load((folder / "dashboards" / "localai.yml").read_text())["providers"]
    assert f"deploy/grafana:{provider['options']['path']}:ro" in (DEPLOY / "README.md").read_text()


async def test_every_panel_has_data(tmp_path: Path) -> None:
    """A real Prometheus scrapes a router, has its alerts, and answers every query with figures."""
    async with (
        a_router(tmp_path) as router,
        scraping(tmp_path, router.address, FIGURES_KEY) as prometheus,
    ):
        await prometheus.scraped()
        begin = time.time()
        await everything(router, "first", prometheus.scraped)
        await prometheus.scraped()
        await everything(router, "second", prometheus.scraped)
        await prometheus.scraped()
        target = await prometheus.target()
        assert (target["health"], target["lastError"]) == ("up", "")
        groups = (await prometheus.get("rules"))["groups"]
        loaded = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
        assert loaded == dict.fromkeys(ALERTS, "ok")
        for event in EVENTS:
            (sum_of,) = (await prometheus.get("query", query=f"sum({event})"))["result"] or [None]
            assert sum_of is not None, event
            assert float(sum_of["value"][1]) > 0, event
        empty, marks = set(), set(annotations())
        for query in (*queries(), *annotations()):
            found = await prometheus.since(begin, query.filled)
            if query not in marks and not any(map(_has_figures, found)):
                empty.add(f"{query.panel}: {query.legend}")
            for series in found:
                assert query.labels <= series["metric"].keys(), query
        assert not empty, "\n".join(sorted(empty))


def _has_figures(series: Series) -> bool:
    return any(math.isfinite(float(value)) for _, value in series["values"])
