"""Limits and budgets as people write them: `60 requests/minute`, `100000 tokens/day`."""

import math
import re
from collections.abc import Iterable
from typing import get_args

from localai import Budget, Limits, Period, Unit

MOST = 10**12
"""Of a rate or a budget; no machine answers as many."""

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_UNITS = get_args(Unit)
_PERIODS = get_args(Period)

_RATE = re.compile(rf"(\d{{1,13}}) ?/ ?({'|'.join(_SECONDS)})", re.A)
_LIMIT = re.compile(rf"(\d{{1,13}}) (requests|tokens) ?/ ?({'|'.join(_SECONDS)})", re.A)
_CONCURRENT = re.compile(r"(\d{1,6}) concurrent", re.A)
_BUDGET = re.compile(
    rf"(\d{{1,13}}(?:\.\d{{1,6}})?) ({'|'.join(_UNITS)}) ?/ ?({'|'.join(_PERIODS)})", re.A
)


def rate(text: str) -> str:
    """Return a rate in its one form, `60/minute`; raise `ValueError` that says how to write it."""
    match = _RATE.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= MOST:
        raise ValueError(
            f"expected a rate such as '60/minute', of a {_one_of(_SECONDS)}, not '{text}'"
        )
    return f"{int(match[1])}/{match[2]}"


def limits(texts: Iterable[str]) -> Limits | None:
    """Read limits, each such as `60 requests/minute` or `4 concurrent`; raise `ValueError`."""
    found: dict[str, str | int] = {}
    for text in texts:
        measure, value = "concurrent", ""
        if match := _LIMIT.fullmatch(text):
            measure, value = match[2], rate(f"{match[1]}/{match[3]}")
        elif not (match := _CONCURRENT.fullmatch(text)) or not int(match[1]):
            raise ValueError(
                "expected '60 requests/minute', '50000 tokens/hour' or '4 concurrent', "
                f"not '{text}'"
            )
        if measure in found:
            raise ValueError(f"there are two limits of '{measure}': give one")
        found[measure] = value or int(match[1])
    return Limits(**found) if found else None  # type: ignore[arg-type]


def budget(text: str) -> Budget:
    """Read a budget such as `100000 tokens/day`; raise `ValueError` that says how to write it."""
    match = _BUDGET.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= MOST:
        raise ValueError(
            f"expected a budget such as '100000 tokens/day', of {_one_of(_UNITS)} in a "
            f"{_one_of(_PERIODS)}, not '{text}'"
        )
    return Budget(amount=float(match[1]), unit=match[2], period=match[3])  # type: ignore[arg-type]


def fits(inner: str, outer: str) -> bool:
    """Say whether whoever keeps to the rate `inner` keeps to `outer` too, bursts and all."""
    if inner == outer:
        return True
    one, other = _RATE.fullmatch(inner), _RATE.fullmatch(outer)
    if one is None or other is None:
        return False
    windows = math.ceil(_SECONDS[other[2]] / _SECONDS[one[2]])
    return int(one[1]) * windows <= int(other[1])


def describe(limits: Limits | None, budgets: Iterable[Budget]) -> list[str]:
    """Return limits and budgets as they are written on the command line."""
    said = []
    if limits is not None:
        for measure in ("requests", "tokens"):
            count, _, period = getattr(limits, measure).partition("/")
            if count:
                said.append(f"{count} {measure}/{period}")
        if limits.concurrent:
            said.append(f"{limits.concurrent} concurrent")
    return said + [f"{each.amount:.15g} {each.unit}/{each.period}" for each in budgets]


def _one_of(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}"
