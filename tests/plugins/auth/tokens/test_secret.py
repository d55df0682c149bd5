"""The secret of tokens, and the database that it belongs to."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from localai import Database, SettingsError
from plugins.auth import tables
from plugins.auth.tokens.secret import load_secret
from tests.plugins.auth.tokens.support import ON_SQLITE


async def test_the_secret_is_made_once(database: Database, tmp_path: Path) -> None:
    """The first start makes the file, private, and the next ones read it without a word."""
    await tables.prepare(database)
    file = tmp_path / "data" / "tokens.secret"
    with capture_logs() as entries:
        first = await load_secret(database, file)
        assert await load_secret(database, file) == first
    assert len(first) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert entries == []


@ON_SQLITE
async def test_another_secret_is_said_once(database: Database, tmp_path: Path) -> None:
    """A lost file, or one that was never copied, is no reason not to start, but is in the log."""
    await tables.prepare(database)
    first = await load_secret(database, tmp_path / "a")
    with capture_logs() as entries:
        second = await load_secret(database, tmp_path / "b")
        assert await load_secret(database, tmp_path / "b") == second != first
    (entry,) = entries
    assert entry["log_level"] == "warning"
    assert "share this file" in entry["event"]
    assert second.hex() not in str(entry)


@ON_SQLITE
async def test_a_file_that_others_can_read_is_refused(database: Database, tmp_path: Path) -> None:
    """A secret that is none stops the start."""
    await tables.prepare(database)
    file = tmp_path / "secret"
    file.write_text("0" * 64)
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        await load_secret(database, file)
