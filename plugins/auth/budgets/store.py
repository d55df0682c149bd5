"""The table `spending`. Imported on first use, since SQLAlchemy takes its time to load."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Double, Executable, bindparam, case, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from localai import Database
from plugins.auth.budgets.ledger import Entry, Grant, Refused, Row
from plugins.auth.tables import prepare, spending

MOST_FORGOTTEN = 1000
"""Rows that one transaction deletes, so that none holds up the others for long."""

DIALECTS: dict[str, Any] = {"postgresql": postgresql, "sqlite": sqlite}
_KEY = (spending.c.subject, spending.c.unit, spending.c.period, spending.c.period_start)
_OF = {column: bindparam(f"of_{column.name}", type_=column.type) for column in _KEY}
_IS_ROW = [column == value for column, value in _OF.items()]
_CHANGED = spending.c.amount + bindparam("change", type_=Double)
_CHANGE = update(spending).where(*_IS_ROW).values(amount=case((_CHANGED < 0, 0.0), else_=_CHANGED))
_AMOUNT = select(spending.c.amount).where(*_IS_ROW)


def _reservation(insert: Any) -> Executable:
    wanted, least, limit = (bindparam(name, type_=Double) for name in ("wanted", "least", "limit"))
    statement = insert(spending).values(_OF | {spending.c.amount: wanted})
    made: Executable = statement.on_conflict_do_update(
        index_elements=_KEY,
        set_={"amount": spending.c.amount + statement.excluded.amount},
        where=spending.c.amount + least <= limit,
    ).returning(spending.c.amount)
    return made


_RESERVE = {name: _reservation(each.insert) for name, each in DIALECTS.items()}


async def open_store(database: Database) -> "SpendingStore":
    """Make the table if need be, and return the store."""
    await prepare(database)
    return SpendingStore(database)


class SpendingStore:
    """Adds to rows only while they are below their limits, in one statement for each.

    So calls at the same time, on this or other replicas, wait for each other's rows and see what
    the others have taken.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, entries: Sequence[Entry]) -> list[Grant]:
        """Grant all entries or none, in one transaction; raise `Refused`."""
        grants = {}
        async with self._database.write() as connection:
            # In the order of their rows: who locks two of them never waits for who has the other.
            for position, entry in sorted(enumerate(entries), key=lambda each: each[1].row):
                grants[position] = await _grant(connection, position, entry)
        return [grants[position] for position in range(len(entries))]

    async def add(self, changes: dict[Row, float]) -> None:
        """Change rows, none to below zero."""
        parameters = [_of(row) | {"change": change} for row, change in sorted(changes.items())]
        async with self._database.write() as connection:
            await connection.execute(_CHANGE, parameters)

    async def forget(self, before: int) -> None:
        """Delete the rows of periods that began before this time."""
        key = tuple_(*_KEY)
        oldest = select(*_KEY).where(spending.c.period_start < before).limit(MOST_FORGOTTEN)
        deleted = MOST_FORGOTTEN
        while deleted == MOST_FORGOTTEN:
            async with self._database.write() as connection:
                result = await connection.execute(delete(spending).where(key.in_(oldest)))
                deleted = result.rowcount


async def _grant(connection: AsyncConnection, position: int, entry: Entry) -> Grant:
    row, wanted, least, limit = entry
    key = _of(row)
    balance: float | None = None
    if least <= limit:
        values = key | {"wanted": wanted, "least": least, "limit": limit}
        balance = (await connection.execute(_RESERVE[connection.dialect.name], values)).scalar()
    if balance is None:
        taken = (await connection.execute(_AMOUNT, key)).scalar() or 0.0
        raise Refused(position, limit - taken)
    excess = balance - limit
    if excess <= 0:
        return Grant(row, wanted, -excess)
    await connection.execute(_CHANGE, key | {"change": -excess})
    return Grant(row, wanted - excess, 0.0)


def _of(row: Row) -> dict[str, Any]:
    """Return the parameters that name a row."""
    return {f"of_{name}": value for name, value in row._asdict().items()}
