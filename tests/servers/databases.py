"""The router's database on each kind of server, for tests that must pass on both."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from core.config import parse
from core.database import Database
from tests.servers.postgres import Postgres


def database_at(url: str, folder: Path, more: str = "") -> Database:
    """Return a database for these settings; `more` are further lines of [database]."""
    return Database(parse(f"[database]\nurl = '{url}'\n{more}\n", folder / "localai.toml"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: a file that is not there yet, or on a server."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/data/localai.db"
    return cast("Postgres", request.getfixturevalue("postgres")).url()


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database, in which nothing is prepared."""
    made = database_at(database_url, tmp_path)
    yield made
    await made.close()
