"""What one guard finds in one call, gathered into one decision for each rule and action."""

import secrets
from collections.abc import MutableSequence
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


class Findings:
    """Counts what a guard finds in a call, and adds it to the call's decisions at the end."""

    __slots__ = ("_found", "_guard")

    def __init__(self, guard: str) -> None:
        self._guard = guard
        self._found: dict[tuple[str, str, Direction], tuple[int, dict[str, None]]] = {}

    def add(self, rule: str, action: str, direction: Direction, text: str = "") -> None:
        """Count one find; `text` is hashed, and not kept."""
        key = (rule, action, direction)
        count, hashes = self._found.get(key, (0, {}))
        if text and len(hashes) < MOST_HASHES:
            hashes[fingerprint(text)] = None
        self._found[key] = (count + 1, hashes)

    def report(self, decisions: MutableSequence[Decision]) -> None:
        """Append a decision for each rule, action and direction, and start anew."""
        for (rule, action, direction), (count, hashes) in self._found.items():
            decisions.append(
                Decision(
                    guard=self._guard,
                    rule=rule,
                    action=action,
                    direction=direction,
                    count=count,
                    hashes=tuple(hashes),
                )
            )
        self._found.clear()
