"""What guards decide about a call, without the text that they decided about."""

from typing import Literal

from core.value import Value

Direction = Literal["input", "output"]


class Decision(Value, frozen=True, kw_only=True):
    """One rule of one guard that had something to say about a call or its answer.

    A guard appends it to `Call.decisions`; `guardrails.audit` writes it down. No field may hold
    any of the text.
    """

    guard: str
    """The guard's name, as `pii`."""
    rule: str
    """Which of its rules, as `card`; it names no text of the caller's."""
    action: str
    """What was done: `block`, `redact`, `mask`, `pseudonymise`, `remove`, `flag`, …"""
    direction: Direction
    count: int = 1
    """How often."""
    hashes: tuple[str, ...] = ()
    """Keyed hashes of what was found, so that equal finds can be told to be equal."""
    score: float | None = None
    """Between 0 and 1, for rules that weigh."""
