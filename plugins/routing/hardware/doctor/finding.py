"""What the doctor has found."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from localai import Value

if TYPE_CHECKING:
    from plugins.routing.hardware.doctor.machine import Machine


class Severity(IntEnum):
    """How much it matters; the larger, the worse."""

    OK = 0
    """As it should be."""
    INFO = 1
    """Could be better, or good to know."""
    WARNING = 2
    """Slow, or open to others."""
    ERROR = 3
    """Does not work."""


class Finding(Value, frozen=True, kw_only=True):
    """One point of the report."""

    id: str
    """Its section and name, such as `memory.gtt`; it stays the same from version to version."""
    severity: Severity
    title: str
    """What is so, in one line."""
    reason: str = ""
    """Why it matters, with figures where there are any."""
    remedy: str = ""
    """Commands that mend it, as they can be pasted into a shell; empty where none can."""

    @property
    def section(self) -> str:
        """The part of the report that it stands in."""
        return self.id.partition(".")[0]


Check = Callable[["Machine"], Iterable[Finding]]
"""Looks at one thing; yields nothing where that does not apply."""
