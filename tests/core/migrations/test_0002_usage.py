"""The table of usage, as the second revision changes it."""

import shutil
from pathlib import Path

from sqlalchemy import select, text

from core.database import Database
from core.usage_table import FAMILY, MIGRATIONS, USAGE

OLD = """
INSERT INTO usage (
    id, at, request_id, tenant, key, "user", model, kind, prompt_tokens, completion_tokens,
    gpu_seconds, wh, money, cached, outcome
) VALUES
    (1, 5.5, 'req_1', 'lab', 'key:a', 'anna', 'llama3.2', 'chat', 7, 9, 1.5, 0.2, 0.1, FALSE, 'ok'),
    (2, 6.5, 'req_2', 'lab', 'key:a', 'anna', 'llama3.2', 'chat', 0, 0, 0, 0, 0, TRUE, 'ok')
"""


async def test_rows_of_before_stay(database: Database, tmp_path: Path) -> None:
    """What was known of a request is as it was, and what was not known is empty."""
    before = tmp_path / "revisions"
    before.mkdir()
    shutil.copy(MIGRATIONS / "0001_usage.py", before)
    await database.prepare("before", before)
    async with database.write() as connection:
        await connection.execute(text(OLD))
        # As a router of before would have left it.
        versions = f"alembic_version_{FAMILY}"
        await connection.execute(text(f"ALTER TABLE alembic_version_before RENAME TO {versions}"))
    await database.prepare(FAMILY, MIGRATIONS, USAGE.metadata)
    async with database.read() as connection:
        answered, cached = (await connection.execute(select(USAGE).order_by("id"))).fetchall()
    assert answered[1:8] == (5.5, "req_1", "lab", "key:a", "anna", "llama3.2", "chat")
    assert (answered.prompt_tokens, answered.completion_tokens, answered.wh) == (7, 9, 0.2)
    assert (answered.route, answered.host, answered.cache, answered.energy_source) == ("",) * 4
    assert (answered.attempts, answered.seconds, answered.saved_money) == (0, 0, 0)
    assert answered.first_token is None
    assert (cached.cache, cached.outcome) == ("hit", "ok")
