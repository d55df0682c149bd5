"""Who pays for the joules of a machine: those that run on it, by the tokens that they make."""

from typing import Protocol

FEW = 16
"""Attempts up to which energy is split at each begin and end; with more, after so many of them
that the work for each stays the same."""
LONGEST = 0.25
"""Seconds after which energy is split at the next begin or end, however many run."""
LOAD = 0.04
"""What a load weighs against an answer: (18 W - 15 W) / (89 W - 15 W), of the chip above idle."""


class Progress(Protocol):
    """How an attempt has gone by now."""

    @property
    def pieces(self) -> int:
        """Tokens that have come."""

    @property
    def first(self) -> float | None:
        """When the first one came; `None` as long as none did."""


class Share:
    """What one attempt has to pay by now."""

    __slots__ = (
        "_pieces", "_progress", "_since", "begun", "blind", "factor", "joules", "made", "passed",
        "rate",
    )  # fmt: skip

    def __init__(self, progress: Progress, now: float, factor: float) -> None:
        self._progress = progress
        self._pieces = progress.pieces
        self.begun = self._since = now
        self.factor = factor
        self.joules = 0.0
        self.rate: float | None = None
        """Tokens a second, where they did not come one by one."""
        self.passed = self.blind = self.made = 0.0
        """Seconds between the last two looks, those of them without visible tokens, and tokens."""

    def look(self, now: float) -> None:
        """See what was made since the last look."""
        since, self._since = self._since, now
        passed = self.passed = now - since
        if self.rate is not None:
            self.made, self.blind = self.rate * passed, 0.0
            return
        progress = self._progress
        first = progress.first
        if first is None:
            self.made, self.blind = 0.0, passed
            return
        pieces = progress.pieces
        self.made, self._pieces = pieces - self._pieces, pieces
        self.blind = 0.0 if first <= since else min(first - since, passed)

    def weight(self, rate: float) -> float:
        """Return what it weighs, where others make tokens at a rate; 0 if nobody knows one."""
        if rate:
            return self.made + rate * self.blind * self.factor
        return self.passed * self.factor


class Split:
    """Splits joules among the attempts that run while they are taken.

    Those of an interval are split by the tokens that each has made in it. An attempt that reads its
    prompt, or whose answer comes whole, makes tokens that nobody sees: it weighs as much as the
    others do on average, and where nothing is known of any, all weigh the same. Nothing is lost:
    what all have paid, with `open`, is what was added.
    """

    def __init__(self) -> None:
        self._active: dict[Share, None] = {}
        self.open = 0.0
        """Joules that are not split yet."""
        self._since = 0.0
        self._changes = 0
        self._rate = 0.0
        """Tokens a second that one of those made whose tokens are seen, in the last interval."""
        self._flow = 0.0
        """Weight a second of all, in the last interval."""

    def __len__(self) -> int:
        return len(self._active)

    @property
    def owed(self) -> float:
        """Joules of those who still run, and those that are not split yet."""
        return self.open + sum(share.joules for share in self._active)

    def add(self, joules: float) -> None:
        """Take joules that those who run are to pay; there must be one."""
        self.open += joules

    def begin(self, progress: Progress, now: float, factor: float = 1.0) -> Share:
        """Let an attempt pay from now on; what its unseen tokens weigh is changed by `factor`."""
        self._change(now)
        share = Share(progress, now, factor)
        self._active[share] = None
        return share

    def end(self, share: Share, now: float, tokens: int = 0) -> float:
        """Return all that an attempt has to pay.

        `tokens` are those of an answer that came whole: they were made evenly, as far as is known.
        """
        if tokens and now > share.begun:
            share.rate = tokens / (now - share.begun)
        if not self._change(now) or len(self._active) == 1:
            self._pay(share, now)
        del self._active[share]
        return share.joules

    def _change(self, now: float) -> bool:
        """Split what is open, if that is due; return whether it was."""
        self._changes += 1
        if self._changes * FEW < len(self._active) and now - self._since < LONGEST:
            return False
        self._changes = 0
        self._divide(now)
        return True

    def _divide(self, now: float) -> None:
        tokens = seconds = hidden = present = 0.0
        for share in self._active:
            share.look(now)
            passed, blind, factor = share.passed, share.blind, share.factor
            tokens += share.made
            seconds += passed - blind
            hidden += blind * factor
            present += passed * factor
        rate = tokens / seconds if tokens and seconds else 0.0
        total = tokens + rate * hidden if rate else present
        if total > 0:
            each = self.open / total
            for share in self._active:
                share.joules += each * share.weight(rate)
            self.open = 0.0
            if now > self._since:
                self._rate, self._flow = rate, total / (now - self._since)
        self._since = now

    def _pay(self, share: Share, now: float) -> None:
        """Let one pay that leaves before what is open is split; the last one pays all."""
        if len(self._active) == 1:
            part = self.open
        else:
            share.look(now)
            weight = share.weight(self._rate)
            total = max(self._flow * (now - self._since), weight)
            part = self.open * weight / total if total > 0 else 0.0
        share.joules += part
        self.open -= part
