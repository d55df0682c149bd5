"""Tables made and changed by revisions, by many processes at once, all or nothing."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, inspect, text
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.errors import SettingsError, Unavailable
from core.migrate import LOCK, revisions, version_table
from tests.servers.databases import database_at
from tests.servers.postgres import Postgres

HEAD = """
import time
import sqlalchemy as sa
from alembic import op
"""
THINGS = """op.create_table("things", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO things VALUES (1)")"""
PARTS = """thing = sa.Column("thing", sa.Integer, sa.ForeignKey("things.id"), nullable=False)
    op.create_table("parts", thing)
    op.execute("INSERT INTO parts VALUES (1)")"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write revisions into the folder of a family, each with the body of its `upgrade`."""

    def write(*bodies: str, family: str = "shop") -> Path:
        folder = tmp_path / family
        folder.mkdir(exist_ok=True)
        for number, body in enumerate(bodies, start=1):
            before = f'"{number - 1:04}"' if number > 1 else None
            (folder / f"{number:04}_change.py").write_text(
                f'{HEAD}\nrevision = "{number:04}"\ndown_revision = {before}\n\n'
                f"def upgrade():\n    {body}\n"
            )
        return folder

    return write


async def _tables(database: Database) -> set[str]:
    async with database.read() as connection:
        return set(await connection.run_sync(lambda each: inspect(each).get_table_names()))


async def _value(database: Database, statement: str) -> Any:
    async with database.read() as connection:
        return (await connection.execute(text(statement))).scalar()


def _again(database_url: str, tmp_path: Path) -> Database:
    """Return the same database as another process would have it."""
    return database_at(database_url, tmp_path)


async def test_revisions_make_the_tables_once(
    database: Database, database_url: str, write: Write, tmp_path: Path
) -> None:
    """An empty database gets all revisions in order; later only those that it does not have."""
    await database.prepare("shop", write(THINGS))
    await database.prepare("shop", write(THINGS))
    assert await _tables(database) == {"things", "alembic_version_shop"}
    later = _again(database_url, tmp_path)
    await later.prepare("shop", write(THINGS, PARTS))
    assert await _tables(later) == {"things", "parts", "alembic_version_shop"}
    assert await _value(later, f"SELECT version_num FROM {version_table('shop')}") == "0002"
    assert await _value(later, "SELECT count(*) FROM things") == 1
    await later.close()


SHOP = MetaData()
Table("things", SHOP, Column("id", Integer, primary_key=True))


async def test_a_new_database_gets_its_tables_at_once(
    database: Database, database_url: str, write: Write, tmp_path: Path
) -> None:
    """Tables that are given are made without the revisions, and later revisions change them."""
    await database.prepare("shop", write("raise AssertionError"), SHOP)
    assert await _tables(database) == {"things", "alembic_version_shop"}
    assert await _value(database, f"SELECT version_num FROM {version_table('shop')}") == "0001"
    later = _again(database_url, tmp_path)
    more = """op.create_table("parts", sa.Column("id", sa.Integer))"""
    await later.prepare("shop", write("raise AssertionError", more), SHOP)
    assert await _tables(later) == {"things", "parts", "alembic_version_shop"}
    await later.close()


async def test_a_new_database_is_made_without_alembic(tmp_path: Path, write: Write) -> None:
    """Alembic is not even imported where nothing is to be changed."""
    script = f"""
import asyncio, sys
from pathlib import Path
from core.config import parse
from core.database import Database
from sqlalchemy import Column, Integer, MetaData, Table

tables = MetaData()
Table("things", tables, Column("id", Integer, primary_key=True))

async def main():
    for _ in range(2):
        database = Database(parse("", Path({str(tmp_path / "localai.toml")!r})))
        await database.prepare("shop", Path({str(write(THINGS))!r}), tables)
        await database.close()

asyncio.run(main())
assert "alembic" not in sys.modules
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    assert await process.wait() == 0


async def test_families_have_their_own_revisions(database: Database, write: Write) -> None:
    """Families don't know of each other, and may be prepared at the same time."""
    shop = write(THINGS)
    club = write('op.create_table("others", sa.Column("id", sa.Integer))', family="club")
    await asyncio.gather(
        *(database.prepare(*each) for each in [("shop", shop), ("club", club)] * 4)
    )
    assert {"others", "alembic_version_shop", "alembic_version_club"} <= await _tables(database)


async def test_a_prepared_database_needs_no_alembic(
    database: Database, database_url: str, write: Write, tmp_path: Path
) -> None:
    """When there is nothing to do, Alembic is not even imported."""
    folder = write(THINGS)
    await database.prepare("shop", folder)
    output = await _processes(1, database_url, tmp_path, folder, "print('alembic' in sys.modules)")
    assert output == [b"False\n"]


PREPARE = """
import asyncio, sys
from pathlib import Path
from core.config import parse
from core.database import Database

async def main():
    url, here, folder = sys.argv[1:]
    database = Database(parse(f"[database]\\nurl = '{url}'", Path(here) / "localai.toml"))
    async with database.read():
        pass
    print("ready", flush=True)
    sys.stdin.readline()
    await database.prepare("shop", Path(folder))
    await database.close()

asyncio.run(main())
"""


async def _start(url: str, here: Path, folder: Path, more: str = "") -> asyncio.subprocess.Process:
    """Start a process that is about to prepare, and does so when it gets a line."""
    pipe = asyncio.subprocess.PIPE
    arguments = (sys.executable, "-c", PREPARE + more, url, str(here), str(folder))
    process = await asyncio.create_subprocess_exec(
        *arguments, stdin=pipe, stdout=pipe, stderr=pipe, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def _processes(count: int, url: str, here: Path, folder: Path, more: str = "") -> list[bytes]:
    """Have processes prepare at the same time, all well; return what each printed."""
    started = await asyncio.gather(*(_start(url, here, folder, more) for _ in range(count)))
    results = await asyncio.gather(*(process.communicate(b"\n") for process in started))
    assert [process.returncode for process in started] == [0] * count, results
    return [output for output, _ in results]


async def test_processes_that_start_at_once_do_not_collide(
    database: Database, database_url: str, write: Write, tmp_path: Path
) -> None:
    """Each of several processes waits for the one that migrates, and finds it done."""
    folder = write("time.sleep(0.2)\n    " + THINGS, PARTS)
    said = await _processes(3, database_url, tmp_path, folder)
    assert sum(output.count(b"tables made") for output in said) == 1
    assert await _value(database, "SELECT count(*) FROM things") == 1


async def test_a_process_that_dies_leaves_nothing_half_done(
    database: Database, database_url: str, write: Write, tmp_path: Path
) -> None:
    """What a killed process has begun is undone, and the next one begins anew."""
    folder = write(THINGS, PARTS + "\n    print('inside', flush=True)\n    time.sleep(60)")
    process = await _start(database_url, tmp_path, folder)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    assert await process.stdout.readline() == b"inside\n"
    process.kill()
    await process.communicate()
    assert await _tables(database) == set()
    await database.prepare("shop", write(THINGS, PARTS))
    assert await _value(database, "SELECT count(*) FROM parts") == 1


@pytest.mark.parametrize("failure", ["raise ValueError", 'op.execute("SELECT 1 FROM nowhere")'])
async def test_a_failed_migration_changes_nothing(
    failure: str, database: Database, write: Write
) -> None:
    """When one revision fails, those before it are undone too; mended, all go through."""
    with pytest.raises((ValueError, DBAPIError)):
        await database.prepare("shop", write(THINGS, f"{PARTS}\n    {failure}"))
    assert await _tables(database) == set()
    await database.prepare("shop", write(THINGS, PARTS))
    assert await _value(database, "SELECT count(*) FROM parts") == 1


async def test_a_table_that_others_point_at_may_be_replaced(
    database: Database, write: Write
) -> None:
    """SQLite's way to change a table, to drop the old one, does not drop what points at it."""
    change = """with op.batch_alter_table("things") as batch:
        batch.add_column(sa.Column("name", sa.String(9), nullable=False, server_default="x"))"""
    parts = PARTS.replace('"things.id")', '"things.id", ondelete="CASCADE")')
    await database.prepare("shop", write(THINGS, parts, change))
    assert await _value(database, "SELECT name FROM things JOIN parts ON thing = id") == "x"


async def test_no_migration_breaks_a_foreign_key(tmp_path: Path, write: Write) -> None:
    """With SQLite, a revision that leaves a row without its parent is undone."""
    database = database_at("sqlite:localai.db", tmp_path)
    with pytest.raises(RuntimeError, match="breaks foreign keys of 'parts'"):
        await database.prepare("shop", write(THINGS, PARTS, 'op.execute("DELETE FROM things")'))
    assert await _tables(database) == set()
    await database.close()


async def test_a_database_that_is_newer_is_left_alone(
    database: Database, database_url: str, write: Write, tmp_path: Path
) -> None:
    """Tables of a later version of the router are an error that says so."""
    folder = write(THINGS, PARTS)
    await database.prepare("shop", folder)
    (folder / "0002_change.py").unlink()
    earlier = _again(database_url, tmp_path)
    with pytest.raises(SettingsError, match=r"'shop' are at revision 0002, .* only up to 0001: "):
        await earlier.prepare("shop", folder)
    await earlier.close()


async def test_what_is_no_family_is_refused(database: Database, tmp_path: Path) -> None:
    """A family has a name that fits into a table's, and revisions."""
    with pytest.raises(ValueError, match="has no revisions"):
        await database.prepare("shop", tmp_path)
    for name in ("", "Shop", "a-b", "x; DROP TABLE y", "a" * 40):
        with pytest.raises(ValueError, match="can't be a family's name"):
            await database.prepare(name, tmp_path)


def test_revisions_are_known_by_their_names(tmp_path: Path) -> None:
    """Only files such as `0001_keys.py` are revisions, and the highest number is the newest."""
    for name in ("0002_b.py", "0010_c.py", "0001_a.py", "__init__.py", "3_d.py", "0009_e.txt"):
        (tmp_path / name).touch()
    assert revisions(tmp_path) == ["0001", "0002", "0010"]


async def test_a_server_that_is_away_can_be_prepared_later(
    postgres: Postgres, tmp_path: Path, write: Write
) -> None:
    """To prepare is refused while the database does not answer, and works when it is back."""
    database = database_at(postgres.url(), tmp_path)
    postgres.stop()
    with pytest.raises(Unavailable):
        await database.prepare("shop", write(THINGS))
    postgres.start()
    await database.prepare("shop", write(THINGS))
    assert "things" in await _tables(database)
    await database.close()


async def test_waiting_for_another_process_can_be_cancelled(
    database: Database, database_url: str, write: Write, tmp_path: Path
) -> None:
    """Whoever waits for a migration of another process can be stopped at once."""
    folder = write(THINGS)
    other = _again(database_url, tmp_path)
    async with other.write() as connection:
        if database.file is None:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        task = asyncio.create_task(database.prepare("shop", folder))
        await asyncio.wait([task], timeout=0.5)
        assert not task.done()
        task.cancel()
        async with asyncio.timeout(2):
            await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
    await database.prepare("shop", folder)
    await other.close()
