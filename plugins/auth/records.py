"""What routers hold in memory of a table whose rows are callers: keys and users."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from sqlalchemy import ColumnElement, RowMapping, Table, true

from localai import Principal


class Standing(NamedTuple):
    """Who a record stands for, with all who made it, until a moment by the clock on the wall."""

    principal: Principal
    until: float
    """`inf` when neither the record nor one of its makers expires."""
    epoch: int
    """The directory's state that this holds for."""


@dataclass(slots=True, eq=False, kw_only=True, repr=False)
class Record(ABC):
    """A row in memory: a key or a user."""

    noun: ClassVar[str]
    """What it is called in messages."""

    id: str
    """The principal's: `key:7hQ2…`, `user:anna`."""
    version: int
    """The number of the change that wrote this row."""
    parent: str | None = None
    """The id of the record that made this one."""
    expires_at: float | None = None
    standing: Standing | None = field(default=None, init=False)
    """Kept by the directory."""

    @abstractmethod
    def ended(self, now: float) -> tuple[float, str] | None:
        """Return since when this may not call any more, and how that came, as in "was revoked"."""

    @abstractmethod
    def principal(self, parent: Principal | None) -> Principal:
        """Return who this is."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A table whose rows are held in memory."""

    name: str
    """In the table `changes`."""
    prefix: str
    """Of the ids."""
    table: Table
    read: Callable[[RowMapping], Record]
    """Makes a record of a row."""
    lives: Callable[[float], ColumnElement[bool]] = lambda _: true()
    """The rows that have not ended before a moment."""
