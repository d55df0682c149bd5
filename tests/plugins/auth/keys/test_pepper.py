"""The secret beside the database."""

import asyncio
import time
from pathlib import Path

import pytest

from localai import Database, SettingsError
from plugins.auth.grants import Grants
from plugins.auth.keys.pepper import load_pepper
from tests.plugins.auth.keys.support import issue, prepared, revoke


async def test_the_same_file_gives_the_same_secret(database: Database, tmp_path: Path) -> None:
    """The file is made by the first who needs it, of two at once too, and read by all others."""
    await prepared(database)
    file = tmp_path / "data" / "keys.pepper"
    found = await asyncio.gather(*(load_pepper(database, file) for _ in range(5)))
    assert len(set(found)) == 1
    assert await load_pepper(database, file) == found[0]
    assert len(found[0]) == 32


async def test_another_file_is_refused_while_there_are_keys(
    database: Database, tmp_path: Path
) -> None:
    """A router with another secret would refuse every key, so it says so and does not start."""
    store = await prepared(database)
    await load_pepper(database, tmp_path / "one")
    _, key = await issue(store)
    for _ in range(2):
        with pytest.raises(SettingsError) as caught:
            await load_pepper(database, tmp_path / "two")
    assert str(caught.value).startswith(f"{tmp_path}/two is not the file")
    assert "localai keys revoke --all" in str(caught.value)
    await load_pepper(database, tmp_path / "one")
    await revoke(store, key.kid)
    await issue(store, "over", Grants(scopes=("chat",), expires_at=time.time() - 1))
    await load_pepper(database, tmp_path / "two")
    with_key = await issue(store)
    assert with_key
    with pytest.raises(SettingsError, match="one is not the file"):
        await load_pepper(database, tmp_path / "one")


async def test_the_secret_is_not_in_the_database(database: Database, tmp_path: Path) -> None:
    """What the database knows of the secret does not give it away."""
    await prepared(database)
    pepper = await load_pepper(database, tmp_path / "one")
    if database.file is None:
        return  # the row is the same there
    async with database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM fingerprints")).all()
    assert len(rows) == 1
    assert rows[0].digest != pepper
    assert pepper.hex() not in str(rows)
