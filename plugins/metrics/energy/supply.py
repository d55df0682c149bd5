"""Joules as time goes by, from looks at a power meter that come once a second."""

from localai import PowerSample


class Supply:
    """Books the chip's energy up to any moment, also to one after the last look.

    An answer that ends between two looks is told at once what it took, so the time since the last
    look is booked by watts that somebody believes in. The next look tells what it was: what was
    booked too much is taken from what comes then, what was booked too little is added to it. So
    at any time

        booked = measured + ahead + lost

    where `measured` is the meter's own integral, `ahead` (never negative) was booked and is not
    measured yet, and `lost` was `ahead` when the meter fell silent.
    """

    def __init__(self) -> None:
        self.booked = 0.0
        self.measured = 0.0
        self.lost = 0.0
        self._seen: PowerSample | None = None
        self._until = 0.0

    @property
    def ahead(self) -> float:
        """Joules that are booked already and that the meter has not told yet."""
        return self.booked - self.measured - self.lost

    def take(self, now: float, sample: PowerSample, watts: float) -> float:
        """Book the time until `now` and return its joules.

        `sample` is the last look, `watts` what is believed of the time since then.
        """
        seen, self._seen = self._seen, sample
        if seen is None:
            self._until = now
            return 0.0
        if sample.at > seen.at:
            # A meter that begins anew has less than before: what it took meanwhile, nobody knows.
            self.measured += max(0.0, sample.joules - seen.joules)
            believed = self.measured + self.lost + watts * max(0.0, now - sample.at)
        else:
            believed = self.booked + watts * max(0.0, now - self._until)
        self._until = max(self._until, now)
        taken = max(0.0, believed - self.booked)
        self.booked += taken
        return taken

    def silence(self) -> None:
        """Note that the meter tells nothing: what was booked ahead of it will never be told."""
        self.lost += self.ahead
        self._seen = None
