"""What guards decide about a call, without the text that they decided about."""

import re
from collections.abc import Sequence
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


HEADER = "x-localai-guardrail"
"""The header, or the trailer of a stream, that tells decisions."""
MOST_TOLD = 16
"""Most decisions that a header tells, which keeps it short."""
_NOT_IN_KEY = re.compile(r"[^a-z0-9_.*-]")


def summary(decisions: Sequence[Decision]) -> str:
    """Return decisions as the value of a header: an RFC 9651 dictionary, empty for none.

    As `pii.card=redact;output;count=2`.
    """
    told = [
        f"{_key(each.guard)}.{_key(each.rule)}={_key(each.action)};{each.direction}"
        + (f";count={each.count}" if each.count > 1 else "")
        for each in decisions[:MOST_TOLD]
    ]
    if len(decisions) > MOST_TOLD:
        told.append(f"more={len(decisions) - MOST_TOLD}")
    return ", ".join(told)


def _key(text: str) -> str:
    return _NOT_IN_KEY.sub("_", text.lower())
