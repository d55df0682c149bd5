"""The periods of the calendar in which budgets start anew. All are in UTC, in Unix seconds."""

import math
from datetime import UTC, datetime

from localai import Period

HOUR = 3600
DAY = 86_400
"""Unix time has no leap seconds: each of its days has as many seconds."""


def start_of(period: Period, at: float) -> int:
    """Return when the period began that holds the time `at`."""
    if period == "month":
        return int(_month(at).timestamp())
    length = HOUR if period == "hour" else DAY
    return math.floor(at / length) * length


def end_of(period: Period, at: float) -> int:
    """Return when the period after the one that holds the time `at` begins."""
    if period == "month":
        month = _month(at)
        if month.month == 12:
            return int(month.replace(year=month.year + 1, month=1).timestamp())
        return int(month.replace(month=month.month + 1).timestamp())
    return start_of(period, at) + (HOUR if period == "hour" else DAY)


def in_words(seconds: float) -> str:
    """Return a wait as people say it, rounded up: `42 s`, `12 min`, `3 h 12 min`, `4 d 3 h`."""
    if seconds <= 59:
        return f"{max(1, math.ceil(seconds))} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = math.ceil(seconds / HOUR)
    return f"{hours // 24} d {hours % 24} h"


def _month(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
