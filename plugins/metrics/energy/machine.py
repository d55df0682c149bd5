"""What this machine's chip takes, and for which attempts; what is left is nobody's."""

from typing import NamedTuple

from localai import PowerSample
from plugins.metrics.energy.split import Progress, Share, Split
from plugins.metrics.energy.supply import Supply


class Payer(NamedTuple):
    """An attempt that runs on this machine."""

    share: Share
    silences: int
    """How often the meter had fallen silent when it began; -1 if it was silent then."""


class Taken(NamedTuple):
    """What an attempt has taken of the chip's energy."""

    joules: float
    is_measured: bool
    """Whether the meter has looked while it ran, or somebody else before it without a pause."""


class Machine:
    """Splits what the power meter tells among those who run. Watts and joules are the chip's.

    At any time what was paid for, `idle` and what those owe who still run are together what
    `Supply` has booked.
    """

    def __init__(self, idle_watts: float, charges_idle: bool = False) -> None:
        self.idle_watts = idle_watts
        """What it draws without work."""
        self.charges_idle = charges_idle
        """Whether those who run pay for that too."""
        self.idle = 0.0
        """Joules that no attempt pays for."""
        self.supply = Supply()
        self._split = Split()
        self._until = 0.0
        self._looked = 0.0
        """When the meter had looked at the chip, as far as is booked."""
        self._turned = 0.0
        """When work began after a pause, or a pause after work."""
        self._expected = 0.0
        """Watts of the work, until the meter has looked at it."""
        self._silences = 0
        self._is_silent = True

    def __len__(self) -> int:
        return len(self._split)

    def begin(
        self,
        progress: Progress,
        now: float,
        sample: PowerSample | None,
        expected: float,
        factor: float = 1.0,
    ) -> Payer:
        """Let an attempt pay from now on. `expected` are the watts that it is likely to draw."""
        self.catch_up(now, sample)
        if not self._split:
            self._turned = now
            self._expected = expected
        else:
            self._expected = max(self._expected, expected)
        silences = -1 if sample is None else self._silences
        return Payer(self._split.begin(progress, now, factor), silences)

    def end(
        self, payer: Payer, now: float, sample: PowerSample | None, tokens: int = 0
    ) -> Taken | None:
        """Return what it took; `None` if nobody knows, as the meter was silent meanwhile."""
        self.catch_up(now, sample)
        joules = self._split.end(payer.share, now, tokens)
        is_measured = sample is not None and sample.at >= self._turned
        if not self._split:
            self._turned = now
        if sample is None or payer.silences != self._silences:
            self.idle += joules
            return None
        return Taken(joules, is_measured)

    def catch_up(self, now: float, sample: PowerSample | None) -> None:
        """Book the time until now. `sample` is the meter's last look, `None` if it is silent."""
        passed, self._until = now - self._until, now
        if sample is None:
            if not self._is_silent:
                self.supply.silence()
            self._is_silent = True
            self._silences += bool(self._split)
            return
        if self._is_silent:
            # Whoever runs already has taken what nobody measured.
            self._is_silent = False
            passed = 0.0
        watts = sample.watts
        is_busy = bool(self._split)
        if sample.at < self._turned:
            watts = max(watts, self._expected) if is_busy else min(watts, self.idle_watts)
        joules = self.supply.take(now, sample, watts)
        looked, self._looked = self._looked, sample.at
        if not is_busy:
            self.idle += joules
            return
        charged = joules
        if looked < self._turned and passed < sample.at - looked:
            # The look that sees short work counts for a whole second, of which most was before it.
            charged = min(joules, max(watts, sample.watts) * passed)
        if not self.charges_idle:
            charged = max(0.0, charged - self.idle_watts * passed)
        self.idle += joules - charged
        self._split.add(charged)

    @property
    def owed(self) -> float:
        """Joules that those have to pay who still run, and that are not split yet."""
        return self._split.owed
