"""Joules from a model of costs, for attempts that no sensor sees."""

from localai import Attempt, PhaseWatts
from plugins.metrics.conventions import NANOSECONDS

UNTOUCHED = frozenset({"ModelNotFound", "UpstreamBusy", "UpstreamUnreachable"})
"""Errors of attempts that reached no model."""


class Crowd:
    """How many attempts run at a time on one machine, which share its chip."""

    def __init__(self) -> None:
        self._running = 0
        self._alone = 0.0
        """Seconds since some beginning, each divided by how many ran in it."""
        self._until = 0.0

    def begin(self, now: float) -> float:
        """Let one more run; return what `end` wants of it."""
        self._advance(now)
        self._running += 1
        return self._alone

    def end(self, mark: float, begun: float, now: float) -> float:
        """Return the share of the machine that one had between its begin and its end, at most 1."""
        self._advance(now)
        share = 1.0 if now <= begun else min((self._alone - mark) / (now - begun), 1.0)
        self._running -= 1
        return share

    def _advance(self, now: float) -> None:
        if self._running and now > self._until:
            self._alone += (now - self._until) / self._running
        self._until = now


def joules_of(attempt: Attempt, watts: PhaseWatts, idle: float) -> float:
    """Return what an attempt has taken that was alone: seconds of each phase, by its watts.

    `idle` watts are left out of each phase. The seconds are those that its last chunk tells, and
    no more of them than have passed here; without one they are read from the clock.
    """
    load, prefill, decode = _seconds(attempt)
    return (
        load * max(0.0, watts.load - idle)
        + prefill * max(0.0, watts.prefill - idle)
        + decode * max(0.0, watts.decode - idle)
    )


def _seconds(attempt: Attempt) -> tuple[float, float, float]:
    """Return the seconds that an attempt has loaded its model, read and written."""
    ended = attempt.begun if attempt.ended is None else attempt.ended
    lived = max(0.0, ended - attempt.begun)
    last = attempt.last
    if last is None:
        if attempt.error in UNTOUCHED:
            return 0.0, 0.0, 0.0
        if attempt.call.loads_only:
            return lived, 0.0, 0.0
        reading = lived if attempt.first is None else attempt.first - attempt.begun
        return 0.0, reading, lived - reading
    load = max(0, last.load_duration) / NANOSECONDS
    if attempt.call.loads_only:
        return min(load, lived), 0.0, 0.0
    prefill = max(0, last.prompt_eval_duration) / NANOSECONDS
    decode = max(0, last.eval_duration) / NANOSECONDS
    if attempt.call.kind == "embed":
        # Ollama tells no more of an embedding.
        prefill = max(0, last.total_duration - last.load_duration) / NANOSECONDS
    told = load + prefill + decode
    scale = lived / told if told > lived else 1.0
    return load * scale, prefill * scale, decode * scale
