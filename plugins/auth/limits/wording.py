"""What callers read about limits: headers as OpenAI's clients parse them, and refusals."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from localai import RateLimited
from plugins.auth.limits.rules import Charge, Slot, Unit
from plugins.auth.limits.taken import Standing

SOON = 1.0
"""Seconds until a place for one more call may be free; nobody knows better."""


class LimitReached(RateLimited):
    """A refusal that carries the headers of the limits behind it."""

    def __init__(
        self, message: str, *, retry_after: float | None, standing: Mapping[str, str]
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self._standing = standing

    def headers(self) -> dict[str, str]:
        """Add how the limits stand."""
        return super().headers() | dict(self._standing)


class TokensReached(LimitReached):
    """A limit of tokens, not of requests."""

    type = "tokens"


class TooLarge(TokensReached):
    """One request that is above a whole limit: waiting does not help."""

    retry = False


class Names(NamedTuple):
    """The names of the three headers of one unit."""

    limit: str
    remaining: str
    reset: str


def headers_of(standings: Sequence[Standing], names: Mapping[Unit, Names]) -> dict[str, str]:
    """Return the headers of the tightest limit in each unit."""
    tightest: dict[Unit, Standing] = {}
    for standing in standings:
        unit = standing.charge.unit
        other = tightest.get(unit)
        if other is None or standing.is_tighter(other):
            tightest[unit] = standing
    found: dict[str, str] = {}
    for unit, standing in tightest.items():
        limit, remaining, reset = names[unit]
        found[limit] = str(standing.limit)
        found[remaining] = str(standing.remaining)
        found[reset] = go_duration(standing.wait)
    return found


def reached(standing: Standing, cost: int, headers: Mapping[str, str]) -> LimitReached:
    """Return the refusal of a call that a limit has no room for now."""
    charge = standing.charge
    wait = standing.wait
    again = f"try again in {in_words(wait)}"
    per = f"{standing.limit} {charge.unit} per {charge.rate.period}"
    if charge.unit == "requests":
        return LimitReached(
            f"{per} are used up for {charge.whose}: {again}", retry_after=wait, standing=headers
        )
    return TokensReached(
        f"about {cost} tokens are needed, and {standing.remaining} of {per} are left for "
        f"{charge.whose}: {again}",
        retry_after=wait,
        standing=headers,
    )


def too_large(charge: Charge, cost: int) -> TooLarge:
    """Return the refusal of a call that a limit will never have room for."""
    return TooLarge(
        f"about {cost} tokens are needed, and {charge.whose} has {charge.rate.amount} tokens per "
        f"{charge.rate.period}: shorten the request, or ask for a shorter answer (max_tokens)",
        retry_after=None,
        standing={},
    )


def all_taken(slot: Slot, most: int) -> LimitReached:
    """Return the refusal of a call that must wait for another one to end."""
    return LimitReached(
        f"{most} requests at a time are running for {slot.whose}: try again when one has ended",
        retry_after=SOON,
        standing={},
    )


def go_duration(seconds: float) -> str:
    """Return a duration as Go writes it, in whole seconds and rounded up: `1s`, `6m0s`."""
    return _go_duration(max(1, math.ceil(seconds)))


@lru_cache(maxsize=1024)
def _go_duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"


def in_words(seconds: float) -> str:
    """Return a wait in words: `23 s`, `5 min`, `3 h`; never shorter than it is."""
    if seconds <= 120:
        return f"{max(1, math.ceil(seconds))} s"
    if seconds <= 7200:
        return f"{math.ceil(seconds / 60)} min"
    return f"{math.ceil(seconds / 3600)} h"
