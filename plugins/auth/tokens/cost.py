"""What one check of a password costs whoever tries many."""

from typing import NamedTuple

from localai import SettingsError

LEAST_MEMORY = 19 * 1024
"""KiB, with two passes and one lane: OWASP Password Storage Cheat Sheet."""
MOST_MEMORY = 1024 * 1024
"""KiB; two checks run at a time."""


class Cost(NamedTuple):
    """The parameters of Argon2id (RFC 9106 §3.1)."""

    memory: int = LEAST_MEMORY
    """KiB."""
    time: int = 2
    """Passes."""
    parallelism: int = 1
    """Lanes, each in a thread of its own."""

    def check(self) -> None:
        """Raise `SettingsError` for less than OWASP's least memory, or too much for a router."""
        if not LEAST_MEMORY <= self.memory <= MOST_MEMORY:
            raise SettingsError("argon2_memory: expected 19MiB to 1GiB")
