"""Rows of usage."""

from sqlalchemy import func, select

from core.database import Database
from core.usage import UsageLog
from core.usage_table import USAGE
from tests.core.test_rows import row


async def test_long_texts_are_cut(database: Database) -> None:
    """However long a caller's names are, a row takes little room."""
    log = UsageLog(database)
    log.record(row(1, user="u" * 100_000, model="m" * 100_000))
    await log.close()
    async with database.read() as connection:
        lengths = select(func.length(USAGE.c.user), func.length(USAGE.c.model))
        assert (await connection.execute(lengths)).one() == (256, 256)


async def test_the_table_is_there_for_reports(database: Database) -> None:
    """A plugin queries the table by its description."""
    log = UsageLog(database)
    log.record(row(7))
    await log.close()
    table = log.table
    async with database.read() as connection:
        total = select(func.sum(table.c.completion_tokens)).where(table.c.tenant == "default")
        assert (await connection.execute(total)).scalar() == 7
