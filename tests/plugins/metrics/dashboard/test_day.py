"""What a day has taken."""

import time
from datetime import datetime
from pathlib import Path

import pytest

from localai import Cost, Usage
from plugins.metrics.dashboard.day import Day, Sums, keep_up, midnight
from tests.plugins.metrics.dashboard.support import end_of
from tests.plugins.support import serving

NOON = datetime(2026, 3, 4, 12).timestamp()
DAY = 86_400


def test_a_day_adds_up() -> None:
    """What answers took and did not take is added."""
    day = Day(NOON)
    day.took(Cost(joules=3600, money=2, grams=3))
    day.took(Cost(joules=1800))
    day.saved(Cost(joules=9, money=5))
    day.answered(end_of(7, prompt_eval_count=9), is_embedding=False)
    day.answered(end_of(0, prompt_eval_count=4), is_embedding=True)
    assert day.sums == Sums(wh=1.5, money=2, grams=3, saved_money=5, read=9, written=7, embedded=4)


def test_a_new_day_begins_at_nothing() -> None:
    """At midnight the sums begin anew, and at no other time."""
    day = Day(NOON)
    day.took(Cost(joules=3600))
    assert not day.turn(NOON + DAY / 2 - 1)
    assert day.sums.wh == 1
    assert day.turn(NOON + DAY / 2)
    assert day.sums == Sums()


def test_what_was_before_is_added_to_its_day_only() -> None:
    """What was read of a day that is over by now is not added to the next."""
    day = Day(NOON)
    day.add(Sums(wh=2), midnight(NOON))
    day.add(Sums(wh=4), midnight(NOON - DAY))
    assert day.sums.wh == 2
    assert midnight(NOON) == NOON - DAY / 2


def row(at: float, **more: object) -> Usage:
    """Return a row of usage."""
    fields: dict[str, object] = {
        "at": at, "request_id": "r", "tenant": "default", "key": "key:a", "user": "",
        "model": "m", "kind": "chat",
    }  # fmt: skip
    return Usage(**(fields | more))  # type: ignore[arg-type]


async def test_the_day_begins_with_what_was_written_down(tmp_path: Path) -> None:
    """After a start, today's rows of the ledger count, by what they are, and no others."""
    now = time.time()
    async with serving(tmp_path, "metrics.ledger") as (router, _):
        usage = router.gateway.usage
        today = max(midnight(now), now - 5)
        usage.record(
            row(today, wh=2.0, money=0.5, grams=9.0, prompt_tokens=10, completion_tokens=4,
                saved_money=0.25, saved_prompt_tokens=1, saved_completion_tokens=2)
        )  # fmt: skip
        usage.record(row(today, kind="embed", prompt_tokens=6))
        usage.record(row(today, key="router:key:a", wh=1.0, prompt_tokens=100))
        usage.record(row(midnight(now) - 1, wh=100.0, prompt_tokens=100))
        usage.record(row(now + 60, wh=100.0))
        await usage.flush()
        day = Day(now)
        await keep_up(router.gateway, day)
    assert day.sums == Sums(
        wh=3.0, money=0.5, grams=9.0, saved_money=0.25, read=11, written=6, embedded=6
    )


async def test_without_a_ledger_no_database_is_opened(tmp_path: Path) -> None:
    """A router that writes nothing down makes no file for the page."""
    async with serving(tmp_path, "metrics.dashboard") as (router, _):
        await keep_up(router.gateway, Day(NOON))
    assert not (tmp_path / "data").exists()


async def test_a_database_that_is_away_hurts_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the rows can't be read, the day shows less."""
    async with serving(tmp_path, "metrics.ledger") as (router, _):

        async def fail() -> None:
            raise OSError("away")

        monkeypatch.setattr(router.gateway.usage, "prepare", fail)
        day = Day(NOON)
        await keep_up(router.gateway, day)
    assert day.sums == Sums()
