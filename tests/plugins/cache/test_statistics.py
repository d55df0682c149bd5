"""What is counted, and what it adds up to."""

import pytest
from msgspec.structs import replace

from plugins.cache.entry import Head
from plugins.cache.statistics import KINDS, Statistics
from tests.pace import within


def head(seconds: float, tokens: int) -> Head:
    """Return the head of an answer that cost this much."""
    return Head(key="chat:1", stored_at=0.0, kind="chat", seconds=seconds, tokens=tokens)


def test_nothing_asked_has_no_rate() -> None:
    """Before the first request all counts are 0, and the hit rate is unknown, not 0."""
    report = Statistics().report()
    assert list(report) == [*KINDS, "total"]
    for figures in report.values():
        assert figures.pop("hit_rate") is None
        assert set(figures.values()) == {0}


def test_what_became_of_requests_is_counted_by_kind() -> None:
    """Each count is its kind's own, and the total is of all kinds."""
    statistics = Statistics()
    statistics.miss("chat")
    statistics.stored("chat")
    statistics.hit("chat", head(3.0, 100))
    statistics.hit("chat", head(1.5, 50))
    statistics.join("chat")
    statistics.bypass("generate")
    for _ in range(90):
        statistics.hit("embed", head(0.01, 10))
    statistics.miss("embed", 10)
    statistics.stored("embed", 10)
    statistics.join("embed", 5)
    statistics.bypass("embed", 2)
    report = statistics.report()
    assert report["chat"] == {
        "hits": 2,
        "misses": 1,
        "joins": 1,
        "bypasses": 0,
        "stored": 1,
        "hit_rate": 0.5,
        "saved_seconds": 4.5,
        "saved_tokens": 150,
        "saved_wh": 0.15,
    }
    assert report["embed"]["hit_rate"] == pytest.approx(90 / 105, abs=1e-4)
    assert report["generate"]["bypasses"] == 1
    assert report["generate"]["hit_rate"] is None
    total = report["total"]
    assert (total["hits"], total["misses"], total["joins"], total["bypasses"]) == (92, 11, 6, 3)
    assert (total["stored"], total["saved_seconds"], total["saved_tokens"]) == (11, 5.4, 1050)
    assert total["hit_rate"] == pytest.approx(92 / 109, abs=1e-4)


def test_a_similar_question_counts_once() -> None:
    """What the semantic cache is asked was a miss of a chat before: the total has each request
    once, as a hit if either knew it."""
    statistics = Statistics()
    for _ in range(4):
        statistics.miss("chat")
    statistics.hit("semantic", head(2.0, 20))
    for _ in range(3):
        statistics.miss("semantic")
    report = statistics.report()
    assert report["semantic"]["hit_rate"] == 0.25
    assert (report["total"]["hits"], report["total"]["misses"]) == (1, 3)
    assert report["total"]["hit_rate"] == 0.25
    assert report["total"]["saved_seconds"] == 2.0


def test_energy_is_what_it_took_or_power_by_time() -> None:
    """An hour that a machine of 60 W need not compute is 60 Wh; known energy counts as it is."""
    statistics = Statistics(watts=60)
    statistics.hit("generate", head(3600, 1))
    statistics.hit("chat", replace(head(3600, 1), joules=7200.0))
    report = statistics.report()
    assert [report[kind]["saved_wh"] for kind in ("generate", "chat", "total")] == [60, 2, 62]


def test_counting_costs_nothing() -> None:
    """A count takes less than a microsecond."""
    statistics, of = Statistics(), head(1.0, 1)

    def counts() -> None:
        for _ in range(2000):
            statistics.hit("chat", of)
            statistics.miss("chat")
            statistics.join("chat")
            statistics.bypass("chat")
            statistics.stored("chat")

    within(10_000 * 1e-6, counts)
