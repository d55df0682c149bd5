"""What plugins can be to each other: `gateway.find(PowerMeter)` is the plugin that derives from it.

A family knows no other family; what it needs of one, it asks of a role that the other plays. What
is no coroutine is called on the event loop, for each request: it answers at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

from core.attempt import Attempt

USUAL_PRICE = 0.30
"""Money for a kilowatt-hour, where the file and all plugins say none."""


class PowerSample(NamedTuple):
    """One look at a power meter."""

    at: float
    """By `time.monotonic()`."""
    watts: float
    """What the chip drew then."""
    joules: float
    """What it took from some beginning until then; the time in which nobody looked is left out."""


class PowerMeter(ABC):
    """Knows what this machine's chip draws, by a sensor that it looks at again and again."""

    @abstractmethod
    def sample(self) -> PowerSample | None:
        """Return the last look; `None` if there was none of late, so that nobody knows.

        `joules` never falls while the plugin runs, and `at` is the same until the next look.
        """

    def watts(self) -> float | None:
        """Return what the chip drew when it was last looked at; `None` if nobody knows."""
        sample = self.sample()
        return None if sample is None else sample.watts


class PhaseWatts(NamedTuple):
    """What a chip draws in each phase of an answer, what it draws idle included."""

    load: float
    """While a model is read into memory."""
    prefill: float
    """While a prompt is read."""
    decode: float
    """While an answer is written."""


class EnergyModel(ABC):
    """Knows what a chip is likely to draw for an attempt, where nothing measures it."""

    @abstractmethod
    def watts_of(self, attempt: Attempt) -> PhaseWatts:
        """Return the watts of the chip at the attempt's host, of its model as far as it is known.

        They are the chip's, not those at the wall.
        """


class Prices(ABC):
    """Knows what energy costs, for all who have no price of their own in the file."""

    @abstractmethod
    def price_per_kwh(self) -> float:
        """Return the price of a kilowatt-hour at this hour, in the money of all prices."""


class WaitingLine(ABC):
    """Knows who waits for a model."""

    @abstractmethod
    def waiting(self) -> Sequence[dict[str, Any]]:
        """Return the line of each model that is busy, as `GET /admin/queue` shows it."""

    def count_waiting(self) -> int:
        """Return how many requests wait, for all models together."""
        return sum(line["waiting"] for line in self.waiting())


class Redactor(ABC):
    """Knows personal data and secrets in texts."""

    @abstractmethod
    async def redacted(self, text: str) -> str:
        """Return a text in which a label stands for each find, whatever else the file does."""
