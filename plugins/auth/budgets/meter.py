"""What an answer has taken so far: tokens, seconds of the GPU, energy and money."""

import time
from typing import NamedTuple

from msgspec import Struct

from localai import Call, Chunk, Cost, prompt_tokens

NANOSECONDS = 1e9
SECONDS_PER_HOUR = 3600
WATTS_PER_KILOWATT = 1000


class Amounts(NamedTuple):
    """One amount in each unit that a budget may have."""

    tokens: float
    gpu_seconds: float
    wh: float
    money: float


class Tariff(Struct, frozen=True, kw_only=True):
    """What a second and a token cost. Money has no currency here: it is that of the prices."""

    watts: float
    per_kwh: float
    per_million_tokens: float
    is_own: bool = True
    """Whether `per_kwh` is a price of budgets alone, and not what energy costs at this hour."""

    def amounts(self, tokens: float, gpu_seconds: float) -> Amounts:
        """Return what these come to in each unit."""
        wh = gpu_seconds * self.watts / SECONDS_PER_HOUR
        money = wh / WATTS_PER_KILOWATT * self.per_kwh + tokens * self.per_million_tokens / 1e6
        return Amounts(tokens, gpu_seconds, wh, money)

    def charged(self, amounts: Amounts, cost: Cost) -> Amounts:
        """Return amounts with the energy that was booked in place of an estimate."""
        money = cost.wh / WATTS_PER_KILOWATT * self.per_kwh if self.is_own else cost.money
        money += amounts.tokens * self.per_million_tokens / 1e6
        return amounts._replace(wh=cost.wh, money=money)


class Taken(NamedTuple):
    """What one answer took."""

    prompt: int
    """Tokens."""
    completion: int
    """Tokens."""
    gpu_seconds: float


class Meter:
    """Estimates while the answer runs; knows when its last chunk has come.

    Whoever reads the answer starts it when the call goes out, and counts: `first` at the first
    chunk, `pieces` for each before the last one, then `last`.
    """

    __slots__ = ("_began", "_call", "_prompt", "first", "last", "pieces", "void")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._prompt: int | None = None
        self._began = 0.0
        self.first: float | None = None
        """When the first chunk came, by `time.monotonic`."""
        self.pieces = 0
        """Chunks that have come, one token each."""
        self.last: Chunk | None = None
        self.void = True
        """Whether nothing runs or ran, so that nothing is taken."""

    def start(self) -> None:
        """Note that the call goes out; one that only loads its model takes nothing."""
        self._began = time.monotonic()
        self.void = self._call.loads_only

    @property
    def prompt(self) -> int:
        """The tokens of the prompt, as they are estimated."""
        if self._prompt is None:
            self._prompt = prompt_tokens(self._call)
        return self._prompt

    def taken(self) -> Taken:
        """Return what is taken by now, estimated until the last chunk tells.

        The seconds are those since the first chunk, or before it, since the call went out.
        """
        if self.void or self._call.headers.get("x-localai-cache") in ("hit", "join"):
            return Taken(0, 0, 0.0)
        last = self.last
        if last is None:
            since = self._began if self.first is None else self.first
            return Taken(self.prompt, self.pieces, time.monotonic() - since)
        if self._call.kind == "embed":
            # Ollama tells no more of an embedding.
            duration = max(0, last.total_duration - last.load_duration)
        else:
            duration = last.prompt_eval_duration + last.eval_duration
        return Taken(last.prompt_eval_count, last.eval_count, duration / NANOSECONDS)

    def amounts(self, tariff: Tariff) -> Amounts:
        """Return what is taken by now in each unit."""
        prompt, completion, seconds = self.taken()
        return tariff.amounts(prompt + completion, seconds)

    def settled(self, tariff: Tariff) -> Amounts:
        """Return what was taken in the end: the energy that was booked, if somebody keeps books.

        A run that goes on for others is not booked yet: who began it pays what it took by now.
        """
        amounts, work = self.amounts(tariff), self._call.work
        cost = work.cost()
        if self.void or cost is None or any(each.ended is None for each in work.attempts):
            return amounts
        return tariff.charged(amounts, cost)
