"""Attempts that go as a test says, and a power meter that shows what it says."""

from typing import Any

from localai import Attempt, PowerSample
from tests.plugins.support import a_call


class Going:
    """How an attempt goes: its tokens come when the test says so."""

    def __init__(self) -> None:
        self.pieces = 0
        self.first: float | None = None

    def make(self, tokens: int, now: float) -> None:
        """Let tokens come."""
        if tokens and self.first is None:
            self.first = now
        self.pieces += tokens


class Meter:
    """A power meter; between two looks the chip's power changes evenly."""

    def __init__(self, at: float = 0.0, watts: float = 15.0) -> None:
        self.last = PowerSample(at, watts, 0.0)

    def look(self, at: float, watts: float) -> PowerSample:
        """Look at the chip, some time after the last look."""
        before = self.last
        joules = before.joules + (at - before.at) * (before.watts + watts) / 2
        self.last = PowerSample(at, watts, joules)
        return self.last


def an_attempt(
    host: str = "http://127.0.0.1:11434", label: str = "1", begun: float = 100.0, **changes: Any
) -> Attempt:
    """Return an attempt that has begun to ask a host."""
    attempt = Attempt(a_call(**changes))
    attempt.host, attempt.label, attempt.begun = host, label, begun
    return attempt
