"""The table of decisions."""

from sqlalchemy import func, select

from localai import Database, Decision
from plugins.guardrails.audit_row import AuditRow, row_of
from plugins.guardrails.audit_table import DECISIONS, FAMILY, METADATA, MIGRATIONS, forget, write
from tests.plugins.support import a_call


def a_row(at: float, score: float | None = None) -> AuditRow:
    """Return the row of a decision at a moment."""
    decision = Decision(guard="pii", rule="card", action="flag", direction="input", score=score)
    return row_of(a_call(), decision, at)


async def test_rows_come_out_as_they_went_in(database: Database) -> None:
    """Every field survives, a score that is missing too."""
    await database.prepare(FAMILY, MIGRATIONS, METADATA)
    rows = [a_row(1.0), a_row(2.0, score=0.75)]
    await write(database, 1, rows)
    async with database.read() as connection:
        found = (await connection.execute(select(DECISIONS).order_by("id"))).mappings().all()
    assert [AuditRow(**{k: v for k, v in each.items() if k != "id"}) for each in found] == rows


async def test_what_is_old_is_forgotten(database: Database) -> None:
    """Rows of before the moment are deleted, however many there are, and no others."""
    await database.prepare(FAMILY, MIGRATIONS, METADATA)
    await write(database, 1, [a_row(float(at)) for at in range(2500)])
    assert await forget(database, 2400.0) == 2400
    async with database.read() as connection:
        assert (await connection.execute(select(func.min(DECISIONS.c.at)))).scalar() == 2400
