"""Connections to PostgreSQL on which nothing waits for ever, even for a server that hangs."""

import asyncio
from typing import Any

import psycopg
from psycopg import waiting
from psycopg.conninfo import conninfo_to_dict

from core.errors import SettingsError


class PostgresConnection(psycopg.AsyncConnection[Any]):
    """Gives up what takes longer than `timeout` seconds, and itself with it.

    psycopg would ask the server to stop the statement, and wait for that: a server that hangs
    does not. A closed connection is rolled back by the server, and replaced by the pool.
    """

    timeout = 5.0

    async def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server, on behalf of all that talks to it."""
        try:
            async with asyncio.timeout(self.timeout):
                return await waiting.wait_async(gen, self.pgconn.socket, interval=interval)
        except TimeoutError:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server did not answer in time") from None
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise


async def connect(url: str, timeout: float) -> PostgresConnection:
    """Open a connection; raise `TimeoutError` or psycopg's errors."""
    async with asyncio.timeout(timeout):
        connection = await PostgresConnection.connect(
            url, autocommit=True, fallback_application_name="localai"
        )
        connection.timeout = timeout
        try:
            # The server's own clock ends a statement that nobody waits for any more. Set by a
            # statement, as poolers such as PgBouncer take no options at the start.
            limit = max(1, int(timeout * 950))
            await connection.execute(f"SET statement_timeout = {limit}".encode())
            await connection.set_autocommit(False)
        except BaseException:
            await connection.close()
            raise
    return connection


def password_of(url: str) -> str:
    """Return the password in a URL; raise `SettingsError` when the URL can't be meant so."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.Error:  # its text quotes the URL, password and all
        parts = {"host": "@"}
    # An "@" or "/" of a password that is not escaped makes its rest a part of these, and errors
    # quote them.
    names = parts.get("host", "") + parts.get("dbname", "")
    if "@" in names or not parts.get("port", "0").replace(",", "0").isdigit():
        raise SettingsError(
            "[database] url: is no URL of PostgreSQL, such as postgresql://USER:PASSWORD@HOST/NAME:"
            " write special characters of the password as %XX"
        )
    return parts.get("password", "")
