"""What is written about budgets: rows of a table, entries that change them, grants that result."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from localai import Period, Unit


class Row(NamedTuple):
    """What one subject takes in one period: the key of the table."""

    subject: str
    unit: Unit
    period: Period
    period_start: int


class Entry(NamedTuple):
    """A wish to add as much as is `wanted`, but no less than `least`, up to the limit."""

    row: Row
    wanted: float
    least: float
    limit: float


class Grant(NamedTuple):
    """What was added to a row for one call."""

    row: Row
    amount: float
    left: float
    """What is left for other calls."""


class Refused(Exception):
    """A row has less left than the least that is needed; `position` is its entry's."""

    def __init__(self, position: int, left: float) -> None:
        super().__init__(position, left)
        self.position = position
        self.left = left


class Ledger(Protocol):
    """The table. All methods raise `Unavailable` when the database does not answer."""

    async def reserve(self, entries: Sequence[Entry]) -> list[Grant]:
        """Grant all entries or none, in one transaction; raise `Refused`."""

    async def add(self, changes: dict[Row, float]) -> None:
        """Change rows, none to below zero."""

    async def forget(self, before: int) -> None:
        """Delete the rows of periods that began before this time."""
