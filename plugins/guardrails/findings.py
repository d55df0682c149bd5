"""What one guard finds in one call, gathered into one decision for each rule and action."""

import secrets
from collections.abc import MutableSequence
from dataclasses import dataclass, field
from hashlib import blake2b

from localai import Decision, Direction

MOST_HASHES = 8
"""Most hashes that a decision has: enough to compare, and bounded."""

_key = secrets.token_bytes(32)


def use_key(key: bytes) -> None:
    """Hash with this key from now on; without one, hashes can be compared until a restart only."""
    global _key
    _key = key


def fingerprint(text: str) -> str:
    """Return a hash of a text that tells nobody without the key what it was: 16 hex digits.

    An unkeyed hash of a card number or an SSN is found by trying all of them.
    """
    return blake2b(text.encode("utf-8", "surrogatepass"), key=_key, digest_size=8).hexdigest()


@dataclass(slots=True)
class _Found:
    count: int = 0
    hashes: dict[str, None] = field(default_factory=dict)
    score: float | None = None


class Findings:
    """Counts what a guard finds in a call, and adds it to the call's decisions at the end."""

    __slots__ = ("_found", "_guard")

    def __init__(self, guard: str) -> None:
        self._guard = guard
        self._found: dict[tuple[str, str, Direction], _Found] = {}

    def add(
        self,
        rule: str,
        action: str,
        direction: Direction,
        text: str = "",
        *,
        hashed: str = "",
        score: float | None = None,
    ) -> None:
        """Count one find; `text` is hashed, and not kept, unless it comes `hashed` already.

        Of the scores, the highest is reported.
        """
        found = self._found.setdefault((rule, action, direction), _Found())
        found.count += 1
        if (text or hashed) and len(found.hashes) < MOST_HASHES:
            found.hashes[hashed or fingerprint(text)] = None
        if score is not None:
            found.score = max(score, found.score or 0.0)

    def report(self, decisions: MutableSequence[Decision]) -> None:
        """Append a decision for each rule, action and direction, and start anew."""
        for (rule, action, direction), found in self._found.items():
            decisions.append(
                Decision(
                    guard=self._guard,
                    rule=rule,
                    action=action,
                    direction=direction,
                    count=found.count,
                    hashes=tuple(found.hashes),
                    score=found.score,
                )
            )
        self._found.clear()


def directions(*, input: object = None, output: object = None) -> frozenset[Direction]:
    """Return in which directions a plugin guards, as its attribute `guards` says it."""
    found: list[Direction] = []
    if input:
        found.append("input")
    if output:
        found.append("output")
    return frozenset(found)
