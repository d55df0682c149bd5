"""Reports that come seldom."""

import time

import pytest

from plugins.cache.seldom import Seldom


def test_of_many_reports_one_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is due at once, the next one when the time is over, by the clock."""
    now = 5.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    report = Seldom(60)
    assert [report.is_due() for _ in range(3)] == [True, False, False]
    now += 59
    assert not report.is_due()
    now += 1
    assert [report.is_due() for _ in range(2)] == [True, False]
