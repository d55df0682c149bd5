"""What was measured of one model on one host, mixed with what was expected."""

from plugins.routing.catalogue.model import Facts
from plugins.routing.estimate.profiles import Profile
from plugins.routing.estimate.roofline import depth_slope, prefill, step
from plugins.routing.estimate.speeds import Speeds, batched

ALPHA = 0.2
"""Weight of the newest sample in a moving average."""
PRIOR_SAMPLES = 4
"""Samples that an expectation is worth."""
FEWEST_ANSWERED = 16
"""Tokens; the speed of a shorter answer says little."""
FEWEST_READ = 64
"""Tokens; a shorter prompt takes as long as it takes to begin."""
CACHED = 2.0
"""How many times faster than expected a prompt is read only if it was in the cache.

Since 0.30.1 Ollama counts tokens that it finds in its cache, but not the time for them.
"""
IN_A_ROW = 8
"""Prompts in a row that may be too fast until their slowest is what the machine does."""
LEAST_STEP = 0.1
"""Least share of a measured step that counts as independent of the context."""
LONGEST = 3600.0
"""Seconds; what took longer was not measured but interrupted."""


class Average:
    """An exponentially weighted moving average that begins with an expectation."""

    __slots__ = ("count", "value")

    def __init__(self) -> None:
        self.count = 0
        self.value = 0.0

    def add(self, sample: float) -> None:
        """Take one more sample."""
        self.value = self.value + ALPHA * (sample - self.value) if self.count else sample
        self.count += 1

    def shrunk(self, prior: float) -> float:
        """Return the average, drawn towards what was expected as long as samples are few."""
        if not self.count:
            return prior
        return (PRIOR_SAMPLES * prior + self.count * self.value) / (PRIOR_SAMPLES + self.count)


class Measured:
    """One model on one host: expected from its file, and corrected by its answers."""

    __slots__ = (
        "_fastest_row", "_prefill", "_prior_prefill", "_prior_step", "_row", "_slope", "_step",
        "_watts", "facts", "profile", "speeds",
    )  # fmt: skip

    speeds: Speeds
    """As believed now."""

    def __init__(self, facts: Facts, profile: Profile, load_rate: float) -> None:
        self.facts = facts
        self.profile = profile
        self._step = Average()
        self._prefill = Average()
        self._watts = Average()
        self._row = 0
        self._fastest_row = 0.0
        self._prior_step = step(facts, profile)
        self._prior_prefill = prefill(facts, profile)
        self._slope = depth_slope(facts, profile)
        self.settle(load_rate)

    @property
    def samples(self) -> int:
        """How many answers its speed was measured with."""
        return self._step.count

    def answered(
        self, tokens: int, seconds: float, prompt: int, streams: int, others: int = 0
    ) -> None:
        """Take the speed of an answer, as if it had run alone and with an empty context.

        `streams` is how many answers ran at the time, this one included; `others` how many other
        models made answers then.
        """
        if tokens < FEWEST_ANSWERED or not 0 < seconds < LONGEST:
            return
        alone = seconds / tokens / batched(self.profile.batching, max(1, streams)) / (1 + others)
        depth = self._slope * (prompt + tokens / 2)
        self._step.add(max(alone - depth, LEAST_STEP * alone))

    def read(self, tokens: int, seconds: float, others: int = 0) -> None:
        """Take the speed at which a prompt was read, unless it was in the cache."""
        if tokens < FEWEST_READ or not 0 < seconds < LONGEST:
            return
        rate = tokens / seconds * (1 + others)
        if rate <= CACHED * self._prior_prefill:
            self._row = 0
            self._prefill.add(rate)
            return
        self._fastest_row = min(rate, self._fastest_row) if self._row else rate
        self._row += 1
        if self._row == IN_A_ROW:
            # Not a cache: the expectation is wrong.
            self._row = 0
            self._prior_prefill = self._fastest_row

    def drew(self, watts: float) -> None:
        """Take what the chip drew while this model alone was answering."""
        if watts > 0:
            self._watts.add(watts)

    @property
    def watts(self) -> float:
        """What the chip draws while this model writes an answer, idle included."""
        return self._watts.shrunk(self.profile.power.decode)

    def settle(self, load_rate: float) -> None:
        """Work out `speeds` anew; `load_rate` is in bytes a second."""
        power = self.profile.power
        self.speeds = Speeds(
            step=self._step.shrunk(self._prior_step),
            slope=self._slope,
            batching=self.profile.batching,
            prefill=max(self._prefill.shrunk(self._prior_prefill), 1e-9),
            load=self.facts.size / load_rate,
            load_watts=power.wall_factor * (power.load - power.idle),
            prefill_watts=power.wall_factor * (power.prefill - power.idle),
            decode_watts=power.wall_factor * max(0.0, self.watts - power.idle),
        )
