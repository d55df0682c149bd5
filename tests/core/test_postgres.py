"""Connections to PostgreSQL, which end rather than wait."""

import asyncio
import time

import psycopg
import pytest

from core.errors import SettingsError
from core.postgres import connect, password_of
from tests.servers.postgres import PASSWORD, Postgres


async def test_a_connection_gives_up_on_a_server_that_hangs(postgres: Postgres) -> None:
    """A statement without an answer closes the connection after `timeout`, and so do its ends."""
    connection = await connect(postgres.url(), 0.3)
    begun = time.monotonic()
    postgres.pause()
    with pytest.raises(psycopg.OperationalError, match="did not answer in time"):
        await connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        await connection.rollback()
    await connection.close()
    assert time.monotonic() - begun < 4


async def test_no_connection_to_a_server_that_hangs(postgres: Postgres) -> None:
    """A server that takes connections and says nothing is given up on after `timeout`."""
    url = postgres.url()
    postgres.pause()
    with pytest.raises(TimeoutError):
        await connect(url, 0.3)


async def test_cancelled_at_any_point_no_connection_is_left_open(postgres: Postgres) -> None:
    """However far it has come, a connection that nobody waits for is closed."""
    url = postgres.url()
    for number in range(20):
        task = asyncio.create_task(connect(url, 5))
        await asyncio.sleep(number / 2000)  # to connect takes some milliseconds
        if not task.done():
            task.cancel()
        for connection in await asyncio.gather(task, return_exceptions=True):
            if isinstance(connection, psycopg.AsyncConnection):
                await connection.close()


async def test_the_server_ends_what_takes_too_long(postgres: Postgres) -> None:
    """A slow statement is ended by the server's own clock, and the connection stays."""
    connection = await connect(postgres.url(), 2)
    with pytest.raises(psycopg.errors.QueryCanceled):
        await connection.execute("SELECT pg_sleep(60)")
    await connection.rollback()
    assert not connection.closed
    await connection.close()


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgresql://anna:secret@host/name", "secret"),
        ("postgres://anna:se%40cret@host:5433/name?sslmode=require", "se@cret"),
        ("postgresql:///name?user=anna&password=secret", "secret"),
        ("postgresql://host/name", ""),
        ("postgresql://anna:secret@one:5432,two:5433/name", "secret"),
    ],
)
def test_the_password_of_a_url(url: str, password: str) -> None:
    """It is found wherever it stands, as the server gets it."""
    assert password_of(url) == password


@pytest.mark.parametrize(
    "rest",
    ["%zz@host/name", "@host/name?x=1", "@x@host/name", "/x@host/name", "@h:x/n"],
)
def test_no_url_is_quoted(rest: str) -> None:
    """What can't be read is a mistake in the settings, and its text holds no password."""
    with pytest.raises(SettingsError, match=r"password as %XX$") as caught:
        password_of(f"postgresql://anna:{PASSWORD}{rest}")
    assert PASSWORD not in str(caught.value)
    assert caught.value.__context__ is None
