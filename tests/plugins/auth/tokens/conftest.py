"""Fixtures of this package: stores on each kind of database, and the whole service on a file."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localai import Database
from plugins.auth import tables
from plugins.auth.tokens.plugin import Tokens
from plugins.auth.tokens.service import Service, running
from plugins.auth.tokens.store import UserStore
from tests.servers.databases import database_at


@pytest.fixture
async def store(database: Database) -> UserStore:
    """A store without users."""
    await tables.prepare(database)
    return UserStore(database)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with empty tables; making them takes longer than most tests."""
    folder = tmp_path_factory.mktemp("template")

    async def prepare() -> None:
        database = database_at(f"sqlite:{folder}/localai.db", folder)
        await tables.prepare(database)
        await database.close()

    asyncio.run(prepare())
    return folder / "localai.db"


@pytest.fixture
def prepared(template: Path, tmp_path: Path) -> None:
    """Put a copy of it where a router in `tmp_path` has its database."""
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(template, tmp_path / "data" / "localai.db")


@pytest.fixture
async def service(prepared: None, tmp_path: Path) -> AsyncIterator[Service]:
    """A service without users, on SQLite."""
    database = database_at(f"sqlite:{tmp_path}/data/localai.db", tmp_path)
    async with running(Tokens.Config(), database) as started:
        yield started
    await database.close()
