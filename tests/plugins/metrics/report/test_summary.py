"""What the figures of a report mean."""

from typing import Any

import pytest

from plugins.metrics.report.figures import DIMENSIONS, Figures
from plugins.metrics.report.summary import cost_of, lines_of, summary, traffic_of
from plugins.metrics.report.sums import NAMES


def figures(*groups: dict[str, Any]) -> Figures:
    """Return the figures of groups with these dimensions and sums."""
    made = Figures()
    usual = {"key": "key:a", "model": "m:1", "tenant": "t", "kind": "chat", "outcome": "ok"}
    for group in groups:
        values = usual | dict.fromkeys(NAMES, 0) | group
        made.add([values[name] for name in (*DIMENSIONS, *NAMES)])
    return made


ANSWERED = {
    "requests": 4,
    "answered": 2,
    "hits": 1,
    "joins": 1,
    "misses": 2,
    "prompt_tokens": 60,
    "completion_tokens": 20,
    "saved_prompt_tokens": 30,
    "saved_completion_tokens": 10,
    "measured": 1,
    "modelled": 1,
    "seconds": 8.0,
    "waited": 2.0,
    "gpu_seconds": 3.0,
    "wh": 0.4,
    "money": 0.2,
    "grams": 1.0,
    "saved_money": 0.1,
    "saved_wh": 0.2,
    "saved_seconds": 1.5,
}
FAILED = {"requests": 1, "errors": 1, "outcome": "UpstreamTimeout", "retries": 2}
OWN = {"key": "router:key:a", "kind": "embed", "requests": 3, "prompt_tokens": 9, "money": 0.05}


def test_figures_are_what_their_names_say() -> None:
    """Averages are of requests, times of models of the requests that a model worked for."""
    report = summary(figures(ANSWERED, FAILED, OWN), top=5)
    expected = {
        "total_requests": 5,
        "total_tokens": 80,
        "prompt_tokens": 60,
        "completion_tokens": 20,
        "saved_tokens": 40,
        "avg_tokens_per_request": 16.0,
        "avg_request_time": 1.6,
        "avg_inference_time": 1.5,
        "avg_wait_time": 0.4,
        "errors": 1,
        "error_rate": 0.2,
        "canceled": 0,
        "retries": 2,
        "cache_hits": 1,
        "cache_joins": 1,
        "cache_misses": 2,
        "cache_hit_rate": 0.25,
        "energy_wh": 0.4,
        "co2_grams": 1.0,
        "energy_measured_share": 0.5,
        "energy_modelled_share": 0.5,
        "estimated_electricity_cost": 0.25,
        "cost_per_1000_requests": 50.0,
        "cost_savings_from_cache": 0.1,
        "energy_savings_from_cache_wh": 0.2,
        "time_savings_from_cache": 1.5,
    }
    assert dict(lines_of(report)) == expected
    assert report["outcomes"] == {"ok": 4, "UpstreamTimeout": 1}
    assert report["router"]["requests"] == 3
    (model,) = report["by_model"]
    assert (model["model"], model["requests"], model["electricity_cost"]) == ("m:1", 5, 0.2)


def test_few_are_named_and_none_is_lost() -> None:
    """Those beyond `top` are one row without a name; rows add up to the total."""
    groups = [{"key": f"key:{n}", "requests": 1, "money": n / 8} for n in range(5)]
    rows = summary(figures(*groups), top=2)["by_key"]
    assert [row["key"] for row in rows] == ["key:4", "key:3", None]
    assert [row["requests"] for row in rows] == [1, 1, 3]
    assert sum(row["electricity_cost"] for row in rows) == pytest.approx(10 / 8)


def test_names_that_share_one_sum_are_among_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much they cost together, they are no name."""
    monkeypatch.setattr("plugins.metrics.report.figures.MOST_NAMES", 2)
    groups = [{"key": f"key:{n}", "requests": 1, "money": float(n)} for n in range(5)]
    rows = summary(figures(*groups), top=5)["by_key"]
    assert [(row["key"], row["requests"]) for row in rows] == [
        ("key:1", 1),
        ("key:0", 1),
        (None, 3),
    ]


def test_nothing_is_divided_by_nothing() -> None:
    """Without requests counts are 0, and what would be a share of them is not there."""
    report = dict(lines_of(summary(Figures(), top=5)))
    nothing = {name for name, value in report.items() if value is None}
    assert nothing == {
        *("avg_tokens_per_request", "avg_request_time", "avg_inference_time", "avg_wait_time"),
        *("error_rate", "cache_hit_rate", "energy_measured_share", "energy_modelled_share"),
        "cost_per_1000_requests",
    }
    assert {value for value in report.values() if value is not None} == {0}


def test_a_cloud_is_paid_for_all_that_callers_had() -> None:
    """Answers out of the cache too, and embeddings by their own price; not for the router's own."""
    found = figures(ANSWERED, OWN, {"kind": "embed", "requests": 1, "prompt_tokens": 7})
    traffic = traffic_of(found)
    assert (traffic.input, traffic.output, traffic.embedded) == (90, 30, 7)
    assert traffic.requests == 5
    assert traffic.cost == cost_of(found) == 0.25
